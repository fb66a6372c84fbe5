/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "local/tm-path-private.h"

#include "local/tm-dirfd-private.h"
#include "local/tm-file-system-private.h"

#include <errno.h>
#include <string.h>

/* From a path to a descriptor: the only place where the library follows links.
 *
 * In a directory like /tmp every user can create a link where another process is about to delete or
 * create a file. The kernel has a rule against that, fs.protected_symlinks: in a sticky directory
 * that others can write to, a process follows only links of its own user and of the owner of the
 * directory. But the rule can be disabled, and it only covers the last component of a path. Here it
 * covers every component, on every machine.
 *
 * A path without links is opened by one call. Only if the kernel finds a link, or gives no clear
 * answer, the path is walked component by component, each relative to the descriptor of the one
 * before, so that the link that was checked is the one that is followed. */

/* The limit of the kernel. */
#define MAX_LINKS 40

/* How often another process may remove the new directory at once. */
#define MAX_ATTEMPTS 10

typedef struct
{
  int fd;            /* (owned): the current directory; a pin */
  GString *resolved; /* (owned): its path, without links */
  char *rest;        /* (owned): the components that are left */
  guint n_links;
  char *refused; /* (owned) (nullable): the link that was not followed */

  /* For tm_path_passes(), which follows every link, and asks no server without need. */
  const TmFileIdentity *wanted; /* (nullable) */
  gboolean is_found;            /* the walk has been in it */
} PathWalk;

/* Takes ownership of @fd, unless it is -1. */
static gboolean
walk_enter (PathWalk *walk, int fd)
{
  TmFileStatus status;

  if (fd < 0)
    return FALSE;

  tm_dirfd_close (walk->fd);
  walk->fd = fd;
  if (walk->wanted != NULL && tm_dirfd_get_child_status (fd, "", &status) == 0 &&
      tm_file_identity_equal (status.identity, *walk->wanted))
    walk->is_found = TRUE;
  return TRUE;
}

static gboolean
walk_restart (PathWalk *walk)
{
  g_string_truncate (walk->resolved, 0);
  return walk_enter (walk, tm_dirfd_open ("/", O_DIRECTORY));
}

static gboolean
walk_go_up (PathWalk *walk)
{
  const char *last = strrchr (walk->resolved->str, G_DIR_SEPARATOR);

  /* The directory above the root of the file system is the root. */
  if (last != NULL)
    g_string_truncate (walk->resolved, (gsize) (last - walk->resolved->str));
  return walk_enter (walk, tm_dirfd_pin_directory (walk->fd, ".."));
}

/* Takes @fd over. */
static gboolean
walk_go_down (PathWalk *walk, const char *name, int fd)
{
  g_string_append_c (walk->resolved, G_DIR_SEPARATOR);
  g_string_append (walk->resolved, name);
  return walk_enter (walk, fd);
}

/* Whether the link with the status @link, in the current directory, is followed. */
static gboolean
walk_trusts_link (PathWalk *walk, const struct stat *link)
{
  struct stat directory;

  if (tm_dirfd_stat (walk->fd, &directory) < 0)
    return FALSE;

  if ((directory.st_mode & S_ISVTX) == 0 || (directory.st_mode & (S_IWGRP | S_IWOTH)) == 0)
    return TRUE;

  return (link->st_uid == tm_dirfd_get_user () || link->st_uid == directory.st_uid) &&
         tm_kernel_is_one_user (link->st_uid);
}

static gboolean
is_in_proc (int fd)
{
  TmFileSystemType type;

  return tm_dirfd_get_file_system_type (fd, &type) == 0 && type == TM_FILE_SYSTEM_PROC;
}

