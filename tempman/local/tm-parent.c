/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "local/tm-parent-private.h"

#include "local/tm-file-system-private.h"
#include "local/tm-path-private.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Each temporary directory needs the descriptor of its parent until it is deleted. Ten thousand
 * directories in one parent must not need ten thousand descriptors: they share the parent that was
 * opened last, as long as it is open. The directories of a root share the descriptor of the root.
 *
 * The directory for temporary files stays open: most programs create all their directories there.
 * Any other parent is closed with the last directory in it, so that its file system can be
 * unmounted. */

/* Whether its file system clears the links of a directory that is removed. */
typedef enum
{
  CLEARS_LINKS_UNKNOWN,
  CLEARS_LINKS_NO,
  CLEARS_LINKS_YES,
} ClearsLinks;

struct _TmParent
{
  gint ref_count; /* atomic; of a shared one, changed to 0 with the mutex held only */
  int fd;         /* (owned) */
  char *path;     /* (owned) (nullable): without links, when it was opened */
  TmFileStatus status;
  gboolean is_shared; /* may be the last parent */
  gint is_trusted;    /* atomic; whether its file system is known not to be shared */
  gint is_unmarked;   /* atomic; whether its file system is known not to store marks */
  gint clears_links;  /* atomic; a ClearsLinks */
  gint is_hidden;     /* atomic; from tm_parent_find() */
};

/* Guards both pointers. Held for a few instructions. */
static GMutex last_parent_mutex;
static TmParent *last_parent; /* (unowned) (nullable): alive */
static TmParent *kept_parent; /* (owned) (nullable): the directory for temporary files */

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

/* The open directories that can be shared. */
static TmParent **const shared_parents[] = { &kept_parent, &last_parent };

static TmParent *
get_shared (guint i)
{
  TmParent *parent;

  lock_last_parent ();
  parent = *shared_parents[i];
  if (parent != NULL)
    tm_parent_ref (parent);
  unlock_last_parent ();
  return parent;
}

/* Whether @fd is the directory @parent, reached through the same mount: a rename to another mount
 * of the same file system fails, and one of the two mounts may be read-only. @status: of @fd */
static gboolean
is_same (TmParent *parent, int fd, const TmFileStatus *status)
{
  if (!tm_file_identity_equal (status->identity, parent->status.identity))
    return FALSE;

  /* Other code has closed its descriptor, and @fd has got the number: it can only be closed once.
   */
  if (fd == parent->fd)
    return TRUE;

  return status->mount != 0 && status->mount == parent->status.mount &&
         tm_parent_check (parent) == 0;
}

static gboolean
clears_links (TmParent *parent)
{
  const TmFileStatus *status = &parent->status;

  if (g_atomic_int_get (&parent->clears_links) == CLEARS_LINKS_UNKNOWN)
    g_atomic_int_set (
        &parent->clears_links,
        tm_file_system_clears_links (parent->fd, status->mount_is_unique ? status->mount : 0)
            ? CLEARS_LINKS_YES
            : CLEARS_LINKS_NO);

  return g_atomic_int_get (&parent->clears_links) == CLEARS_LINKS_YES;
}

/* Takes @fd over. @path: (nullable): its path, if that contains no links */
static TmParent *
share (int fd, const TmFileStatus *status, const char *path)
{
  TmParent *parent;

  for (guint i = 0; i < G_N_ELEMENTS (shared_parents); i++)
    {
      parent = get_shared (i);
      if (parent != NULL && is_same (parent, fd, status))
        {
          if (fd != parent->fd)
            tm_dirfd_close (fd);
          return parent;
        }
      g_clear_pointer (&parent, tm_parent_unref);
    }

  parent = parent_new_seen (fd, *status);
  parent->is_shared = TRUE;
  parent->path = g_strdup (path);
  lock_last_parent ();
  last_parent = parent;
  unlock_last_parent ();
  return parent;
}

