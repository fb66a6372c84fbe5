/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "core/tm-backend-private.h"

#include "local/tm-dirfd-private.h"
#include "core/tm-file-private.h"
#include "local/tm-path-private.h"
#include "core/tm-process-private.h"

#include <errno.h>
#include <string.h>

void
tm_backend_directory_init (TmBackendDirectory *directory,
                           const TmBackend *body,
                           GFile *parent,
                           const char *name)
{
  directory->body = body;
  directory->file = g_file_get_child (parent, name);
  directory->process = tm_process_get_token ();
}

static TmBackendDirectory *
create_local (GFile *parent, const char *prefix, GCancellable *cancellable, GError **error)
{
  const char *path = g_file_peek_path (parent);
  g_autofree char *resolved = NULL;
  g_autofree char *refused = NULL;
  g_autoptr (TmParent) open_parent = tm_parent_open (path, &resolved, &refused);
  g_autoptr (GFile) resolved_parent = NULL;

  if (open_parent == NULL)
    {
      tm_path_set_error (error, "Creating a temporary directory in", path, refused, errno);
      return NULL;
    }

  /* A link on the way may lead elsewhere later; the directory is named by where it is. */
  if (resolved != NULL && strcmp (resolved, path) != 0)
    resolved_parent = g_file_new_for_path (resolved);

  return tm_backend_local_create (resolved_parent != NULL ? resolved_parent : parent, open_parent,
                                  prefix, cancellable, error);
}

/*
 * tm_backend_create:
 * @parent: the directory to create it in
 * @prefix: what its name begins with; without a separator
 * @cancellable: (nullable): to cancel it with
 * @error: as documented at tm_temporary_directory_new()
 *
 * Returns: (nullable): a new directory, ours alone, or %NULL with nothing left behind
 */
TmBackendDirectory *
tm_backend_create (GFile *parent, const char *prefix, GCancellable *cancellable, GError **error)
{
  if (tm_file_is_local (parent))
    return create_local (parent, prefix, cancellable, error);

  return tm_backend_gio_create (parent, prefix, cancellable, error);
}

GFile *
tm_backend_directory_get_file (TmBackendDirectory *directory)
{
  return directory->file;
}

gboolean
tm_backend_directory_is_of_this_process (TmBackendDirectory *directory)
{
  return directory->process == tm_process_get_token ();
}

/* From now on it is of this process. */
void
tm_backend_directory_adopt (TmBackendDirectory *directory)
{
  directory->process = tm_process_get_token ();
}

/* Returns -1 when it is held by no descriptor. */
int
tm_backend_directory_get_fd (TmBackendDirectory *directory)
{
  return directory->body->get_fd (directory);
}

/*
 * tm_backend_directory_delete:
 * @directory: a directory of ours
 * @cancellable: (nullable): to cancel it with
 * @error: the first failure; what could be deleted is
 *
 * Deletes the directory with everything in it. That it is gone already counts as success. After a
 * failure it can be tried again.
 *
 * Returns: %TRUE on success
 */
gboolean
tm_backend_directory_delete (TmBackendDirectory *directory,
                             GCancellable *cancellable,
                             GError **error)
{
  return directory->body->delete (directory, cancellable, error);
}

/* Makes it a directory like any other, to be released and left there. */
gboolean
tm_backend_directory_keep (TmBackendDirectory *directory, GError **error)
{
  return directory->body->keep (directory, error);
}

/*
 * tm_backend_directory_publish:
 * @directory: a directory of ours
 * @destination: its new name
 * @replace: whether it takes the place of what is there
 * @replaced: (out) (nullable): what had that place, to be deleted
 * @error: as documented at tm_temporary_directory_persist()
 *
 * Gives the directory another name, in one step. After that it can only be released.
 *
 * Returns: %TRUE on success; else everything is as it was
 */
gboolean
tm_backend_directory_publish (TmBackendDirectory *directory,
                              GFile *destination,
                              gboolean replace,
                              TmReplaced **replaced,
                              GError **error)
{
  return directory->body->publish (directory, destination, replace, replaced, error);
}

/* Drops the lock, if there is one, and forgets the directory, which stays if it is still there. */
void
tm_backend_directory_release (TmBackendDirectory *directory)
{
  g_object_unref (directory->file);
  directory->body->free (directory);
}
