/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "tool-entry.h"

#include "tool-age.h"

/* One sub-directory of a root, as it is shown. */

const char *
tool_entry_get_state_name (TmRootEntry *entry)
{
  switch (tm_root_entry_get_state (entry))
    {
    case TM_ROOT_ENTRY_STATE_LIVE:
      return "live";
    case TM_ROOT_ENTRY_STATE_ABANDONED:
      return "abandoned";
    case TM_ROOT_ENTRY_STATE_UNOWNED:
      return "unowned";
    default:
      g_assert_not_reached ();
    }
}

/*
 * tool_entry_print:
 * @entry: a sub-directory
 * @now: the time to count its age to
 * @verdict: what becomes of it
 * @state: and why
 */
void
tool_entry_print (TmRootEntry *entry, GDateTime *now, ToolCell verdict, ToolCell state)
{
  gint64 age = tool_age_since (tm_root_entry_get_last_used (entry), now);
  g_autofree char *age_text = tool_output_is_terminal ()
                                  ? tool_age_format (age)
                                  : g_strdup_printf ("%" G_GINT64_FORMAT "s", age);
  const ToolCell cells[TOOL_N_CELLS] = { verdict, state, { age_text, TOOL_COLOR_NONE } };

  tool_print_row (cells, g_file_info_get_name (tm_root_entry_get_info (entry)));
}

/* In ASCII alone, for whatever locale it is printed or read in. */
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

/* Prints an object without the end of the line. Of a name that is no UTF-8, which JSON has no
 * strings for, `name` shows what can be shown, and `uri` is exact, as it is of any name. */
void
tool_entry_print_json (TmRootEntry *entry, GDateTime *now)
{
  g_autoptr (GString) json = g_string_new ("{");
  g_autofree char *valid =
      g_utf8_make_valid (g_file_info_get_name (tm_root_entry_get_info (entry)), -1);
  g_autofree char *uri = g_file_get_uri (tm_root_entry_get_file (entry));
  GDateTime *last_used = tm_root_entry_get_last_used (entry);
  g_autofree char *last_used_text = g_date_time_format (last_used, "%Y-%m-%dT%H:%M:%S");

  append_json_member (json, "name", valid);
  append_json_member (json, "uri", uri);
  append_json_member (json, "state", tool_entry_get_state_name (entry));
  g_string_append_printf (json, "\"last_used\": \"%s.%06dZ\", ", last_used_text,
                          g_date_time_get_microsecond (last_used));
  g_string_append_printf (json, "\"age\": %" G_GINT64_FORMAT ", ", tool_age_since (last_used, now));
  g_string_append_printf (json, "\"goes\": %s}",
                          tm_root_entry_get_removable (entry) ? "true" : "false");
  tool_print_bytes (json->str);
}
