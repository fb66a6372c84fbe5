/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "core/tm-backend-private.h"

#include "core/tm-error-private.h"
#include "core/tm-file-private.h"
#include "core/tm-i18n-private.h"
#include "core/tm-name-private.h"
#include "gio/tm-cleanup-gio-private.h"
#include "gio/tm-delete-tree-gio-private.h"
#include "gio/tm-heartbeat-gio-private.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

/* A temporary directory that GIO serves, known by its GFile.
 *
 * It has no lock. It has a mark if the back end has modes, and a heartbeat if the back end can set
 * modification times; without both, other processes cannot see that it is in use. Some servers tell
 * whether it is still the same directory; for the others the library relies on its name, which is
 * never used twice.
 *
 * A request that creates, moves or removes one file is not cancelled once it is sent: the server
 * may have carried it out by then, and the call would report a change as cancelled. */

typedef struct
{
  TmBackendDirectory directory;
  char *identity;            /* (owned) (nullable): its id::file */
  gboolean is_marked;        /* by this object */
  gboolean beats;            /* the back end may be able to set modification times */
  TmHeartbeatGio *heartbeat; /* (owned) (nullable) */
} GioDirectory;

static void
gio_describe (TmBackendDirectory *directory, TmCreationResult *result)
{
  const GioDirectory *gio = (const GioDirectory *) directory;

  *result = (TmCreationResult){
    .lock_scope = TM_LOCK_SCOPE_NONE,
    .is_marked = gio->is_marked,
    .has_heartbeat = gio->heartbeat != NULL,
  };
}

static int
gio_get_fd (TmBackendDirectory *directory)
{
  return -1;
}

static gboolean
gio_delete (TmBackendDirectory *directory, GCancellable *cancellable, GError **error)
{
  return tm_delete_tree_gio_delete_directory (
      directory->file, ((GioDirectory *) directory)->identity, cancellable, error);
}

/* Returns FALSE with an error if no thread can be started. */
static gboolean
start_heartbeat (GioDirectory *gio, TmAction action, GError **error)
{
  gio->heartbeat = tm_heartbeat_gio_start (gio->directory.file, gio->identity);
  if (gio->heartbeat != NULL)
    return TRUE;

  tm_error_set_for_file (error, action, gio->directory.file, G_IO_ERROR_BUSY,
                         _ ("no thread can be started for its heartbeat"));
  return FALSE;
}

static gboolean
gio_adopt (TmBackendDirectory *directory, GError **error)
{
  GioDirectory *gio = (GioDirectory *) directory;

  if (!gio->beats)
    return TRUE;

  /* After a failure it can be called again. */
  g_clear_pointer (&gio->heartbeat, tm_heartbeat_gio_stop);
  if (!start_heartbeat (gio, TM_ACTION_ADOPT, error))
    return FALSE;

  tm_heartbeat_gio_beat (directory->file, NULL);
  return TRUE;
}

static gboolean
set_mode (GFile *file, guint32 mode, GError **error)
{
  return g_file_set_attribute_uint32 (file, G_FILE_ATTRIBUTE_UNIX_MODE, mode,
                                      G_FILE_QUERY_INFO_NOFOLLOW_SYMLINKS, NULL, error);
}

/* Sets or clears the mark, so that after the release the directory counts as abandoned, or not. */
static gboolean
set_mark (GioDirectory *gio, gboolean is_marked, GError **error)
{
  GFile *file = gio->directory.file;
  g_autoptr (GFileInfo) info = NULL;
  guint32 mode;

  if (!gio->is_marked)
    return TRUE;

  info = g_file_query_info (file, G_FILE_ATTRIBUTE_UNIX_MODE, G_FILE_QUERY_INFO_NOFOLLOW_SYMLINKS,
                            NULL, error);
  if (info == NULL)
    return FALSE;

  if (!g_file_info_has_attribute (info, G_FILE_ATTRIBUTE_UNIX_MODE))
    return TRUE;

  mode = g_file_info_get_attribute_uint32 (info, G_FILE_ATTRIBUTE_UNIX_MODE) & ~(guint32) TM_MARK;
  return set_mode (file, mode | (is_marked ? TM_MARK : 0), error);
}

