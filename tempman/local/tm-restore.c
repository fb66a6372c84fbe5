/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "local/tm-restore-private.h"

#include "local/tm-last-use-private.h"

#include <errno.h>

/* Restores the times of a directory that a cleanup could not delete completely.
 *
 * A failed cleanup must not make an entry look used. But if the owner has used it meanwhile, the
 * next cleanup must not delete the new files.
 *
 * The modification time does not distinguish the changes of the owner from those of the cleanup.
 * The content does: a file that was written or created since, or a new directory. The check runs
 * after the times are restored, so that no change is missed: a later one sets the modification time
 * itself. */

/* Whether the entry @name of the directory @dirfd was changed after @begin. A mount point does not
 * count: its times belong to the mounted file system. */
static gboolean
is_newer (int dirfd, const char *name, TmTimestamp begin)
{
  TmFileStatus status;

  /* TRUE: ask the server, since cached times can be old. */
  if (tm_dirfd_stat_times (dirfd, name, TRUE, &status) < 0)
    return errno != ENOENT && errno != EXDEV;

  return tm_age_is_newer (&status.times, S_ISDIR (status.mode), begin);
}

static gboolean
has_newer (int dirfd, TmTimestamp begin)
{
  g_auto (TmDirEntries) entries = { 0 };
  int scan = tm_dirfd_open_unchanged (dirfd, ".");
  gboolean found = scan < 0;
  guint n_entries = 0;
  gssize length = 0;

  while (!found && (length = tm_dirfd_read (scan, &entries, TM_DIRFD_BUFFER_SIZE)) > 0)
    {
      TM_DIR_ENTRIES_FOREACH (entry, &entries)
      {
        found = n_entries++ >= TM_AGE_MAX_ENTRIES || is_newer (scan, entry->name, begin);
        if (found)
          break;
      }
      entries.length = 0;
    }

  tm_dirfd_close (scan);
  return found || length < 0;
}

/*
 * tm_restore_times:
 * @dirfd: a directory in which something was deleted, opened for reading
 * @times: its access and modification time before the deletion
 * @begin: from tm_age_begin(), before the deletion
 *
 * Restores the times of a directory, unless another process has used it meanwhile.
 */
void
tm_restore_times (int dirfd, const TmTimes *times, TmTimestamp begin)
{
  /* If not set by this process, the access time shows that another one has read the directory. */
  gboolean has_set_access_time = !tm_dirfd_leaves_no_trace (dirfd);
  const TmTimestamp *accessed = has_set_access_time ? &times->accessed : NULL;
  struct stat status;

  if (tm_dirfd_stat (dirfd, &status) < 0)
    return;

  if (!has_set_access_time &&
      tm_timestamp_equal (tm_file_times (&status).modified, times->modified))
    return;

  if (tm_dirfd_set_times (dirfd, accessed, &times->modified) < 0)
    return;

  if (has_newer (dirfd, begin))
    tm_dirfd_set_times (dirfd, NULL, NULL);
  /* The check has read the directory, and cannot keep the access time either. */
  else if (has_set_access_time)
    tm_dirfd_set_access_time (dirfd, *accessed);
}
