/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "tool-command.h"
#include "tool-entry.h"
#include "tool-operation.h"
#include "tool-output.h"
#include "tool-rules.h"
#include "tool-signals.h"

/* `tempman cleanup` */

static int run_cleanup (const ToolCommand *command, char ***arguments);

const ToolCommand tool_cleanup_command = {
  .name = "cleanup",
  .parameters = "DIR",
  .summary = "Delete the expired sub-directories of a directory, or the abandoned ones too.",
  .description = "--timeout is required. A cleanup never deletes directories in use.",
  .usage_status = TOOL_STATUS_USAGE,
  .func = run_cleanup,
};

/* Who is told of what, and how. */
typedef struct
{
  const ToolRules *rules; /* (unowned) */
  GListModel *entries;    /* (owned): as they were before anything was deleted */
  GDateTime *now;         /* (owned) */
} Report;

static void
report_clear (Report *report)
{
  g_clear_object (&report->entries);
  g_clear_pointer (&report->now, g_date_time_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Report, report_clear)

/* A cleanup tells how many it has deleted, and not which. Those are gone that were to go and are
 * not there any more. */
static gboolean
is_gone (TmRootEntry *entry)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GFileInfo) info =
      g_file_query_info (tm_root_entry_get_file (entry), G_FILE_ATTRIBUTE_STANDARD_TYPE,
                         G_FILE_QUERY_INFO_NOFOLLOW_SYMLINKS, NULL, &error);

  return info == NULL && g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
}

/* Prints what goes, or is gone. Returns how many. */
static gssize
print_entries (const Report *report, gboolean is_dry_run)
{
  guint n_entries = g_list_model_get_n_items (report->entries);
  gssize n = 0;

  for (guint i = 0; i < n_entries; i++)
    {
      g_autoptr (TmRootEntry) entry = g_list_model_get_item (report->entries, i);
      ToolCell verdict = { "goes", TOOL_COLOR_YELLOW };
      ToolCell state = { "expired", TOOL_COLOR_NONE };

      if (!tm_root_entry_get_removable (entry))
        continue;

      if (report->rules->reclaims &&
          tm_root_entry_get_state (entry) == TM_ROOT_ENTRY_STATE_ABANDONED)
        state.text = "abandoned";

      if (!is_dry_run)
        verdict = is_gone (entry) ? (ToolCell){ "gone", TOOL_COLOR_GREEN }
                                  : (ToolCell){ "left", TOOL_COLOR_RED };
      if (is_dry_run || verdict.color == TOOL_COLOR_GREEN)
        n++;

      tool_entry_print (entry, report->now, verdict, state);
    }

  return n;
}

static void
print_total (gssize n, gboolean is_dry_run)
{
  const char *noun = n == 1 ? "directory" : "directories";

  if (!tool_output_is_terminal ())
    tool_print ("total\t%" G_GSSIZE_FORMAT "\n", n);
  else if (is_dry_run)
    tool_print ("%" G_GSSIZE_FORMAT " %s would be deleted\n", n, noun);
  else
    tool_print ("%" G_GSSIZE_FORMAT " %s deleted\n", n, noun);
}

/* Returns what to end with. */
static int
clean_up (TmRoot *root, Report *report, gboolean is_dry_run, gssize *n_deleted)
{
  g_autofree char *display_name = g_filename_display_name (report->rules->path);
  g_autoptr (ToolOperation) operation =
      tool_operation_new (TOOL_INTERRUPTION_ANY, "Cleaning up “%s”", display_name);
  GCancellable *cancellable = tool_operation_get_cancellable (operation);
  GError *error = NULL;

  *n_deleted = -1;
  report->entries = tm_root_list_entries (root, TM_LIST_FLAGS_NONE, cancellable, &error);

  /* Where not all of the root can be read, what can be is cleaned up without a list. The cleanup
   * itself complains of it. */
  if (!is_dry_run && !tool_operation_is_interrupted (operation))
    {
      g_clear_error (&error);
      *n_deleted = tm_root_cleanup (root, cancellable, &error);
    }

  if (error != NULL)
    tool_operation_fail (operation, error);
  return tool_operation_end (operation, TOOL_STATUS_FAILED);
}

static int
clean_up_and_report (TmRoot *root, const ToolRules *rules, gboolean is_dry_run)
{
  g_auto (Report) report = { .rules = rules, .now = g_date_time_new_now_utc () };
  gssize n_deleted;
  gssize n_gone = -1;
  int status = clean_up (root, &report, is_dry_run, &n_deleted);

  /* What it writes to may take nothing for as long as it likes. */
  tool_signals_unblock (tool_signals_to_end);
  if (report.entries != NULL)
    n_gone = print_entries (&report, is_dry_run);

  /* The two differ when others delete as well, or when one has become old enough in between. */
  if (n_deleted >= 0 || n_gone >= 0)
    print_total (n_deleted >= 0 ? n_deleted : n_gone, is_dry_run);
  return status;
}

static int
run_cleanup (const ToolCommand *command, char ***arguments)
{
  g_auto (ToolRules) rules = { 0 };
  g_autoptr (TmRoot) root = NULL;
  gboolean is_dry_run = FALSE;
  const GOptionEntry entries[] = {
    { "dry-run", 'n', 0, G_OPTION_ARG_NONE, &is_dry_run,
      "Delete nothing, and show what a cleanup would delete", NULL },
    { NULL, 0, 0, 0, NULL, NULL, NULL },
  };
  int status;

  root = tool_rules_read (&rules, command, entries, TRUE, arguments, &status);
  if (root == NULL)
    return status;

  return clean_up_and_report (root, &rules, is_dry_run);
}