static gboolean
gio_keep (TmBackendDirectory *directory, GError **error)
{
  g_autoptr (GError) local_error = NULL;

  if (set_mark ((GioDirectory *) directory, FALSE, &local_error))
    return TRUE;

  tm_error_set_from_gio (error, TM_ACTION_KEEP, directory->file, local_error);
  return FALSE;
}

/* Whether two files are served by the same back end at all: GIO would otherwise offer to copy. */
static gboolean
is_of_same_kind (GFile *a, GFile *b)
{
  g_autofree char *scheme = g_file_get_uri_scheme (a);

  return g_file_is_native (a) == g_file_is_native (b) && scheme != NULL &&
         g_file_has_uri_scheme (b, scheme);
}

static gboolean
fail_to_publish (TmBackendDirectory *directory,
                 GFile *destination,
                 GIOErrorEnum code,
                 const char *reason,
                 GError **error)
{
  tm_error_set_unpublished_file (error, directory->file, destination, code, reason);
  return FALSE;
}

static GFileInfo *
query_identity (GFile *file, GError **error)
{
  return g_file_query_info (file, G_FILE_ATTRIBUTE_STANDARD_TYPE "," G_FILE_ATTRIBUTE_ID_FILE,
                            G_FILE_QUERY_INFO_NOFOLLOW_SYMLINKS, NULL, error);
}

static gboolean
check_is_ours (TmBackendDirectory *directory, GFile *destination, GError **error)
{
  g_autoptr (GError) local_error = NULL;
  g_autoptr (GFileInfo) info = query_identity (directory->file, &local_error);

  if (info == NULL)
    return fail_to_publish (directory, destination, tm_error_get_code_from_gio (local_error),
                            local_error->message, error);

  return tm_file_info_is_directory_of (info, ((GioDirectory *) directory)->identity) ||
         fail_to_publish (directory, destination, G_IO_ERROR_NOT_FOUND,
                          _ ("another file now has this name"), error);
}

/* Looked at before, since a rename() on the other side silently takes the place of an empty
 * directory, and no back end can exchange two. */
static gboolean
check_is_free (TmBackendDirectory *directory, GFile *destination, gboolean replace, GError **error)
{
  g_autoptr (GError) local_error = NULL;
  g_autoptr (GFileInfo) info =
      g_file_query_info (destination, G_FILE_ATTRIBUTE_STANDARD_TYPE,
                         G_FILE_QUERY_INFO_NOFOLLOW_SYMLINKS, NULL, &local_error);

  if (info != NULL)
    {
      return replace ? fail_to_publish (directory, destination, G_IO_ERROR_NOT_SUPPORTED,
                                        _ ("the destination cannot be replaced in one step"), error)
                     : fail_to_publish (directory, destination, G_IO_ERROR_EXISTS,
                                        _ ("the destination already exists"), error);
    }

  if (g_error_matches (local_error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND))
    return TRUE;

  return fail_to_publish (directory, destination, tm_error_get_code_from_gio (local_error),
                          local_error->message, error);
}

static GIOErrorEnum
get_publish_error (const GError *cause, gboolean replace)
{
  GIOErrorEnum code = tm_error_get_code_from_gio (cause);

  switch (code)
    {
    /* It has come since it was looked for. */
    case G_IO_ERROR_EXISTS:
      return replace ? G_IO_ERROR_NOT_SUPPORTED : G_IO_ERROR_EXISTS;

    /* What GIO would make of a move that it had to make a copy. */
    case G_IO_ERROR_WOULD_RECURSE:
    case G_IO_ERROR_WOULD_MERGE:
      return G_IO_ERROR_NOT_SUPPORTED;

    default:
      return code;
    }
}

