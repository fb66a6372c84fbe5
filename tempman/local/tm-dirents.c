/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "local/tm-dirents-private.h"

#include <errno.h>
#include <string.h>

/* Larger reads gain nothing. */
#define READ_SIZE TM_DIRFD_BUFFER_SIZE

/* Room for some hundred entries. With READ_SIZE, the heap would grow and shrink for every small
 * directory that is closed. */
#define FIRST_READ_SIZE (4 * 1024)

/* The size of the entries that are sorted at once: all of most directories, about a hundred
 * thousand names. Sorting needs the same amount of memory again. */
#define SORTED_SIZE (4 * 1024 * 1024)

typedef struct
{
  guint64 inode;
  gsize offset; /* of its record */
} Place;

static inline TmDirEntry *
run_entry (const TmDirents *run, gsize offset)
{
  return tm_dir_entries_get (&run->entries, offset);
}

/*
 * tm_dirents_read:
 * @run: an exhausted run
 * @dirfd: a directory
 *
 * Fills the run with the next entries of a directory, in the order of the file system.
 *
 * Returns: how many bytes were read, 0 at the end of the directory, or -1
 */
gssize
tm_dirents_read (TmDirents *run, int dirfd)
{
  gssize length;

  tm_dir_entries_reserve (&run->entries, run->entries.size == 0 || tm_dirents_may_be_the_last (run)
                                             ? FIRST_READ_SIZE
                                             : READ_SIZE);
  run->n_offered = MIN (run->entries.size, READ_SIZE);
  run->next = 0;
  run->entries.length = 0;
  length = tm_dirfd_read (dirfd, &run->entries, run->n_offered);
  /* Without getdents64(), it reads more than it is asked for. */
  if (run->entries.length > run->n_offered)
    run->n_offered = run->entries.size;
  return length;
}

static int
compare_places (const void *a, const void *b)
{
  guint64 inode_a = ((const Place *) a)->inode;
  guint64 inode_b = ((const Place *) b)->inode;

  return (inode_a > inode_b) - (inode_a < inode_b);
}

static void
run_sort (TmDirents *run)
{
  g_autoptr (GArray) places = g_array_new (FALSE, FALSE, sizeof (Place));
  char *sorted = g_malloc (run->entries.size);
  gsize filled = 0;

  for (gsize offset = 0; offset < run->entries.length; offset += run_entry (run, offset)->size)
    {
      Place place = { run_entry (run, offset)->inode, offset };

      g_array_append_val (places, place);
    }

  qsort (places->data, places->len, sizeof (Place), compare_places);

  for (guint i = 0; i < places->len; i++)
    {
      const TmDirEntry *entry = run_entry (run, g_array_index (places, Place, i).offset);

      memcpy (sorted + filled, entry, entry->size);
      filled += entry->size;
    }

  g_free (run->entries.records);
  run->entries.records = sorted;
}

/*
 * tm_dirents_read_sorted:
 * @run: an exhausted run
 * @dirfd: a directory
 *
 * Fills the run with many of the next entries of a directory, in the order of their inodes. File
 * systems like ext4 order names by a hash and inodes in a table, and would otherwise write to the
 * blocks of that table at random.
 *
 * Returns: how many bytes were read, 0 at the end of the directory, or -1
 */
gssize
tm_dirents_read_sorted (TmDirents *run, int dirfd)
{
  gssize length = 0;

  tm_dir_entries_reserve (&run->entries, SORTED_SIZE);
  run->next = 0;
  run->entries.length = 0;

  do
    {
      run->n_offered = run->entries.length + READ_SIZE;
      length = tm_dirfd_read (dirfd, &run->entries, READ_SIZE);
    }
  while (length > 0 && run->entries.length + READ_SIZE <= run->entries.size);

  /* The entries before a failure are deleted first; the next call fails again. */
  if (run->entries.length == 0)
    return length;

  run_sort (run);
  return (gssize) run->entries.length;
}

