/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "tool-totals.h"

#include "tool-i18n.h"

/* The last line of `list` and `cleanup` on a terminal. Each combination is a sentence of its own,
 * because a sentence that is composed of words cannot be translated.
 *
 * With INCLUDE_FILES, not every entry is a directory. */

/*
 * tool_totals_describe_list:
 * @rules: the rules of a cleanup
 * @n_entries: the number of entries
 * @size: (nullable): their size
 * @n_removable: the number of entries that a cleanup would delete
 * @removable_size: (nullable): their size
 *
 * Returns: (transfer full): a sentence
 */
char *
tool_totals_describe_list (const ToolRules *rules,
                           guint n_entries,
                           const char *size,
                           guint n_removable,
                           const char *removable_size)
{
  if (rules->includes_files && size != NULL)
    return g_strdup_printf (
        /* Translators: an entry is a file or a directory. The second %s is the size of the entries
         * that a cleanup would delete, such as “3.0 MB”. */
        tool_ngettext ("%u entry with %s, of which a cleanup would delete %u with %s",
                       "%u entries with %s, of which a cleanup would delete %u with %s", n_entries),
        n_entries, size, n_removable, removable_size);
  if (rules->includes_files)
    return g_strdup_printf (
        /* Translators: an entry is a file or a directory. */
        tool_ngettext ("%u entry, of which a cleanup would delete %u",
                       "%u entries, of which a cleanup would delete %u", n_entries),
        n_entries, n_removable);
  if (size != NULL)
    return g_strdup_printf (
        /* Translators: the second %s is the size of the directories that a cleanup would delete,
         * such as “3.0 MB”. */
        tool_ngettext ("%u directory with %s, of which a cleanup would delete %u with %s",
                       "%u directories with %s, of which a cleanup would delete %u with %s",
                       n_entries),
        n_entries, size, n_removable, removable_size);
  return g_strdup_printf (tool_ngettext ("%u directory, of which a cleanup would delete %u",
                                         "%u directories, of which a cleanup would delete %u",
                                         n_entries),
                          n_entries, n_removable);
}

static char *
describe_dry_run (const ToolRules *rules, gulong n_removed, const char *size)
{
  if (rules->includes_files && size != NULL)
    return g_strdup_printf (
        /* Translators: an entry is a file or a directory. %s is a size such as “3.0 MB”. */
        tool_ngettext ("%lu entry with %s would be deleted", "%lu entries with %s would be deleted",
                       n_removed),
        n_removed, size);
  if (rules->includes_files)
    return g_strdup_printf (
        /* Translators: an entry is a file or a directory. */
        tool_ngettext ("%lu entry would be deleted", "%lu entries would be deleted", n_removed),
        n_removed);
  if (size != NULL)
    return g_strdup_printf (
        /* Translators: %s is a size such as “3.0 MB”. */
        tool_ngettext ("%lu directory with %s would be deleted",
                       "%lu directories with %s would be deleted", n_removed),
        n_removed, size);
  return g_strdup_printf (tool_ngettext ("%lu directory would be deleted",
                                         "%lu directories would be deleted", n_removed),
                          n_removed);
}

/*
 * tool_totals_describe_cleanup:
 * @rules: the rules of a cleanup
 * @n_removed: the number of entries that it has deleted, or would delete
 * @size: (nullable): their size
 * @is_dry_run: whether nothing was deleted
 *
 * Returns: (transfer full): a sentence
 */
char *
tool_totals_describe_cleanup (const ToolRules *rules,
                              gulong n_removed,
                              const char *size,
                              gboolean is_dry_run)
{
  if (is_dry_run)
    return describe_dry_run (rules, n_removed, size);

  if (rules->includes_files && size != NULL)
    return g_strdup_printf (
        /* Translators: an entry is a file or a directory. %s is a size such as “3.0 MB”. */
        tool_ngettext ("%lu entry with %s deleted", "%lu entries with %s deleted", n_removed),
        n_removed, size);
  if (rules->includes_files)
    return g_strdup_printf (
        /* Translators: an entry is a file or a directory. */
        tool_ngettext ("%lu entry deleted", "%lu entries deleted", n_removed), n_removed);
  if (size != NULL)
    return g_strdup_printf (
        /* Translators: %s is a size such as “3.0 MB”. */
        tool_ngettext ("%lu directory with %s deleted", "%lu directories with %s deleted",
                       n_removed),
        n_removed, size);
  return g_strdup_printf (
      tool_ngettext ("%lu directory deleted", "%lu directories deleted", n_removed), n_removed);
}
