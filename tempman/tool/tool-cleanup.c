/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "tool-age.h"
#include "tool-command.h"
#include "tool-entry.h"
#include "tool-i18n.h"
#include "tool-operation.h"
#include "tool-output.h"
#include "tool-rules.h"
#include "tool-signals.h"
#include "tool-size.h"
#include "tool-totals.h"

#include <string.h>

/* `tempman cleanup` */

/* More heartbeats can become overdue while the command waits, without end. */
#define MAX_WAITS 2

static int run_cleanup (const ToolCommand *command, char ***arguments);

const ToolCommand tool_cleanup_command = {
  .name = "cleanup",
  .parameters = N_ ("DIR"),
  .summary =
      N_ ("Delete expired or abandoned sub-directories, and keep a directory within limits."),
  .description =
      N_ ("--timeout or a limit is required. A cleanup never deletes directories in use. A\n"
          "limit deletes the least recently used directories until it holds. A SIZE is a\n"
          "whole number with a unit: B, k, M, G and T are powers of 1000; KiB, MiB, GiB\n"
          "and TiB of 1024."),
  .usage_status = TOOL_STATUS_USAGE,
  .func = run_cleanup,
};

/* What a cleanup did, or would do. */
typedef struct
{
  ToolOperation *operation; /* (unowned) */
  GPtrArray *rows;          /* (owned) (element-type Row) */
  GHashTable *failed_rows;  /* (owned) (element-type filename Row): by the names of the entries */
  gssize n_removed;
  guint64 removed_size;    /* in bytes; 0 if the entries were not measured */
  gboolean has_complained; /* about an entry that failed in the current cleanup */
} Report;

typedef struct
{
  TmRootEntry *entry; /* (owned) */
  ToolOutcome outcome;
  ToolColor color;
} Row;

static void
row_free (gpointer data)
{
  Row *row = data;

  g_object_unref (row->entry);
  g_free (row);
}

