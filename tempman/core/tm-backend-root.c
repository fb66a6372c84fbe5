/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "core/tm-backend-root-private.h"

#include "core/tm-file-private.h"

/*
 * tm_backend_open_root:
 * @file: the directory of a root
 * @flags: whether to make what is missing
 * @cancellable: (nullable): to cancel it with
 * @error: as documented at tm_root_new()
 *
 * Returns: (transfer full) (nullable): the directory
 */
TmBackendRoot *
tm_backend_open_root (GFile *file, TmRootFlags flags, GCancellable *cancellable, GError **error)
{
  return tm_file_is_local (file) ? tm_backend_local_open_root (file, flags, cancellable, error)
                                 : tm_backend_gio_open_root (file, flags, cancellable, error);
}

/* With its links resolved, where that can be known. */
GFile *
tm_backend_root_get_file (TmBackendRoot *directory)
{
  return directory->file;
}

/* Creates a temporary directory in it. */
TmBackendDirectory *
tm_backend_root_create_child (TmBackendRoot *directory,
                              const char *prefix,
                              GCancellable *cancellable,
                              GError **error)
{
  return directory->body->create_child (directory, prefix, cancellable, error);
}

/* Deletes what goes. Returns how many that were, or -1 with the first failure. */
gssize
tm_backend_root_cleanup (TmBackendRoot *directory,
                         const TmPolicy *policy,
                         GCancellable *cancellable,
                         GError **error)
{
  return directory->body->sweep (directory, policy, cancellable, error);
}

/* Returns (transfer full) (nullable) (element-type TmListedEntry): what a sweep would do with each
 * sub-directory. */
GArray *
tm_backend_root_list (TmBackendRoot *directory,
                      const TmPolicy *policy,
                      GCancellable *cancellable,
                      GError **error)
{
  return directory->body->look (directory, policy, cancellable, error);
}

void
tm_backend_root_free (TmBackendRoot *directory)
{
  g_object_unref (directory->file);
  directory->body->free (directory);
}
