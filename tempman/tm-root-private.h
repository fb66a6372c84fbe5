/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "tm-root.h"

G_BEGIN_DECLS

struct _TmRoot
{
  GObject parent_instance;

  GMutex mutex;       /* guards directory and fd until they are set */
  GFile *directory;   /* (owned) (nullable): with its links resolved once fd is set */
  int fd;             /* (owned): open for reading; -1 until initialised, then never changed */
  gboolean is_remote; /* on a remote file system; set with fd */
  double timeout;     /* set once, when constructed */
  TmRootFlags flags;  /* likewise */
  const char *prefix; /* (nullable): interned, so that one that was got stays valid when another
                       * thread sets the next; atomic */
  gint age_basis;     /* a TmAgeBasis; atomic */
};

int tm_root_directory_open (const char *path, TmRootFlags flags, GError **error);
GFile *tm_root_directory_resolve (GFile *directory, int fd);
gboolean tm_root_directory_is_remote (GFile *directory, GCancellable *cancellable);

G_END_DECLS
