/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "tm-name-private.h"

#include <unistd.h>

/* 128 bits in digits of 5. */
#define N_RANDOM_BYTES 16
#define N_RANDOM_DIGITS 26

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
  static const char digits[] = "abcdefghijklmnopqrstuvwxyz234567";
  guint8 bytes[N_RANDOM_BYTES];
  char random[N_RANDOM_DIGITS + 1];
  guint bits = 0;
  guint n_bits = 0;
  guint n_bytes = 0;

  if (getentropy (bytes, sizeof bytes) < 0)
    return NULL;

  for (guint i = 0; i < N_RANDOM_DIGITS; i++)
    {
      if (n_bits < 5)
        {
          bits = bits << 8 | (n_bytes < N_RANDOM_BYTES ? bytes[n_bytes++] : 0);
          n_bits += 8;
        }
      n_bits -= 5;
      random[i] = digits[bits >> n_bits & 31];
    }
  random[N_RANDOM_DIGITS] = '\0';

  return *prefix == '\0' ? g_strdup (random) : g_strconcat (prefix, "-", random, NULL);
}
