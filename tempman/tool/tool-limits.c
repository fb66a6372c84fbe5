/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "tool-limits.h"

#include "tool-i18n.h"
#include "tool-size.h"

#include <string.h>

/* The limits of a root on the command line. */

gboolean
tool_limits_are_given (const ToolLimits *limits)
{
  return limits->max_entries_text != NULL || limits->max_size_text != NULL ||
         limits->min_free_text != NULL;
}

static gboolean
parse_number (const char *text, guint *number, GError **error)
{
  guint64 value;

  if (!g_ascii_string_to_unsigned (text, 10, 0, G_MAXUINT, &value, NULL))
    {
      g_autofree char *display_text = g_filename_display_name (text);

      g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                   _ ("“%s” is not a number of entries: write it as 20, and at most as %u"),
                   display_text, G_MAXUINT);
      return FALSE;
    }

  *number = (guint) value;
  return TRUE;
}

/* Parses a share of the file system, such as 5%. */
static gboolean
parse_percent (const char *text, guint64 *percent, GError **error)
{
  g_autofree char *digits = g_strndup (text, strlen (text) - 1);

  if (!g_ascii_string_to_unsigned (digits, 10, 0, 100, percent, NULL))
    {
      g_autofree char *display_text = g_filename_display_name (text);

      g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                   _ ("“%s” is not a share: write it as a whole number from 0%% to 100%%"),
                   display_text);
      return FALSE;
    }

  return TRUE;
}

/* Parses the values of the options. Returns FALSE with a usage error. */
gboolean
tool_limits_understand (ToolLimits *limits, GError **error)
{
  if (limits->max_entries_text != NULL &&
      !parse_number (limits->max_entries_text, &limits->max_entries, error))
    return FALSE;

  if (limits->max_size_text != NULL &&
      !tool_size_parse (limits->max_size_text, &limits->max_size, error))
    return FALSE;

  if (limits->min_free_text == NULL)
    return TRUE;

  return g_str_has_suffix (limits->min_free_text, "%")
             ? parse_percent (limits->min_free_text, &limits->min_free_percent, error)
             : tool_size_parse (limits->min_free_text, &limits->min_free, error);
}

void
tool_limits_clear (ToolLimits *limits)
{
  g_clear_pointer (&limits->max_entries_text, g_free);
  g_clear_pointer (&limits->max_size_text, g_free);
  g_clear_pointer (&limits->min_free_text, g_free);
}

/* Reads a number of bytes of the file system of a root. */
static gboolean
query_file_system (TmRoot *root, const char *attribute, guint64 *bytes, GError **error)
{
  g_autoptr (GFileInfo) info =
      g_file_query_filesystem_info (tm_root_get_directory (root), attribute, NULL, error);

  if (info == NULL)
    return FALSE;

  if (!g_file_info_has_attribute (info, attribute))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                   _ ("Could not find the size of the file system of “%s”"),
                   g_file_peek_path (tm_root_get_directory (root)));
      return FALSE;
    }

  *bytes = g_file_info_get_attribute_uint64 (info, attribute);
  return TRUE;
}

/*
 * tool_limits_apply:
 * @limits: limits that were understood
 * @root: a root
 * @error: return location for an error
 *
 * Sets the limits of a root. A share becomes a number of bytes, by the present size of its file
 * system.
 *
 * Returns: %TRUE on success
 */
gboolean
tool_limits_apply (const ToolLimits *limits, TmRoot *root, GError **error)
{
  guint64 min_free = limits->min_free;

  if (limits->min_free_percent > 0)
    {
      guint64 size;

      if (!query_file_system (root, G_FILE_ATTRIBUTE_FILESYSTEM_SIZE, &size, error))
        return FALSE;
      /* Divided first, so that the product fits. */
      min_free = size / 100 * limits->min_free_percent;
    }

  tm_root_set_max_entries (root, limits->max_entries);
  tm_root_set_max_size (root, limits->max_size);
  tm_root_set_min_free_space (root, min_free);
  return TRUE;
}

/*
 * tool_limits_are_exceeded:
 * @root: a root
 * @entries: its entries, as it lists them
 *
 * Returns: whether the root is over one of its limits
 */
gboolean
tool_limits_are_exceeded (TmRoot *root, GListModel *entries)
{
  guint max_entries = tm_root_get_max_entries (root);
  guint64 max_size = tm_root_get_max_size (root);
  guint64 min_free = tm_root_get_min_free_space (root);
  guint n_entries = g_list_model_get_n_items (entries);
  guint64 size = 0;
  guint64 free_space;

  for (guint i = 0; i < n_entries; i++)
    {
      g_autoptr (TmRootEntry) entry = g_list_model_get_item (entries, i);

      size += tm_root_entry_get_size (entry);
    }

  return (max_entries > 0 && n_entries > max_entries) || (max_size > 0 && size > max_size) ||
         (min_free > 0 &&
          query_file_system (root, G_FILE_ATTRIBUTE_FILESYSTEM_FREE, &free_space, NULL) &&
          free_space < min_free);
}
