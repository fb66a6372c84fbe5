/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "local/tm-last-use-private.h"

#include "local/tm-walker-private.h"

#include <errno.h>
#include <string.h>

/* The last use of an entry.
 *
 * For all bases but one, the times of the entry itself determine it. For NEWEST_CONTENT a search
 * examines everything in it, one level at a time: it reads a run of entries, examines the times of
 * each, and keeps the names of the sub-directories at their level until each has been visited. It
 * returns to the parent in the same way as a deletion.
 *
 * The search must not make anything look used. Reading a directory sets its access time, so that
 * time is examined before, and only counts if the search itself does not set it. */

/* The same limit as for a deletion, for the same reasons. */
#define MAX_OPEN_LEVELS 16

typedef struct
{
  const TmAgeRule *rule;
  gboolean exactly;     /* FALSE: stop at the first time that is not old */
  TmWalker walker;      /* the levels down to the current directory */
  TmDirEntries entries; /* of the lowest level */
  TmTimestamp newest;   /* of everything examined so far */
  int error_number;     /* errno of a failure, or 0 */
} ContentSearch;

/* Returns FALSE if the search can stop. */
static gboolean
search_consider (ContentSearch *search, const TmTimes *times, TmTimesMask mask)
{
  search->newest =
      tm_timestamp_max (search->newest, tm_age_rule_latest (search->rule, times, mask));
  return search->exactly || tm_age_rule_is_expired (search->rule, search->newest);
}

/* Examines the times of a directory that was opened for the search. Returns FALSE when the search
 * is over. */
static gboolean
search_consider_directory (ContentSearch *search, int fd)
{
  struct stat status;
  TmTimes times;

  if (tm_dirfd_stat (fd, &status) < 0)
    {
      search->error_number = errno;
      return FALSE;
    }

  times = tm_file_times (&status);
  return search_consider (search, &times, TM_TIMES_MODIFIED) &&
         (!tm_dirfd_leaves_no_trace (fd) || search_consider (search, &times, TM_TIMES_ACCESSED));
}

static int
open_cb (TmWalker *walker, TmLevel *level, int dirfd, const char *name)
{
  return tm_dirfd_open_unchanged (dirfd, name);
}

/* A file that was removed or replaced meanwhile has changed the times of its parent. */
static gboolean
is_gone (int error_number)
{
  return error_number == ENOENT || error_number == ENOTDIR;
}

/* Returns FALSE when the search is over. */
static gboolean
search_enter (ContentSearch *search, const char *name)
{
  int above = search->walker.lowest->directory->fd;
  int fd = tm_walker_open_child (&search->walker, name);
  TmFileStatus status;

  if (fd >= 0)
    {
      if (search->walker.n_open >= search->walker.max_open)
        tm_walker_close_one (&search->walker);
      tm_walker_push (&search->walker, name, fd);
      return search_consider_directory (search, fd);
    }

  /* The search does not read it, so the search did not set its access time either. */
  if (errno == EACCES && tm_dirfd_stat_times (above, name, search->rule->is_shared, &status) == 0)
    return search_consider (search, &status.times, TM_TIMES_ACCESSED);

  if (errno == EXDEV || errno == EACCES || is_gone (errno))
    return TRUE;

  search->error_number = errno;
  return FALSE;
}

/* Returns to the parent directory. Returns FALSE when the search is over. */
static gboolean
search_leave (ContentSearch *search)
{
  if (search->walker.lowest == search->walker.top)
    return FALSE;

  if (!tm_walker_open_above (&search->walker, &search->error_number) ||
      !tm_walker_lowest_is_in_place (&search->walker))
    {
      /* Another process has moved the directory while it was read: it is in use. */
      if (search->error_number == 0)
        search->newest = tm_timestamp_max (search->newest, search->rule->now);
      return FALSE;
    }

  tm_walker_pop (&search->walker);
  if (search->walker.lowest->is_cut_off)
    {
      search->error_number = EIO;
      return FALSE;
    }

  return TRUE;
}

/* Returns FALSE when the search is over. */
static gboolean
search_look_at (ContentSearch *search, const TmDirEntry *entry)
{
  TmLevel *level = search->walker.lowest;
  TmFileStatus status;

  if (tm_dirfd_stat_times (level->directory->fd, entry->name, search->rule->is_shared, &status) < 0)
    {
      /* Skip mount points: these times belong to the mounted file system. */
      if (is_gone (errno) || errno == EXDEV)
        return TRUE;

      /* The directory can be listed but not searched: the times of its content are unknown. */
      if (errno == EACCES)
        {
          level->is_read = TRUE;
          return TRUE;
        }

      search->error_number = errno;
      return FALSE;
    }

  if (!search_consider (search, &status.times, TM_TIMES_MODIFIED))
    return FALSE;

  if (!S_ISDIR (status.mode))
    return search_consider (search, &status.times, TM_TIMES_ACCESSED);

  tm_dirents_append (&level->directories, entry);
  return TRUE;
}

