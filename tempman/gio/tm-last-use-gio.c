/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "gio/tm-last-use-gio-private.h"

#include "core/tm-error-private.h"
#include "core/tm-file-private.h"

/* How old an entry is that GIO serves.
 *
 * Reading a directory may set its access time, and so does GIO's look at a link; nothing can be
 * done about that from here. With NEWEST_CONTENT those times would say when the last cleanup was:
 * there, only the access times of plain files count. */

typedef struct
{
  const TmAgeRule *rule;
  gboolean exactly;          /* FALSE: the first young time is enough */
  GPtrArray *pending;        /* (owned) (element-type GFile): directories to be read */
  const char *file_system;   /* (unowned) (nullable): of the top, which is not left */
  GCancellable *cancellable; /* (unowned) (nullable) */
  TmTimestamp newest;        /* of all that has been looked at */
} ContentSearch;

static void
get_time (GFileInfo *info,
          const char *attribute,
          const char *usec_attribute,
          const char *nsec_attribute,
          TmTimesMask bit,
          TmTimesMask *mask,
          TmTimestamp *time)
{
  if (!g_file_info_has_attribute (info, attribute))
    return;

  /* Before 1970 they are negative, in an unsigned number. */
  time->seconds = (gint64) g_file_info_get_attribute_uint64 (info, attribute);
  time->nanoseconds = g_file_info_has_attribute (info, nsec_attribute)
                          ? g_file_info_get_attribute_uint32 (info, nsec_attribute)
                          : g_file_info_get_attribute_uint32 (info, usec_attribute) * 1000;
  *mask |= bit;
}

/* The times that the back end tells. */
TmTimes
tm_times_from_info (GFileInfo *info)
{
  TmTimes times = { 0 };

  get_time (info, G_FILE_ATTRIBUTE_TIME_ACCESS, G_FILE_ATTRIBUTE_TIME_ACCESS_USEC,
            G_FILE_ATTRIBUTE_TIME_ACCESS_NSEC, TM_TIMES_ACCESSED, &times.mask, &times.accessed);
  get_time (info, G_FILE_ATTRIBUTE_TIME_MODIFIED, G_FILE_ATTRIBUTE_TIME_MODIFIED_USEC,
            G_FILE_ATTRIBUTE_TIME_MODIFIED_NSEC, TM_TIMES_MODIFIED, &times.mask, &times.modified);
  get_time (info, G_FILE_ATTRIBUTE_TIME_CHANGED, G_FILE_ATTRIBUTE_TIME_CHANGED_USEC,
            G_FILE_ATTRIBUTE_TIME_CHANGED_NSEC, TM_TIMES_CHANGED, &times.mask, &times.changed);
  get_time (info, G_FILE_ATTRIBUTE_TIME_CREATED, G_FILE_ATTRIBUTE_TIME_CREATED_USEC,
            G_FILE_ATTRIBUTE_TIME_CREATED_NSEC, TM_TIMES_CREATED, &times.mask, &times.created);
  return times;
}

/* Of a time that the back end does not tell nothing is known, and the search goes on. Returns FALSE
 * when that is enough to know. */
static gboolean
search_consider (ContentSearch *search, const TmTimes *times, TmTimesMask mask)
{
  if ((times->mask & mask) != 0)
    search->newest =
        tm_timestamp_max (search->newest, tm_age_rule_latest (search->rule, times, mask));
  return search->exactly || tm_age_rule_is_expired (search->rule, search->newest);
}

/* Returns FALSE when the search is over. */
static gboolean
search_look_at (ContentSearch *search, GFile *file, GFileInfo *info)
{
  const char *file_system = g_file_info_get_attribute_string (info, G_FILE_ATTRIBUTE_ID_FILESYSTEM);
  TmTimes times = tm_times_from_info (info);

  /* The times of what is mounted there are none of the directory that it is mounted in. */
  if (file_system != NULL && search->file_system != NULL &&
      g_strcmp0 (file_system, search->file_system) != 0)
    return TRUE;

  if (!search_consider (search, &times, TM_TIMES_MODIFIED))
    return FALSE;

  if (g_file_info_get_file_type (info) == G_FILE_TYPE_DIRECTORY)
    {
      g_ptr_array_add (search->pending, g_object_ref (file));
      return TRUE;
    }

  return g_file_info_get_file_type (info) != G_FILE_TYPE_REGULAR ||
         search_consider (search, &times, TM_TIMES_ACCESSED);
}