static gboolean
gio_publish (TmBackendDirectory *directory,
             GFile *destination,
             gboolean replace,
             TmReplaced **replaced,
             GError **error)
{
  g_autoptr (GError) local_error = NULL;

  if (!is_of_same_kind (directory->file, destination))
    return fail_to_publish (directory, destination, G_IO_ERROR_NOT_SUPPORTED,
                            _ ("the destination is on another file system"), error);

  if (!check_is_ours (directory, destination, error))
    return FALSE;

  /* Nothing is left to do, and a move would find the destination taken. */
  if (g_file_equal (directory->file, destination) && replace)
    return TRUE;

  if (g_file_has_prefix (destination, directory->file))
    return fail_to_publish (directory, destination, G_IO_ERROR_INVALID_ARGUMENT,
                            _ ("the destination is inside the directory"), error);

  if (g_file_has_prefix (directory->file, destination))
    return fail_to_publish (directory, destination,
                            replace ? G_IO_ERROR_INVALID_ARGUMENT : G_IO_ERROR_EXISTS,
                            _ ("the destination contains the directory"), error);

  if (!check_is_free (directory, destination, replace, error))
    return FALSE;

  /* Before the move, while the directory has its heartbeat: the destination must never be marked.
   */
  if (!set_mark ((GioDirectory *) directory, FALSE, &local_error))
    return fail_to_publish (directory, destination, tm_error_get_code_from_gio (local_error),
                            local_error->message, error);

  if (g_file_move (directory->file, destination,
                   G_FILE_COPY_NO_FALLBACK_FOR_MOVE | G_FILE_COPY_NOFOLLOW_SYMLINKS, NULL, NULL,
                   NULL, &local_error))
    return TRUE;

  set_mark ((GioDirectory *) directory, TRUE, NULL);
  return fail_to_publish (directory, destination, get_publish_error (local_error, replace),
                          local_error->message, error);
}

static void
gio_free_directory (TmBackendDirectory *directory)
{
  GioDirectory *gio = (GioDirectory *) directory;

  g_clear_pointer (&gio->heartbeat, tm_heartbeat_gio_stop);
  g_free (gio->identity);
  g_free (gio);
}

/* As for the local backend: more than any number of cleaners can delete in a row. */
#define MAX_CREATE_ATTEMPTS 100

typedef enum
{
  ATTEMPT_DONE,
  ATTEMPT_FAILED,
  ATTEMPT_LOST,    /* a cleaner deleted the directory before it was marked */
  ATTEMPT_UNMARKED /* the back end does not store the mark, which the name promises */
} Attempt;

/* Creates the directory with a mark, as far as the back end has modes. The back end creates it with
 * a mode of its own first. */
static Attempt
make_directory (GFile *parent, GFile *file, const TmCreation *creation, GError **error)
{
  g_autoptr (GError) local_error = NULL;

  if (tm_delete_tree_gio_make_directory (file, TM_MARK | creation->mode, NULL, &local_error))
    return ATTEMPT_DONE;

  /* The name is too long, not the path of the parent. */
  if (g_error_matches (local_error, G_IO_ERROR, G_IO_ERROR_FILENAME_TOO_LONG))
    tm_error_set_from_gio (error, TM_ACTION_CREATE, file, local_error);
  else
    tm_error_set_from_gio (error, TM_ACTION_CREATE_IN, parent, local_error);
  return ATTEMPT_FAILED;
}

/* Finds out what the back end can do. Without a heartbeat, the mark would mean that the owner is
 * gone: then it is cleared. After an error of the connection, the directory has the heartbeat, and
 * perhaps the mark. */
