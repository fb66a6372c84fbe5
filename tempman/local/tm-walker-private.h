/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "local/tm-level-private.h"

G_BEGIN_DECLS

/* The levels from where a walk began down to where it is. */
typedef struct _TmTreePath TmWalker;

/* Opens @name in the directory @dirfd, which is that of @level. Returns -1 with errno. */
typedef int (*TmWalkerOpenFunc) (TmWalker *path, TmLevel *level, int dirfd, const char *name);

struct _TmTreePath
{
  TmLevel *top;         /* (owned): always open */
  TmLevel *lowest;      /* (unowned): open unless it is lost */
  guint n_open;         /* levels below the top */
  guint max_open;       /* how many of them may be */
  guint n_waits;        /* for descriptors */
  mode_t repaired_mode; /* what the directory opened last had before, as of tm_dirfd_open_child() */
  TmWalkerOpenFunc open;
};

void tm_walker_init (TmWalker *path, TmLevel *top, guint max_open, TmWalkerOpenFunc open);
void tm_walker_clear (TmWalker *path);

int tm_walker_open_child (TmWalker *path, const char *name);
void tm_walker_push (TmWalker *path, const char *name, int fd);
gboolean tm_walker_open_above (TmWalker *path, int *error_number);
void tm_walker_pop (TmWalker *path);
gboolean tm_walker_close_one (TmWalker *path);
gboolean tm_walker_lowest_is_in_place (TmWalker *path);
gboolean tm_walker_read_from (TmWalker *path, off_t position);

G_END_DECLS
