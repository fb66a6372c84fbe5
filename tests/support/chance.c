/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "chance.h"

void
chance_init_with_seed (Chance *chance, guint32 seed)
{
  *chance = (Chance){ .random = g_rand_new_with_seed (seed) };
}

/* @bytes are not copied. */
void
chance_init_with_bytes (Chance *chance, const guint8 *bytes, gsize n_bytes)
{
  *chance = (Chance){ .bytes = bytes, .n_bytes = n_bytes };
}

void
chance_clear (Chance *chance)
{
  g_clear_pointer (&chance->random, g_rand_free);
}

static guint
take_byte (Chance *chance)
{
  if (chance->n_bytes == 0)
    return 0;

  chance->n_bytes--;
  return *chance->bytes++;
}

/* Returns a number below @n, which is at most 65536: 0 if all bytes are used. A small number takes
 * one byte, so that a fuzzer finds it with few changes. */
guint
chance_pick (Chance *chance, guint n)
{
  guint value;

  if (chance->random != NULL)
    return (guint) g_rand_int_range (chance->random, 0, (gint32) n);

  value = take_byte (chance);
  if (n > 256)
    value = value << 8 | take_byte (chance);
  return value % n;
}

/* Whether all bytes are used. A generator never ends. */
gboolean
chance_has_ended (const Chance *chance)
{
  return chance->random == NULL && chance->n_bytes == 0;
}
