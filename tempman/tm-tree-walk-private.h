/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "tm-progress-private.h"
#include "tm-tree-path-private.h"
#include "tm-tree-workers-private.h"

G_BEGIN_DECLS

typedef struct _TmTreeWalk TmTreeWalk;

/* One deletion. */
typedef struct
{
  const char *path;          /* (unowned): of the top, for messages */
  GCancellable *cancellable; /* (unowned) (nullable) */
  TmProgress *progress;      /* (unowned) (nullable) */
  GThread *caller;           /* (unowned): the thread that reports */
  gint64 start;              /* monotonic time */
  TmTreeWorkers *workers;    /* (owned) (nullable): once the tree has turned out large */

  /* Not changed any more once there are workers. */
  guint batch;     /* how many entries make one */
  guint max_open;  /* levels of a walk */
  guint max_walks; /* at a time */

  /* To tell whether deletions wait for the disk, from the first batch in which there were some
   * until there are workers. */
  gboolean is_measured;
  guint n_deleted;
  glong n_switches; /* voluntary context switches of the caller when it began */

  /* Guarded by the lock of the workers, once there are any. */
  guint n_walks;
  GError *error; /* (owned) (nullable): the first one */
} TmTree;

/* One way through the tree, or through a part of it that was given to another thread. */
struct _TmTreeWalk
{
  TmTree *tree;            /* (unowned) */
  TmTreeWalk *giver;       /* (unowned) (nullable): not finished before this one is */
  TmTreeLevel *given_from; /* (unowned) (nullable): its level */
  TmTreePath path;
  TmRun run;     /* entries of the lowest level, as read */
  guint n_tried; /* entries dealt with in this batch */
  guint n_done;  /* of these, deleted */
};

TmTreeWalk *tm_tree_walk_new (TmTree *tree, TmTreeWalk *giver, TmTreeLevel *given_from);
void tm_tree_walk_free (TmTreeWalk *walk);
void tm_tree_walk_init (TmTreeWalk *walk, TmTree *tree, TmTreeLevel *top);
void tm_tree_walk_clear (TmTreeWalk *walk);

TmTreeLevel *tm_tree_walk_find_directories (TmTreeWalk *walk);

void tm_tree_walk_read (TmTreeWalk *walk);
gboolean tm_tree_walk_resume_reading (TmTreeWalk *walk);
void tm_tree_walk_unlink (TmTreeWalk *walk);
void tm_tree_walk_enter (TmTreeWalk *walk, const char *name);
void tm_tree_walk_leave (TmTreeWalk *walk);
void tm_tree_walk_give_up_level (TmTreeWalk *walk);

void tm_tree_walk_report (TmTreeWalk *walk, const char *action, const char *name, int error_number);

G_END_DECLS
