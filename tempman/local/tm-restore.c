/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "local/tm-restore-private.h"

#include "local/tm-last-use-private.h"

#include <errno.h>

/* Giving a directory the times back that it had before something was deleted in it.
 *
 * A cleanup that cannot delete all of an entry must not make it look used. The owner may have used
 * it meanwhile, though, and then the next cleanup would delete what was written just now.
 *
 * The modification time does not tell the owner's changes from the cleanup's own. What is in the
 * directory does: a file that was written or put there since, or a directory that was made there.
 * It is looked at after the times were given back. There is no moment at which a file could come
 * unseen: one that comes later sets the time itself. */

/* Of the directory @dirfd. What is mounted there has times of its own. */
static gboolean
is_newer (int dirfd, const char *name, TmTimestamp begin)
{
  struct statx status;
  TmTimes times;

  /* On any file system what the server says, not what was known of it before. */
  if (tm_dirfd_stat_times (dirfd, name, TRUE, &status) < 0)
    return errno != ENOENT && errno != EXDEV;

  times = tm_times_from_statx (&status);
  return tm_age_is_newer (&times, S_ISDIR (status.stx_mode), begin);
}

static gboolean
has_newer (int dirfd, TmTimestamp begin)
{
  g_autofree char *buffer = g_malloc (TM_DIRFD_BUFFER_SIZE);
  int scan = tm_dirfd_open_unchanged (dirfd, ".");
  gboolean found = scan < 0;
  guint n_entries = 0;
  gssize length = 0;

  while (!found && (length = tm_dirfd_read (scan, buffer, TM_DIRFD_BUFFER_SIZE)) > 0)
    TM_DIRFD_FOREACH_ENTRY (entry, buffer, length)
      {
        found = n_entries++ >= TM_AGE_MAX_ENTRIES || is_newer (scan, entry->d_name, begin);
        if (found)
          break;
      }

  tm_dirfd_close (scan);
  return found || length < 0;
}

/*
 * tm_restore_times:
 * @dirfd: a directory in which something was deleted, opened for reading
 * @times: of access and modification, from before
 * @begin: from tm_age_begin(), before
 *
 * Gives a directory its times back, unless it was used meanwhile.
 */
void
tm_restore_times (int dirfd, const struct timespec times[2], TmTimestamp begin)
{
  const struct timespec now[2] = { { .tv_nsec = UTIME_OMIT }, { .tv_nsec = UTIME_NOW } };
  struct timespec before[2] = { times[0], times[1] };
  struct stat status;

  if (tm_dirfd_stat (dirfd, &status) < 0)
    return;

  /* Then it was another process that has read it. */
  if (tm_dirfd_leaves_no_trace (dirfd))
    before[0].tv_nsec = UTIME_OMIT;

  if (before[0].tv_nsec == UTIME_OMIT && status.st_mtim.tv_sec == before[1].tv_sec &&
      status.st_mtim.tv_nsec == before[1].tv_nsec)
    return;

  if (tm_dirfd_set_times (dirfd, before) == 0 && has_newer (dirfd, begin))
    tm_dirfd_set_times (dirfd, now);
}
