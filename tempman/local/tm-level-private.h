/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "local/tm-dirents-private.h"
#include "local/tm-dirfd-private.h"

G_BEGIN_DECLS

/* An open directory, shared by a level and the walks that start there. */
typedef struct
{
  int fd; /* (owned), except for the top of the tree */
  gboolean is_borrowed;
  gboolean is_pin; /* a pin: cannot be read */
} TmLevelDirectory;

typedef struct _TmLevel TmLevel;

struct _TmLevel
{
  TmLevel *above;     /* (unowned) (nullable): outlives this; for the top, of another walk */
  TmLevel *below;     /* (owned) (nullable): of the same walk */
  TmLevel *next_open; /* (unowned) (nullable): of an open level, the next open level below */
  guint depth;        /* from the top of its walk */
  const char *name;   /* (unowned) (nullable): in the level above; NULL at the top of a walk */
  TmLevelDirectory *directory; /* (owned) (nullable): NULL while closed */
  off_t position;              /* for reading, set when it is closed or its end guessed */
  TmDirents directories;       /* sub-directories to visit */
  gint mode_before;            /* atomic: of the directory, before it was made accessible, or
                                * TM_DIRFD_MODE_UNTOUCHED */
  double share;                /* of the progress, which its entries have not got yet */
  double unit;                 /* the share of each entry in the last run that is not a directory */
  guint64 size;                /* of the directory, if it is known to be large */
  guint64 n_expected;          /* an estimate of the entries that are not read yet */
  guint attributes_before;     /* atomic: those of the directory that were cleared */
  guint n_rescans;
  gboolean is_read;        /* all entries have been read */
  gboolean is_end_guessed; /* is_read is a guess, from a read that left room */
  gboolean is_sorted;      /* large, and on a file system where the order of its entries matters */
  gboolean is_lost;        /* moved away while it was closed */
  gboolean is_cut_off;     /* is_read is set because the position was lost while it was closed */
  gboolean is_incomplete;  /* an entry could not be deleted, which has been reported */
  gboolean has_children;   /* other walks may have started at it and not finished */

  /* Guarded by the lock of the workers. */
  guint n_children;             /* unfinished walks that started at it */
  gboolean is_waited_for;       /* its walk is put aside until they are finished */
  gboolean child_is_incomplete; /* as is_incomplete, of one of them */

  char name_room[];
};

TmLevelDirectory *tm_level_directory_new (int fd, gboolean is_borrowed);
TmLevelDirectory *tm_level_directory_ref (TmLevelDirectory *directory);
void tm_level_directory_unref (TmLevelDirectory *directory);

TmLevel *tm_level_new (TmLevel *above, const char *name, TmLevelDirectory *directory);
void tm_level_free (TmLevel *level);
void tm_level_close (TmLevel *level);
void tm_level_reopen (TmLevel *level, TmLevelDirectory *directory);
gboolean tm_level_repair_mode (TmLevel *level, int fd);
void tm_level_make_writable (TmLevel *level);
void tm_level_restore (TmLevel *level);
int tm_level_unlink (TmLevel *level, const char *name, gboolean force);
int tm_level_remove (TmLevel *level, const char *name, gboolean force);
gboolean tm_level_is_worth_sorting (TmLevel *level);
void tm_level_append_path (GString *path, const TmLevel *level);

G_END_DECLS
