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
 * For all bases but one, the times of the entry itself determine it. For NEWEST_CONTENT a walk
 * examines everything in it, one level at a time: it reads a run of entries, examines the times of
 * each, and keeps the names of the sub-directories at their level until each has been visited. It
 * returns to the parent in the same way as a deletion.
 *
 * The walk must not make anything look used. Reading a directory sets its access time, so that time
 * is examined before, and only counts if the walk itself does not set it. */

/* The same limit as for a deletion, for the same reasons. */
#define MAX_OPEN_LEVELS 16

typedef struct
{
  const TmAgeRule *rule;
  gboolean exactly;   /* FALSE: stop at the first time that is not old */
  TmWalker walker;    /* the levels down to the current directory */
  char *buffer;       /* (owned): entries, of TM_DIRFD_BUFFER_SIZE */
  TmTimestamp newest; /* of everything examined so far */
  int error_number;   /* errno of a failure, or 0 */
} Walk;

static TmTimestamp
timestamp_from_statx (const struct statx_timestamp *time)
{
  return (TmTimestamp){ .seconds = time->tv_sec, .nanoseconds = time->tv_nsec };
}

static TmTimestamp
timestamp_from_timespec (const struct timespec *time)
{
  return (TmTimestamp){ .seconds = time->tv_sec, .nanoseconds = (guint32) time->tv_nsec };
}

TmTimes
tm_times_from_statx (const struct statx *status)
{
  TmTimes times = {
    .mask = TM_TIMES_ACCESSED | TM_TIMES_MODIFIED | TM_TIMES_CHANGED,
    .accessed = timestamp_from_statx (&status->stx_atime),
    .modified = timestamp_from_statx (&status->stx_mtime),
    .changed = timestamp_from_statx (&status->stx_ctime),
    .created = timestamp_from_statx (&status->stx_btime),
  };

  if ((status->stx_mask & STATX_BTIME) != 0)
    times.mask |= TM_TIMES_CREATED;
  return times;
}

static TmTimes
times_from_stat (const struct stat *status)
{
  return (TmTimes){
    .mask = TM_TIMES_ACCESSED | TM_TIMES_MODIFIED | TM_TIMES_CHANGED,
    .accessed = timestamp_from_timespec (&status->st_atim),
    .modified = timestamp_from_timespec (&status->st_mtim),
    .changed = timestamp_from_timespec (&status->st_ctim),
  };
}

/* Returns FALSE if the walk can stop. */
static gboolean
walk_consider (Walk *walk, const TmTimes *times, TmTimesMask mask)
{
  walk->newest = tm_timestamp_max (walk->newest, tm_age_rule_latest (walk->rule, times, mask));
  return walk->exactly || tm_age_rule_is_expired (walk->rule, walk->newest);
}

/* Examines the times of a directory that was opened for the walk. Returns FALSE when the walk is
 * over. */
