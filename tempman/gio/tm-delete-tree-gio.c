/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "gio/tm-delete-tree-gio-private.h"

#include "core/tm-error-private.h"
#include "core/tm-file-private.h"
#include "core/tm-i18n-private.h"
#include "core/tm-log-private.h"

#include <errno.h>
#include <sys/stat.h>

/* Deletion through GIO, for what has no descriptors.
 *
 * A directory is read to its end: what is no directory is deleted on the way, the sub-directories
 * are noted, and gone down into once it is closed, so that one directory is open at a time and
 * nothing is on the stack. What was noted waits at its level, on the heap.
 *
 * GIO knows a file by its name alone. Each request asks the server to follow no link. Only the
 * server can prevent that another process exchanges a directory for a link between two requests. */

/* How often another process may add files to a directory that is to be removed. */
#define MAX_REMOVE_ATTEMPTS 10

/* After how many entries the progress is told of. */
#define BATCH_SIZE 64

/* The estimate of the number of entries in a directory, as long as it is not read. */
#define N_ENTRIES_EXPECTED 1024

#define ATTRIBUTES                                                                                 \
  G_FILE_ATTRIBUTE_STANDARD_NAME                                                                   \
  "," G_FILE_ATTRIBUTE_STANDARD_TYPE "," G_FILE_ATTRIBUTE_ID_FILE                                  \
  "," G_FILE_ATTRIBUTE_ID_FILESYSTEM "," G_FILE_ATTRIBUTE_STANDARD_SIZE                            \
  "," G_FILE_ATTRIBUTE_STANDARD_ALLOCATED_SIZE "," G_FILE_ATTRIBUTE_UNIX_NLINK

typedef struct
{
  GFile *directory;            /* (owned) */
  GFileEnumerator *enumerator; /* (owned) (nullable): while it is read */
  GPtrArray *pending;          /* (owned) (element-type GFile): sub-directories to go down into */
  double share;                /* of the progress, which its entries have not got yet */
  double pending_share;        /* of the pending sub-directories */
  guint64 n_expected;          /* an estimate of the entries that are not read yet */
  guint n_attempts;            /* how often it could not */
  gboolean found_any;          /* something was in it when it was last read */
  gboolean has_failed;         /* something in it stays */
} Level;

typedef struct
{
  GPtrArray *levels;         /* (owned) (element-type Level): from the top to where the walk is */
  char *file_system;         /* (owned) (nullable): of the top, which is not left */
  TmProgress *progress;      /* (unowned) (nullable) */
  gboolean keeps_top;        /* only what is in it is deleted */
  GCancellable *cancellable; /* (unowned) (nullable) */
  TmProgressCounts counts;   /* not yet told to the progress */
  GError *error;             /* (owned) (nullable): the first one */
} DeleteWalkGio;

/*
 * tm_delete_tree_gio_make_directory:
 * @file: the new directory
 * @mode: its permissions beside those of its owner
 * @cancellable: (nullable): a cancellable; if the call is cancelled, the directory may exist
 * @error: as g_file_make_directory(): not yet one of this library's
 *
 * Makes a directory and sets its mode, as far as the back end has modes. The back end makes it with
 * a mode of its own first.
 *
 * Returns: %TRUE on success
 */
gboolean
tm_delete_tree_gio_make_directory (GFile *file,
                                   guint mode,
                                   GCancellable *cancellable,
                                   GError **error)
{
  if (!g_file_make_directory (file, cancellable, error))
    return FALSE;

  g_file_set_attribute_uint32 (file, G_FILE_ATTRIBUTE_UNIX_MODE, S_IFDIR | S_IRWXU | mode,
                               G_FILE_QUERY_INFO_NOFOLLOW_SYMLINKS, cancellable, NULL);
  return TRUE;
}

static void
level_free (gpointer data)
{
  Level *level = data;

  g_object_unref (level->directory);
  g_clear_object (&level->enumerator);
  g_ptr_array_unref (level->pending);
  g_free (level);
}

static void
walk_clear (DeleteWalkGio *walk)
{
  g_ptr_array_unref (walk->levels);
  g_free (walk->file_system);
  g_clear_error (&walk->error);
}

static Level *
walk_lowest (DeleteWalkGio *walk)
{
  return g_ptr_array_index (walk->levels, walk->levels->len - 1);
}

/* Stores the first failure, and delivers all of them. Every request fails after the cancellation:
 * these failures are not those of a file. @error: (transfer full) */
static void
walk_take_failure (DeleteWalkGio *walk, GFile *file, GError *error)
{
  if (walk->error == NULL)
    walk->error = g_error_copy (error);

  if (!g_cancellable_is_cancelled (walk->cancellable) && tm_progress_note_failure (walk->progress))
    tm_progress_fail (walk->progress, g_object_ref (file), error, walk->cancellable);
  else
    g_error_free (error);
}

