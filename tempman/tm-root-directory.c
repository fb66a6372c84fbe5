/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "tm-root-directory-private.h"

#include "tm-file-private.h"

/*
 * tm_root_directory_open:
 * @file: the directory of a root
 * @flags: whether to make what is missing
 * @cancellable: (nullable): to cancel it with
 * @error: as documented at tm_root_new()
 *
 * Returns: (transfer full) (nullable): the directory
 */
TmRootDirectory *
tm_root_directory_open (GFile *file, TmRootFlags flags, GCancellable *cancellable, GError **error)
{
  return tm_file_is_local (file) ? tm_root_directory_local_open (file, flags, cancellable, error)
                                 : tm_root_directory_remote_open (file, flags, cancellable, error);
}

/* With its links resolved, where that can be known. */
GFile *
tm_root_directory_get_file (TmRootDirectory *directory)
{
  return directory->file;
}

/* Creates a temporary directory in it. */
TmHolding *
tm_root_directory_create_child (TmRootDirectory *directory,
                                const char *prefix,
                                GCancellable *cancellable,
                                GError **error)
{
  return directory->body->create_child (directory, prefix, cancellable, error);
}

/* Deletes what goes. Returns how many that were, or -1 with the first failure. */
gssize
tm_root_directory_sweep (TmRootDirectory *directory,
                         const TmJudge *judge,
                         GCancellable *cancellable,
                         GError **error)
{
  return directory->body->sweep (directory, judge, cancellable, error);
}

/* Returns (transfer full) (nullable) (element-type TmSweepEntry): what a sweep would do with each
 * sub-directory. */
GArray *
tm_root_directory_look (TmRootDirectory *directory,
                        const TmJudge *judge,
                        GCancellable *cancellable,
                        GError **error)
{
  return directory->body->look (directory, judge, cancellable, error);
}

void
tm_root_directory_free (TmRootDirectory *directory)
{
  g_object_unref (directory->file);
  directory->body->free (directory);
}
