/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* In bytes allocated. */
typedef struct
{
  guint64 size;     /* of everything in it */
  guint64 freeable; /* what its deletion frees: without files that have links elsewhere */
} TmMeasurement;

int tm_measure_entry (int dirfd,
                      const char *name,
                      GCancellable *cancellable,
                      TmMeasurement *measurement);

G_END_DECLS
