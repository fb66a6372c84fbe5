/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "core/tm-backend-private.h"

#include "local/tm-locked-directory-private.h"
#include "core/tm-file-private.h"

/* A local directory of ours: a claim, and the path for messages. */

typedef struct
{
  TmBackendDirectory directory;
  TmLockedDirectory *locked; /* (owned) */
} LocalDirectory;

static TmLockedDirectory *
get_locked (TmBackendDirectory *directory)
{
  return ((LocalDirectory *) directory)->locked;
}

static int
local_get_fd (TmBackendDirectory *directory)
{
  return tm_locked_directory_get_fd (get_locked (directory));
}

static gboolean
local_delete (TmBackendDirectory *directory, GCancellable *cancellable, GError **error)
{
  return tm_locked_directory_delete (get_locked (directory), g_file_peek_path (directory->file),
                                     NULL, cancellable, error);
}

static gboolean
local_keep (TmBackendDirectory *directory, GError **error)
{
  return tm_locked_directory_keep (get_locked (directory), g_file_peek_path (directory->file),
                                   error);
}

static gboolean
local_publish (TmBackendDirectory *directory,
               GFile *destination,
               gboolean replace,
               TmReplaced **replaced,
               GError **error)
{
  if (!tm_file_is_local (destination))
    {
      tm_file_set_error_literal (error, "Publishing a temporary directory as", destination,
                                 G_IO_ERROR_NOT_SUPPORTED, "not a local file");
      return FALSE;
    }

  return tm_publish (get_locked (directory), g_file_peek_path (directory->file),
                     g_file_peek_path (destination), replace, replaced, error);
}

static void
local_free (TmBackendDirectory *directory)
{
  tm_locked_directory_release (get_locked (directory));
  g_free (directory);
}

static const TmBackend local_body = {
  .get_fd = local_get_fd,
  .delete = local_delete,
  .keep = local_keep,
  .publish = local_publish,
  .free = local_free,
};

/*
 * tm_backend_local_create:
 * @parent: the directory to create it in
 * @open_parent: the same, open; it stays open for as long as the new directory lives
 * @prefix: what its name begins with
 * @cancellable: (nullable): to cancel it with
 * @error: as tm_locked_directory_create()
 *
 * Returns: (nullable): a new directory, ours alone, or %NULL with nothing left behind
 */
TmBackendDirectory *
tm_backend_local_create (GFile *parent,
                         TmParent *open_parent,
                         const char *prefix,
                         GCancellable *cancellable,
                         GError **error)
{
  TmLockedDirectory *locked = tm_locked_directory_create (open_parent, g_file_peek_path (parent),
                                                          prefix, cancellable, error);
  LocalDirectory *local;

  if (locked == NULL)
    return NULL;

  local = g_new0 (LocalDirectory, 1);
  local->locked = locked;
  tm_backend_directory_init (&local->directory, &local_body, parent,
                             tm_locked_directory_get_name (locked));
  return &local->directory;
}
