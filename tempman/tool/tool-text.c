/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "tool-text.h"

/* How wide UTF-8 text is on a terminal: Chinese and Japanese characters take two columns. */

#define ELLIPSIS "..."

static int
get_character_width (gunichar character)
{
  if (g_unichar_iszerowidth (character))
    return 0;

  return g_unichar_iswide (character) ? 2 : 1;
}

/* Terminals in East Asia show some characters, such as “…”, in two columns. */
static int
get_widest_character (gunichar character)
{
  if (g_unichar_iszerowidth (character))
    return 0;

  return g_unichar_iswide_cjk (character) ? 2 : 1;
}

static int
add_up (const char *text, int (*get_width) (gunichar))
{
  int width = 0;

  for (; *text != '\0'; text = g_utf8_next_char (text))
    width += get_width (g_utf8_get_char (text));
  return width;
}

/* Returns the columns of @text. */
int
tool_text_get_width (const char *text)
{
  return add_up (text, get_character_width);
}

/* Returns the columns that @text takes on the terminal on which it is widest. */
int
tool_text_get_widest (const char *text)
{
  return add_up (text, get_widest_character);
}

/*
 * tool_text_shorten:
 * @text: UTF-8
 * @width: a number of columns
 *
 * Returns: (transfer full): the text, with its end replaced by dots if it is wider than @width on
 *   some terminal
 */
char *
tool_text_shorten (const char *text, int width)
{
  const int ellipsis_width = (int) sizeof ELLIPSIS - 1;
  GString *shortened;

  if (tool_text_get_widest (text) <= width)
    return g_strdup (text);

  if (width < ellipsis_width)
    return g_strndup (ELLIPSIS, (gsize) MAX (width, 0));

  width -= ellipsis_width;
  shortened = g_string_new (NULL);
  for (; *text != '\0'; text = g_utf8_next_char (text))
    {
      gunichar character = g_utf8_get_char (text);

      width -= get_widest_character (character);
      if (width < 0)
        break;
      g_string_append_unichar (shortened, character);
    }

  g_string_append (shortened, ELLIPSIS);
  return g_string_free (shortened, FALSE);
}
