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

/* `tempman list` */

static int run_list (const ToolCommand *command, char ***arguments);

const ToolCommand tool_list_command = {
  .name = "list",
  .parameters = "DIR",
  .summary = "List the sub-directories of a directory, and whether a cleanup would delete them.",
  .description = "Without --timeout, no directory is expired.",
  .usage_status = TOOL_STATUS_USAGE,
  .func = run_list,
};

static void
print_table (GListModel *entries, GDateTime *now)
{
  static const ToolCell titles[TOOL_N_CELLS] = {
    { "CLEANUP", TOOL_COLOR_NONE },
    { "STATE", TOOL_COLOR_NONE },
    { "REASON", TOOL_COLOR_NONE },
    { "UNUSED", TOOL_COLOR_NONE },
  };
  guint n_entries = g_list_model_get_n_items (entries);
  guint n_removable = 0;
  ToolColumns columns = TOOL_COLUMNS_INIT;

  for (guint i = 0; tool_output_is_terminal () && i < n_entries; i++)
    {
      g_autoptr (TmRootEntry) entry = g_list_model_get_item (entries, i);

      tool_entry_fit (entry, &columns);
    }

  if (tool_output_is_terminal () && n_entries > 0)
    tool_print_row (&columns, titles, "NAME");

  for (guint i = 0; i < n_entries; i++)
    {
      g_autoptr (TmRootEntry) entry = g_list_model_get_item (entries, i);
      gboolean is_removable = tm_root_entry_get_removable (entry);

      n_removable += is_removable;
      tool_entry_print (entry, now,
                        is_removable ? (ToolCell){ "removable", TOOL_COLOR_RED }
                                     : (ToolCell){ "kept", TOOL_COLOR_NONE },
                        &columns);
    }

  if (tool_output_is_terminal ())
    tool_print ("%u %s, of which a cleanup would delete %u\n", n_entries,
                n_entries == 1 ? "directory" : "directories", n_removable);
}

static void
print_json (GListModel *entries, GDateTime *now)
{
  guint n_entries = g_list_model_get_n_items (entries);

  tool_print_bytes ("[");
  for (guint i = 0; i < n_entries; i++)
    {
      g_autoptr (TmRootEntry) entry = g_list_model_get_item (entries, i);

      tool_print_bytes (i == 0 ? "\n" : ",\n");
      tool_entry_print_json (entry, now);
    }
  tool_print_bytes (n_entries == 0 ? "]\n" : "\n]\n");
}

/* Returns (transfer full) (nullable): the entries, and what to end with */
static GListModel *
list (TmRoot *root, const char *path, int *status)
{
  g_autofree char *display_name = g_filename_display_name (path);
  g_autoptr (ToolOperation) operation =
      tool_operation_new (TOOL_INTERRUPTION_ANY, "Listing “%s”", display_name);
  GError *error = NULL;
  GListModel *entries = tm_root_list_entries (root, TM_LIST_FLAGS_NONE,
                                              tool_operation_get_cancellable (operation), &error);

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
  const GOptionEntry options[] = {
    { "json", 'j', 0, G_OPTION_ARG_NONE, &as_json, "Print JSON", NULL },
    { NULL, 0, 0, 0, NULL, NULL, NULL },
  };
  int status;

  root = tool_rules_read (&rules, command, options, FALSE, arguments, &status);
  if (root == NULL)
    return status;

  now = g_date_time_new_now_utc ();
  entries = list (root, rules.path, &status);
  /* What it writes to may take nothing for as long as it likes. */
  tool_signals_unblock (tool_signals_to_end);
  if (entries != NULL && as_json)
    print_json (entries, now);
  else if (entries != NULL)
    print_table (entries, now);
  return status;
}