/* Follows a link in /proc, which can refer to a file without a path. */
static gboolean
walk_follow_in_proc (PathWalk *walk, const char *name)
{
  int fd = tm_dirfd_follow (walk->fd, name);
  g_autofree char *target = NULL;

  if (fd < 0)
    return FALSE;

  /* The path of the target, for the caller; a wrong path is not used. */
  target = tm_dirfd_find_path (fd);
  g_string_assign (walk->resolved, g_strcmp0 (target, "/") == 0 || target == NULL ? "" : target);
  /* The walk has not been in the directories above the target. */
  if (walk->wanted != NULL && tm_dirfd_is_beneath (fd, *walk->wanted))
    walk->is_found = TRUE;
  return walk_enter (walk, fd);
}

/* @target: (nullable): of the link, or %NULL with errno. Returns FALSE with errno: EACCES if the
 * link must not be followed. */
static gboolean
walk_follow (PathWalk *walk, const char *name, const char *target, const struct stat *status)
{
  int errsv = errno;
  g_autofree char *rest = g_steal_pointer (&walk->rest);

  if (++walk->n_links > MAX_LINKS)
    {
      errno = ELOOP;
      return FALSE;
    }

  if (walk->wanted == NULL && !walk_trusts_link (walk, status))
    {
      walk->refused = g_build_filename ("/", walk->resolved->str, name, NULL);
      errno = EACCES;
      return FALSE;
    }

  if (is_in_proc (walk->fd))
    {
      walk->rest = g_steal_pointer (&rest);
      return walk_follow_in_proc (walk, name);
    }

  if (target == NULL || *target == '\0')
    {
      errno = target == NULL ? errsv : ENOENT;
      return FALSE;
    }

  walk->rest = g_strconcat (target, G_DIR_SEPARATOR_S, rest, NULL);
  return *target != G_DIR_SEPARATOR || walk_restart (walk);
}

/* Removes the next component from the path. Returns NULL at the end. */
static char *
walk_next (PathWalk *walk)
{
  const char *name = walk->rest + strspn (walk->rest, G_DIR_SEPARATOR_S);
  gsize length = strcspn (name, G_DIR_SEPARATOR_S);
  char *next = length > 0 ? g_strndup (name, length) : NULL;
  char *rest = g_strdup (name + length + strspn (name + length, G_DIR_SEPARATOR_S));

  g_free (walk->rest);
  walk->rest = rest;
  return next;
}

/* Opens a directory in the current one. Returns a pin, or -1: EXDEV for a file
 * system that cannot hold the wanted directory, whose server need not be asked. */
static int
walk_pin_directory (PathWalk *walk, const char *name)
{
  g_autofree char *path = NULL;
  int fd;

  if (walk->wanted == NULL)
    return tm_dirfd_pin_directory (walk->fd, name);

  fd = tm_dirfd_open_beneath (walk->fd, name, TM_O_PIN | O_DIRECTORY);
  if (fd >= 0 || errno != EXDEV)
    return fd;

  path = g_strconcat (walk->resolved->str, G_DIR_SEPARATOR_S, name, NULL);
  if (tm_mounts_can_hold (path, walk->wanted->device))
    return tm_dirfd_pin_directory (walk->fd, name);

  errno = EXDEV;
  return -1;
}

/* Processes one component. @follow: whether to follow a link that is the last component. Returns
 * FALSE with errno. */
static gboolean
walk_step (PathWalk *walk, const char *name, gboolean follow)
{
  g_autofree char *target = NULL;
  struct stat status;
  int fd;

  if (strcmp (name, ".") == 0)
    return TRUE;
  if (strcmp (name, "..") == 0)
    return walk_go_up (walk);

  /* Nearly always the component is a directory, or missing. Opening it as a directory also triggers
   * an automount. */
  fd = walk_pin_directory (walk, name);
  if (fd >= 0)
    return walk_go_down (walk, name, fd);
  if (errno != ENOTDIR)
    return FALSE;

  if (tm_dirfd_read_link (walk->fd, name, &status, &target) < 0)
    return FALSE;
  if (!S_ISLNK (status.st_mode) || (*walk->rest == '\0' && !follow))
    {
      errno = ENOTDIR;
      return FALSE;
    }

  return walk_follow (walk, name, target, &status);
}

