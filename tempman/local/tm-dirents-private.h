/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "local/tm-dirfd-private.h"

G_BEGIN_DECLS

/* A run of entries of one directory, which are consumed one by one. All zeros is an empty run. */
typedef struct
{
  TmDirEntries entries;
  gsize next;      /* offset of the next entry to consume */
  gsize n_offered; /* size of the buffer that was offered to the kernel */
} TmDirents;

gssize tm_dirents_read (TmDirents *run, int dirfd);
gssize tm_dirents_read_sorted (TmDirents *run, int dirfd);
gboolean tm_dirents_may_be_the_last (const TmDirents *run);
off_t tm_dirents_end (const TmDirents *run);
guint tm_dirents_count (const TmDirents *run, guint *n_directories);
gboolean tm_dirents_is_empty (const TmDirents *run);
TmDirEntry *tm_dirents_take (TmDirents *run);
void tm_dirents_append (TmDirents *run, const TmDirEntry *entry);
gboolean tm_dirents_split (TmDirents *run, guint min_left, TmDirents *half);
void tm_dirents_clear (TmDirents *run);

G_END_DECLS
