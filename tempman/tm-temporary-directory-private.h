/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "core/tm-backend-private.h"
#include "core/tm-lock-private.h"
#include "tm-temporary-directory.h"

G_BEGIN_DECLS

typedef enum
{
  TM_TEMPORARY_DIRECTORY_STATE_UNINITIALIZED,
  TM_TEMPORARY_DIRECTORY_STATE_OPEN,
  TM_TEMPORARY_DIRECTORY_STATE_CLOSING, /* one thread is deleting or publishing it, and will wake
                                         * those that wait; see closing_process */
  TM_TEMPORARY_DIRECTORY_STATE_CLOSED,
} TmTemporaryDirectoryState;

struct _TmTemporaryDirectory
{
  GObject parent_instance;

  GFile *parent; /* (owned): set once, when constructed */
  char *prefix;  /* (owned) (nullable): likewise */

  TmLock lock; /* guards what follows; not held while the disk is waited for, but by init */
  TmTemporaryDirectoryState state;
  TmProcessToken closing_process; /* that of the thread; in a forked child the state stays for ever
                                   * if it was a thread of the parent, and is not waited for */
  TmBackendDirectory
      *directory;      /* (owned) (nullable): while open or closing, when whoever closes uses it */
  GFile *file;         /* (owned) (nullable): set when initialised, and when published */
  char *path;          /* (owned) (nullable): likewise */
  GFile *former_file;  /* (owned) (nullable): from before it was published: may be in use still */
  char *former_path;   /* (owned) (nullable): likewise */
  GError *close_error; /* (owned) (nullable): of the last attempt, for those who waited for it */
};

TmTemporaryDirectory *tm_temporary_directory_new_in (TmBackendRoot *parent,
                                                     const char *prefix,
                                                     GCancellable *cancellable,
                                                     GError **error);

gboolean tm_temporary_directory_wait_locked (TmTemporaryDirectory *self,
                                             GCancellable *cancellable,
                                             GError **error);
gboolean tm_temporary_directory_check_ours_locked (TmTemporaryDirectory *self,
                                                   const char *action,
                                                   GError **error);
void tm_temporary_directory_set_closing_locked (TmTemporaryDirectory *self);
void tm_temporary_directory_log_not_ours (TmTemporaryDirectory *self);
gulong tm_temporary_directory_wake_when_cancelled (TmTemporaryDirectory *self,
                                                   GCancellable *cancellable);
void tm_temporary_directory_set_closed_locked (TmTemporaryDirectory *self);

G_END_DECLS
