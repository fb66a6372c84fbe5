/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "local/tm-force-private.h"

#include "core/tm-error-private.h"

#include <errno.h>

/* A forced deletion: clears the attributes that keep a file from being deleted.
 *
 * The attributes belong to the inode and not to the name. They are read and changed through a
 * descriptor that is opened without following a link and without crossing a mount point, so that
 * no name that another process exchanges leads to a file outside the tree. A hard link could lead
 * there: the attributes of a file with several links are never cleared. Only a regular file or a
 * directory is opened, since opening a device can have effects.
 *
 * The attributes of a file or directory that is not deleted are restored. */

/* Whether this thread may change the attributes of a file as its owner or as root. The kernel also
 * requires CAP_LINUX_IMMUTABLE for them. */
static gboolean
may_change (const struct stat *status)
{
  uid_t user = tm_dirfd_get_user ();

  return user == 0 || user == status->st_uid;
}

/*
 * tm_force_clear:
 * @fd: a file or directory, opened for reading
 * @cleared: (out): the attributes that were cleared, for tm_force_restore()
 *
 * Clears the attributes that keep a file, or the entries of a directory, from being deleted.
 *
 * Returns: %FALSE with errno if it did not: `EPERM` if the file has none of them;
 *   `TM_ERROR_NUMBER_ATTRIBUTES` if it has, but this thread may not clear them;
 *   `TM_ERROR_NUMBER_LINKED` if it has, and has other hard links
 */
gboolean
tm_force_clear (int fd, guint *cleared)
{
  struct stat status;
  guint attributes;

  *cleared = 0;
  errno = EPERM;
  if (tm_dirfd_stat (fd, &status) < 0)
    return FALSE;

  attributes = tm_dirfd_get_attributes (fd, &status);
  if (attributes == 0)
    {
      errno = EPERM;
      return FALSE;
    }

  if (!S_ISDIR (status.st_mode) && status.st_nlink > 1)
    {
      errno = TM_ERROR_NUMBER_LINKED;
      return FALSE;
    }

  if (!may_change (&status) || tm_dirfd_change_attributes (fd, attributes, FALSE) < 0)
    {
      errno = TM_ERROR_NUMBER_ATTRIBUTES;
      return FALSE;
    }

  *cleared = attributes;
  return TRUE;
}

/*
 * tm_force_make_writable:
 * @fd: a directory, opened for reading
 * @cleared: (out): what was cleared, for tm_force_restore()
 *
 * Makes a read-only snapshot of btrfs writable. Everything in it fails with `EROFS` otherwise.
 *
 * Returns: whether it did
 */
gboolean
tm_force_make_writable (int fd, guint *cleared)
{
  struct stat status;

  *cleared = 0;
  if (tm_dirfd_stat (fd, &status) < 0 ||
      (tm_dirfd_get_attributes (fd, &status) & TM_ATTRIBUTE_READ_ONLY_SUBVOLUME) == 0 ||
      !may_change (&status) ||
      tm_dirfd_change_attributes (fd, TM_ATTRIBUTE_READ_ONLY_SUBVOLUME, FALSE) < 0)
    return FALSE;

  *cleared = TM_ATTRIBUTE_READ_ONLY_SUBVOLUME;
  return TRUE;
}

/* Sets the attributes that were cleared, if @fd still exists. Keeps errno. */
void
tm_force_restore (int fd, guint cleared)
{
  int errsv = errno;
  struct stat status;

  if (cleared != 0 && tm_dirfd_stat (fd, &status) == 0 && status.st_nlink > 0)
    tm_dirfd_change_attributes (fd, cleared, TRUE);
  errno = errsv;
}

/* Opens a regular file or a directory for reading. Returns -1 for a file of another type, and if it
 * cannot be opened. */
static int
open_entry (int dirfd, const char *name, mode_t *type)
{
  /* It opens nothing, but holds the inode whose type is checked. */
  int pin = tm_dirfd_open_beneath (dirfd, name, TM_O_PIN);
  struct stat status;
  int fd = -1;

  *type = 0;
  if (pin >= 0 && tm_dirfd_stat (pin, &status) == 0)
    *type = status.st_mode & S_IFMT;
  if (*type == S_IFREG || *type == S_IFDIR)
    fd = tm_dirfd_reopen_file (pin, O_RDONLY | O_NONBLOCK | O_NOCTTY);

  tm_dirfd_close (pin);
  return fd;
}

/* Clears the attributes of the entry that is open as @fd, and removes it. If that fails, restores
 * them. */
static int
clear_and_remove (int fd, int dirfd, const char *name, TmRemoveFunc remove)
{
  guint cleared;
  int result;

  if (!tm_force_clear (fd, &cleared))
    return -1;

  result = remove (dirfd, name);
  /* Another file may have got the name, so also after a success. */
  tm_force_restore (fd, cleared);
  return result;
}

/*
 * tm_force_remove:
 * @dirfd: a directory
 * @name: the name of an entry, whose removal failed with `EPERM`
 * @remove: how to remove it
 *
 * Clears the attributes of an entry, and removes it. If that fails, restores them.
 *
 * Returns: 0, or -1: `EPERM` if the entry has no attributes that keep it from being removed, or
 *   another errno of tm_force_clear() or @remove
 */
int
tm_force_remove (int dirfd, const char *name, TmRemoveFunc remove)
{
  mode_t type;
  int fd = open_entry (dirfd, name, &type);
  int result = -1;
  int errsv;

  /* The kernel looks at the attributes before the type. A directory is emptied before it is
   * removed. */
  if (type == S_IFDIR && remove == tm_dirfd_unlink)
    errno = EISDIR;
  /* No other type has attributes. Another file may have got the name. */
  else if (type != S_IFREG && type != S_IFDIR)
    result = remove (dirfd, name);
  else if (fd < 0)
    errno = EPERM;
  else
    result = clear_and_remove (fd, dirfd, name, remove);

  errsv = errno;
  tm_dirfd_close (fd);
  errno = errsv;
  return result;
}
