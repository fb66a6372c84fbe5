/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "tm-progress-private.h"

G_BEGIN_DECLS

/* The threads that work on one large tree: the one that called, and those that it started. */
typedef struct _TmTreeWorkers TmTreeWorkers;

typedef void (*TmTreeWorkFunc) (gpointer part);

TmTreeWorkers *tm_tree_workers_new (TmTreeWorkFunc work, gboolean file_system_blocks);
void tm_tree_workers_free (TmTreeWorkers *workers);

gboolean tm_tree_workers_want_a_part (TmTreeWorkers *workers);
void tm_tree_workers_lock (TmTreeWorkers *workers);
void tm_tree_workers_add_part_locked (TmTreeWorkers *workers, gpointer part);
void tm_tree_workers_unlock (TmTreeWorkers *workers);
void tm_tree_workers_work (TmTreeWorkers *workers, TmProgress *progress);
void tm_tree_workers_finish (TmTreeWorkers *workers);

G_END_DECLS
