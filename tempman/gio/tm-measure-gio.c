/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "gio/tm-measure-gio-private.h"

/* The space that a tree takes, as far as the back end tells: allocated sizes, or else sizes. One
 * directory is read at a time. */

#define ATTRIBUTES                                                                                 \
  G_FILE_ATTRIBUTE_STANDARD_NAME                                                                   \
  "," G_FILE_ATTRIBUTE_STANDARD_TYPE "," G_FILE_ATTRIBUTE_STANDARD_SIZE                            \
  "," G_FILE_ATTRIBUTE_STANDARD_ALLOCATED_SIZE "," G_FILE_ATTRIBUTE_ID_FILESYSTEM                  \
  "," G_FILE_ATTRIBUTE_UNIX_NLINK "," G_FILE_ATTRIBUTE_UNIX_INODE "," G_FILE_ATTRIBUTE_ID_FILE     \
  "," G_FILE_ATTRIBUTE_TIME_ACCESS "," G_FILE_ATTRIBUTE_TIME_ACCESS_USEC

typedef struct
{
  GPtrArray *pending; /* (owned) (element-type GFile): directories to read */
  GHashTable *links;  /* (owned) (element-type guint64): inodes of files that have several links */
  char *file_system;  /* (owned) (nullable): of the top, which is not left */
  guint64 size;
  guint64 freeable; /* without files that have several links */
} Measure;

static gboolean
has_links (GFileInfo *info)
{
  return g_file_info_get_attribute_uint32 (info, G_FILE_ATTRIBUTE_UNIX_NLINK) > 1;
}

/* Whether another link of the file has been counted. */
static gboolean
is_counted (Measure *measure, GFileInfo *info)
{
  guint64 inode;

  if (!has_links (info) || !g_file_info_has_attribute (info, G_FILE_ATTRIBUTE_UNIX_INODE))
    return FALSE;

  inode = g_file_info_get_attribute_uint64 (info, G_FILE_ATTRIBUTE_UNIX_INODE);
  return !g_hash_table_add (measure->links, g_memdup2 (&inode, sizeof inode));
}

static guint64
get_size (GFileInfo *info)
{
  if (g_file_info_has_attribute (info, G_FILE_ATTRIBUTE_STANDARD_ALLOCATED_SIZE))
    return g_file_info_get_attribute_uint64 (info, G_FILE_ATTRIBUTE_STANDARD_ALLOCATED_SIZE);

  return g_file_info_get_attribute_uint64 (info, G_FILE_ATTRIBUTE_STANDARD_SIZE);
}

static void
measure_count (Measure *measure, GFile *file, GFileInfo *info)
{
  const char *file_system = g_file_info_get_attribute_string (info, G_FILE_ATTRIBUTE_ID_FILESYSTEM);
  gboolean is_directory = g_file_info_get_file_type (info) == G_FILE_TYPE_DIRECTORY;

  if (file_system != NULL && measure->file_system != NULL &&
      !g_str_equal (file_system, measure->file_system))
    return;

  if (is_directory)
    g_ptr_array_add (measure->pending, g_object_ref (file));
  else if (is_counted (measure, info))
    return;
  measure->size += get_size (info);
  if (is_directory || !has_links (info))
    measure->freeable += get_size (info);
}

static void
measure_read (Measure *measure, GFile *directory, GCancellable *cancellable)
{
  g_autoptr (GFileEnumerator) enumerator = g_file_enumerate_children (
      directory, ATTRIBUTES, G_FILE_QUERY_INFO_NOFOLLOW_SYMLINKS, cancellable, NULL);

  while (enumerator != NULL)
    {
      g_autoptr (GFileInfo) info = g_file_enumerator_next_file (enumerator, cancellable, NULL);
      g_autoptr (GFile) file = NULL;

      if (info == NULL)
        return;

      file = g_file_enumerator_get_child (enumerator, info);
      measure_count (measure, file, info);
    }
}

