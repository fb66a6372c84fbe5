/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "tool-run.h"

#include "tool-child.h"
#include "tool-command.h"
#include "tool-creation.h"
#include "tool-i18n.h"
#include "tool-options.h"
#include "tool-output.h"
#include "tool-signals.h"

/* `tempman run` */

static int run_run (const ToolCommand *command, char ***arguments);

const ToolCommand tool_run_command = {
  .name = "run",
  .parameters = N_ ("[--] COMMAND [ARGUMENT…]"),
  .summary = N_ ("Run a program with a private temporary directory, deleted on exit."),
  .description =
      N_ ("TMPDIR and TEMPMAN_DIRECTORY contain the path of the directory.\n"
          "The exit status is that of the program, or 128 + n if signal n ended the\n"
          "program; 125 if tempman itself failed, 126 if the program cannot be executed,\n"
          "and 127 if it was not found."),
  .usage_status = TOOL_STATUS_RUN_FAILED,
  .func = run_run,
};

static char **inherited_environment; /* (owned) */

/* The directory of an interrupted deletion. The release of the last reference would continue the
 * deletion. The end of this process releases the lock, and the directory is abandoned then. */
static TmTemporaryDirectory *left_directory; /* (owned) */

/* Saves the environment for the program, before this process changes it. */
void
tool_run_remember_environment (void)
{
  inherited_environment = g_get_environ ();
}

static TmTemporaryDirectory *
create (const ToolCreation *creation, int *status)
{
  g_autoptr (ToolOperation) operation =
      tool_operation_new (TOOL_INTERRUPTION_ANY, _ ("Creating a directory"));
  GError *error = NULL;
  TmTemporaryDirectory *directory = tool_creation_run (creation, operation, &error);

  if (directory == NULL)
    tool_operation_fail (operation, error);

  *status = tool_operation_end (operation, TOOL_STATUS_RUN_FAILED);
  if (*status == TOOL_STATUS_DONE || directory == NULL)
    return directory;

  /* Interrupted after the creation: the release of the last reference deletes the directory, unless
   * another signal ends this process. */
  tool_signals_unblock (tool_signals_to_end);
  g_object_unref (directory);
  return NULL;
}

static gboolean
keep (TmTemporaryDirectory *directory)
{
  g_autofree char *display_name =
      g_filename_display_name (tm_temporary_directory_get_path (directory));
  g_autoptr (ToolOperation) operation =
      tool_operation_new (TOOL_INTERRUPTION_BY_KEY_ONLY, _ ("Keeping “%s”"), display_name);
  g_autoptr (GError) error = NULL;

  if (!tm_temporary_directory_keep (directory, NULL, &error))
    {
      tool_progress_hide (tool_operation_get_progress (operation));
      tool_complain ("%s", error->message);
      return FALSE;
    }

  tool_progress_hide (tool_operation_get_progress (operation));
  tool_complain (_ ("Kept “%s”"), display_name);
  return TRUE;
}

/* @directory: (transfer full). @status: the status of the program. Returns the status of the
 * command.
 *
 * A signal that asked the program to end does not interrupt the deletion. Ctrl+C during the
 * deletion does, or a second signal. */
static int delete (TmTemporaryDirectory *directory, int status)
{
  g_autofree char *display_name =
      g_filename_display_name (tm_temporary_directory_get_path (directory));
  g_autoptr (ToolOperation) operation =
      tool_operation_new (TOOL_INTERRUPTION_BY_KEY_ONLY, _ ("Deleting “%s”"), display_name);
  GError *error = NULL;
  int own_status;

  if (tm_temporary_directory_close (directory, tool_operation_get_cancellable (operation), &error))
    {
      g_object_unref (directory);
      return status;
    }

  tool_operation_fail (operation, error);
  own_status = tool_operation_end (operation, TOOL_STATUS_RUN_FAILED);
  /* From here on, a signal may end this process. */
  tool_signals_unblock (tool_signals_to_end);
  if (own_status < 0)
    {
      left_directory = directory;
      tool_complain (_ ("“%s” is abandoned: a cleanup with --reclaim deletes it"), display_name);
    }
  else
    g_object_unref (directory);
  return status != TOOL_STATUS_DONE ? status : own_status;
}

static int
run_in (TmTemporaryDirectory *directory, char **program, gboolean keeps_on_failure)
{
  const char *path = tm_temporary_directory_get_path (directory);
  g_auto (GStrv) environment = g_strdupv (inherited_environment);
  g_autoptr (GError) error = NULL;
  int status;

  environment = g_environ_setenv (environment, "TMPDIR", path, TRUE);
  environment = g_environ_setenv (environment, "TEMPMAN_DIRECTORY", path, TRUE);

  status = tool_child_run (program, environment, &error);
  if (error == NULL && status != TOOL_STATUS_DONE && keeps_on_failure && keep (directory))
    {
      g_object_unref (directory);
      return status;
    }

  status = delete (directory, status);
  if (error != NULL)
    {
      tool_signals_unblock (tool_signals_to_end);
      tool_complain ("%s", error->message);
    }
  return status;
}

static int
run_run (const ToolCommand *command, char ***arguments)
{
  g_auto (ToolCreation) creation = { 0 };
  g_auto (GStrv) program = NULL;
  GOptionEntry creation_entries[TOOL_CREATION_N_ENTRIES];
  gboolean keeps_on_failure = FALSE;
  const GOptionEntry entries[] = {
    { "keep-on-failure", 'k', 0, G_OPTION_ARG_NONE, &keeps_on_failure,
      N_ ("Keep the directory and print its path unless the program succeeds"), NULL },
    { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &program, NULL, NULL },
    { NULL, 0, 0, 0, NULL, NULL, NULL },
  };
  TmTemporaryDirectory *directory;
  GError *error = NULL;
  int status;

  tool_creation_get_entries (&creation, creation_entries);
  if (!tool_options_parse (command, entries, creation_entries, TRUE, arguments, &status))
    return status;

  if (program == NULL)
    g_set_error (&error, G_OPTION_ERROR, G_OPTION_ERROR_FAILED, _ ("No program was given"));
  if (error != NULL || !tool_creation_understand (&creation, &error))
    return tool_options_refuse (command, error);

  tool_child_prepare ();
  directory = create (&creation, &status);
  return directory != NULL ? run_in (directory, program, keeps_on_failure) : status;
}
