/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "core/tm-progress-private.h"

G_BEGIN_DECLS

/* The threads that work on one large tree: the calling thread, and those that it starts. */
typedef struct _TmWorkers TmWorkers;

typedef void (*TmWorkFunc) (gpointer item);

TmWorkers *tm_workers_new (TmWorkFunc work, gboolean file_system_blocks);
void tm_workers_free (TmWorkers *workers);
guint tm_workers_get_n_threads (TmWorkers *workers);

gboolean tm_workers_want_item (TmWorkers *workers);
void tm_workers_lock (TmWorkers *workers);
void tm_workers_add_item_locked (TmWorkers *workers, gpointer item);
void tm_workers_unlock (TmWorkers *workers);
void tm_workers_work (TmWorkers *workers, TmProgress *progress);
void tm_workers_finish (TmWorkers *workers);

G_END_DECLS