static Attempt
secure_directory (GioDirectory *gio, TmNameKind kind, const TmCreation *creation, GError **error)
{
  GFile *file = gio->directory.file;
  g_autoptr (GError) beat_error = NULL;
  g_autoptr (GError) local_error = NULL;
  g_autoptr (GFileInfo) info = NULL;
  gboolean has_beaten = tm_heartbeat_gio_beat (file, &beat_error);
  guint32 mode = TM_MARK | S_IRWXU | creation->mode;

  gio->beats = has_beaten || !g_error_matches (beat_error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED);
  info = g_file_query_info (file,
                            G_FILE_ATTRIBUTE_STANDARD_TYPE "," G_FILE_ATTRIBUTE_ID_FILE
                                                           "," G_FILE_ATTRIBUTE_UNIX_MODE,
                            G_FILE_QUERY_INFO_NOFOLLOW_SYMLINKS, NULL, &local_error);
  if (g_error_matches (local_error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND))
    return ATTEMPT_LOST;

  if (info != NULL)
    {
      gio->identity = g_strdup (g_file_info_get_attribute_string (info, G_FILE_ATTRIBUTE_ID_FILE));
      mode = g_file_info_get_attribute_uint32 (info, G_FILE_ATTRIBUTE_UNIX_MODE);
    }
  if (has_beaten && kind == TM_NAME_BEATING && (mode & TM_MARK) == 0)
    {
      g_file_delete (file, NULL, NULL);
      return ATTEMPT_UNMARKED;
    }
  gio->is_marked = has_beaten && (mode & TM_MARK) != 0;
  if (!has_beaten && (mode & TM_MARK) != 0)
    set_mode (file, mode & ~(guint32) TM_MARK, NULL);

  if (!gio->beats || start_heartbeat (gio, TM_ACTION_CREATE, error))
    return ATTEMPT_DONE;

  g_file_delete (file, NULL, NULL);
  return ATTEMPT_FAILED;
}

static Attempt
attempt_create (GFile *parent,
                const TmCreation *creation,
                TmNameKind kind,
                TmBackendDirectory **directory_out,
                GError **error)
{
  g_autofree char *name = tm_name_new (creation->prefix, creation->suffix, kind);
  int errsv = errno;
  GioDirectory *gio;
  Attempt attempt;

  if (name == NULL)
    {
      tm_error_set_for_file (error, TM_ACTION_CREATE_IN, parent,
                             (GIOErrorEnum) g_io_error_from_errno (errsv), g_strerror (errsv));
      return ATTEMPT_FAILED;
    }

  gio = g_new0 (GioDirectory, 1);
  tm_backend_directory_init (&gio->directory, &tm_backend_gio, g_file_get_child (parent, name),
                             NULL);
  attempt = make_directory (parent, gio->directory.file, creation, error);
  if (attempt == ATTEMPT_DONE)
    attempt = secure_directory (gio, kind, creation, error);

  if (attempt == ATTEMPT_DONE)
    *directory_out = &gio->directory;
  else
    tm_backend_directory_release (&gio->directory);
  return attempt;
}

/*
 * create_in:
 * @parent: the directory to create it in
 * @creation: its name and its mode
 * @kind: the kind of its name, for the first attempt
 * @cancellable: (nullable): checked before each attempt
 * @error: as documented at tm_temporary_directory_new()
 *
 * Creates a directory under a name that was never used.
 *
 * Returns: (nullable): a new directory, or %NULL with nothing left behind
 */
static TmBackendDirectory *
create_in (GFile *parent,
           const TmCreation *creation,
           TmNameKind kind,
           GCancellable *cancellable,
           GError **error)
{
  TmBackendDirectory *directory = NULL;

  for (guint i = 0; i < MAX_CREATE_ATTEMPTS; i++)
    {
      if (g_cancellable_set_error_if_cancelled (cancellable, error))
        return NULL;

      switch (attempt_create (parent, creation, kind, &directory, error))
        {
        case ATTEMPT_DONE:
          return directory;
        case ATTEMPT_FAILED:
          return NULL;
        case ATTEMPT_UNMARKED:
          kind = TM_NAME_UNMARKED;
          break;
        case ATTEMPT_LOST:
        default:
          break;
        }
    }

  tm_error_set_for_file (error, TM_ACTION_CREATE_IN, parent, G_IO_ERROR_BUSY,
                         _ ("other processes delete each new directory"));
  return NULL;
}

static TmBackendDirectory *
gio_create (GFile *parent, const TmCreation *creation, GCancellable *cancellable, GError **error)
{
  return create_in (parent, creation, TM_NAME_BEATING, cancellable, error);
}

static TmLockScope
gio_get_lock_scope (TmBackendRoot *root)
{
  return TM_LOCK_SCOPE_NONE;
}

