/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "local/tm-locked-directory-struct-private.h"

#include "core/tm-i18n-private.h"
#include "core/tm-log-private.h"
#include "core/tm-name-private.h"

#include <errno.h>

/* The heartbeat of a directory on a shared file system, for machines that do not see its lock.
 *
 * A beat is one request: it sets the times to the present, of the server or of this machine,
 * depending on the file system. Both times, since that needs write permission only; for one of them
 * the kernel wants the owner, which some file systems invent. */

/* What the beats use. The fields of the directory itself belong to the thread that uses it. */
struct _TmBeat
{
  int fd;           /* (unowned): of the directory */
  TmParent *parent; /* (owned): in which it was created */
  char *name;       /* (owned) */
  TmFileIdentity identity;
};

static TmBeat *
beat_new (TmLockedDirectory *directory)
{
  TmBeat *beat = g_new (TmBeat, 1);

  *beat = (TmBeat){
    .fd = directory->fd,
    .parent = tm_parent_ref (directory->parent),
    .name = g_strdup (directory->name),
    .identity = directory->identity,
  };
  return beat;
}

void
tm_beat_free (TmBeat *beat)
{
  tm_parent_unref (beat->parent);
  g_free (beat->name);
  g_free (beat);
}

/* Whether the directory still exists; %TRUE if that is unknown. Asks the server: what is cached may
 * be as old as the last beat. The name is enough, since it is never used again: the numbers of
 * inodes can change on file systems that invent them. */
static gboolean
beat_is_in_place (const TmBeat *beat)
{
  TmFileStatus found;

  return tm_dirfd_stat_times (tm_parent_get_fd (beat->parent), beat->name, TRUE, &found) == 0 ||
         errno != ENOENT || tm_parent_check (beat->parent) < 0;
}

/* Other code can close the descriptor by mistake, and another file then gets its number. The check
 * asks no server. Returns 0, or -1 with errno. */
static int
beat_touch (const TmBeat *beat)
{
  if (tm_dirfd_check (beat->fd, beat->identity) < 0 && errno == EBADF)
    return -1;

  return tm_dirfd_touch (beat->fd);
}

/* A cleaner may have deleted the directory while this machine slept: then another file can have the
 * number of the inode, and a file system that uses paths would set its times. */
static TmBeatResult
beat_cb (gpointer data, gboolean is_late)
{
  const TmBeat *beat = data;

  if (is_late && !beat_is_in_place (beat))
    {
      if (tm_log_is_shown ())
        tm_log_lost (beat->name);
      return TM_BEAT_LOST;
    }

  if (beat_touch (beat) == 0)
    return TM_BEAT_DONE;

  if (tm_log_is_shown ())
    tm_log_missed_beat (beat->name, errno);
  return TM_BEAT_FAILED;
}

/*
 * tm_locked_directory_start_heartbeat:
 * @directory: a directory that this process owns, on a shared file system
 * @action: the action that fails without a heartbeat
 * @path: the path of @directory, for messages
 * @error: %G_IO_ERROR_BUSY if no thread can be started
 *
 * Returns: %TRUE on success
 */
gboolean
tm_locked_directory_start_heartbeat (TmLockedDirectory *directory,
                                     TmAction action,
                                     const char *path,
                                     GError **error)
{
  guint64 device = (guint64) directory->identity.device;
  g_autofree char *server = g_strdup_printf ("device %" G_GUINT64_FORMAT, device);

  directory->beat = beat_new (directory);
  directory->heartbeat = tm_heartbeat_start (server, beat_cb, directory->beat);
  if (directory->heartbeat != NULL)
    return TRUE;

  g_clear_pointer (&directory->beat, tm_beat_free);
  tm_error_set (error, action, path, G_IO_ERROR_BUSY,
                _ ("no thread can be started for its heartbeat"));
  return FALSE;
}

static void
do_nothing_cb (gpointer data)
{
}

/*
 * tm_locked_directory_adopt:
 * @directory: a directory of the parent of this process
 * @path: its path, for messages
 * @error: return location for an error
 *
 * Makes this process the owner: its copy of the descriptor has the lock, but the parent makes the
 * beats.
 *
 * Returns: %TRUE on success
 */
gboolean
tm_locked_directory_adopt (TmLockedDirectory *directory, const char *path, GError **error)
{
  if (tm_name_get_kind (directory->name) == TM_NAME_LOCKED)
    return TRUE;

  /* After a failure it can be called again. */
  if (directory->heartbeat != NULL)
    tm_heartbeat_stop (g_steal_pointer (&directory->heartbeat), do_nothing_cb, NULL);
  g_clear_pointer (&directory->beat, tm_beat_free);
  if (!tm_locked_directory_start_heartbeat (directory, TM_ACTION_ADOPT, path, error))
    return FALSE;

  /* The last beat of the parent may be as long ago as the fork. */
  beat_touch (directory->beat);
  return TRUE;
}