/* Reading the entry can set its access time, which would make it look used: the cleanup would not
 * evict it. That of another directory, which has its name meanwhile, is left alone. The access
 * times of directories in the entry count for no age. */
static void
restore_access_time (GFile *entry, GFileInfo *info)
{
  const char *identity = g_file_info_get_attribute_string (info, G_FILE_ATTRIBUTE_ID_FILE);
  g_autoptr (GFileInfo) found = NULL;
  g_autoptr (GFileInfo) times = NULL;

  if (identity == NULL || !g_file_info_has_attribute (info, G_FILE_ATTRIBUTE_TIME_ACCESS))
    return;

  found = g_file_query_info (entry, G_FILE_ATTRIBUTE_ID_FILE, G_FILE_QUERY_INFO_NOFOLLOW_SYMLINKS,
                             NULL, NULL);
  if (found == NULL ||
      g_strcmp0 (g_file_info_get_attribute_string (found, G_FILE_ATTRIBUTE_ID_FILE), identity) != 0)
    return;

  times = g_file_info_new ();
  g_file_info_set_attribute_uint64 (
      times, G_FILE_ATTRIBUTE_TIME_ACCESS,
      g_file_info_get_attribute_uint64 (info, G_FILE_ATTRIBUTE_TIME_ACCESS));
  g_file_info_set_attribute_uint32 (
      times, G_FILE_ATTRIBUTE_TIME_ACCESS_USEC,
      g_file_info_get_attribute_uint32 (info, G_FILE_ATTRIBUTE_TIME_ACCESS_USEC));
  /* Not every back end can do that. */
  g_file_set_attributes_from_info (entry, times, G_FILE_QUERY_INFO_NOFOLLOW_SYMLINKS, NULL, NULL);
}

/*
 * tm_measure_gio:
 * @directory: an entry of a root
 * @cancellable: (nullable): a cancellable
 * @freeable: (out) (optional): what the deletion of the entry frees at least
 *
 * Returns: the size of the entry with everything in it that can be read, in bytes
 */
guint64
tm_measure_gio (GFile *directory, GCancellable *cancellable, guint64 *freeable)
{
  g_autoptr (GFileInfo) info = g_file_query_info (
      directory, ATTRIBUTES, G_FILE_QUERY_INFO_NOFOLLOW_SYMLINKS, cancellable, NULL);
  Measure measure = { 0 };

  if (freeable != NULL)
    *freeable = 0;
  if (info == NULL)
    return 0;

  measure.file_system =
      g_strdup (g_file_info_get_attribute_string (info, G_FILE_ATTRIBUTE_ID_FILESYSTEM));
  measure.links = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
  measure.pending = g_ptr_array_new_with_free_func (g_object_unref);
  measure_count (&measure, directory, info);
  while (measure.pending->len > 0 && !g_cancellable_is_cancelled (cancellable))
    {
      g_autoptr (GFile) next =
          g_ptr_array_steal_index_fast (measure.pending, measure.pending->len - 1);

      measure_read (&measure, next, cancellable);
    }

  if (g_file_info_get_file_type (info) == G_FILE_TYPE_DIRECTORY)
    restore_access_time (directory, info);
  g_ptr_array_unref (measure.pending);
  g_hash_table_unref (measure.links);
  g_free (measure.file_system);
  if (freeable != NULL)
    *freeable = measure.freeable;
  return measure.size;
}

/* Returns: the free space in bytes, or G_MAXUINT64 if it is unknown */
guint64
tm_measure_gio_get_free_space (GFile *directory, GCancellable *cancellable)
{
  g_autoptr (GFileInfo) info =
      g_file_query_filesystem_info (directory, G_FILE_ATTRIBUTE_FILESYSTEM_FREE, cancellable, NULL);

  if (info == NULL || !g_file_info_has_attribute (info, G_FILE_ATTRIBUTE_FILESYSTEM_FREE))
    return G_MAXUINT64;

  return g_file_info_get_attribute_uint64 (info, G_FILE_ATTRIBUTE_FILESYSTEM_FREE);
}
