/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "tool-command.h"
#include "tool-creation.h"
#include "tool-i18n.h"
#include "tool-options.h"
#include "tool-output.h"

/* `tempman create` */

static int run_create (const ToolCommand *command, char ***arguments);

const ToolCommand tool_create_command = {
  .name = "create",
  .parameters = NULL,
  .summary = N_ ("Create a directory without an owner, and print its path."),
  .description = N_ ("A cleanup deletes the directory when it has expired."),
  .usage_status = TOOL_STATUS_USAGE,
  .func = run_create,
};

/* Prints the path and keeps the directory. If the command is interrupted (@is_wanted is FALSE), or
 * if the path cannot be written, deletes the directory instead, and returns FALSE, even without an
 * error. */
static gboolean
hand_over (TmTemporaryDirectory *directory, gboolean is_wanted, GError **error)
{
  if (is_wanted)
    tool_print_path (tm_temporary_directory_get_path (directory));
  if (is_wanted && tool_output_flush ())
    return tm_temporary_directory_keep (directory, NULL, error);

  tm_temporary_directory_close (directory, NULL, error);
  return FALSE;
}

/* Returns the status of the command. A signal has no effect after the path is printed. */
static int
create (const ToolCreation *creation)
{
  g_autoptr (ToolOperation) operation =
      tool_operation_new (TOOL_INTERRUPTION_ANY, _ ("Creating a directory"));
  GError *error = NULL;
  g_autoptr (TmTemporaryDirectory) directory = tool_creation_run (creation, operation, &error);

  if (directory != NULL &&
      hand_over (directory, !tool_operation_is_interrupted (operation), &error))
    return TOOL_STATUS_DONE;

  if (error != NULL)
    tool_operation_fail (operation, error);
  return tool_operation_end (operation, TOOL_STATUS_FAILED);
}

static int
run_create (const ToolCommand *command, char ***arguments)
{
  g_auto (ToolCreation) creation = { 0 };
  g_auto (GStrv) rest = NULL;
  GOptionEntry creation_entries[TOOL_CREATION_N_ENTRIES];
  const GOptionEntry entries[] = {
    { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &rest, NULL, NULL },
    { NULL, 0, 0, 0, NULL, NULL, NULL },
  };
  GError *error = NULL;
  int status;

  tool_creation_get_entries (&creation, creation_entries);
  if (!tool_options_parse (command, entries, creation_entries, FALSE, arguments, &status))
    return status;

  if (rest != NULL)
    g_set_error (&error, G_OPTION_ERROR, G_OPTION_ERROR_FAILED,
                 _ ("Unexpected argument “%s”: --in sets the parent directory"), rest[0]);
  if (error != NULL || !tool_creation_understand (&creation, &error))
    return tool_options_refuse (command, error);

  return create (&creation);
}
