/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "core/tm-backend-private.h"
#include "core/tm-policy-private.h"

G_BEGIN_DECLS

/* The directory of a root, found by its name once. It has two bodies: a local one is held by a
 * descriptor from then on, any other is known by its GFile. Never changed once opened, and safe to
 * be used by several threads. */
typedef struct _TmRootDirectory TmBackendRoot;

typedef struct
{
  TmBackendDirectory *(*create_child) (TmBackendRoot *directory,
                                       const char *prefix,
                                       GCancellable *cancellable,
                                       GError **error);
  gssize (*sweep) (TmBackendRoot *directory,
                   const TmPolicy *policy,
                   GCancellable *cancellable,
                   GError **error);
  GArray *(*look) (TmBackendRoot *directory,
                   const TmPolicy *policy,
                   GCancellable *cancellable,
                   GError **error);
  void (*free) (TmBackendRoot *directory);
} TmRootBackend;

struct _TmRootDirectory
{
  const TmRootBackend *body;
  GFile *file; /* (owned) */
};

TmBackendRoot *
tm_backend_open_root (GFile *file, TmRootFlags flags, GCancellable *cancellable, GError **error);
GFile *tm_backend_root_get_file (TmBackendRoot *directory);
TmBackendDirectory *tm_backend_root_create_child (TmBackendRoot *directory,
                                                  const char *prefix,
                                                  GCancellable *cancellable,
                                                  GError **error);
gssize tm_backend_root_cleanup (TmBackendRoot *directory,
                                const TmPolicy *policy,
                                GCancellable *cancellable,
                                GError **error);
GArray *tm_backend_root_list (TmBackendRoot *directory,
                              const TmPolicy *policy,
                              GCancellable *cancellable,
                              GError **error);
void tm_backend_root_free (TmBackendRoot *directory);

/* The bodies. */
TmBackendRoot *tm_backend_local_open_root (GFile *file,
                                           TmRootFlags flags,
                                           GCancellable *cancellable,
                                           GError **error);
TmBackendRoot *tm_backend_gio_open_root (GFile *file,
                                         TmRootFlags flags,
                                         GCancellable *cancellable,
                                         GError **error);

G_END_DECLS
