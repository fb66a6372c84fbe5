/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "tm-dirfd-private.h"
#include "tm-run-private.h"

G_BEGIN_DECLS

/* An open directory. Shared by a level and the walks that were given from it. */
typedef struct
{
  gint ref_count; /* atomic */
  int fd;         /* (owned), except for the top of the tree */
  gboolean is_borrowed;
} TmTreeDirectory;

typedef struct _TmTreeLevel TmTreeLevel;

struct _TmTreeLevel
{
  TmTreeLevel *above; /* (unowned) (nullable): outlives this; of another walk at the top of one */
  TmTreeLevel *below; /* (owned) (nullable): of the same walk */
  TmTreeLevel *next_open; /* (unowned) (nullable): of an open one, the next open one below */
  guint depth;            /* from the top of its walk */
  char *name;             /* (owned) (nullable): in the level above; NULL at the top of a walk */
  TmTreeDirectory *directory; /* (owned) (nullable): NULL while closed */
  TmFileHandle *handle; /* (owned) (nullable): of the directory, when it was closed the last time */
  off_t position;       /* where to go on reading, set when it is closed or its end guessed */
  TmRun directories;    /* sub-directories to visit */
  gint mode_before;     /* atomic: of the directory, before it was made accessible, or
                         * TM_DIRFD_MODE_UNTOUCHED */
  guint n_rescans;
  gboolean is_read;        /* nothing more is to be read */
  gboolean is_end_guessed; /* is_read is set because a read left room, and not for certain */
  gboolean is_sorted;      /* large, and on a file system where the order of its entries matters */
  gboolean is_lost;        /* moved away while it was closed */
  gboolean is_cut_off;     /* is_read is set because the position was lost while it was closed */
  gboolean is_incomplete;  /* something in it could not be deleted, and that has been reported */
  gboolean has_given; /* walks were given from it since it was last known that all are finished */

  /* Guarded by the lock of the workers. */
  guint n_parts;               /* walks that were given from it and are not finished */
  gboolean is_waited_for;      /* its walk was put aside until they are */
  gboolean part_is_incomplete; /* as is_incomplete, of one of them */
};

TmTreeDirectory *tm_tree_directory_new (int fd, gboolean is_borrowed);
TmTreeDirectory *tm_tree_directory_ref (TmTreeDirectory *directory);
void tm_tree_directory_unref (TmTreeDirectory *directory);

TmTreeLevel *tm_tree_level_new (TmTreeLevel *above, const char *name, TmTreeDirectory *directory);
void tm_tree_level_free (TmTreeLevel *level);
void tm_tree_level_close (TmTreeLevel *level, gboolean with_handle);
void tm_tree_level_reopen (TmTreeLevel *level, int fd);
gboolean tm_tree_level_repair_mode (TmTreeLevel *level, int fd);
void tm_tree_level_restore_mode (TmTreeLevel *level);
int tm_tree_level_unlink (TmTreeLevel *level, const char *name);
int tm_tree_level_remove (TmTreeLevel *level, const char *name);
gboolean tm_tree_level_is_worth_sorting (const TmTreeLevel *level);
void tm_tree_level_append_path (GString *path, const TmTreeLevel *level);

G_END_DECLS