/* Keeps @parent open, instead of the one that was kept before. */
static void
keep (TmParent *parent)
{
  TmParent *former;

  tm_parent_ref (parent);
  lock_last_parent ();
  former = kept_parent;
  kept_parent = parent;
  unlock_last_parent ();
  if (former != NULL)
    tm_parent_unref (former);
}

/* g_get_tmp_dir() returns $TMPDIR as it is, often with a slash at its end. */
static gboolean
is_for_temporary_files (const char *path)
{
  const char *rest = g_get_tmp_dir ();

  if (!g_str_has_prefix (rest, path))
    return FALSE;

  rest += strlen (path);
  return rest[strspn (rest, G_DIR_SEPARATOR_S)] == '\0';
}

/*
 * tm_parent_open:
 * @path: the absolute path of a directory
 * @resolved: (out) (nullable): as of tm_path_open()
 * @refused: (out) (nullable): as of tm_path_open()
 *
 * Opens a directory to create directories in it. It is not opened for reading, since a process that
 * can create in a directory may be unable to list it. The path is resolved every time. If it leads
 * to the directory for temporary files, or to the one that was opened last, and this is still open,
 * both share that one.
 *
 * Returns: (transfer full) (nullable): the directory, or %NULL with errno
 */
TmParent *
tm_parent_open (const char *path, char **resolved, char **refused)
{
  int fd = tm_path_open (path, 0, resolved, refused);
  gboolean has_links = *resolved == NULL || strcmp (*resolved, path) != 0;
  TmFileStatus status;
  TmParent *parent;

  if (fd < 0)
    return NULL;
  if (tm_dirfd_get_status (fd, &status) < 0)
    return close_unseen (fd);

  parent = share (fd, &status, has_links ? NULL : path);
  if (!has_links && is_for_temporary_files (path))
    keep (parent);
  return parent;
}

/* Whether directories are created in @parent without resolving @path first. Each of them is
 * verified afterwards, so this must be possible. */
static gboolean
can_be_found (TmParent *parent, const char *path)
{
  return parent->path != NULL && strcmp (parent->path, path) == 0 &&
         !g_atomic_int_get (&parent->is_hidden) && parent->status.mount != 0 &&
         tm_parent_check (parent) == 0 && tm_parent_is_predictable (parent);
}

/*
 * tm_parent_find:
 * @path: the absolute path of a directory
 *
 * Finds the directory that @path led to, without a link, when it was opened. The caller verifies
 * that each directory that it creates there can still be reached in this way, and through the same
 * mount.
 *
 * Returns: (transfer full) (nullable): the directory, or %NULL if it is not open
 */
TmParent *
tm_parent_find (const char *path)
{
  for (guint i = 0; i < G_N_ELEMENTS (shared_parents); i++)
    {
      TmParent *parent = get_shared (i);

      if (parent != NULL && can_be_found (parent, path))
        return parent;
      g_clear_pointer (&parent, tm_parent_unref);
    }

  return NULL;
}

/* From now on tm_parent_find() does not return the directory. */
void
tm_parent_hide (TmParent *parent)
{
  g_atomic_int_set (&parent->is_hidden, TRUE);
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
  g_free (parent->path);
  g_free (parent);
}

/* As tm_parent_unref(), but without a check: a call has just verified the descriptor. */
void
tm_parent_unref_seen (TmParent *parent)
{
  if (!drop_reference (parent))
    return;

  tm_dirfd_close (parent->fd);
  g_free (parent->path);
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

/*
 * tm_parent_is_predictable:
 * @parent: a directory
 *
 * Relies on the status at the time of opening. Later, this user or the administrator can have let
 * other users write to it: so a new directory of another user is never used.
 *
 * Returns: whether a directory of this user in @parent keeps its name until it is removed, since no
 *   other user but the administrator can replace it, and has no links afterwards
 */
gboolean
tm_parent_is_predictable (TmParent *parent)
{
  const TmFileStatus *status = &parent->status;

  return ((status->mode & S_ISVTX) != 0 || (status->mode & (S_IWGRP | S_IWOTH)) == 0) &&
         (status->owner == 0 || status->owner == geteuid ()) && clears_links (parent);
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