/* Takes @cause over. */
static void
walk_report (DeleteWalkGio *walk, GFile *file, GError *cause)
{
  GError *error = NULL;

  tm_error_set_from_gio (&error, TM_ACTION_DELETE, file, cause);
  walk_take_failure (walk, file, error);
  g_error_free (cause);
}

static void
walk_report_busy (DeleteWalkGio *walk, GFile *file, const char *reason)
{
  GError *error = NULL;

  tm_error_set_for_file (&error, TM_ACTION_DELETE, file, G_IO_ERROR_BUSY, reason);
  walk_take_failure (walk, file, error);
}

static void
walk_tell_progress (DeleteWalkGio *walk)
{
  if (walk->progress != NULL)
    {
      tm_progress_add (walk->progress, &walk->counts);
      tm_progress_report_if_due (walk->progress);
    }

  walk->counts = (TmProgressCounts){ 0 };
}

/* Takes @directory over. @share: of the progress */
static void
walk_push (DeleteWalkGio *walk, GFile *directory, double share)
{
  Level *level = g_new0 (Level, 1);

  level->directory = directory;
  level->share = share;
  level->n_expected = N_ENTRIES_EXPECTED;
  level->pending = g_ptr_array_new_with_free_func (g_object_unref);
  g_ptr_array_add (walk->levels, level);
}

/* Starts to read the lowest directory. Returns FALSE when that cannot be. */
static gboolean
walk_open (DeleteWalkGio *walk)
{
  Level *level = walk_lowest (walk);
  GError *error = NULL;

  level->found_any = FALSE;
  level->enumerator = g_file_enumerate_children (
      level->directory, ATTRIBUTES, G_FILE_QUERY_INFO_NOFOLLOW_SYMLINKS, walk->cancellable, &error);
  if (level->enumerator != NULL)
    return TRUE;

  /* Gone, or something else by now, it is for the removal to find out. */
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND) ||
      g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NOT_DIRECTORY))
    {
      g_error_free (error);
      return FALSE;
    }

  level->has_failed = TRUE;
  walk_report (walk, level->directory, error);
  return FALSE;
}

/* Deletes one thing that is no directory, or an empty one. Returns FALSE with @error when it stays.
 */
static gboolean
walk_delete (DeleteWalkGio *walk, GFile *file, GError **error)
{
  g_autoptr (GError) local_error = NULL;

  if (!g_file_delete (file, walk->cancellable, &local_error) &&
      !g_error_matches (local_error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND))
    {
      g_propagate_error (error, g_steal_pointer (&local_error));
      return FALSE;
    }

  walk->counts.n_deleted++;
  return TRUE;
}

/* The space that the deletion of a file frees, as far as the back end knows. Another hard link
 * keeps the space in use. */
static guint64
get_freed_size (GFileInfo *info)
{
  if (g_file_info_get_attribute_uint32 (info, G_FILE_ATTRIBUTE_UNIX_NLINK) > 1)
    return 0;

  return g_file_info_get_attribute_uint64 (
      info, g_file_info_has_attribute (info, G_FILE_ATTRIBUTE_STANDARD_ALLOCATED_SIZE)
                ? G_FILE_ATTRIBUTE_STANDARD_ALLOCATED_SIZE
                : G_FILE_ATTRIBUTE_STANDARD_SIZE);
}

/* Whether something else is mounted there, as far as the back end tells. */
static gboolean
is_on_other_file_system (DeleteWalkGio *walk, GFileInfo *info)
{
  const char *file_system = g_file_info_get_attribute_string (info, G_FILE_ATTRIBUTE_ID_FILESYSTEM);

  return file_system != NULL && walk->file_system != NULL &&
         g_strcmp0 (file_system, walk->file_system) != 0;
}

static void
walk_visit (DeleteWalkGio *walk, GFileInfo *info)
{
  Level *level = walk_lowest (walk);
  g_autoptr (GFile) child = g_file_enumerator_get_child (level->enumerator, info);
  GError *error = NULL;

  level->found_any = TRUE;
  walk->counts.n_found++;

  if (g_file_info_get_file_type (info) != G_FILE_TYPE_DIRECTORY)
    {
      if (walk_delete (walk, child, &error))
        {
          walk->counts.bytes_freed += get_freed_size (info);
          return;
        }
    }
  else if (!is_on_other_file_system (walk, info))
    {
      g_ptr_array_add (level->pending, g_steal_pointer (&child));
      return;
    }

  level->has_failed = TRUE;
  if (error != NULL)
    walk_report (walk, child, error);
  else
    walk_report_busy (walk, child, _ ("a file system is mounted there"));
}

