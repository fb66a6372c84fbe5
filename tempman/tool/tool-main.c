/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "tool-command.h"
#include "tool-i18n.h"
#include "tool-options.h"
#include "tool-output.h"
#include "tool-run.h"
#include "tool-signals.h"

#include <tempman.h>

#include <fcntl.h>
#include <unistd.h>

/* The main function: finds the command, and exits with its status. */

static const ToolCommand *const commands[] = {
  &tool_run_command,  &tool_create_command, &tool_cleanup_command,
  &tool_list_command, &tool_delete_command,
};

static const ToolCommand main_command = {
  .name = NULL,
  .parameters = N_ ("COMMAND [ARGUMENT…]"),
  .summary = N_ ("Create temporary directories and clean them up."),
  .description = N_ ("“tempman COMMAND --help” explains a command."),
  .usage_status = TOOL_STATUS_USAGE,
};

static char *
describe_commands (void)
{
  GString *text = g_string_new (NULL);

  /* Translators: the title of a list. */
  g_string_append_printf (text, "%s\n", _ ("Commands:"));
  for (gsize i = 0; i < G_N_ELEMENTS (commands); i++)
    g_string_append_printf (text, "  %-10s %s\n", commands[i]->name, _ (commands[i]->summary));
  g_string_append_printf (text, "\n%s", _ (main_command.description));
  return g_string_free (text, FALSE);
}

static int
run_command (char **arguments)
{
  GError *error = NULL;

  for (gsize i = 0; i < G_N_ELEMENTS (commands); i++)
    {
      if (g_strcmp0 (arguments[0], commands[i]->name) == 0)
        {
          g_auto (GStrv) own = g_strdupv (arguments);

          return commands[i]->func (commands[i], &own);
        }
    }

  if (arguments[0] == NULL)
    g_set_error (&error, G_OPTION_ERROR, G_OPTION_ERROR_FAILED, _ ("No command was given"));
  else
    g_set_error (&error, G_OPTION_ERROR, G_OPTION_ERROR_FAILED, _ ("“%s” is not a command"),
                 arguments[0]);
  return tool_options_refuse (&main_command, error);
}

static int
parse_and_run (char **arguments)
{
  gboolean show_version = FALSE;
  const GOptionEntry entries[] = {
    { "version", 0, 0, G_OPTION_ARG_NONE, &show_version, N_ ("Show the version"), NULL },
    { NULL, 0, 0, 0, NULL, NULL, NULL },
  };
  g_autofree char *description = describe_commands ();
  ToolCommand command = main_command;
  g_auto (GStrv) own = g_strdupv (arguments);
  int status;

  command.description = description;
  if (!tool_options_parse (&command, entries, NULL, TRUE, &own, &status))
    return status;

  if (show_version)
    {
      tool_print ("tempman %s\n", TM_VERSION_S);
      return TOOL_STATUS_DONE;
    }

  return run_command (own + 1);
}

/* If standard input, output or error is closed, the next open() would return its number. /dev/null
 * takes its place, in a mode that makes a read or write fail, as with a closed descriptor. It is
 * closed again in the program of `run`. */
static void
occupy_standard_descriptors (void)
{
  static const int modes[] = { O_WRONLY, O_RDONLY, O_RDONLY };

  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
    {
      if (fcntl (fd, F_GETFD) < 0 && open ("/dev/null", modes[fd] | O_CLOEXEC) != fd)
        _exit (TOOL_STATUS_FAILED);
    }
}

int
main (int argc, char **argv)
{
  g_auto (GStrv) arguments = NULL;
  int status;

  tool_signals_prepare ();
  occupy_standard_descriptors ();
  tool_i18n_prepare ();
  /* GLib writes debug messages to the standard output, which scripts read. */
  g_log_writer_default_set_use_stderr (TRUE);

  /* Paths on the command line are local. GIO's modules are for other files: they could start a
   * daemon, or create a directory in the home directory. The program of `run` gets the inherited
   * environment. */
  tool_run_remember_environment ();
  g_setenv ("GIO_MODULE_DIR", "/dev/null", TRUE);
  g_unsetenv ("GIO_EXTRA_MODULES");
  g_setenv ("GIO_USE_VFS", "local", TRUE);

  /* GApplication and a main loop are not used: they abort if there are too few descriptors. */
  g_set_prgname ("tempman");
  arguments = g_strdupv (argv);
  status = tool_output_finish (parse_and_run (arguments));
  if (status < 0)
    status = tool_signals_end_by (-status);
  return status;
}
