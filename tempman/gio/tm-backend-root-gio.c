/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "core/tm-backend-root-private.h"

#include "core/tm-file-private.h"
#include "gio/tm-cleanup-gio-private.h"
#include "gio/tm-delete-tree-gio-private.h"

/* The directory of a root that GIO serves. It is found by its name each time: what links on the way
 * to it mean is up to whoever serves it. */

static TmBackendDirectory *
remote_create_child (TmBackendRoot *directory,
                     const char *prefix,
                     GCancellable *cancellable,
                     GError **error)
{
  return tm_backend_gio_create (directory->file, prefix, cancellable, error);
}

static gssize
remote_sweep (TmBackendRoot *directory,
              const TmPolicy *policy,
              GCancellable *cancellable,
              GError **error)
{
  return tm_cleanup_gio (directory->file, policy, cancellable, error);
}

static GArray *
remote_look (TmBackendRoot *directory,
             const TmPolicy *policy,
             GCancellable *cancellable,
             GError **error)
{
  return tm_cleanup_gio_list (directory->file, policy, cancellable, error);
}

static void
remote_free (TmBackendRoot *directory)
{
  g_free (directory);
}

static const TmRootBackend remote_body = {
  .create_child = remote_create_child,
  .sweep = remote_sweep,
  .look = remote_look,
  .free = remote_free,
};

static gboolean
fail (GError **error, GFile *file, GIOErrorEnum code, const char *reason)
{
  tm_file_set_error_literal (error, "Opening the root", file, code, reason);
  return FALSE;
}

static gboolean
is_or_is_above (GFile *file, GFile *home)
{
  return g_file_equal (home, file) || g_file_has_prefix (home, file);
}

/* Where GVfs would have a user begin, which is his home directory on the other machine, if it has
 * such a thing. */
static gboolean
is_home_or_above (GFile *file, GCancellable *cancellable)
{
  g_autoptr (GMount) mount = g_file_find_enclosing_mount (file, cancellable, NULL);
  g_autoptr (GFile) start = mount != NULL ? g_mount_get_default_location (mount) : NULL;
  g_autoptr (GFile) home = g_file_new_for_path (g_get_home_dir ());

  return is_or_is_above (file, home) || (start != NULL && is_or_is_above (file, start));
}

/* By their names, for that is all that a GFile is. */
static gboolean
check_is_no_home (GFile *file, GCancellable *cancellable, GError **error)
{
  g_autoptr (GFile) parent = g_file_get_parent (file);

  if (parent == NULL)
    return fail (error, file, G_IO_ERROR_INVALID_ARGUMENT,
                 "the root of a file system is never cleaned up");

  if (is_home_or_above (file, cancellable))
    return fail (error, file, G_IO_ERROR_INVALID_ARGUMENT,
                 "the home directory and those above it are never cleaned up");

  return TRUE;
}

/* Somebody else may be making it as well. */
static gboolean
make_or_find (GFile *file, GError **error)
{
  g_autoptr (GError) local_error = NULL;

  if (tm_delete_tree_gio_make_directory (file, &local_error) ||
      g_error_matches (local_error, G_IO_ERROR, G_IO_ERROR_EXISTS))
    return TRUE;

  g_propagate_error (error, g_steal_pointer (&local_error));
  return FALSE;
}

/* Makes the directory and those above it that are missing: up to the first that can be made or is
 * there, and then down, where each has to be made. A link that leads nowhere is there too, and
 * nothing can be made in it. */
static gboolean
make_with_parents (GFile *file, GCancellable *cancellable, GError **error)
{
  g_autoptr (GPtrArray) missing = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr (GError) local_error = NULL;
  g_autoptr (GFile) highest = g_object_ref (file);

  while (!g_cancellable_is_cancelled (cancellable) && !make_or_find (highest, &local_error))
    {
      GFile *parent = g_file_get_parent (highest);

      if (parent == NULL || !g_error_matches (local_error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND))
        {
          g_clear_object (&parent);
          tm_file_set_error (error, "Opening the root", file, local_error);
          return FALSE;
        }

      g_clear_error (&local_error);
      g_ptr_array_add (missing, g_steal_pointer (&highest));
      highest = parent;
    }

  for (guint i = missing->len; i > 0 && !g_cancellable_is_cancelled (cancellable); i--)
    if (!make_or_find (g_ptr_array_index (missing, i - 1), &local_error))
      {
        tm_file_set_error (error, "Opening the root", file, local_error);
        return FALSE;
      }

  return !g_cancellable_set_error_if_cancelled (cancellable, error);
}

static GFileInfo *
query_type (GFile *file, GCancellable *cancellable, GError **error)
{
  return g_file_query_info (file, G_FILE_ATTRIBUTE_STANDARD_TYPE, G_FILE_QUERY_INFO_NONE,
                            cancellable, error);
}

static gboolean
check_is_directory (GFile *file, TmRootFlags flags, GCancellable *cancellable, GError **error)
{
  g_autoptr (GError) local_error = NULL;
  g_autoptr (GFileInfo) info = query_type (file, cancellable, &local_error);

  if (info == NULL && (flags & TM_ROOT_FLAGS_CREATE_DIRECTORY) != 0 &&
      g_error_matches (local_error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND))
    {
      if (!make_with_parents (file, cancellable, error))
        return FALSE;

      g_clear_error (&local_error);
      info = query_type (file, cancellable, &local_error);
    }

  if (info == NULL)
    {
      tm_file_set_error (error, "Opening the root", file, local_error);
      return FALSE;
    }

  if (g_file_info_get_file_type (info) != G_FILE_TYPE_DIRECTORY)
    return fail (error, file, G_IO_ERROR_NOT_DIRECTORY, "not a directory");

  return TRUE;
}

TmBackendRoot *
tm_backend_gio_open_root (GFile *file, TmRootFlags flags, GCancellable *cancellable, GError **error)
{
  TmBackendRoot *directory;

  if (!check_is_no_home (file, cancellable, error) ||
      !check_is_directory (file, flags, cancellable, error))
    return NULL;

  directory = g_new0 (TmBackendRoot, 1);
  directory->body = &remote_body;
  directory->file = g_object_ref (file);
  return directory;
}
