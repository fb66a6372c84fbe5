/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "local/tm-parent-private.h"

#include "local/tm-file-system-private.h"
#include "local/tm-path-private.h"

#include <errno.h>
#include <pthread.h>

/* Each temporary directory needs the descriptor of its parent until it is deleted. Ten thousand
 * directories in one parent must not need ten thousand descriptors: they share the parent that was
 * opened last, as long as it is open. The directories of a root share the descriptor of the root.
 */

struct _TmParent
{
  gint ref_count; /* atomic; of a shared one, changed to 0 with the mutex held only */
  int fd;         /* (owned) */
  TmFileStatus status;
  gboolean is_shared; /* may be the last parent */
  gint is_trusted;    /* atomic; whether its file system is known not to be shared */
  gint is_unmarked;   /* atomic; whether its file system is known not to store marks */
};

/* Guards last_parent. Held for a few instructions. */
static GMutex last_parent_mutex;
static TmParent *last_parent; /* (unowned) (nullable): alive */

static void
lock_last_parent (void)
{
  g_mutex_lock (&last_parent_mutex);
}

static void
unlock_last_parent (void)
{
  g_mutex_unlock (&last_parent_mutex);
}

/* A forked child has only the thread that forked: a mutex that another thread held would stay
 * locked there. The handlers are installed when the library is loaded. Installed on first use,
 * under g_once(), they would block a child that is forked meanwhile. */
static void __attribute__ ((constructor)) guard_against_forks (void)
{
  pthread_atfork (lock_last_parent, unlock_last_parent, unlock_last_parent);
}

static TmParent *
parent_new_seen (int fd, TmFileStatus status)
{
  TmParent *parent = g_new (TmParent, 1);

  *parent = (TmParent){ .ref_count = 1, .fd = fd, .status = status };
  return parent;
}

/* Returns NULL with errno. */
static TmParent *
close_unseen (int fd)
{
  int errsv = errno;

  tm_dirfd_close (fd);
  errno = errsv;
  return NULL;
}

/*
 * tm_parent_new:
 * @fd: a directory, which may be a pin; takes ownership. -1 fails with its errno
 *
 * Returns: (transfer full) (nullable): the directory, or %NULL with errno
 */
TmParent *
tm_parent_new (int fd)
{
  struct stat status;

  if (fd < 0)
    return NULL;

  if (tm_dirfd_stat (fd, &status) < 0)
    return close_unseen (fd);

  return parent_new_seen (fd, tm_file_status (&status));
}

static TmParent *
get_last_parent (void)
{
  TmParent *parent;

  lock_last_parent ();
  parent = last_parent;
  if (parent != NULL)
    tm_parent_ref (parent);
  unlock_last_parent ();
  return parent;
}

/* Whether @status is of the directory @parent, reached through the same mount: a rename to another
 * mount of the same file system fails, and one of the two mounts may be read-only. */
static gboolean
is_same (TmParent *parent, const TmFileStatus *status)
{
  return tm_file_identity_equal (status->identity, parent->status.identity) && status->mount != 0 &&
         status->mount == parent->status.mount && tm_parent_check (parent) == 0;
}

/* Takes @fd over. */
static TmParent *
share (int fd, const TmFileStatus *status)
{
  TmParent *parent = get_last_parent ();

  if (parent != NULL)
    {
      if (is_same (parent, status))
        {
          tm_dirfd_close (fd);
          return parent;
        }
      tm_parent_unref (parent);
    }

  parent = parent_new_seen (fd, *status);
  parent->is_shared = TRUE;
  lock_last_parent ();
  last_parent = parent;
  unlock_last_parent ();
  return parent;
}

/*
 * tm_parent_open:
 * @path: the absolute path of a directory
 * @resolved: (out) (optional) (nullable): as of tm_path_open()
 * @refused: (out) (nullable): as of tm_path_open()
 *
 * Opens a directory to create directories in it. It is not opened for reading, since a process that
 * can create in a directory may be unable to list it. The path is resolved every time. If it leads
 * to the directory that was opened last and is still open, both share that one.
 *
 * Returns: (transfer full) (nullable): the directory, or %NULL with errno
 */
TmParent *
tm_parent_open (const char *path, char **resolved, char **refused)
{
  int fd = tm_path_open (path, 0, resolved, refused);
  TmFileStatus status;

  if (fd < 0)
    return NULL;
  if (tm_dirfd_get_status (fd, &status) < 0)
    return close_unseen (fd);

  return share (fd, &status);
}

TmParent *
tm_parent_ref (TmParent *parent)
{
  g_atomic_int_inc (&parent->ref_count);
  return parent;
}

/* Returns whether this was the last reference. */
static gboolean
drop_reference (TmParent *parent)
{
  gboolean was_last;

  if (!parent->is_shared)
    return g_atomic_int_dec_and_test (&parent->ref_count);

  lock_last_parent ();
  was_last = g_atomic_int_dec_and_test (&parent->ref_count);
  if (was_last && last_parent == parent)
    last_parent = NULL;
  unlock_last_parent ();
  return was_last;
}

void
tm_parent_unref (TmParent *parent)
{
  if (!drop_reference (parent))
    return;

  /* Other code can close the descriptor by mistake, and another file then gets its number. */
  if (tm_parent_check (parent) == 0 || errno != EBADF)
    tm_dirfd_close (parent->fd);
  g_free (parent);
}

/* As tm_parent_unref(), but without a check: a call has just verified the descriptor. */
void
tm_parent_unref_seen (TmParent *parent)
{
  if (!drop_reference (parent))
    return;

  tm_dirfd_close (parent->fd);
  g_free (parent);
}

int
tm_parent_get_fd (TmParent *parent)
{
  return parent->fd;
}

/* Returns: the status when the directory was opened */
const TmFileStatus *
tm_parent_get_status (TmParent *parent)
{
  return &parent->status;
}

/*
 * tm_parent_check:
 * @parent: a directory
 *
 * Verifies, before anything in the directory is changed, that the descriptor still refers to it.
 *
 * Returns: 0, or -1: `EBADF` when other code has closed the descriptor, or another errno when the
 *   check fails
 */
int
tm_parent_check (TmParent *parent)
{
  return tm_dirfd_check (parent->fd, parent->status.identity);
}

/*
 * tm_parent_is_on_shared_file_system:
 * @parent: a directory
 *
 * The file system of an open directory does not change. Only the answer %FALSE is remembered, since
 * the other answer can mean that the file system is unknown.
 *
 * Returns: whether processes that do not see a lock can reach the directories in @parent
 */
gboolean
tm_parent_is_on_shared_file_system (TmParent *parent)
{
  const TmFileStatus *status = &parent->status;

  if (!g_atomic_int_get (&parent->is_trusted) &&
      !tm_file_system_is_shared (parent->fd, status->mount_is_unique ? status->mount : 0))
    g_atomic_int_set (&parent->is_trusted, TRUE);

  return !g_atomic_int_get (&parent->is_trusted);
}

/* Remembers that the file system has no marks. */
void
tm_parent_set_unmarked (TmParent *parent)
{
  g_atomic_int_set (&parent->is_unmarked, TRUE);
}

/* Returns the kind of name for a new directory in @parent. */
TmNameKind
tm_parent_get_name_kind (TmParent *parent)
{
  if (!tm_parent_is_on_shared_file_system (parent))
    return TM_NAME_LOCKED;

  return g_atomic_int_get (&parent->is_unmarked) ? TM_NAME_UNMARKED : TM_NAME_BEATING;
}
