/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "tool-output.h"

#include "tool-command.h"
#include "tool-i18n.h"
#include "tool-signals.h"
#include "tool-text.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Writes to standard output and standard error.
 *
 * A file name may contain control characters, which a terminal would execute: names on a terminal,
 * and all messages, are escaped. The output for programs is plain, and its format is stable. */

#define COLOR_OFF "\033[0m"

static const char *const color_codes[] = {
  [TOOL_COLOR_NONE] = "",
  [TOOL_COLOR_RED] = "\033[31m",
  [TOOL_COLOR_GREEN] = "\033[32m",
  [TOOL_COLOR_YELLOW] = "\033[33m",
};

static gboolean has_printed;
static gboolean has_failed;
static int failed_with; /* errno */

gboolean
tool_output_is_terminal (void)
{
  return isatty (STDOUT_FILENO) == 1;
}

static gboolean
has_colors (void)
{
  const char *no_color = g_getenv ("NO_COLOR");

  return tool_output_is_terminal () && (no_color == NULL || *no_color == '\0') &&
         g_strcmp0 (g_getenv ("TERM"), "dumb") != 0;
}

/* Returns (transfer full): UTF-8 text, converted to the encoding of the locale. */
char *
tool_encode (const char *text)
{
  g_autoptr (GString) plain = NULL;
  const char *charset;
  char *encoded;

  if (g_get_charset (&charset))
    return g_strdup (text);

  /* Services often run in the C locale, which has only ASCII. */
  plain = g_string_new (text);
  g_string_replace (plain, "“", "\"", 0);
  g_string_replace (plain, "”", "\"", 0);
  g_string_replace (plain, "…", "...", 0);
  encoded = g_convert_with_fallback (plain->str, -1, charset, "UTF-8", "?", NULL, NULL, NULL);
  return encoded != NULL ? encoded : g_strdup (plain->str);
}

/* Remembers the first failure. */
static void
note_result (int result)
{
  if (result == EOF && !has_failed)
    {
      has_failed = TRUE;
      failed_with = errno;
    }
}

void
tool_print_bytes (const char *bytes)
{
  has_printed = TRUE;
  note_result (fputs (bytes, stdout));
}

/* Prints UTF-8. */
void
tool_print (const char *format, ...)
{
  g_autofree char *text = NULL;
  g_autofree char *encoded = NULL;
  va_list args;

  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);

  encoded = tool_encode (text);
  tool_print_bytes (encoded);
}

/* Some network file systems report a full disk only when a file is closed. */
static int
close_a_copy (int fd)
{
  int copy = dup (fd);

  return copy < 0 || close (copy) == 0 || errno == EINTR ? 0 : EOF;
}

/* Returns whether the whole output so far has been written. */
gboolean
tool_output_flush (void)
{
  note_result (fflush (stdout));
  if (has_printed && !has_failed)
    note_result (close_a_copy (STDOUT_FILENO));
  return !has_failed;
}

/*
 * tool_output_finish:
 * @status: the status of the command
 *
 * Flushes the output. Prints an error if any write has failed.
 *
 * Returns: @status, or a failure if the command was done but its output could not be written
 */
int
tool_output_finish (int status)
{
  int failed_status = TOOL_STATUS_FAILED;

  if (tool_output_flush ())
    return status;

  /* Ends like other programs whose reader has closed the pipe. */
  if (failed_with == EPIPE && !tool_signals_started_ignored (SIGPIPE))
    failed_status = TOOL_STATUS_ENDED_BY (SIGPIPE);
  else
    {
      /* The write to standard error may block forever: a signal has to end it. */
      tool_signals_unblock (tool_signals_to_end);
      tool_complain (_ ("Could not write the output: %s"), g_strerror (failed_with));
    }
  return status == TOOL_STATUS_DONE ? failed_status : status;
}

/* Control characters, invisible ones, and those that change the direction of text are harmful. */
static gboolean
is_harmless (gunichar character)
{
  GUnicodeType type = g_unichar_type (character);

  return g_unichar_isprint (character) && type != G_UNICODE_LINE_SEPARATOR &&
         type != G_UNICODE_PARAGRAPH_SEPARATOR && type != G_UNICODE_PRIVATE_USE;
}

static void
append_escaped_byte (GString *escaped, guchar byte)
{
  switch (byte)
    {
    case '\n':
      g_string_append (escaped, "\\n");
      break;
    case '\t':
      g_string_append (escaped, "\\t");
      break;
    default:
      /* With three octal digits, a digit that follows is not part of the escape. */
      g_string_append_printf (escaped, "\\%03o", byte);
      break;
    }
}

/* Appends @text, with harmful characters escaped. Returns whether there were any. @is_utf8: whether
 * characters beyond ASCII can be harmless. @also_escaped: harmless characters that get a backslash
 */