static TmBackendDirectory *
gio_create_in_root (TmBackendRoot *root,
                    const TmCreation *creation,
                    GCancellable *cancellable,
                    GError **error)
{
  TmFileSystemSigns signs;
  gboolean is_unmarked = tm_watch_get_file_system (root->watch, &signs) && !signs.has_marks;

  return create_in (root->file, creation, is_unmarked ? TM_NAME_UNMARKED : TM_NAME_BEATING,
                    cancellable, error);
}

static gssize
gio_cleanup (TmBackendRoot *root,
             const TmPolicy *policy,
             TmOutcomes *outcomes,
             TmCleanupLog *log,
             GCancellable *cancellable,
             GError **error)
{
  return tm_cleanup_gio (root, policy, outcomes, log, cancellable, error);
}

static GArray *
gio_list (TmBackendRoot *root, const TmPolicy *policy, GCancellable *cancellable, GError **error)
{
  return tm_cleanup_gio_list (root, policy, cancellable, error);
}

static void
gio_free_root (TmBackendRoot *root)
{
  g_free (root);
}

static gboolean
fail (GError **error, GFile *file, GIOErrorEnum code, const char *reason)
{
  tm_error_set_for_file (error, TM_ACTION_OPEN_ROOT, file, code, reason);
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
    return fail (error, file, G_IO_ERROR_INVALID_ARGUMENT, _ ("it is the root of a file system"));

  if (is_home_or_above (file, cancellable))
    return fail (error, file, G_IO_ERROR_INVALID_ARGUMENT,
                 _ ("it is the home directory or a directory above it"));

  return TRUE;
}

/* Another process may create it at the same time. */
static gboolean
make_or_find (GFile *file, GError **error)
{
  g_autoptr (GError) local_error = NULL;

  if (tm_delete_tree_gio_make_directory (file, S_IRWXU, NULL, &local_error) ||
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
          tm_error_set_from_gio (error, TM_ACTION_OPEN_ROOT, file, local_error);
          return FALSE;
        }

      g_clear_error (&local_error);
      g_ptr_array_add (missing, g_steal_pointer (&highest));
      highest = parent;
    }

  for (guint i = missing->len; i > 0 && !g_cancellable_is_cancelled (cancellable); i--)
    if (!make_or_find (g_ptr_array_index (missing, i - 1), &local_error))
      {
        tm_error_set_from_gio (error, TM_ACTION_OPEN_ROOT, file, local_error);
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
      tm_error_set_from_gio (error, TM_ACTION_OPEN_ROOT, file, local_error);
      return FALSE;
    }

  if (g_file_info_get_file_type (info) != G_FILE_TYPE_DIRECTORY)
    return fail (error, file, G_IO_ERROR_NOT_DIRECTORY, _ ("it is not a directory"));

  return TRUE;
}

static TmBackendRoot *
gio_open_root (GFile *file, TmRootFlags flags, GCancellable *cancellable, GError **error)
{
  TmBackendRoot *root;

  if (!check_is_no_home (file, cancellable, error) ||
      !check_is_directory (file, flags, cancellable, error))
    return NULL;

  root = g_new0 (TmBackendRoot, 1);
  tm_backend_root_init (root, &tm_backend_gio, g_object_ref (file));
  return root;
}

static TmDeleteResult
gio_delete_recursively (GFile *file,
                        GFile *parent,
                        TmDeleteFlags flags,
                        TmProgress *progress,
                        GCancellable *cancellable,
                        GError **error)
{
  return tm_delete_tree_gio_delete (file, (flags & TM_DELETE_FLAGS_KEEP_DIRECTORY) != 0, progress,
                                    cancellable, error);
}

/* No back end of GIO can exchange two names, so that nothing is ever replaced. */
const TmBackend tm_backend_gio = {
  .create = gio_create,
  .describe = gio_describe,
  .get_fd = gio_get_fd,
  .delete = gio_delete,
  .adopt = gio_adopt,
  .keep = gio_keep,
  .publish = gio_publish,
  .free_directory = gio_free_directory,
  .open_root = gio_open_root,
  .get_lock_scope = gio_get_lock_scope,
  .create_in_root = gio_create_in_root,
  .cleanup = gio_cleanup,
  .list = gio_list,
  .free_root = gio_free_root,
  .delete_recursively = gio_delete_recursively,
};
