/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "tm-holding-private.h"
#include "tm-judge-private.h"

G_BEGIN_DECLS

/* The directory of a root, found by its name once. It has two bodies: a local one is held by a
 * descriptor from then on, any other is known by its GFile. Never changed once opened, and safe to
 * be used by several threads. */
typedef struct _TmRootDirectory TmRootDirectory;

typedef struct
{
  TmHolding *(*create_child) (TmRootDirectory *directory,
                              const char *prefix,
                              GCancellable *cancellable,
                              GError **error);
  gssize (*sweep) (TmRootDirectory *directory,
                   const TmJudge *judge,
                   GCancellable *cancellable,
                   GError **error);
  GArray *(*look) (TmRootDirectory *directory,
                   const TmJudge *judge,
                   GCancellable *cancellable,
                   GError **error);
  void (*free) (TmRootDirectory *directory);
} TmRootDirectoryBody;

struct _TmRootDirectory
{
  const TmRootDirectoryBody *body;
  GFile *file; /* (owned) */
};

TmRootDirectory *
tm_root_directory_open (GFile *file, TmRootFlags flags, GCancellable *cancellable, GError **error);
GFile *tm_root_directory_get_file (TmRootDirectory *directory);
TmHolding *tm_root_directory_create_child (TmRootDirectory *directory,
                                           const char *prefix,
                                           GCancellable *cancellable,
                                           GError **error);
gssize tm_root_directory_sweep (TmRootDirectory *directory,
                                const TmJudge *judge,
                                GCancellable *cancellable,
                                GError **error);
GArray *tm_root_directory_look (TmRootDirectory *directory,
                                const TmJudge *judge,
                                GCancellable *cancellable,
                                GError **error);
void tm_root_directory_free (TmRootDirectory *directory);

/* The bodies. */
TmRootDirectory *tm_root_directory_local_open (GFile *file,
                                               TmRootFlags flags,
                                               GCancellable *cancellable,
                                               GError **error);
TmRootDirectory *tm_root_directory_remote_open (GFile *file,
                                                TmRootFlags flags,
                                                GCancellable *cancellable,
                                                GError **error);

G_END_DECLS
