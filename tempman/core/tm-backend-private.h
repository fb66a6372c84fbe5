/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "core/tm-cleanup-log-private.h"
#include "core/tm-outcomes-private.h"
#include "core/tm-policy-private.h"
#include "core/tm-process-private.h"
#include "core/tm-progress-private.h"

#include <gio/gio.h>

G_BEGIN_DECLS

/* What the public objects do to a disk. There are two backends: one for local files, which holds
 * descriptors and locks, and one for any other GFile, which makes requests through GIO.
 *
 * Calling sequence, for a temporary directory: tm_backend_create() or tm_backend_root_create();
 * then delete, keep or publish until one succeeds; then release, in any case. For a root:
 * tm_backend_open_root(), any number of create, cleanup and list, from any threads, then free. */
typedef struct _TmBackend TmBackend;

/* A temporary directory. Not safe to share between threads without a lock of the caller's. */
typedef struct
{
  const TmBackend *backend;
  GFile *file;            /* (owned) (nullable): of a local one, made on first use */
  char *path;             /* (owned) (nullable): of a local one */
  TmProcessToken process; /* a forked child has a copy of all this, but no right to use it */
} TmBackendDirectory;

/* How a temporary directory is to be made. */
typedef struct
{
  const char *prefix; /* (unowned): the beginning of its name; without a separator */
  const char *suffix; /* (unowned): the end of its name */
  guint mode;         /* permissions that it has beside those of its owner */
} TmCreation;

/* Which processes see the lock of a directory. */
typedef enum
{
  TM_LOCK_SCOPE_ALL,     /* all that can use it: they run on this machine */
  TM_LOCK_SCOPE_MACHINE, /* those of this machine; others can use it too */
  TM_LOCK_SCOPE_NONE     /* there are no locks */
} TmLockScope;

/* For the log: how a temporary directory was made. */
typedef struct
{
  TmLockScope lock_scope;
  gboolean is_marked;
  gboolean has_heartbeat;
  guint n_lost; /* directories that cleaners deleted before this process could lock them */
} TmCreationResult;

/* How a deletion ended. */
typedef enum
{
  TM_DELETE_RESULT_FAILED,  /* with an error */
  TM_DELETE_RESULT_MISSING, /* with an error as well: there was nothing to delete */
  TM_DELETE_RESULT_DONE,
} TmDeleteResult;

/* The directory of a root. Never changed once opened, and safe to be used by several threads. */
typedef struct
{
  const TmBackend *backend;
  GFile *file;    /* (owned) */
  TmWatch *watch; /* (owned): its memory of heartbeats; safe to be used by several threads */
} TmBackendRoot;

/* What a publication has replaced. */
typedef struct _TmReplaced TmReplaced;

struct _TmBackend
{
  TmBackendDirectory *(*create) (GFile *parent,
                                 const TmCreation *creation,
                                 GCancellable *cancellable,
                                 GError **error);
  void (*describe) (TmBackendDirectory *directory, TmCreationResult *result);
  int (*get_fd) (TmBackendDirectory *directory);
  gboolean (*delete) (TmBackendDirectory *directory, GCancellable *cancellable, GError **error);
  gboolean (*adopt) (TmBackendDirectory *directory, GError **error);
  gboolean (*keep) (TmBackendDirectory *directory, GError **error);
  gboolean (*publish) (TmBackendDirectory *directory,
                       GFile *destination,
                       gboolean replace,
                       TmReplaced **replaced,
                       GError **error);
  gboolean (*delete_replaced) (TmReplaced *replaced, GError **error); /* takes it over */
  void (*free_directory) (TmBackendDirectory *directory);

  TmBackendRoot *(*open_root) (GFile *file,
                               TmRootFlags flags,
                               GCancellable *cancellable,
                               GError **error);
  TmLockScope (*get_lock_scope) (TmBackendRoot *root);
  TmBackendDirectory *(*create_in_root) (TmBackendRoot *root,
                                         const TmCreation *creation,
                                         GCancellable *cancellable,
                                         GError **error);
  gssize (*cleanup) (TmBackendRoot *root,
                     const TmPolicy *policy,
                     TmOutcomes *outcomes,
                     TmCleanupLog *log,
                     GCancellable *cancellable,
                     GError **error);
  GArray *(*list) (TmBackendRoot *root,
                   const TmPolicy *policy,
                   GCancellable *cancellable,
                   GError **error);
  void (*free_root) (TmBackendRoot *root);

  TmDeleteResult (*delete_recursively) (GFile *file,
                                        GFile *parent,
                                        TmDeleteFlags flags,
                                        TmProgress *progress,
                                        GCancellable *cancellable,
                                        GError **error);
};

/* Declared here, so that nothing in this folder includes one of the backends. */
extern const TmBackend tm_backend_local;
extern const TmBackend tm_backend_gio;

const TmBackend *tm_backend_for_file (GFile *file);

TmBackendDirectory *tm_backend_create (GFile *parent,
                                       const TmCreation *creation,
                                       GCancellable *cancellable,
                                       GError **error);
gboolean tm_backend_directory_is_of_this_process (TmBackendDirectory *directory);
gboolean tm_backend_directory_adopt (TmBackendDirectory *directory, GError **error);
void tm_backend_directory_describe (TmBackendDirectory *directory, TmCreationResult *result);
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
gboolean tm_backend_delete_replaced (const TmBackend *backend,
                                     TmReplaced *replaced,
                                     GError **error);
void tm_backend_directory_release (TmBackendDirectory *directory);

TmBackendRoot *
tm_backend_open_root (GFile *file, TmRootFlags flags, GCancellable *cancellable, GError **error);
TmLockScope tm_backend_root_get_lock_scope (TmBackendRoot *root);
TmBackendDirectory *tm_backend_root_create (TmBackendRoot *root,
                                            const TmCreation *creation,
                                            GCancellable *cancellable,
                                            GError **error);
gssize tm_backend_root_cleanup (TmBackendRoot *root,
                                const TmPolicy *policy,
                                TmOutcomes *outcomes,
                                GCancellable *cancellable,
                                GError **error);
double tm_backend_root_get_watch_time (TmBackendRoot *root);
GArray *tm_backend_root_list (TmBackendRoot *root,
                              const TmPolicy *policy,
                              GCancellable *cancellable,
                              GError **error);
void tm_backend_root_free (TmBackendRoot *root);

gboolean tm_backend_delete_recursively (GFile *file,
                                        TmDeleteFlags flags,
                                        TmProgress *progress,
                                        GCancellable *cancellable,
                                        GError **error);

/* For the backends. */
void tm_backend_root_init (TmBackendRoot *root, const TmBackend *backend, GFile *file);
void tm_backend_directory_init (TmBackendDirectory *directory,
                                const TmBackend *backend,
                                GFile *file,
                                char *path);
GFile *tm_backend_directory_get_file (TmBackendDirectory *directory);

G_END_DECLS
