/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "local/tm-level-private.h"

G_BEGIN_DECLS

/* The levels of a walk from its top down to the current one. */
typedef struct _TmWalker TmWalker;

/* Opens @name in @dirfd, the directory of @level. Returns -1 with errno. */
typedef int (*TmWalkerOpenFunc) (TmWalker *walker, TmLevel *level, int dirfd, const char *name);

struct _TmWalker
{
  TmLevel *top;         /* (owned): always open */
  TmLevel *lowest;      /* (unowned): open unless it is lost */
  guint n_open;         /* levels below the top */
  guint max_open;       /* maximum of n_open */
  guint n_waits;        /* consecutive waits for descriptors */
  mode_t repaired_mode; /* of the directory opened last, as of tm_dirfd_open_child() */
  TmWalkerOpenFunc open;
};

void tm_walker_init (TmWalker *walker, TmLevel *top, guint max_open, TmWalkerOpenFunc open);
void tm_walker_clear (TmWalker *walker);

int tm_walker_open_child (TmWalker *walker, const char *name);
void tm_walker_push (TmWalker *walker, const char *name, int fd);
gboolean tm_walker_open_above (TmWalker *walker, int *error_number);
void tm_walker_pop (TmWalker *walker);
gboolean tm_walker_close_one (TmWalker *walker);
gboolean tm_walker_may_read_again (TmWalker *walker);
gboolean tm_walker_lowest_is_in_place (TmWalker *walker);
gboolean tm_walker_read_from (TmWalker *walker, off_t position);

G_END_DECLS
