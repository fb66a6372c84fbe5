/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "tool-entry.h"

#include "tool-age.h"
#include "tool-size.h"

#include <string.h>

/* Prints an entry of a root. */

#define STATE_CELL 1
#define REASON_CELL 2

/* The output uses the nicks of the public enumerations. */
static const char *
get_nick (GType type, int value)
{
  GEnumClass *enum_class = g_type_class_ref (type);
  const GEnumValue *enum_value = g_enum_get_value (enum_class, value);

  g_assert (enum_value != NULL);
  /* The values are static: they outlive the reference to the class. */
  g_type_class_unref (enum_class);
  return enum_value->value_nick;
}

static const char *
get_state_name (TmRootEntry *entry)
{
  return get_nick (TM_TYPE_ROOT_ENTRY_STATE, (int) tm_root_entry_get_state (entry));
}

static const char *
get_reason_name (TmRootEntry *entry)
{
  return get_nick (TM_TYPE_REMOVAL_REASON, (int) tm_root_entry_get_reason (entry));
}

static char *
format_age (gint64 seconds)
{
  return tool_output_is_terminal () ? tool_age_format (seconds)
                                    : g_strdup_printf ("%" G_GINT64_FORMAT "s", seconds);
}

/* Returns (transfer full): the state, followed by the age of the heartbeat if there is one. */
static char *
describe_state (TmRootEntry *entry)
{
  double heartbeat_age = tm_root_entry_get_heartbeat_age (entry);
  g_autofree char *age = NULL;

  if (heartbeat_age < 0)
    return g_strdup (get_state_name (entry));

  age = format_age (tool_age_to_seconds (heartbeat_age));
  return g_strdup_printf ("%s (heartbeat %s ago)", get_state_name (entry), age);
}

static void
fit (ToolColumns *columns, gsize cell, const char *text)
{
  columns->widths[cell] = MAX (columns->widths[cell], (int) strlen (text));
}

/* Widens the columns so that the cells of an entry fit. */
void
tool_entry_fit (TmRootEntry *entry, gboolean shows_size, ToolColumns *columns)
{
  g_autofree char *state = describe_state (entry);
  g_autofree char *size = tool_size_format (tm_root_entry_get_size (entry));

  fit (columns, STATE_CELL, state);
  fit (columns, REASON_CELL, get_reason_name (entry));
  if (shows_size)
    fit (columns, TOOL_ENTRY_SIZE_CELL, size);
}

/*
 * tool_entry_print:
 * @entry: an entry
 * @now: the current time, from which its age is computed
 * @outcome: the first cell: what a cleanup does with the entry
 * @shows_size: whether to print its size
 * @columns: the widths of the columns
 */
void
tool_entry_print (TmRootEntry *entry,
                  GDateTime *now,
                  ToolCell outcome,
                  gboolean shows_size,
                  const ToolColumns *columns)
{
  static const ToolColor colors[] = {
    [TM_ROOT_ENTRY_STATE_LIVE] = TOOL_COLOR_GREEN,
    [TM_ROOT_ENTRY_STATE_ABANDONED] = TOOL_COLOR_YELLOW,
    [TM_ROOT_ENTRY_STATE_UNOWNED] = TOOL_COLOR_NONE,
  };
  gint64 age = tool_age_since (tm_root_entry_get_last_used (entry), now);
  g_autofree char *age_text = format_age (age);
  g_autofree char *state = describe_state (entry);
  g_autofree char *size = tool_size_format (tm_root_entry_get_size (entry));
  const ToolCell cells[TOOL_N_CELLS] = {
    outcome,
    [STATE_CELL] = { state, colors[tm_root_entry_get_state (entry)] },
    [REASON_CELL] = { get_reason_name (entry), TOOL_COLOR_NONE },
    { age_text, TOOL_COLOR_NONE },
    [TOOL_ENTRY_SIZE_CELL] = { shows_size ? size : NULL, TOOL_COLOR_NONE },
  };

  tool_print_row (columns, cells, tm_root_entry_get_name (entry));
}

/* Appends ASCII only, which is independent of the locales of the writer and the reader. */
static void
append_json_string (GString *json, const char *utf8)
{
  g_string_append_c (json, '"');
  for (; *utf8 != '\0'; utf8 = g_utf8_next_char (utf8))
    {
      gunichar character = g_utf8_get_char (utf8);

      if (character == '"' || character == '\\')
        g_string_append_printf (json, "\\%c", (char) character);
      else if (character >= 0x10000)
        g_string_append_printf (json, "\\u%04x\\u%04x", 0xd800 + ((character - 0x10000) >> 10),
                                0xdc00 + ((character - 0x10000) & 0x3ff));
      else if (character < 0x20 || character >= 0x7f)
        g_string_append_printf (json, "\\u%04x", character);
      else
        g_string_append_c (json, (char) character);
    }
  g_string_append_c (json, '"');
}

static void
append_json_member (GString *json, const char *name, const char *utf8)
{
  g_string_append_printf (json, "\"%s\": ", name);
  append_json_string (json, utf8);
  g_string_append (json, ", ");
}

/* Prints an object, without a newline. JSON has no strings for names that are not UTF-8: `name` has
 * replacement characters then, and `uri` is always exact. The size is null unless @is_measured. */
void
tool_entry_print_json (TmRootEntry *entry, GDateTime *now, gboolean is_measured)
{
  g_autoptr (GString) json = g_string_new ("{");
  g_autofree char *valid = g_utf8_make_valid (tm_root_entry_get_name (entry), -1);
  g_autofree char *uri = g_file_get_uri (tm_root_entry_get_file (entry));
  GDateTime *last_used = tm_root_entry_get_last_used (entry);
  g_autofree char *last_used_text = g_date_time_format (last_used, "%Y-%m-%dT%H:%M:%S");
  double heartbeat_age = tm_root_entry_get_heartbeat_age (entry);

  append_json_member (json, "name", valid);
  append_json_member (json, "uri", uri);
  append_json_member (json, "state", get_state_name (entry));
  g_string_append_printf (json, "\"removable\": %s, ",
                          tm_root_entry_get_removable (entry) ? "true" : "false");
  append_json_member (json, "reason", get_reason_name (entry));
  g_string_append_printf (json, "\"last_used\": \"%s.%06dZ\", ", last_used_text,
                          g_date_time_get_microsecond (last_used));
  g_string_append_printf (json, "\"age\": %" G_GINT64_FORMAT ", ", tool_age_since (last_used, now));
  if (heartbeat_age < 0)
    g_string_append (json, "\"heartbeat_age\": null, ");
  else
    g_string_append_printf (json, "\"heartbeat_age\": %" G_GINT64_FORMAT ", ",
                            tool_age_to_seconds (heartbeat_age));
  if (!is_measured)
    g_string_append (json, "\"size\": null}");
  else
    g_string_append_printf (json, "\"size\": %" G_GUINT64_FORMAT "}",
                            tm_root_entry_get_size (entry));
  tool_print_bytes (json->str);
}