/* Whether the path @resolved leads to @fd. It does not if a directory on the way was moved. */
static gboolean
leads_to (const char *resolved, int fd)
{
  TmFileStatus by_path, by_fd;

  return tm_dirfd_get_child_status (AT_FDCWD, resolved, &by_path) == 0 &&
         tm_dirfd_get_child_status (fd, "", &by_fd) == 0 &&
         tm_file_identity_equal (by_path.identity, by_fd.identity);
}

/* Returns a descriptor, or -1 with errno. */
static int
walk_along (const char *path, int flags, char **resolved, char **refused)
{
  PathWalk walk = { .fd = -1, .resolved = g_string_new (NULL), .rest = g_strdup (path) };
  gboolean is_there = walk_restart (&walk);
  char *name;
  int fd;
  int errsv;

  while (is_there && (name = walk_next (&walk)) != NULL)
    {
      is_there = walk_step (&walk, name, (flags & O_NOFOLLOW) == 0);
      g_free (name);
    }

  errsv = errno;
  fd = is_there ? g_steal_fd (&walk.fd) : -1;
  tm_dirfd_close (walk.fd);
  if (walk.resolved->len == 0)
    g_string_append_c (walk.resolved, G_DIR_SEPARATOR);
  if (fd >= 0 && resolved != NULL && leads_to (walk.resolved->str, fd))
    *resolved = g_strdup (walk.resolved->str);
  *refused = walk.refused;
  g_string_free (walk.resolved, TRUE);
  g_free (walk.rest);
  errno = errsv;
  return fd;
}

/* As g_canonicalize_filename(), but first checks whether it is needed: nearly always it is not. */
static char *
canonicalize (const char *path)
{
  if (g_str_has_suffix (path, G_DIR_SEPARATOR_S) || strstr (path, "//") != NULL ||
      strstr (path, "/.") != NULL)
    return g_canonicalize_filename (path, G_DIR_SEPARATOR_S);

  return g_strdup (path);
}

/*
 * tm_path_open:
 * @path: an absolute path
 * @flags: `O_NOFOLLOW` to fail with `ENOTDIR` if its last component is a link; or 0
 * @resolved: (out) (optional) (nullable): the same path without links, if known
 * @refused: (out) (nullable): the link that is not followed, since another user could have planted
 *   it; then the errno is `EACCES`
 *
 * Opens a directory. In a sticky directory that others can write to, only links of the calling
 * thread's user and of the directory's owner are followed.
 *
 * Returns: a pin, or -1
 */
int
tm_path_open (const char *path, int flags, char **resolved, char **refused)
{
  int fd = tm_dirfd_open_without_links (path, flags);

  if (resolved != NULL)
    *resolved = fd < 0 ? NULL : canonicalize (path);
  *refused = NULL;

  /* With fs.protected_symlinks, the kernel does not tell a link that its rule refuses from a
   * directory that this user cannot search. */
  return fd < 0 && (errno == ELOOP || errno == EACCES) ? walk_along (path, flags, resolved, refused)
                                                       : fd;
}

/*
 * tm_path_get_child:
 * @path: an absolute path
 * @name: the name of an entry of the directory
 *
 * Does the same as g_build_filename(), which takes as long as a system call.
 *
 * Returns: (transfer full): the path of the entry
 */
char *
tm_path_get_child (const char *path, const char *name)
{
  return g_strconcat (g_str_equal (path, G_DIR_SEPARATOR_S) ? "" : path, G_DIR_SEPARATOR_S, name,
                      NULL);
}

