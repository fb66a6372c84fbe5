/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "tool-size.h"

#include "tool-i18n.h"
#include "tool-output.h"

#include <string.h>

/* Parses and formats the sizes of the command line: 500M, 2G, 10GiB. */

typedef struct
{
  const char *name;
  guint64 bytes;
} Unit;

#define POWER_OF_1000_1 G_GUINT64_CONSTANT (1000)
#define POWER_OF_1000_2 (1000 * POWER_OF_1000_1)
#define POWER_OF_1000_3 (1000 * POWER_OF_1000_2)
#define POWER_OF_1000_4 (1000 * POWER_OF_1000_3)

/* The powers are those in which tool_size_format() and the file managers show sizes. */
static const Unit units[] = {
  { "B", 1 },
  { "k", POWER_OF_1000_1 },
  { "K", POWER_OF_1000_1 },
  { "kB", POWER_OF_1000_1 },
  { "KB", POWER_OF_1000_1 },
  { "KiB", G_GUINT64_CONSTANT (1) << 10 },
  { "M", POWER_OF_1000_2 },
  { "MB", POWER_OF_1000_2 },
  { "MiB", G_GUINT64_CONSTANT (1) << 20 },
  { "G", POWER_OF_1000_3 },
  { "GB", POWER_OF_1000_3 },
  { "GiB", G_GUINT64_CONSTANT (1) << 30 },
  { "T", POWER_OF_1000_4 },
  { "TB", POWER_OF_1000_4 },
  { "TiB", G_GUINT64_CONSTANT (1) << 40 },
};

static gboolean
refuse (const char *text, const char *reason, GError **error)
{
  g_autofree char *display_text = g_filename_display_name (text);

  g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, _ ("“%s” is not a size: %s"),
               display_text, reason);
  return FALSE;
}

/* Returns the bytes of a unit, or 0 if there is no such unit. */
static guint64
find_unit (const char *name)
{
  for (gsize i = 0; i < G_N_ELEMENTS (units); i++)
    if (strcmp (units[i].name, name) == 0)
      return units[i].bytes;

  return 0;
}

/*
 * tool_size_parse:
 * @text: a size
 * @bytes: (out): the size in bytes
 * @error: return location for an error
 *
 * Refuses a number without a unit, except 0: with a forgotten unit, a limit of a few bytes would
 * delete everything.
 *
 * Returns: %TRUE on success
 */
gboolean
tool_size_parse (const char *text, guint64 *bytes, GError **error)
{
  gsize n_digits = strspn (text, "0123456789");
  g_autofree char *digits = g_strndup (text, n_digits);
  const char *unit_name = text + n_digits;
  guint64 number, unit;

  if (n_digits == 0)
    return refuse (text, _ ("write it as 500M, 2G or 10GiB"), error);

  if (!g_ascii_string_to_unsigned (digits, 10, 0, G_MAXUINT64, &number, NULL))
    return refuse (text, _ ("it is too large"), error);

  if (*unit_name == '\0' && number == 0)
    {
      *bytes = 0;
      return TRUE;
    }

  if (*unit_name == '\0')
    return refuse (text, _ ("it has no unit: B, k, M, G, T, KiB, MiB, GiB or TiB"), error);

  unit = find_unit (unit_name);
  if (unit == 0)
    return refuse (text,
                   _ ("numbers are whole, and the units are B, k, M, G, T, KiB, MiB, GiB and TiB"),
                   error);

  if (!g_uint64_checked_mul (bytes, number, unit))
    return refuse (text, _ ("it is too large"), error);
  return TRUE;
}

/* Returns (transfer full): the size, with a unit on terminals, and in bytes for programs. */
char *
tool_size_format (guint64 bytes)
{
  g_autofree char *formatted = NULL;
  GString *text;

  if (!tool_output_is_terminal ())
    return g_strdup_printf ("%" G_GUINT64_FORMAT, bytes);

  formatted = g_format_size (bytes);
  text = g_string_new (formatted);
  /* Not every encoding has the no-break space, wide or narrow. */
  g_string_replace (text, "\xc2\xa0", " ", 0);
  g_string_replace (text, "\xe2\x80\xaf", " ", 0);
  return g_string_free (text, FALSE);
}