static gboolean
is_no_failure (const GError *error)
{
  return g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND) ||
         g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NOT_DIRECTORY) ||
         g_error_matches (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED);
}

/* Returns FALSE when the search is over, with @error unless enough is known. */
static gboolean
search_read (ContentSearch *search, GFile *directory, GError **error)
{
  g_autoptr (GError) local_error = NULL;
  g_autoptr (GFileEnumerator) enumerator = g_file_enumerate_children (
      directory, TM_TIMES_GIO_ATTRIBUTES, G_FILE_QUERY_INFO_NOFOLLOW_SYMLINKS, search->cancellable,
      &local_error);

  while (enumerator != NULL)
    {
      g_autoptr (GFileInfo) info =
          g_file_enumerator_next_file (enumerator, search->cancellable, &local_error);
      g_autoptr (GFile) child = NULL;

      if (info == NULL)
        break;

      child = g_file_enumerator_get_child (enumerator, info);
      if (!search_look_at (search, child, info))
        return FALSE;
    }

  /* Gone meanwhile, or closed to us: nothing can be known about what is in it. */
  if (local_error == NULL || is_no_failure (local_error))
    return TRUE;

  tm_error_set_from_gio (error, TM_ACTION_EXAMINE, directory, local_error);
  return FALSE;
}

static gboolean
find_newest (const TmAgeRule *rule,
             GFile *file,
             GFileInfo *info,
             gboolean exactly,
             GCancellable *cancellable,
             TmTimestamp *newest,
             GError **error)
{
  g_autoptr (GPtrArray) pending = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr (GError) local_error = NULL;
  ContentSearch search = {
    .rule = rule,
    .exactly = exactly,
    .pending = pending,
    .file_system = g_file_info_get_attribute_string (info, G_FILE_ATTRIBUTE_ID_FILESYSTEM),
    .cancellable = cancellable,
    .newest = *newest,
  };
  gboolean goes_on = TRUE;

  g_ptr_array_add (pending, g_object_ref (file));
  while (goes_on && pending->len > 0)
    {
      g_autoptr (GFile) directory = g_ptr_array_steal_index_fast (pending, pending->len - 1);

      goes_on = search_read (&search, directory, &local_error);
    }

  *newest = search.newest;
  if (local_error == NULL)
    return TRUE;

  g_propagate_error (error, g_steal_pointer (&local_error));
  return FALSE;
}

/*
 * tm_last_use_gio_find:
 * @rule: from when the age runs, and when it is too old
 * @file: a directory
 * @info: its %TM_TIMES_GIO_ATTRIBUTES
 * @exactly: %FALSE to be content with the first time that is not old
 * @cancellable: (nullable): to cancel it with
 * @last_used: (out caller-allocates): when it was last used
 * @error: why that could not be found out
 *
 * Finds out when a directory was last used. One of which the back end tells no time at all has just
 * been used.
 *
 * Returns: %TRUE on success
 */
gboolean
tm_last_use_gio_find (const TmAgeRule *rule,
                      GFile *file,
                      GFileInfo *info,
                      gboolean exactly,
                      GCancellable *cancellable,
                      TmTimestamp *last_used,
                      GError **error)
{
  TmTimes times = tm_times_from_info (info);

  *last_used = tm_age_rule_own_last_use (rule, &times);

  if (rule->basis != TM_AGE_BASIS_NEWEST_CONTENT ||
      (!exactly && !tm_age_rule_is_expired (rule, *last_used)))
    return TRUE;

  return find_newest (rule, file, info, exactly, cancellable, last_used, error);
}