static gboolean
append_escaped (GString *escaped, const char *text, gboolean is_utf8, const char *also_escaped)
{
  gboolean has_escaped = FALSE;

  while (*text != '\0')
    {
      gunichar character = g_utf8_get_char_validated (text, -1);
      const char *next = text + 1;

      if (character < 0x110000 && (is_utf8 || character < 0x80))
        {
          next = g_utf8_next_char (text);
          if (is_harmless (character))
            {
              if (character < 0x80 && strchr (also_escaped, (char) character) != NULL)
                g_string_append_c (escaped, '\\');
              g_string_append_len (escaped, text, next - text);
              text = next;
              continue;
            }
        }

      has_escaped = TRUE;
      for (; text < next; text++)
        append_escaped_byte (escaped, (guchar) *text);
    }

  return has_escaped;
}

/* Returns (transfer full): the name, in bash's $'…' quotes if it needs them. */
static char *
quote_for_terminal (const char *name)
{
  GString *quoted = g_string_new ("$'");

  if (!append_escaped (quoted, name, g_get_charset (NULL), "\\'") && !g_str_has_prefix (name, "$'"))
    {
      g_string_free (quoted, TRUE);
      return g_strdup (name);
    }

  g_string_append_c (quoted, '\'');
  return g_string_free (quoted, FALSE);
}

/* Returns (transfer full): the name as one line, from which it can be recovered exactly. */
static char *
escape_for_program (const char *name)
{
  GString *escaped = g_string_new (NULL);

  for (; *name != '\0'; name++)
    {
      if (*name == '\n')
        g_string_append (escaped, "\\n");
      else if (*name == '\\')
        g_string_append (escaped, "\\\\");
      else
        g_string_append_c (escaped, *name);
    }

  return g_string_free (escaped, FALSE);
}

/* Prints a line with a path. For programs it is not escaped, because they use it as it is. */
void
tool_print_path (const char *path)
{
  g_autofree char *quoted = tool_output_is_terminal () ? quote_for_terminal (path) : NULL;

  tool_print_bytes (quoted != NULL ? quoted : path);
  tool_print_bytes ("\n");
}

/* Widens the columns so that the cells fit. */
void
tool_columns_fit (ToolColumns *columns, const ToolCell cells[TOOL_N_CELLS])
{
  for (gsize i = 0; i < TOOL_N_CELLS; i++)
    {
      if (cells[i].text != NULL)
        columns->widths[i] = MAX (columns->widths[i], tool_text_get_width (cells[i].text));
    }
}

/* Prints a cell, and spaces up to the next column. */
static void
print_cell (const ToolCell *cell, int width, gboolean is_colored)
{
  int n_spaces = MAX (width - tool_text_get_width (cell->text), 0) + 2;

  if (is_colored && cell->color != TOOL_COLOR_NONE)
    tool_print ("%s%s" COLOR_OFF "%*s", color_codes[cell->color], cell->text, n_spaces, "");
  else
    tool_print ("%s%*s", cell->text, n_spaces, "");
}

/*
 * tool_print_row:
 * @columns: how wide the cells are on a terminal
 * @cells: UTF-8 without tabs
 * @name: a file name
 *
 * Prints a line: with columns on a terminal, with tabs between the fields for programs.
 */
void
tool_print_row (const ToolColumns *columns, const ToolCell cells[TOOL_N_CELLS], const char *name)
{
  gboolean is_terminal = tool_output_is_terminal ();
  gboolean is_colored = has_colors ();
  g_autofree char *shown = is_terminal ? quote_for_terminal (name) : escape_for_program (name);

  for (gsize i = 0; i < TOOL_N_CELLS; i++)
    {
      const ToolCell *cell = &cells[i];

      if (cell->text == NULL)
        continue;
      else if (!is_terminal)
        tool_print ("%s\t", cell->text);
      else
        print_cell (cell, columns->widths[i], is_colored);
    }

  tool_print_bytes (shown);
  tool_print_bytes ("\n");
}

/*
 * tool_escape:
 * @text: text that should be UTF-8, and may contain file names
 *
 * Returns: (transfer full): the text as one line of UTF-8
 */
char *
tool_escape (const char *text)
{
  g_autofree char *valid = g_utf8_make_valid (text, -1);
  GString *escaped = g_string_new (NULL);

  append_escaped (escaped, valid, TRUE, "");
  return g_string_free (escaped, FALSE);
}

/* Prints a message to standard error. It is always escaped, so that it is one line in a log. */
void
tool_complain (const char *format, ...)
{
  g_autofree char *text = NULL;
  g_autofree char *escaped = NULL;
  g_autofree char *encoded = NULL;
  va_list args;

  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);

  /* On a terminal, earlier output comes first. */
  note_result (fflush (stdout));
  escaped = tool_escape (text);
  encoded = tool_encode (escaped);
  fprintf (stderr, "tempman: %s\n", encoded);
}
