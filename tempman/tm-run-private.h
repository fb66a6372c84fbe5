/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <dirent.h>
#include <glib.h>

G_BEGIN_DECLS

/* A run of entries of one directory, as the kernel tells them, that are taken one after the other.
 * All zeros is an empty run. */
typedef struct
{
  char *records;   /* (owned) (nullable): struct dirent64, one behind the other */
  gsize size;      /* of what is allocated */
  gsize length;    /* of what is filled */
  gsize next;      /* where the next one to be taken begins */
  gsize n_offered; /* for how many bytes of entries there was room when it was read */
} TmRun;

gssize tm_run_read (TmRun *run, int dirfd);
gssize tm_run_read_sorted (TmRun *run, int dirfd);
gboolean tm_run_may_be_the_last (const TmRun *run);
off_t tm_run_end (const TmRun *run);
guint tm_run_count (const TmRun *run);
gboolean tm_run_is_empty (const TmRun *run);
struct dirent64 *tm_run_take (TmRun *run);
void tm_run_append (TmRun *run, const struct dirent64 *entry);
gboolean tm_run_split (TmRun *run, guint min_left, TmRun *half);
void tm_run_clear (TmRun *run);

G_END_DECLS
