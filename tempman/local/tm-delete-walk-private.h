/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "core/tm-error-private.h"
#include "core/tm-progress-private.h"
#include "local/tm-walker-private.h"
#include "local/tm-workers-private.h"

G_BEGIN_DECLS

typedef struct _TmDeleteWalk TmDeleteWalk;

/* One deletion. */
typedef struct
{
  const char *path;          /* (unowned): of the top, for messages */
  GCancellable *cancellable; /* (unowned) (nullable) */
  TmProgress *progress;      /* (unowned) (nullable) */
  gboolean is_removed_next;  /* which shows whether the top is empty */
  gboolean forces;           /* clears attributes that keep files from being deleted */
  GThread *caller;           /* (unowned): the thread that reports the progress */
  gint64 start;              /* monotonic time */
  TmWorkers *workers;        /* (owned) (nullable): once the tree is known to be large */

  /* Constant once there are workers. */
  guint batch;      /* number of entries in a batch */
  guint max_open;   /* maximum of open levels of a walk */
  guint max_walks;  /* maximum number of walks at a time */
  gboolean is_deep; /* deeper than a walk has levels open */

  /* Measures whether deletions wait for the disk, from the end of the first batch with a deletion
   * until there are workers. */
  gboolean is_measured;
  guint n_deleted;
  glong n_switches; /* voluntary context switches of the caller at its start */

  /* Guarded by the lock of the workers, once there are any. */
  guint n_walks;
  GError *error; /* (owned) (nullable): the first one */
} TmDeleteTree;

/* A walk through the tree, or through a part of it that another thread has split off. */
struct _TmDeleteWalk
{
  TmDeleteTree *tree;   /* (unowned) */
  TmDeleteWalk *parent; /* (unowned) (nullable): finished after this one */
  TmLevel *origin;      /* (unowned) (nullable): the level of the parent where it starts */
  TmWalker walker;
  TmDirents run; /* entries of the lowest level */
  guint n_tried; /* entries handled in this batch */
  guint n_done;  /* deleted entries of this batch */
  double share;  /* of the progress, that this batch has done */
};

TmDeleteWalk *tm_delete_walk_new (TmDeleteTree *tree, TmDeleteWalk *parent, TmLevel *origin);
void tm_delete_walk_free (TmDeleteWalk *walk);
void tm_delete_walk_init (TmDeleteWalk *walk, TmDeleteTree *tree, TmLevel *top);
void tm_delete_walk_clear (TmDeleteWalk *walk);

TmLevel *tm_delete_walk_find_directories (TmDeleteWalk *walk);

void tm_delete_walk_read (TmDeleteWalk *walk);
gboolean tm_delete_walk_resume_reading (TmDeleteWalk *walk);
void tm_delete_walk_unlink (TmDeleteWalk *walk);
void tm_delete_walk_enter (TmDeleteWalk *walk, const char *name);
void tm_delete_walk_leave (TmDeleteWalk *walk);
void tm_delete_walk_give_up_level (TmDeleteWalk *walk);

void
tm_delete_walk_report (TmDeleteWalk *walk, TmAction action, const char *name, int error_number);

G_END_DECLS
