/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "core/tm-name-private.h"

#include <string.h>
#include <unistd.h>

/* 100 bits: names never come back, and the path of a socket in the directory, which has room for
 * 107 bytes, is not filled by the name alone. */
#define N_RANDOM_DIGITS 20
#define BITS_PER_DIGIT 5
#define N_RANDOM_BYTES ((N_RANDOM_DIGITS * BITS_PER_DIGIT + 7) / 8)

/* Before the random digits of a directory whose owner shows by a heartbeat that it lives. Base 32
 * does not have it. */
#define BEATING '0'

static const char digits[] = "abcdefghijklmnopqrstuvwxyz234567";

/*
 * tm_name_new:
 * @prefix: what it begins with; without a separator
 *
 * Makes a name that never comes back: everything rests on that. From the kernel's generator and not
 * GLib's, which repeats itself in a forked child.
 *
 * Returns: (transfer full) (nullable): a new name, or %NULL with errno
 */
char *
tm_name_new (const char *prefix)
{
  guint8 bytes[N_RANDOM_BYTES];
  char random[N_RANDOM_DIGITS + 1];
  guint bits = 0;
  guint n_bits = 0;
  guint n_bytes = 0;

  if (getentropy (bytes, sizeof bytes) < 0)
    return NULL;

  for (guint i = 0; i < N_RANDOM_DIGITS; i++)
    {
      if (n_bits < BITS_PER_DIGIT)
        {
          bits = bits << 8 | bytes[n_bytes++];
          n_bits += 8;
        }
      n_bits -= BITS_PER_DIGIT;
      random[i] = digits[bits >> n_bits & 31];
    }
  random[N_RANDOM_DIGITS] = '\0';

  return *prefix == '\0' ? g_strdup (random) : g_strconcat (prefix, "-", random, NULL);
}

/* Whether exactly so many digits of base 32 stand at @digits_at, and no other letter or digit after
 * them: of the names of 64 hexadecimal digits that containers have, one in a thousand has an `8` or
 * the like in just that place. */
static gboolean
is_random_part (const char *digits_at)
{
  return strspn (digits_at, digits) == N_RANDOM_DIGITS &&
         !g_ascii_isalnum (digits_at[N_RANDOM_DIGITS]);
}

/*
 * tm_name_is_ours:
 * @name: the name of a directory
 *
 * Looks for the random part of tm_name_new(), at the beginning or after a dash, and before the end
 * or a suffix.
 *
 * Returns: whether the name can be one that this library has made
 */
gboolean
tm_name_is_ours (const char *name)
{
  const char *part = name;

  while (part != NULL)
    {
      if (is_random_part (part) || (*part == BEATING && is_random_part (part + 1)))
        return TRUE;

      part = strchr (part, '-');
      if (part != NULL)
        part++;
    }

  return FALSE;
}
