/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "tool-command.h"
#include "tool-entry.h"
#include "tool-i18n.h"
#include "tool-operation.h"
#include "tool-output.h"
#include "tool-rules.h"
#include "tool-signals.h"
#include "tool-size.h"
#include "tool-totals.h"

/* `tempman list` */

static int run_list (const ToolCommand *command, char ***arguments);

const ToolCommand tool_list_command = {
  .name = "list",
  .parameters = N_ ("DIR"),
  .summary =
      N_ ("List the sub-directories of a directory, and whether a cleanup would delete them."),
  .description = N_ ("Without --timeout, no directory is expired. A SIZE is a whole number with a\n"
                     "unit: B, k, M, G and T are powers of 1000; KiB, MiB, GiB and TiB of 1024."),
  .usage_status = TOOL_STATUS_USAGE,
  .func = run_list,
};

static void
print_total (GListModel *entries, const ToolRules *rules, gboolean shows_sizes)
{
  guint n_entries = g_list_model_get_n_items (entries);
  guint n_removable = 0;
  guint64 size = 0;
  guint64 removable_size = 0;
  g_autofree char *size_text = NULL;
  g_autofree char *removable_size_text = NULL;
  g_autofree char *text = NULL;

  for (guint i = 0; i < n_entries; i++)
    {
      g_autoptr (TmRootEntry) entry = g_list_model_get_item (entries, i);

      size += tm_root_entry_get_size (entry);
      if (tm_root_entry_get_removable (entry))
        {
          n_removable++;
          removable_size += tm_root_entry_get_size (entry);
        }
    }

  if (shows_sizes)
    {
      size_text = tool_size_format (size);
      removable_size_text = tool_size_format (removable_size);
    }
  text = tool_totals_describe_list (rules, n_entries, size_text, n_removable, removable_size_text);
  tool_print ("%s\n", text);
}

static ToolOutcome
get_outcome (TmRootEntry *entry)
{
  return tm_root_entry_get_removable (entry) ? TOOL_OUTCOME_REMOVABLE : TOOL_OUTCOME_KEPT;
}

static void
print_table (GListModel *entries, GDateTime *now, const ToolRules *rules, gboolean shows_sizes)
{
  const ToolCell titles[TOOL_N_CELLS] = {
    /* Translators: what a cleanup would do. */
    { C_ ("column", "CLEANUP"), TOOL_COLOR_NONE },
    { C_ ("column", "STATE"), TOOL_COLOR_NONE },
    /* Translators: why a cleanup would delete the directory. */
    { C_ ("column", "REASON"), TOOL_COLOR_NONE },
    /* Translators: the time since the last use. */
    { C_ ("column", "UNUSED"), TOOL_COLOR_NONE },
    { shows_sizes ? C_ ("column", "SIZE") : NULL, TOOL_COLOR_NONE },
  };
  guint n_entries = g_list_model_get_n_items (entries);
  gboolean is_terminal = tool_output_is_terminal ();
  ToolColumns columns = TOOL_COLUMNS_INIT;

  tool_columns_fit (&columns, titles);
  for (guint i = 0; is_terminal && i < n_entries; i++)
    {
      g_autoptr (TmRootEntry) entry = g_list_model_get_item (entries, i);

      tool_entry_fit (entry, now, get_outcome (entry), shows_sizes, &columns);
    }

  if (is_terminal && n_entries > 0)
    tool_print_row (&columns, titles, C_ ("column", "NAME"));

  for (guint i = 0; i < n_entries; i++)
    {
      g_autoptr (TmRootEntry) entry = g_list_model_get_item (entries, i);

      tool_entry_print (entry, now, get_outcome (entry),
                        tm_root_entry_get_removable (entry) ? TOOL_COLOR_RED : TOOL_COLOR_NONE,
                        shows_sizes, &columns);
    }

  if (is_terminal)
    print_total (entries, rules, shows_sizes);
}

static void
print_json (GListModel *entries, GDateTime *now, gboolean is_measured)
{
  guint n_entries = g_list_model_get_n_items (entries);

  tool_print_bytes ("[");
  for (guint i = 0; i < n_entries; i++)
    {
      g_autoptr (TmRootEntry) entry = g_list_model_get_item (entries, i);

      tool_print_bytes (i == 0 ? "\n" : ",\n");
      tool_entry_print_json (entry, now, is_measured);
    }
  tool_print_bytes (n_entries == 0 ? "]\n" : "\n]\n");
}

/* Returns (transfer full) (nullable): the entries, and what to end with */
static GListModel *
list (TmRoot *root, const char *path, TmListFlags flags, int *status)
{
  g_autofree char *display_name = g_filename_display_name (path);
  g_autoptr (ToolOperation) operation =
      tool_operation_new (TOOL_INTERRUPTION_ANY, _ ("Listing “%s”"), display_name);
  GError *error = NULL;
  GListModel *entries =
      tm_root_list_entries (root, flags, tool_operation_get_cancellable (operation), &error);

  if (entries == NULL)
    tool_operation_fail (operation, error);

  *status = tool_operation_end (operation, TOOL_STATUS_FAILED);
  return entries;
}

static int
run_list (const ToolCommand *command, char ***arguments)
{
  g_auto (ToolRules) rules = { 0 };
  g_autoptr (TmRoot) root = NULL;
  g_autoptr (GListModel) entries = NULL;
  g_autoptr (GDateTime) now = NULL;
  gboolean as_json = FALSE;
  gboolean shows_sizes = FALSE;
  const GOptionEntry options[] = {
    { "json", 'j', 0, G_OPTION_ARG_NONE, &as_json, N_ ("Print JSON"), NULL },
    { "size", 's', 0, G_OPTION_ARG_NONE, &shows_sizes,
      N_ ("Measure the directories, and print their sizes"), NULL },
    { NULL, 0, 0, 0, NULL, NULL, NULL },
  };
  int status;

  root = tool_rules_read (&rules, command, options, FALSE, arguments, &status);
  if (root == NULL)
    return status;

  now = g_date_time_new_now_utc ();
  entries =
      list (root, rules.path, shows_sizes ? TM_LIST_FLAGS_MEASURE : TM_LIST_FLAGS_NONE, &status);
  /* What it writes to may take nothing for as long as it likes. */
  tool_signals_unblock (tool_signals_to_end);
  if (entries != NULL && as_json)
    print_json (entries, now, shows_sizes || rules.limits.max_size > 0);
  else if (entries != NULL)
    print_table (entries, now, &rules, shows_sizes);
  return status;
}
