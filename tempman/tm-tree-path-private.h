/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "tm-tree-level-private.h"

G_BEGIN_DECLS

/* The levels from where a walk began down to where it is. */
typedef struct _TmTreePath TmTreePath;

/* Opens @name in the directory @dirfd, or the directory above if that is "..". Returns -1 with
 * errno. */
typedef int (*TmTreeOpenFunc) (TmTreePath *path, TmTreeLevel *level, int dirfd, const char *name);

struct _TmTreePath
{
  TmTreeLevel *top;      /* (owned): always open */
  TmTreeLevel *lowest;   /* (unowned): open unless it is lost */
  guint n_open;          /* levels below the top */
  guint max_open;        /* how many of them may be */
  guint max_on_way_back; /* likewise, where that has no handles to be found by; or 0: as many */
  guint n_waits;         /* for descriptors */
  gboolean is_file_system_known;
  gboolean keeps_handles; /* its file system, when that is known */
  mode_t repaired_mode; /* what the directory opened last had before, as of tm_dirfd_open_child() */
  TmTreeOpenFunc open;
};

void tm_tree_path_init (TmTreePath *path, TmTreeLevel *top, guint max_open, TmTreeOpenFunc open);
void tm_tree_path_clear (TmTreePath *path);

int tm_tree_path_open_child (TmTreePath *path, const char *name);
void tm_tree_path_push (TmTreePath *path, const char *name, int fd);
gboolean tm_tree_path_open_above (TmTreePath *path, int *error_number);
void tm_tree_path_pop (TmTreePath *path);
gboolean tm_tree_path_close_highest (TmTreePath *path);

G_END_DECLS