/* Splits the share of the lowest directory among the entries that have just been read: @n, of which
 * @n_pending are sub-directories that wait. */
static void
walk_share_out (DeleteWalkGio *walk, guint n, guint n_pending)
{
  Level *level = walk_lowest (walk);
  gboolean is_last = level->enumerator == NULL;
  guint n_units = n + n_pending * (TM_PROGRESS_DIRECTORY_WEIGHT - 1);
  double share;

  /* The rest of a directory that is read to its end. */
  if (n == 0)
    {
      level->pending_share += level->share;
      level->share = 0;
      return;
    }

  share = tm_progress_take_share (&level->share, n, is_last, &level->n_expected);
  walk->counts.share += share * (n - n_pending) / n_units;
  level->pending_share += share * n_pending * TM_PROGRESS_DIRECTORY_WEIGHT / n_units;
}

/* Reads the next entries of the lowest directory. */
static void
walk_read (DeleteWalkGio *walk)
{
  Level *level = walk_lowest (walk);
  guint n_pending_before = level->pending->len;
  guint n = 0;

  for (guint i = 0; i < BATCH_SIZE; i++)
    {
      GError *error = NULL;
      g_autoptr (GFileInfo) info =
          g_file_enumerator_next_file (level->enumerator, walk->cancellable, &error);

      if (info != NULL)
        {
          walk_visit (walk, info);
          n++;
          continue;
        }

      if (error != NULL)
        {
          level->has_failed = TRUE;
          walk_report (walk, level->directory, error);
        }
      g_clear_object (&level->enumerator);
      break;
    }

  walk_share_out (walk, n, level->pending->len - n_pending_before);
  walk_tell_progress (walk);
}

/* Removes the lowest directory, in which nothing is left that can be deleted, and goes back up. Or
 * stays, to read it again: another process has added a file, or the back end has skipped some of
 * it because the rest was deleted meanwhile. */
static void
walk_leave (DeleteWalkGio *walk)
{
  Level *level = walk_lowest (walk);
  gboolean is_top = walk->levels->len == 1;
  gboolean has_failed = level->has_failed;
  GError *error = NULL;

  if (!has_failed && !(is_top && walk->keeps_top) && !walk_delete (walk, level->directory, &error))
    {
      gboolean is_read_again =
          level->n_attempts < MAX_REMOVE_ATTEMPTS && (level->n_attempts == 0 || level->found_any);

      /* Back ends have all kinds of errors for a directory that is not empty: whether it is shows
       * when it is read. */
      if (is_read_again && walk_open (walk))
        {
          level->n_attempts++;
          g_error_free (error);
          return;
        }

      if (is_read_again && !level->has_failed)
        {
          /* Another process has deleted it. */
          g_error_free (error);
          walk->counts.n_deleted++;
        }
      else
        {
          /* A failure to read it again is reported already. */
          if (!level->has_failed && level->found_any && level->n_attempts == MAX_REMOVE_ATTEMPTS)
            walk_report_busy (walk, level->directory,
                              _ ("another process keeps adding files to it"));
          else if (!level->has_failed)
            walk_report (walk, level->directory, g_steal_pointer (&error));
          g_clear_error (&error);
          has_failed = TRUE;
        }
    }

  /* The top is the caller's to count. */
  if (is_top && !walk->keeps_top && !has_failed)
    walk->counts.n_deleted--;
  walk->counts.share += level->share + level->pending_share;
  g_ptr_array_set_size (walk->levels, (gint) walk->levels->len - 1);
  if (has_failed && walk->levels->len > 0)
    walk_lowest (walk)->has_failed = TRUE;
}

static void
walk_step (DeleteWalkGio *walk)
{
  Level *level = walk_lowest (walk);

  if (level->enumerator != NULL)
    walk_read (walk);
  else if (level->pending->len > 0)
    {
      double share = level->pending_share / level->pending->len;

      level->pending_share -= share;
      walk_push (walk, g_ptr_array_steal_index_fast (level->pending, level->pending->len - 1),
                 share);
      walk_open (walk);
    }
  else
    walk_leave (walk);
}

