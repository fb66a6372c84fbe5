/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "tool-options.h"

#include "tool-i18n.h"
#include "tool-output.h"

/* Reads the options of a command. */

static char *
get_full_name (const ToolCommand *command)
{
  return command->name != NULL ? g_strconcat ("tempman ", command->name, NULL)
                               : g_strdup ("tempman");
}

static void
print_help (const ToolCommand *command, GOptionContext *context)
{
  g_autofree char *program = g_strdup (g_get_prgname ());
  g_autofree char *name = get_full_name (command);
  g_autofree char *help = NULL;

  /* GOption takes the first word of the usage line from here. */
  g_set_prgname (name);
  help = g_option_context_get_help (context, TRUE, NULL);
  g_set_prgname (program);
  tool_print ("%s", help);
}

/*
 * tool_options_parse:
 * @command: what is called
 * @entries: its options, without `--help`
 * @shared_entries: (nullable): those that it has in common with others
 * @is_strict: whether the options end with the first argument that is none, as they have to where
 *   the rest is the command line of somebody else
 * @arguments: what it was called with; what was no option is left
 * @status: (out): what to end with, where this returns %FALSE
 *
 * Reads the options, and shows the help if that is asked for.
 *
 * Returns: %TRUE if the command is to go on
 */
gboolean
tool_options_parse (const ToolCommand *command,
                    const GOptionEntry *entries,
                    const GOptionEntry *shared_entries,
                    gboolean is_strict,
                    char ***arguments,
                    int *status)
{
  g_autoptr (GOptionContext) context = g_option_context_new (command->parameters);
  gboolean show_help = FALSE;
  /* GOption's own would end the program without a look at whether the help could be written. */
  const GOptionEntry help_entries[] = {
    { "help", 'h', 0, G_OPTION_ARG_NONE, &show_help, N_ ("Show this help"), NULL },
    { NULL, 0, 0, 0, NULL, NULL, NULL },
  };
  GError *error = NULL;

#ifdef ENABLE_NLS
  g_option_context_set_translation_domain (context, GETTEXT_PACKAGE);
#endif
  g_option_context_set_help_enabled (context, FALSE);
  g_option_context_set_strict_posix (context, is_strict);
  g_option_context_set_summary (context, command->summary);
  g_option_context_set_description (context, command->description);
  g_option_context_add_main_entries (context, help_entries, NULL);
  if (shared_entries != NULL)
    g_option_context_add_main_entries (context, shared_entries, NULL);
  g_option_context_add_main_entries (context, entries, NULL);

  if (!g_option_context_parse_strv (context, arguments, &error))
    {
      *status = tool_options_refuse (command, error);
      return FALSE;
    }

  if (show_help)
    {
      print_help (command, context);
      *status = TOOL_STATUS_DONE;
      return FALSE;
    }

  return TRUE;
}

/*
 * tool_options_refuse:
 * @command: what was called
 * @error: (transfer full): what is wrong with its arguments
 *
 * Returns: what to end with
 */
int
tool_options_refuse (const ToolCommand *command, GError *error)
{
  g_autofree char *name = get_full_name (command);

  tool_complain ("%s", error->message);
  tool_complain (_ ("See “%s --help”"), name);
  g_error_free (error);
  return command->usage_status;
}