static void
report_clear (Report *report)
{
  g_clear_pointer (&report->failed_rows, g_hash_table_unref);
  g_clear_pointer (&report->rows, g_ptr_array_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Report, report_clear)

static Row *
report_add (Report *report, TmRootEntry *entry, ToolOutcome outcome, ToolColor color)
{
  Row *row = g_new (Row, 1);

  row->entry = g_object_ref (entry);
  row->outcome = outcome;
  row->color = color;
  g_ptr_array_add (report->rows, row);
  return row;
}

/* Removes the row of an entry that failed in an earlier cleanup: the last outcome counts. */
static void
report_forget_failure (Report *report, TmRootEntry *entry)
{
  Row *row = g_hash_table_lookup (report->failed_rows, tm_root_entry_get_name (entry));

  if (row == NULL)
    return;

  g_hash_table_remove (report->failed_rows, tm_root_entry_get_name (entry));
  g_ptr_array_remove (report->rows, row);
}

static void
entry_removed_cb (TmRoot *root, TmRootEntry *entry, gpointer user_data)
{
  Report *report = user_data;

  report->n_removed++;
  report->removed_size += tm_root_entry_get_size (entry);
  report_forget_failure (report, entry);
  report_add (report, entry, TOOL_OUTCOME_REMOVED, TOOL_COLOR_GREEN);
}

static void
entry_failed_cb (TmRoot *root, TmRootEntry *entry, const GError *error, gpointer user_data)
{
  Report *report = user_data;
  const char *name = tm_root_entry_get_name (entry);
  gboolean is_new = !g_hash_table_contains (report->failed_rows, name);
  Row *row;

  report_forget_failure (report, entry);
  row = report_add (report, entry, TOOL_OUTCOME_FAILED, TOOL_COLOR_RED);
  g_hash_table_insert (report->failed_rows, g_strdup (name), row);
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;

  if (is_new)
    tool_operation_fail (report->operation, g_error_copy (error));
  report->has_complained = TRUE;
}

static int
compare_rows (gconstpointer a, gconstpointer b)
{
  const Row *const *row = a;
  const Row *const *other = b;

  return strcmp (tm_root_entry_get_name ((*row)->entry), tm_root_entry_get_name ((*other)->entry));
}

static void
print_rows (const Report *report)
{
  g_autoptr (GDateTime) now = g_date_time_new_now_utc ();
  ToolColumns columns = TOOL_COLUMNS_INIT;

  for (guint i = 0; tool_output_is_terminal () && i < report->rows->len; i++)
    {
      const Row *row = g_ptr_array_index (report->rows, i);

      tool_entry_fit (row->entry, now, row->outcome, FALSE, &columns);
    }

  g_ptr_array_sort (report->rows, compare_rows);
  for (guint i = 0; i < report->rows->len; i++)
    {
      const Row *row = g_ptr_array_index (report->rows, i);

      tool_entry_print (row->entry, now, row->outcome, row->color, FALSE, &columns);
    }
}

static void
print_total (const Report *report, const ToolRules *rules, gboolean is_dry_run)
{
  g_autofree char *size = NULL;
  g_autofree char *text = NULL;

  if (!tool_output_is_terminal ())
    {
      tool_print ("total\t%" G_GSSIZE_FORMAT "\n", report->n_removed);
      return;
    }

  if (rules->limits.max_size > 0)
    size = tool_size_format (report->removed_size);
  text = tool_totals_describe_cleanup (rules, (gulong) report->n_removed, size, is_dry_run);
  tool_print ("%s\n", text);
}

/* Returns FALSE when nothing can be said of the root. */
static gboolean
clean_up (TmRoot *root, Report *report)
{
  GCancellable *cancellable = tool_operation_get_cancellable (report->operation);
  GError *error = NULL;

  report->has_complained = FALSE;
  if (tm_root_cleanup (root, cancellable, &error) >= 0)
    return TRUE;

  /* It is the first of those that the command has complained of. */
  if (report->has_complained)
    g_error_free (error);
  else
    tool_operation_fail (report->operation, error);
  return report->rows->len > 0;
}

/* Whether a cleanup would delete the entry after @seconds if its heartbeat does not change. The
 * heartbeat is a modification time, so an entry is at most as old as its heartbeat. */
static gboolean
is_overdue (TmRoot *root, TmRootEntry *entry, double seconds, gboolean is_over_limit)
{
  double heartbeat_age = tm_root_entry_get_heartbeat_age (entry);
  double timeout = tm_root_get_timeout (root);

  return tm_root_entry_get_state (entry) == TM_ROOT_ENTRY_STATE_LIVE &&
         heartbeat_age > tm_root_get_lease (root) &&
         ((tm_root_get_flags (root) & TM_ROOT_FLAGS_RECLAIM_ABANDONED) != 0 || is_over_limit ||
          (timeout >= 0 && heartbeat_age + seconds > timeout));
}

/* Returns 0 as well if the root cannot be read. */
static guint
count_overdue (TmRoot *root, const Report *report, double seconds)
{
  GCancellable *cancellable = tool_operation_get_cancellable (report->operation);
  g_autoptr (GListModel) entries =
      tm_root_list_entries (root, TM_LIST_FLAGS_NONE, cancellable, NULL);
  gboolean is_over_limit = entries != NULL && tool_limits_are_exceeded (root, entries);
  guint n_overdue = 0;

  for (guint i = 0; entries != NULL && i < g_list_model_get_n_items (entries); i++)
    {
      g_autoptr (TmRootEntry) entry = g_list_model_get_item (entries, i);

      n_overdue += is_overdue (root, entry, seconds, is_over_limit);
    }

  return n_overdue;
}

/* Returns whether another cleanup can delete more. */
static gboolean
wait_for_heartbeats (TmRoot *root, const Report *report)
{
  double seconds = tm_root_get_watch_time (root);
  guint n_overdue = seconds > 0 ? count_overdue (root, report, seconds) : 0;
  g_autofree char *time = tool_age_format (MAX (tool_age_to_seconds (seconds + 0.5), 1));

  if (n_overdue == 0 || tool_operation_is_interrupted (report->operation))
    return FALSE;

  tool_progress_hide (tool_operation_get_progress (report->operation));
  /* Translators: %s is a time such as “1m 30s”. */
  tool_complain (
      tool_ngettext ("The heartbeat of %u directory is overdue: waiting %s to see whether "
                     "it changes; --no-wait skips this",
                     "The heartbeats of %u directories are overdue: waiting %s to see "
                     "whether they change; --no-wait skips this",
                     n_overdue),
      n_overdue, time);
  return tool_operation_wait (report->operation, seconds);
}

/* Cleans up, and again after the time in which overdue heartbeats show whether owners are dead. */
static gboolean
clean_up_and_wait (TmRoot *root, Report *report, gboolean waits)
{
  gboolean is_known;

  g_signal_connect (root, "entry-removed", G_CALLBACK (entry_removed_cb), report);
  g_signal_connect (root, "entry-failed", G_CALLBACK (entry_failed_cb), report);
  is_known = clean_up (root, report);

  /* If a later one fails, the results of the first one are still known. */
  for (guint i = 0; i < MAX_WAITS && waits && is_known && wait_for_heartbeats (root, report); i++)
    clean_up (root, report);

  return is_known;
}

/* Lists the entries that a cleanup would delete. Returns FALSE if the root cannot be read. */
static gboolean
list_removable (TmRoot *root, Report *report)
{
  GCancellable *cancellable = tool_operation_get_cancellable (report->operation);
  GError *error = NULL;
  g_autoptr (GListModel) entries =
      tm_root_list_entries (root, TM_LIST_FLAGS_NONE, cancellable, &error);

  if (entries == NULL)
    {
      tool_operation_fail (report->operation, error);
      return FALSE;
    }

  for (guint i = 0; i < g_list_model_get_n_items (entries); i++)
    {
      g_autoptr (TmRootEntry) entry = g_list_model_get_item (entries, i);

      if (!tm_root_entry_get_removable (entry))
        continue;

      report->n_removed++;
      report->removed_size += tm_root_entry_get_size (entry);
      report_add (report, entry, TOOL_OUTCOME_REMOVABLE, TOOL_COLOR_YELLOW);
    }

  return TRUE;
}

static int
clean_up_and_report (TmRoot *root, const ToolRules *rules, gboolean is_dry_run, gboolean waits)
{
  g_autofree char *display_name = g_filename_display_name (rules->path);
  g_autoptr (ToolOperation) operation =
      tool_operation_new (TOOL_INTERRUPTION_ANY, _ ("Cleaning up “%s”"), display_name);
  g_auto (Report) report = {
    .operation = operation,
    .rows = g_ptr_array_new_with_free_func (row_free),
    .failed_rows = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL),
  };
  gboolean is_known =
      is_dry_run ? list_removable (root, &report) : clean_up_and_wait (root, &report, waits);
  int status = tool_operation_end (operation, TOOL_STATUS_FAILED);

  /* Erases the line that shows the progress. */
  g_clear_pointer (&operation, tool_operation_free);
  /* The reader of the output can block it forever: from here on the first signal ends the command.
   */
  tool_signals_unblock (tool_signals_to_end);
  print_rows (&report);
  if (is_known)
    print_total (&report, rules, is_dry_run);
  return status;
}

static int
run_cleanup (const ToolCommand *command, char ***arguments)
{
  g_auto (ToolRules) rules = { 0 };
  g_autoptr (TmRoot) root = NULL;
  gboolean is_dry_run = FALSE;
  gboolean does_not_wait = FALSE;
  const GOptionEntry entries[] = {
    { "dry-run", 'n', 0, G_OPTION_ARG_NONE, &is_dry_run,
      N_ ("Delete nothing, and show what a cleanup would delete"), NULL },
    { "no-wait", 0, 0, G_OPTION_ARG_NONE, &does_not_wait,
      N_ ("Do not wait to see whether overdue heartbeats change, and keep these directories"),
      NULL },
    { NULL, 0, 0, 0, NULL, NULL, NULL },
  };
  int status;

  root = tool_rules_read (&rules, command, entries, TRUE, arguments, &status);
  if (root == NULL)
    return status;

  return clean_up_and_report (root, &rules, is_dry_run, !does_not_wait);
}
