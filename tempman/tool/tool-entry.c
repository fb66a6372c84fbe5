/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "tool-entry.h"

#include "tool-age.h"
#include "tool-size.h"
#include "tool-words.h"

/* Prints an entry of a root. */

static char *
format_age (gint64 seconds)
{
  return tool_output_is_terminal () ? tool_age_format (seconds)
                                    : g_strdup_printf ("%" G_GINT64_FORMAT "s", seconds);
}

/* The texts of the cells of an entry, in their order. */
typedef struct
{
  const char *outcome; /* (unowned) */
  char *state;         /* (owned), as are the following */
  const char *reason;  /* (unowned) */
  char *age;
  char *size; /* (nullable) */
} Texts;

static void
texts_clear (Texts *texts)
{
  g_free (texts->state);
  g_free (texts->age);
  g_free (texts->size);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Texts, texts_clear)

/* @now: the current time, from which the age of the entry is computed */
static void
texts_init (Texts *texts,
            TmRootEntry *entry,
            GDateTime *now,
            ToolOutcome outcome,
            gboolean shows_size)
{
  double heartbeat_age = tm_root_entry_get_heartbeat_age (entry);
  g_autofree char *heartbeat_text =
      heartbeat_age >= 0 ? format_age (tool_age_to_seconds (heartbeat_age)) : NULL;

  texts->outcome = tool_words_get_outcome (outcome);
  texts->state = tool_words_describe_state (tm_root_entry_get_state (entry), heartbeat_text);
  texts->reason = tool_words_get_reason (tm_root_entry_get_reason (entry));
  texts->age = format_age (tool_age_since (tm_root_entry_get_last_used (entry), now));
  texts->size = shows_size ? tool_size_format (tm_root_entry_get_size (entry)) : NULL;
}

/* Widens the columns so that the cells of an entry fit. */
void
tool_entry_fit (TmRootEntry *entry,
                GDateTime *now,
                ToolOutcome outcome,
                gboolean shows_size,
                ToolColumns *columns)
{
  g_auto (Texts) texts = { 0 };

  texts_init (&texts, entry, now, outcome, shows_size);
  tool_columns_fit (columns, (const ToolCell[TOOL_N_CELLS]){
                                 { texts.outcome, TOOL_COLOR_NONE },
                                 { texts.state, TOOL_COLOR_NONE },
                                 { texts.reason, TOOL_COLOR_NONE },
                                 { texts.age, TOOL_COLOR_NONE },
                                 { texts.size, TOOL_COLOR_NONE },
                             });
}

/*
 * tool_entry_print:
 * @entry: an entry
 * @now: the current time, from which its age is computed
 * @outcome: what a cleanup does with the entry
 * @outcome_color: the color of the outcome
 * @shows_size: whether to print its size
 * @columns: the widths of the columns
 */
void
tool_entry_print (TmRootEntry *entry,
                  GDateTime *now,
                  ToolOutcome outcome,
                  ToolColor outcome_color,
                  gboolean shows_size,
                  const ToolColumns *columns)
{
  static const ToolColor colors[] = {
    [TM_ROOT_ENTRY_STATE_LIVE] = TOOL_COLOR_GREEN,
    [TM_ROOT_ENTRY_STATE_ABANDONED] = TOOL_COLOR_YELLOW,
    [TM_ROOT_ENTRY_STATE_UNOWNED] = TOOL_COLOR_NONE,
  };
  g_auto (Texts) texts = { 0 };

  texts_init (&texts, entry, now, outcome, shows_size);
  tool_print_row (columns,
                  (const ToolCell[TOOL_N_CELLS]){
                      { texts.outcome, outcome_color },
                      { texts.state, colors[tm_root_entry_get_state (entry)] },
                      { texts.reason, TOOL_COLOR_NONE },
                      { texts.age, TOOL_COLOR_NONE },
                      { texts.size, TOOL_COLOR_NONE },
                  },
                  tm_root_entry_get_name (entry));
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
  append_json_member (json, "state", tool_words_get_state_nick (tm_root_entry_get_state (entry)));
  g_string_append_printf (json, "\"removable\": %s, ",
                          tm_root_entry_get_removable (entry) ? "true" : "false");
  append_json_member (json, "reason",
                      tool_words_get_reason_nick (tm_root_entry_get_reason (entry)));
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