/* Deletes the directory @file, or only what is in it. */
static gboolean
delete_directory (GFile *file,
                  GFileInfo *info,
                  gboolean keeps_top,
                  TmProgress *progress,
                  GCancellable *cancellable,
                  GError **error)
{
  DeleteWalkGio walk = {
    .levels = g_ptr_array_new_with_free_func (level_free),
    .file_system =
        g_strdup (g_file_info_get_attribute_string (info, G_FILE_ATTRIBUTE_ID_FILESYSTEM)),
    .progress = progress,
    .keeps_top = keeps_top,
    .cancellable = cancellable,
  };
  gboolean deleted;

  walk_push (&walk, g_object_ref (file), 1);
  walk_open (&walk);
  while (walk.levels->len > 0 && !g_cancellable_is_cancelled (cancellable))
    walk_step (&walk);
  walk_tell_progress (&walk);

  if (walk.levels->len > 0)
    {
      g_clear_error (&walk.error);
      g_cancellable_set_error_if_cancelled (cancellable, &walk.error);
    }

  deleted = walk.error == NULL;
  if (!deleted)
    g_propagate_error (error, g_steal_pointer (&walk.error));
  walk_clear (&walk);
  return deleted;
}

static GFileInfo *
query (GFile *file, GCancellable *cancellable, GError **error)
{
  return g_file_query_info (file, ATTRIBUTES, G_FILE_QUERY_INFO_NOFOLLOW_SYMLINKS, cancellable,
                            error);
}

static gboolean
fail (GFile *file, const GError *cause, GCancellable *cancellable, GError **error)
{
  if (!g_cancellable_set_error_if_cancelled (cancellable, error))
    tm_error_set_from_gio (error, TM_ACTION_DELETE, file, cause);
  return FALSE;
}

/*
 * tm_delete_tree_gio_delete:
 * @file: a file, link or directory
 * @keeps_directory: whether only what is in the directory @file is deleted
 * @progress: told of what is found in it, deleted and not deleted
 * @cancellable: (nullable): looked at between batches of entries, and by the back end
 * @error: the first failure; what else could be deleted is
 *
 * Deletes a file, a symbolic link, or a directory with everything in it.
 *
 * Returns: how it ended
 */
TmDeleteResult
tm_delete_tree_gio_delete (GFile *file,
                           gboolean keeps_directory,
                           TmProgress *progress,
                           GCancellable *cancellable,
                           GError **error)
{
  g_autoptr (GError) local_error = NULL;
  g_autoptr (GFileInfo) info = NULL;
  gboolean deleted = FALSE;

  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return TM_DELETE_RESULT_FAILED;

  info = query (file, cancellable, &local_error);
  if (info == NULL)
    {
      fail (file, local_error, cancellable, error);
      return g_error_matches (local_error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND)
                 ? TM_DELETE_RESULT_MISSING
                 : TM_DELETE_RESULT_FAILED;
    }

  if (g_file_info_get_file_type (info) == G_FILE_TYPE_DIRECTORY)
    deleted = delete_directory (file, info, keeps_directory, progress, cancellable, error);
  else if (keeps_directory)
    tm_error_set_for_file (error, TM_ACTION_EMPTY, file, G_IO_ERROR_NOT_DIRECTORY,
                           _ ("it is not a directory"));
  else if (g_file_delete (file, cancellable, &local_error))
    {
      TmProgressCounts counts = { .bytes_freed = get_freed_size (info) };

      tm_progress_add (progress, &counts);
      deleted = TRUE;
    }
  else
    deleted = g_error_matches (local_error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND) ||
              fail (file, local_error, cancellable, error);

  return deleted ? TM_DELETE_RESULT_DONE : TM_DELETE_RESULT_FAILED;
}

/*
 * tm_delete_tree_gio_delete_directory:
 * @file: the directory to delete
 * @identity: (nullable): its `id::file`, if the back end tells
 * @cancellable: (nullable): looked at between batches of entries, and by the back end
 * @error: the first failure; what else could be deleted is
 *
 * Deletes a directory with everything in it. That it is gone already counts as success; if
 * something else has its name, nothing is deleted.
 *
 * Returns: %TRUE on success
 */
gboolean
tm_delete_tree_gio_delete_directory (GFile *file,
                                     const char *identity,
                                     GCancellable *cancellable,
                                     GError **error)
{
  g_autoptr (GError) local_error = NULL;
  g_autoptr (GFileInfo) info = NULL;

  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return FALSE;

  info = query (file, cancellable, &local_error);
  if (g_error_matches (local_error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND))
    {
      if (tm_log_is_shown ())
        tm_log_missing_file (file);
      return TRUE;
    }
  if (info == NULL)
    return fail (file, local_error, cancellable, error);

  if (!tm_file_info_is_directory_of (info, identity))
    {
      tm_error_set_for_file (error, TM_ACTION_DELETE, file, G_IO_ERROR_NOT_FOUND,
                             _ ("another file now has this name"));
      return FALSE;
    }

  return delete_directory (file, info, FALSE, NULL, cancellable, error);
}