static gboolean
walk_consider_directory (Walk *walk, int fd)
{
  struct stat status;
  TmTimes times;

  if (tm_dirfd_stat (fd, &status) < 0)
    {
      walk->error_number = errno;
      return FALSE;
    }

  times = times_from_stat (&status);
  return walk_consider (walk, &times, TM_TIMES_MODIFIED) &&
         (!tm_dirfd_leaves_no_trace (fd) || walk_consider (walk, &times, TM_TIMES_ACCESSED));
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

/* Returns FALSE when the walk is over. */
static gboolean
walk_enter (Walk *walk, const char *name)
{
  int above = walk->walker.lowest->directory->fd;
  int fd = tm_walker_open_child (&walk->walker, name);
  struct statx status;
  TmTimes times;

  if (fd >= 0)
    {
      if (walk->walker.n_open >= walk->walker.max_open)
        tm_walker_close_one (&walk->walker);
      tm_walker_push (&walk->walker, name, fd);
      return walk_consider_directory (walk, fd);
    }

  /* The walk does not read it, so the walk did not set its access time either. */
  if (errno == EACCES && tm_dirfd_stat_times (above, name, walk->rule->is_shared, &status) == 0)
    {
      times = tm_times_from_statx (&status);
      return walk_consider (walk, &times, TM_TIMES_ACCESSED);
    }

  if (errno == EXDEV || errno == EACCES || is_gone (errno))
    return TRUE;

  walk->error_number = errno;
  return FALSE;
}

/* Returns to the parent directory. Returns FALSE when the walk is over. */
static gboolean
walk_leave (Walk *walk)
{
  if (walk->walker.lowest == walk->walker.top)
    return FALSE;

  if (!tm_walker_open_above (&walk->walker, &walk->error_number) ||
      !tm_walker_lowest_is_in_place (&walk->walker))
    {
      /* Another process has moved the directory while it was read: it is in use. */
      if (walk->error_number == 0)
        walk->newest = tm_timestamp_max (walk->newest, walk->rule->now);
      return FALSE;
    }

  tm_walker_pop (&walk->walker);
  if (walk->walker.lowest->is_cut_off)
    {
      walk->error_number = EIO;
      return FALSE;
    }

  return TRUE;
}

/* Returns FALSE when the walk is over. */
static gboolean
walk_look_at (Walk *walk, const struct dirent64 *entry)
{
  TmLevel *level = walk->walker.lowest;
  struct statx status;
  TmTimes times;

  if (tm_dirfd_stat_times (level->directory->fd, entry->d_name, walk->rule->is_shared, &status) < 0)
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

      walk->error_number = errno;
      return FALSE;
    }

  times = tm_times_from_statx (&status);
  if (!walk_consider (walk, &times, TM_TIMES_MODIFIED))
    return FALSE;

  if (!S_ISDIR (status.stx_mode))
    return walk_consider (walk, &times, TM_TIMES_ACCESSED);

  tm_dirents_append (&level->directories, entry);
  return TRUE;
}

/* Returns FALSE when the walk is over. */
static gboolean
walk_read (Walk *walk)
{
  TmLevel *level = walk->walker.lowest;
  gssize length = tm_dirfd_read (level->directory->fd, walk->buffer, TM_DIRFD_BUFFER_SIZE);

  if (length <= 0)
    {
      level->is_read = TRUE;

      /* An open directory that was removed returns ENOENT. */
      if (length < 0 && errno != ENOENT)
        walk->error_number = errno;
      return walk->error_number == 0;
    }

  TM_DIRFD_FOREACH_ENTRY (entry, walk->buffer, length)
    {
      if (!walk_look_at (walk, entry))
        return FALSE;
      if (level->is_read)
        break;
    }

  return TRUE;
}

static gboolean
walk_step (Walk *walk)
{
  TmLevel *level = walk->walker.lowest;
  struct dirent64 *entry = tm_dirents_take (&level->directories);

  if (entry != NULL)
    return walk_enter (walk, entry->d_name);

  /* In a deep tree many levels have no entries left. */
  tm_dirents_clear (&level->directories);
  return level->is_read ? walk_leave (walk) : walk_read (walk);
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
  /* On the heap: the stack of a thread can be as small as 64 KiB. */
  g_autofree char *buffer = g_malloc (TM_DIRFD_BUFFER_SIZE);
  Walk walk = {
    .rule = rule,
    .exactly = exactly,
    .buffer = buffer,
    .newest = *newest,
  };
  gboolean goes_on;

  tm_walker_init (&walk.walker, tm_level_new (NULL, NULL, tm_level_directory_new (fd, FALSE)),
                  MAX_OPEN_LEVELS, open_cb);
  goes_on = walk_consider_directory (&walk, fd);
  while (goes_on)
    {
      if (g_cancellable_is_cancelled (cancellable))
        {
          walk.error_number = ECANCELED;
          break;
        }
      goes_on = walk_step (&walk);
    }

  tm_walker_clear (&walk.walker);
  *newest = walk.newest;
  errno = walk.error_number;
  return walk.error_number == 0 ? 0 : -1;
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
                  const struct statx *status,
                  gboolean exactly,
                  GCancellable *cancellable,
                  TmTimestamp *last_used)
{
  TmTimes times = tm_times_from_statx (status);
  int fd;

  *last_used = tm_age_rule_own_last_use (rule, &times);
  if (rule->basis != TM_AGE_BASIS_NEWEST_CONTENT || !S_ISDIR (status->stx_mode) ||
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

  /* A mount point: as in walk_enter(). */
  if (errno != EXDEV)
    return -1;

  *last_used = tm_timestamp_max (*last_used, tm_age_rule_latest (rule, &times, TM_TIMES_ACCESSED));
  return 0;
}