/* Returns FALSE when the search is over. */
static gboolean
search_read (ContentSearch *search)
{
  TmLevel *level = search->walker.lowest;
  gssize length;

  search->entries.length = 0;
  do
    length = tm_dirfd_read (level->directory->fd, &search->entries, TM_DIRFD_BUFFER_SIZE);
  while (length < 0 && tm_walker_may_read_again (&search->walker));
  if (length <= 0)
    {
      level->is_read = TRUE;

      /* An open directory that was removed returns ENOENT. */
      if (length < 0 && errno != ENOENT)
        search->error_number = errno;
      return search->error_number == 0;
    }

  TM_DIR_ENTRIES_FOREACH (entry, &search->entries)
  {
    if (!search_look_at (search, entry))
      return FALSE;
    if (level->is_read)
      break;
  }

  return TRUE;
}

static gboolean
search_step (ContentSearch *search)
{
  TmLevel *level = search->walker.lowest;
  TmDirEntry *entry = tm_dirents_take (&level->directories);

  if (entry != NULL)
    return search_enter (search, entry->name);

  /* In a deep tree many levels have no entries left. */
  tm_dirents_clear (&level->directories);
  return level->is_read ? search_leave (search) : search_read (search);
}

/* Finds the newest time of anything in the directory @fd, or @newest if that is newer. Takes
 * ownership of @fd. Returns 0, or -1 with errno. */
static int
find_newest (const TmAgeRule *rule,
             int fd,
             gboolean exactly,
             GCancellable *cancellable,
             TmTimestamp *newest)
{
  ContentSearch search = {
    .rule = rule,
    .exactly = exactly,
    .newest = *newest,
  };
  gboolean goes_on;

  tm_walker_init (&search.walker, tm_level_new (NULL, NULL, tm_level_directory_new (fd, FALSE)),
                  MAX_OPEN_LEVELS, open_cb);
  goes_on = search_consider_directory (&search, fd);
  while (goes_on)
    {
      if (g_cancellable_is_cancelled (cancellable))
        {
          search.error_number = ECANCELED;
          break;
        }
      goes_on = search_step (&search);
    }

  tm_walker_clear (&search.walker);
  tm_dir_entries_clear (&search.entries);
  *newest = search.newest;
  errno = search.error_number;
  return search.error_number == 0 ? 0 : -1;
}

/*
 * tm_last_use_find:
 * @rule: the basis of the age, and the timeout
 * @directory: a directory
 * @name: the name of an entry in it, or "" for @directory itself
 * @status: type, mode and times of the entry, from before it was read
 * @exactly: %FALSE to stop at the first time that is not old
 * @cancellable: (nullable): checked once per run of entries
 * @last_used: (out caller-allocates): the last use of the entry
 *
 * Finds the last use of an entry, without making it look used.
 *
 * Returns: 0, or -1: `ECANCELED` when it was cancelled
 */
int
tm_last_use_find (const TmAgeRule *rule,
                  int directory,
                  const char *name,
                  const TmFileStatus *status,
                  gboolean exactly,
                  GCancellable *cancellable,
                  TmTimestamp *last_used)
{
  int fd;

  *last_used = tm_age_rule_own_last_use (rule, &status->times);
  if (rule->basis != TM_AGE_BASIS_NEWEST_CONTENT || !S_ISDIR (status->mode) ||
      (!exactly && !tm_age_rule_is_expired (rule, *last_used)))
    return 0;

  fd = tm_dirfd_open_unchanged (directory, *name != '\0' ? name : ".");
  if (fd >= 0)
    return find_newest (rule, fd, exactly, cancellable, last_used);

  /* Without read permission the newest content is unknown, and the entry counts as just used. A
   * list must not change the mode to read it. */
  if (errno == EACCES)
    {
      *last_used = rule->now;
      return 0;
    }

  /* A mount point: as in search_enter(). */
  if (errno != EXDEV)
    return -1;

  *last_used =
      tm_timestamp_max (*last_used, tm_age_rule_latest (rule, &status->times, TM_TIMES_ACCESSED));
  return 0;
}