/*
 * tm_path_passes:
 * @path: an absolute path
 * @directory: the identity of an open directory
 *
 * Walks along a path from the root of the file system as far as possible, follows every link, and
 * compares each directory by identity: links and bind mounts make no difference.
 *
 * The walk ends at a mount of another file system that is not local, since its server may never
 * answer and it does not contain @directory. If the file system of @directory is mounted below that
 * mount point, the walk continues.
 *
 * Returns: whether the walk reaches @directory
 */
gboolean
tm_path_passes (const char *path, TmFileIdentity directory)
{
  PathWalk walk = {
    .fd = -1,
    .resolved = g_string_new (NULL),
    .rest = g_strdup (path),
    .wanted = &directory,
  };
  gboolean is_there = walk_restart (&walk);
  char *name;

  while (is_there && !walk.is_found && (name = walk_next (&walk)) != NULL)
    {
      is_there = walk_step (&walk, name, TRUE);
      g_free (name);
    }

  tm_dirfd_close (walk.fd);
  g_string_free (walk.resolved, TRUE);
  g_free (walk.rest);
  g_free (walk.refused);
  return walk.is_found;
}

/* Adds the permissions of the owner that the umask has removed from the new directory in @parent.
 * Returns 0, or -1 with errno. */
static int
make_usable (int parent, int fd)
{
  struct stat status;

  if (tm_dirfd_stat (fd, &status) < 0)
    return -1;

  if ((status.st_mode & TM_DIRFD_MODE_USABLE) == TM_DIRFD_MODE_USABLE)
    return 0;

  /* Another user has replaced the new directory. */
  if (tm_file_system_shows_foreign_owner (fd, status.st_uid, parent, TRUE))
    {
      errno = EACCES;
      return -1;
    }

  return tm_dirfd_make_usable (fd, &status);
}

/* Creates a directory unless it exists. Returns 0, or -1 with errno. */
static int
make_child (int parent, const char *name)
{
  struct stat status;

  for (guint i = 0; i < MAX_ATTEMPTS; i++)
    {
      gboolean is_made = tm_dirfd_make (parent, name, S_IRWXU) == 0;
      int fd, result, errsv;

      if (!is_made && errno != EEXIST)
        return -1;

      fd = tm_dirfd_pin_directory (parent, name);
      /* Where a pin needs a permission that the umask has removed. */
      if (fd < 0 && errno == EACCES && is_made)
        fd = tm_dirfd_open_repaired (parent, name, 0, NULL);
      if (fd >= 0)
        {
          result = is_made ? make_usable (parent, fd) : 0;
          errsv = errno;
          tm_dirfd_close (fd);
          if (result < 0)
            tm_dirfd_remove (parent, name);
          errno = errsv;
          return result;
        }

      /* A dangling link is not followed to create its target. */
      if (errno == ENOTDIR && tm_dirfd_stat_child (parent, name, &status) == 0 &&
          S_ISLNK (status.st_mode))
        {
          errno = ENOENT;
          return -1;
        }

      /* ENOENT: another process has removed it. */
      if (errno != ENOENT)
        return -1;
    }

  errno = EBUSY;
  return -1;
}

/*
 * tm_path_make_directory:
 * @path: an absolute path
 * @refused: (out) (nullable): as of tm_path_open()
 *
 * Creates a directory and its missing parents, with the mode 0700 whatever the umask.
 *
 * Returns: 0, or -1
 */
int
tm_path_make_directory (const char *path, char **refused)
{
  g_autofree char *above = g_path_get_dirname (path);
  g_autofree char *name = g_path_get_basename (path);
  int parent = tm_path_open (above, 0, NULL, refused);
  int result;
  int errsv;

  if (parent < 0 && errno == ENOENT && strlen (above) < strlen (path) &&
      tm_path_make_directory (above, refused) == 0)
    parent = tm_path_open (above, 0, NULL, refused);
  if (parent < 0)
    return -1;

  result = make_child (parent, name);
  errsv = errno;
  tm_dirfd_close (parent);
  errno = errsv;
  return result;
}
