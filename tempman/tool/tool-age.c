/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "tool-age.h"

#include "tool-i18n.h"

#include <string.h>

/* Parses and formats the ages of the command line: 90s, 2h, 1h30m, 7d, 1w. */

typedef struct
{
  char letter;
  gint64 seconds;
} Unit;

/* From the largest to the smallest. Months and years are missing: their length varies, and “m”
 * means minutes. */
static const Unit units[] = {
  { 'w', 7 * 24 * 60 * 60 }, { 'd', 24 * 60 * 60 }, { 'h', 60 * 60 }, { 'm', 60 }, { 's', 1 },
};

#define MAX_SECONDS (G_GINT64_CONSTANT (1) << 53)

static gboolean
refuse (const char *text, const char *reason, GError **error)
{
  g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, _ ("“%s” is not an age: %s"), text,
               reason);
  return FALSE;
}

/* Reads digits. Returns FALSE if there are none, or if the number is too large. */
static gboolean
parse_number (const char **position, gint64 *number)
{
  const char *start = *position;
  gint64 value = 0;

  for (; g_ascii_isdigit (**position); (*position)++)
    {
      gint64 digit = g_ascii_digit_value (**position);

      if (value > (G_MAXINT64 - digit) / 10)
        return FALSE;
      value = 10 * value + digit;
    }

  *number = value;
  return *position > start;
}

/* Reads the letter of a unit. Each unit of an age is smaller than the one before: the first @n_used
 * units are not allowed any more. */
static gboolean
parse_unit (const char **position, gsize *n_used, gint64 *seconds)
{
  for (gsize i = *n_used; i < G_N_ELEMENTS (units); i++)
    {
      if (**position == units[i].letter)
        {
          (*position)++;
          *n_used = i + 1;
          *seconds = units[i].seconds;
          return TRUE;
        }
    }

  return FALSE;
}

/*
 * tool_age_parse:
 * @text: an age
 * @seconds: (out): the age in seconds
 * @error: return location for an error
 *
 * Refuses a number without a unit, except 0: some users would mean seconds, others days.
 *
 * Returns: %TRUE on success
 */
gboolean
tool_age_parse (const char *text, double *seconds, GError **error)
{
  const char *position = text;
  gsize n_used = 0;
  gint64 sum = 0;

  do
    {
      gint64 number, unit;

      if (!g_ascii_isdigit (*position))
        return refuse (text, _ ("write it as 90s, 30m, 2h, 7d, 1w or 1h30m"), error);

      if (!parse_number (&position, &number))
        return refuse (text, _ ("it is too long"), error);

      if (*position == '\0' && number == 0 && n_used == 0)
        break;

      if (*position == '\0')
        return refuse (text, _ ("the last number has no unit: s, m, h, d or w"), error);

      if (!parse_unit (&position, &n_used, &unit))
        return refuse (text,
                       _ ("the units are w, d, h, m and s, in this order, and numbers are whole"),
                       error);

      if (number > (G_MAXINT64 - sum) / unit)
        return refuse (text, _ ("it is too long"), error);
      sum += number * unit;
    }
  while (*position != '\0');

  *seconds = (double) sum;
  return TRUE;
}

/* Returns the whole seconds from @then to @now, or 0 if @then is in the future. */
gint64
tool_age_since (GDateTime *then, GDateTime *now)
{
  return MAX (g_date_time_difference (now, then) / G_TIME_SPAN_SECOND, 0);
}

/* Returns the whole seconds of a length of time, which can be longer than an integer holds. */
gint64
tool_age_to_seconds (double seconds)
{
  return seconds < (double) MAX_SECONDS ? (gint64) seconds : MAX_SECONDS;
}

/*
 * tool_age_format:
 * @seconds: a duration, 0 or more
 *
 * Returns: (transfer full): the two largest units of the duration, for terminals
 */
char *
tool_age_format (gint64 seconds)
{
  for (gsize i = 0; i + 1 < G_N_ELEMENTS (units); i++)
    {
      gint64 number = seconds / units[i].seconds;
      gint64 rest = seconds % units[i].seconds / units[i + 1].seconds;

      if (number > 0 && rest > 0)
        return g_strdup_printf ("%" G_GINT64_FORMAT "%c %" G_GINT64_FORMAT "%c", number,
                                units[i].letter, rest, units[i + 1].letter);
      if (number > 0)
        return g_strdup_printf ("%" G_GINT64_FORMAT "%c", number, units[i].letter);
    }

  return g_strdup_printf ("%" G_GINT64_FORMAT "s", seconds);
}

/*
 * tool_age_parse_basis:
 * @text: (nullable): the name of an age basis
 * @basis: (out): the age basis
 * @error: return location for an error
 *
 * Without @text, this is %TM_AGE_BASIS_CHANGED: extracting an archive does not set the change time
 * back.
 *
 * Returns: %TRUE on success
 */
gboolean
tool_age_parse_basis (const char *text, TmAgeBasis *basis, GError **error)
{
  g_autoptr (GEnumClass) basis_class = g_type_class_ref (TM_TYPE_AGE_BASIS);
  const GEnumValue *value = g_enum_get_value_by_nick (basis_class, text != NULL ? text : "changed");

  if (value == NULL)
    {
      g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                   _ ("“%s” is not an age basis: use accessed-or-modified, modified, changed or "
                      "newest-content"),
                   text);
      return FALSE;
    }

  *basis = value->value;
  return TRUE;
}

/*
 * tool_age_check_exclude:
 * @patterns: (nullable) (array zero-terminated=1): patterns of names
 * @error: return location for an error
 *
 * Returns: whether each pattern can match a name
 */
gboolean
tool_age_check_exclude (char **patterns, GError **error)
{
  for (; patterns != NULL && *patterns != NULL; patterns++)
    if (**patterns == '\0' || strchr (*patterns, G_DIR_SEPARATOR) != NULL)
      {
        g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                     _ ("“%s” matches no name: names are not empty and contain no “/”"), *patterns);
        return FALSE;
      }

  return TRUE;
}
