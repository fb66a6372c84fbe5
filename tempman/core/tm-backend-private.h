/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "core/tm-process-private.h"
#include "local/tm-publish-private.h"

#include <gio/gio.h>

G_BEGIN_DECLS

/* A directory of ours, as long as it is temporary: what a TmTemporaryDirectory does to the disk
 * goes through it. It has two bodies: of a local one this process holds the descriptor and the
 * lock, of any other it knows the GFile. Not safe to share between threads without a lock of the
 * caller's. */
typedef struct _TmHolding TmBackendDirectory;

typedef struct
{
  int (*get_fd) (TmBackendDirectory *directory);
  gboolean (*delete) (TmBackendDirectory *directory, GCancellable *cancellable, GError **error);
  gboolean (*keep) (TmBackendDirectory *directory, GError **error);
  gboolean (*publish) (TmBackendDirectory *directory,
                       GFile *destination,
                       gboolean replace,
                       TmReplaced **replaced,
                       GError **error);
  void (*free) (TmBackendDirectory *directory);
} TmBackend;

struct _TmHolding
{
  const TmBackend *body;
  GFile *file;            /* (owned) */
  TmProcessToken process; /* forked children have a copy of all this, but no right to use it */
};

TmBackendDirectory *
tm_backend_create (GFile *parent, const char *prefix, GCancellable *cancellable, GError **error);
GFile *tm_backend_directory_get_file (TmBackendDirectory *directory);
gboolean tm_backend_directory_is_of_this_process (TmBackendDirectory *directory);
void tm_backend_directory_adopt (TmBackendDirectory *directory);
int tm_backend_directory_get_fd (TmBackendDirectory *directory);
gboolean tm_backend_directory_delete (TmBackendDirectory *directory,
                                      GCancellable *cancellable,
                                      GError **error);
gboolean tm_backend_directory_keep (TmBackendDirectory *directory, GError **error);
gboolean tm_backend_directory_publish (TmBackendDirectory *directory,
                                       GFile *destination,
                                       gboolean replace,
                                       TmReplaced **replaced,
                                       GError **error);
void tm_backend_directory_release (TmBackendDirectory *directory);

/* For the bodies. */
void tm_backend_directory_init (TmBackendDirectory *directory,
                                const TmBackend *body,
                                GFile *parent,
                                const char *name);
TmBackendDirectory *tm_backend_local_create (GFile *parent,
                                             TmParent *open_parent,
                                             const char *prefix,
                                             GCancellable *cancellable,
                                             GError **error);
TmBackendDirectory *tm_backend_gio_create (GFile *parent,
                                           const char *prefix,
                                           GCancellable *cancellable,
                                           GError **error);

G_END_DECLS
