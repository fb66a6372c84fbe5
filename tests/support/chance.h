/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The source of the decisions of a random test: a generator with a seed, or the bytes that a fuzzer
 * has chosen. */
typedef struct
{
  GRand *random;       /* (owned) (nullable) */
  const guint8 *bytes; /* (unowned) (nullable) */
  gsize n_bytes;
} Chance;

void chance_init_with_seed (Chance *chance, guint32 seed);
void chance_init_with_bytes (Chance *chance, const guint8 *bytes, gsize n_bytes);
void chance_clear (Chance *chance);

guint chance_pick (Chance *chance, guint n);
gboolean chance_has_ended (const Chance *chance);

G_END_DECLS
