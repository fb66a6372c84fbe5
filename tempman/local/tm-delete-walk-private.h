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
  GThread *caller;           /* (unowned): the thread that reports */
  gint64 start;              /* monotonic time */
  TmWorkers *workers;        /* (owned) (nullable): once the tree has turned out large */

  /* Not changed any more once there are workers. */
  guint batch;      /* how many entries make one */
  guint max_open;   /* levels of a walk */
  guint max_walks;  /* at a time */
  gboolean is_deep; /* deeper than a walk has levels open */

  /* To tell whether deletions wait for the disk, from the first batch in which there were some
   * until there are workers. */
  gboolean is_measured;
  guint n_deleted;
  glong n_switches; /* voluntary context switches of the caller when it began */

  /* Guarded by the lock of the workers, once there are any. */
  guint n_walks;
  GError *error; /* (owned) (nullable): the first one */
} TmDeleteTree;

/* One way through the tree, or through a part of it that was given to another thread. */
struct _TmDeleteWalk
{
  TmDeleteTree *tree;   /* (unowned) */
  TmDeleteWalk *parent; /* (unowned) (nullable): not finished before this one is */
  TmLevel *origin;      /* (unowned) (nullable): its level */
  TmWalker walker;
  TmDirents run; /* entries of the lowest level, as read */
  guint n_tried; /* entries dealt with in this batch */
  guint n_done;  /* of these, deleted */
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
