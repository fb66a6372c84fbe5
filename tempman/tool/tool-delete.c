/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "tool-command.h"
#include "tool-i18n.h"
#include "tool-operation.h"
#include "tool-options.h"
#include "tool-output.h"
#include "tool-paths.h"

#include <tempman.h>

/* `tempman delete` */

static int run_delete (const ToolCommand *command, char ***arguments);

const ToolCommand tool_delete_command = {
  .name = "delete",
  .parameters = N_ ("PATH…"),
  .summary = N_ ("Delete files, and directories with everything in them."),
  .description =
      N_ ("A missing file is not an error. Symbolic links are deleted, not followed, and\n"
          "mounted file systems are not touched. After a failure the rest is deleted."),
  .usage_status = TOOL_STATUS_USAGE,
  .func = run_delete,
};

/* The paths are deleted one after the other, and counted together. */
typedef struct
{
  ToolOperation *operation; /* (unowned) */
  TmDeleteFlags flags;
  guint64 n_deleted_before; /* without the current path */
  guint64 n_found_before;
} Deletion;

static void
notify_cb (TmDeletion *path_deletion, GParamSpec *pspec, gpointer user_data)
{
  Deletion *deletion = user_data;

  tool_progress_set_counts (tool_operation_get_progress (deletion->operation),
                            deletion->n_deleted_before + tm_deletion_get_n_deleted (path_deletion),
                            deletion->n_found_before + tm_deletion_get_n_found (path_deletion));
}

/* Called for each failure, in the thread of the command. */
static void
failed_cb (TmDeletion *path_deletion, GFile *file, const GError *error, gpointer user_data)
{
  Deletion *deletion = user_data;

  tool_operation_fail (deletion->operation, g_error_copy (error));
}

static void
delete_path (Deletion *deletion, const char *path)
{
  g_autoptr (TmDeletion) path_deletion = NULL;
  g_autoptr (GFile) file = NULL;
  GError *error = NULL;

  if (!tool_paths_find_victim (path, &file, &error))
    {
      tool_operation_fail (deletion->operation, error);
      return;
    }

  if (file == NULL)
    return;

  path_deletion = tm_deletion_new (file, deletion->flags);
  g_signal_connect (path_deletion, "notify", G_CALLBACK (notify_cb), deletion);
  g_signal_connect (path_deletion, "failed", G_CALLBACK (failed_cb), deletion);
  if (!tm_deletion_run (path_deletion, tool_operation_get_cancellable (deletion->operation),
                        &error))
    {
      /* Other errors are reported already. */
      if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        tool_operation_fail (deletion->operation, error);
      else
        g_error_free (error);
    }

  deletion->n_deleted_before += tm_deletion_get_n_deleted (path_deletion);
  deletion->n_found_before += tm_deletion_get_n_found (path_deletion);
}

static ToolOperation *
begin (char **paths)
{
  g_autofree char *display_name = NULL;
  guint n_paths = g_strv_length (paths);

  if (n_paths > 1)
    return tool_operation_new (
        TOOL_INTERRUPTION_ANY,
        /* Never called with 1. */ tool_ngettext ("Deleting %u path", "Deleting %u paths", n_paths),
        n_paths);

  display_name = g_filename_display_name (paths[0]);
  return tool_operation_new (TOOL_INTERRUPTION_ANY, _ ("Deleting “%s”"), display_name);
}

static int
run_delete (const ToolCommand *command, char ***arguments)
{
  g_auto (GStrv) paths = NULL;
  g_autoptr (ToolOperation) operation = NULL;
  gboolean force = FALSE;
  Deletion deletion = { 0 };
  const GOptionEntry entries[] = {
    { "force", 0, 0, G_OPTION_ARG_NONE, &force,
      N_ ("Also delete immutable and append-only files, and read-only snapshots"), NULL },
    { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &paths, NULL, NULL },
    { NULL, 0, 0, 0, NULL, NULL, NULL },
  };
  int status;

  if (!tool_options_parse (command, entries, NULL, FALSE, arguments, &status))
    return status;
  if (paths == NULL)
    return tool_options_refuse (
        command, g_error_new (G_OPTION_ERROR, G_OPTION_ERROR_FAILED, _ ("No path was given")));

  operation = begin (paths);
  deletion.operation = operation;
  /* Another process may delete a path at the same time. */
  deletion.flags =
      TM_DELETE_FLAGS_ALLOW_MISSING | (force ? TM_DELETE_FLAGS_FORCE : TM_DELETE_FLAGS_NONE);
  for (char **path = paths; *path != NULL && !tool_operation_is_interrupted (operation); path++)
    delete_path (&deletion, *path);

  return tool_operation_end (operation, TOOL_STATUS_FAILED);
}