/* Whether this run is probably the last: the kernel left room in the buffer for any entry. Some
 * file systems never fill the buffer, so this is only a guess. */
gboolean
tm_dirents_may_be_the_last (const TmDirents *run)
{
  return run->entries.length + TM_DIRFD_MAX_RECORD_SIZE <= run->n_offered;
}

/*
 * tm_dirents_end:
 * @run: a run as tm_dirents_read() filled it
 *
 * Returns: the position behind its last entry, for tm_dirfd_seek()
 */
off_t
tm_dirents_end (const TmDirents *run)
{
  off_t end = 0;

  for (gsize offset = 0; offset < run->entries.length; offset += run_entry (run, offset)->size)
    end = run_entry (run, offset)->next;
  return end;
}

/*
 * tm_dirents_count:
 * @run: a run
 * @n_directories: (out): the number of those that are known to be directories
 *
 * Returns: the number of entries, without "." and ".."
 */
guint
tm_dirents_count (const TmDirents *run, guint *n_directories)
{
  guint n = 0;

  *n_directories = 0;
  TM_DIR_ENTRIES_FOREACH (entry, &run->entries)
  {
    n++;
    *n_directories += entry->type == DT_DIR;
  }
  return n;
}

gboolean
tm_dirents_is_empty (const TmDirents *run)
{
  return run->next >= run->entries.length;
}

/*
 * tm_dirents_take:
 * @run: a run
 *
 * Returns: (nullable) (transfer none): the next entry, without "." and "..", valid until the run
 *   is read, appended to or cleared; %NULL when there is none left
 */
TmDirEntry *
tm_dirents_take (TmDirents *run)
{
  while (!tm_dirents_is_empty (run))
    {
      TmDirEntry *entry = run_entry (run, run->next);

      run->next += entry->size;
      if (!tm_dirfd_is_dot_entry (entry->name))
        return entry;
    }

  return NULL;
}

/* Adds a copy of an entry at the end. */
void
tm_dirents_append (TmDirents *run, const TmDirEntry *entry)
{
  TmDirEntries *entries = &run->entries;

  if (tm_dirents_is_empty (run))
    run->next = entries->length = 0;

  /* Deep trees have a run of few entries for each level. */
  if (entries->length + entry->size > entries->size)
    tm_dir_entries_reserve (entries,
                            entries->size == 0 ? entry->size : 2 * entries->size + entry->size);
  memcpy (entries->records + entries->length, entry, entry->size);
  entries->length += entry->size;
}

/*
 * tm_dirents_split:
 * @run: a run
 * @min_left: the number of entries that the run must still contain
 * @half: (out caller-allocates): an empty run
 *
 * Moves the second half of what is left of a run to another. The first half has at least one entry
 * if @min_left is more than 1.
 *
 * Returns: %FALSE if there are fewer than @min_left
 */
gboolean
tm_dirents_split (TmDirents *run, guint min_left, TmDirents *half)
{
  gsize middle = run->next;
  gsize left = 0;

  while (left < min_left && middle < run->entries.length)
    {
      left++;
      middle += run_entry (run, middle)->size;
    }
  if (left == 0 || left < min_left)
    return FALSE;

  middle = run->next;
  while (middle - run->next + run_entry (run, middle)->size <=
         (run->entries.length - run->next) / 2)
    middle += run_entry (run, middle)->size;
  if (middle == run->next && min_left > 1)
    middle += run_entry (run, middle)->size;

  half->entries.length = run->entries.length - middle;
  half->entries.size = half->entries.length;
  half->entries.records = g_memdup2 (run->entries.records + middle, half->entries.length);
  half->next = 0;
  run->entries.length = middle;
  return TRUE;
}

/* Empties a run and frees its memory. */
void
tm_dirents_clear (TmDirents *run)
{
  tm_dir_entries_clear (&run->entries);
  *run = (TmDirents){ 0 };
}
