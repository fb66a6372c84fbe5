/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "tool-rules.h"

#include "tool-age.h"
#include "tool-paths.h"

/* The options that say what a cleanup deletes, common to those who clean up and who only look. */

void
tool_rules_get_entries (ToolRules *rules, GOptionEntry entries[TOOL_RULES_N_ENTRIES])
{
  const GOptionEntry all[TOOL_RULES_N_ENTRIES] = {
    { "timeout", 't', 0, G_OPTION_ARG_FILENAME, &rules->timeout_text,
      "How long one has to be unused to be deleted: 90s, 2h, 7d, 1w, 1h30m", "AGE" },
    { "reclaim", 'r', 0, G_OPTION_ARG_NONE, &rules->reclaims,
      "Delete at once those whose owner is gone", NULL },
    { "age-basis", 0, 0, G_OPTION_ARG_FILENAME, &rules->age_basis_text,
      "What the age runs from: accessed-or-modified, modified or newest-content", "BASIS" },
    { NULL, 0, 0, 0, NULL, NULL, NULL },
  };

  for (gsize i = 0; i < TOOL_RULES_N_ENTRIES; i++)
    entries[i] = all[i];
}

static gboolean
understand_age_basis (ToolRules *rules, GError **error)
{
  g_autoptr (GEnumClass) basis_class = g_type_class_ref (TM_TYPE_AGE_BASIS);
  const GEnumValue *value = g_enum_get_value_by_nick (basis_class, rules->age_basis_text);

  if (value == NULL)
    {
      g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                   "“%s” is no basis of ages: accessed-or-modified, modified or newest-content",
                   rules->age_basis_text);
      return FALSE;
    }

  rules->age_basis = value->value;
  return TRUE;
}

/* Returns FALSE with an error of the user's. */
gboolean
tool_rules_understand (ToolRules *rules, GError **error)
{
  rules->timeout = TM_NO_TIMEOUT;
  if (rules->timeout_text != NULL && !tool_age_parse (rules->timeout_text, &rules->timeout, error))
    return FALSE;

  rules->age_basis = TM_AGE_BASIS_ACCESSED_OR_MODIFIED;
  return rules->age_basis_text == NULL || understand_age_basis (rules, error);
}

void
tool_rules_clear (ToolRules *rules)
{
  g_clear_pointer (&rules->timeout_text, g_free);
  g_clear_pointer (&rules->age_basis_text, g_free);
}

/*
 * tool_rules_open_root:
 * @rules: what a cleanup is to delete
 * @path: the directory of the root
 * @error: why it cannot be one
 *
 * Returns: (transfer full) (nullable): the root
 */
TmRoot *
tool_rules_open_root (const ToolRules *rules, const char *path, GError **error)
{
  g_autoptr (GFile) directory = tool_paths_new_directory (path, error);
  TmRootFlags flags = rules->reclaims ? TM_ROOT_FLAGS_RECLAIM_ABANDONED : TM_ROOT_FLAGS_NONE;
  TmRoot *root;

  if (directory == NULL)
    return NULL;

  root = tm_root_new (directory, rules->timeout, flags, NULL, error);
  if (root != NULL)
    tm_root_set_age_basis (root, rules->age_basis);
  return root;
}

/* Lists the entries of the root as a part of the operation. */
GListModel *
tool_rules_list (TmRoot *root, ToolOperation *operation, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;

  tm_root_list_entries_async (root, G_PRIORITY_DEFAULT, tool_operation_get_cancellable (operation),
                              tool_operation_ready_cb, operation);
  result = tool_operation_wait (operation);
  return tm_root_list_entries_finish (root, result, error);
}
