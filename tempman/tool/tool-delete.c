/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "tool-command.h"
#include "tool-operation.h"
#include "tool-options.h"
#include "tool-output.h"
#include "tool-paths.h"

#include <tempman.h>

/* `tempman delete` */

static int run_delete (const ToolCommand *command, char ***arguments);

const ToolCommand tool_delete_command = {
  .name = "delete",
  .parameters = "PATH…",
  .summary = "Delete files, and directories with everything in them.",
  .description = "A missing file is not an error. Symbolic links are deleted, not followed, and\n"
                 "mounted file systems are not touched.",
  .usage_status = TOOL_STATUS_USAGE,
  .func = run_delete,
};

/* The paths are deleted one after the other, and counted together. */
typedef struct
{
  ToolOperation *operation; /* (unowned) */
  guint64 n_deleted_before; /* without the current path */
  guint64 n_found_before;
  guint64 n_deleted; /* with the current path */
  guint64 n_found;
} Deletion;

static void
progress_cb (guint64 n_deleted, guint64 n_found, gpointer user_data)
{
  Deletion *deletion = user_data;

  deletion->n_deleted = deletion->n_deleted_before + n_deleted;
  deletion->n_found = deletion->n_found_before + n_found;
  tool_progress_set_counts (tool_operation_get_progress (deletion->operation), deletion->n_deleted,
                            deletion->n_found);
}

static void
delete_path (Deletion *deletion, const char *path)
{
  g_autoptr (GFile) file = NULL;
  GError *error = NULL;

  if (!tool_paths_find_victim (path, &file, &error))
    {
      tool_operation_fail (deletion->operation, error);
      return;
    }

  if (file == NULL)
    return;

  if (!tm_delete_recursively (file, TM_DELETE_FLAGS_NONE,
                              tool_operation_get_cancellable (deletion->operation), progress_cb,
                              deletion, &error))
    {
      /* Another process has deleted it. */
      if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND))
        g_error_free (error);
      else
        tool_operation_fail (deletion->operation, error);
    }

  deletion->n_deleted_before = deletion->n_deleted;
  deletion->n_found_before = deletion->n_found;
}

static ToolOperation *
begin (char **paths)
{
  g_autofree char *display_name = NULL;
  guint n_paths = g_strv_length (paths);

  if (n_paths > 1)
    return tool_operation_new (TOOL_INTERRUPTION_ANY, "Deleting %u paths", n_paths);

  display_name = g_filename_display_name (paths[0]);
  return tool_operation_new (TOOL_INTERRUPTION_ANY, "Deleting “%s”", display_name);
}

static int
run_delete (const ToolCommand *command, char ***arguments)
{
  g_auto (GStrv) paths = NULL;
  g_autoptr (ToolOperation) operation = NULL;
  Deletion deletion = { 0 };
  const GOptionEntry entries[] = {
    { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &paths, NULL, NULL },
    { NULL, 0, 0, 0, NULL, NULL, NULL },
  };
  int status;

  if (!tool_options_parse (command, entries, NULL, FALSE, arguments, &status))
    return status;
  if (paths == NULL)
    return tool_options_refuse (
        command, g_error_new (G_OPTION_ERROR, G_OPTION_ERROR_FAILED, "No path was given"));

  operation = begin (paths);
  deletion.operation = operation;
  for (char **path = paths; *path != NULL && !tool_operation_is_interrupted (operation); path++)
    delete_path (&deletion, *path);

  return tool_operation_end (operation, TOOL_STATUS_FAILED);
}
