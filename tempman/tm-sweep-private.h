/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "tm-enums.h"

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct
{
  int directory;    /* (unowned): the root, opened for reading */
  const char *path; /* (unowned): its path, for messages */
  double timeout;   /* in seconds; negative for never */
  TmRootFlags flags;
  gboolean lock_reaches_all; /* FALSE on a remote file system, where others' locks are not seen */
} TmSweepOptions;

gssize tm_sweep (const TmSweepOptions *options, GCancellable *cancellable, GError **error);

G_END_DECLS
