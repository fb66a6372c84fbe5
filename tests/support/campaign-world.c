/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "campaign-world.h"

#include "kernel.h"
#include "support.h"

#include <dirent.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

/* The tree and the canary have the same names: a deletion that is led astray finds names that it
 * looks for. */
#define N_DIRECTORY_NAMES 4
#define N_FILE_NAMES 6

/* Deeper than a walk keeps levels open. */
#define N_LEVELS_OF_CHAIN 40

/* More than one batch, so that helper threads start. */
#define N_FILES_OF_LARGE 300

#define MAX_INODES_TO_TRY 64

typedef struct
{
  char *path;
  dev_t device;
  ino_t inode;
  mode_t mode;
} Canary;

static void
canary_free (gpointer data)
{
  Canary *canary = data;

  g_free (canary->path);
  g_free (canary);
}

static guint
world_random (World *world, guint n)
{
  return chance_pick (world->chance, n);
}

/* Takes ownership of @path. */
static void
add_canary (World *world, char *path)
{
  Canary *canary = g_new0 (Canary, 1);
  struct stat status;

  g_assert_no_errno (lstat (path, &status));
  canary->path = path;
  canary->device = status.st_dev;
  canary->inode = status.st_ino;
  canary->mode = status.st_mode;
  g_ptr_array_add (world->canaries, canary);
}

static void
add_canary_directory (World *world, const char *parent, const char *name)
{
  char *path = g_build_filename (parent, name, NULL);

  g_assert_no_errno (g_mkdir (path, 0755));
  add_canary (world, path);
}

static void
add_canary_file (World *world, const char *parent, const char *name)
{
  char *path = g_build_filename (parent, name, NULL);

  make_file (path);
  add_canary (world, path);
}

/* Creates a file for each name in the tree: full directories, empty ones and files. */
static void
make_victim (World *world, const char *path)
{
  for (guint i = 0; i < N_DIRECTORY_NAMES; i++)
    {
      g_autofree char *name = g_strdup_printf ("d%u", i);
      g_autofree char *below = g_build_filename (path, name, NULL);

      add_canary_directory (world, path, name);
      if (i % 2 == 0)
        {
          add_canary_directory (world, below, "d0");
          add_canary_file (world, below, "f0");
        }
    }

  for (guint i = 0; i < N_FILE_NAMES; i++)
    {
      g_autofree char *name = g_strdup_printf ("f%u", i);

      add_canary_file (world, path, name);
    }
}

World *
world_new (const char *base, Chance *chance, gboolean may_mount)
{
  World *world = g_new0 (World, 1);

  world->base = g_strdup (base);
  world->root = g_build_filename (base, "root", NULL);
  world->outside = g_build_filename (base, "outside", NULL);
  world->victim = g_build_filename (world->outside, "victim", NULL);
  world->chance = chance;
  world->may_mount = may_mount;
  world->paths = g_ptr_array_new_with_free_func (g_free);
  world->canaries = g_ptr_array_new_with_free_func (canary_free);
  make_directory (world->root);
  make_directory (world->victim);
  make_victim (world, world->victim);
  return world;
}

void
world_free (World *world)
{
  g_ptr_array_unref (world->paths);
  g_ptr_array_unref (world->canaries);
  g_free (world->base);
  g_free (world->root);
  g_free (world->outside);
  g_free (world->victim);
  g_free (world);
}

static void
clear_at (int parent, const char *name)
{
  struct stat status;
  DIR *dir;
  int fd;

  /* A file that cannot be unlinked may have another link in the canary. */
  if (unlinkat (parent, name, 0) == 0 || fstatat (parent, name, &status, AT_SYMLINK_NOFOLLOW) < 0 ||
      !S_ISDIR (status.st_mode))
    return;

  fchmodat (parent, name, 0700, 0);
  fd = openat (parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  dir = fd >= 0 ? fdopendir (fd) : NULL;
  if (dir != NULL)
    {
      const struct dirent *entry;

      while ((entry = readdir (dir)) != NULL)
        if (!g_str_equal (entry->d_name, ".") && !g_str_equal (entry->d_name, ".."))
          clear_at (fd, entry->d_name);
      closedir (dir);
    }
  unlinkat (parent, name, AT_REMOVEDIR);
}

/* Deletes a tree that is not under attack, with any modes, without the library. */
void
world_clear (const char *path)
{
  clear_at (AT_FDCWD, path);
}

static void
fill_files (World *world, int fd, guint n)
{
  for (guint i = 0; i < n; i++)
    {
      char name[16];

      g_snprintf (name, sizeof name, "f%u", i);
      switch (world_random (world, 8))
        {
        case 0:
          g_assert_no_errno (symlinkat (world->victim, fd, name));
          break;
        case 1:
          g_assert_no_errno (mknodat (fd, name, S_IFIFO | 0600, 0));
          break;
        case 2:
          {
            g_autofree char *file = g_build_filename (world->victim, "f0", NULL);

            g_assert_no_errno (linkat (AT_FDCWD, file, fd, name, 0));
          }
          break;
        default:
          g_assert_no_errno (mknodat (fd, name, S_IFREG | 0400, 0));
          break;
        }
    }
}

static void
fill_level (World *world,
            const char *top,
            const char *relative,
            guint n_levels,
            guint n_directories)
{
  g_autofree char *path = g_build_filename (top, relative, NULL);
  int fd = open (path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  guint leads_on = world_random (world, MAX (n_directories, 1));

  g_assert_no_errno (fd);
  fill_files (world, fd, world_random (world, N_FILE_NAMES));
  for (guint i = 0; n_levels > 0 && i < n_directories; i++)
    {
      g_autofree char *name = g_strdup_printf ("d%u", i);
      g_autofree char *below = g_build_filename (relative, name, NULL);

      g_assert_no_errno (mkdirat (fd, name, 0700));
      g_ptr_array_add (world->paths, g_strdup (below));
      /* A chain has siblings that are empty; a bush branches everywhere. */
      if (i == leads_on || n_levels <= 3)
        fill_level (world, top, below, n_levels - 1, n_directories);
    }

  /* Last, since it denies access to an ordinary user. */
  if (*relative != '\0' && world_random (world, 10) == 0)
    g_assert_no_errno (fchmod (fd, world_random (world, 2) == 0 ? 0 : 0500));
  close (fd);
}

static void
add_treasure (const char *top)
{
  g_autofree char *directory = g_build_filename (top, WORLD_TREASURE, NULL);
  g_autofree char *file = g_build_filename (directory, "file", NULL);

  make_directory (directory);
  make_file (file);
}

/* Whether the directory @fd still has what no attack touches. */
gboolean
world_has_treasure (int fd)
{
  struct stat status;

  return fstatat (fd, WORLD_TREASURE "/file", &status, AT_SYMLINK_NOFOLLOW) == 0 &&
         S_ISREG (status.st_mode) && status.st_size > 0;
}

/* Fills the directory @top with a random tree. */
void
world_fill (World *world, const char *top)
{
  add_treasure (top);
  switch (world_random (world, 6))
    {
    case 0:
      break;
    case 1:
      fill_level (world, top, "", N_LEVELS_OF_CHAIN, 1 + world_random (world, 3));
      break;
    case 2:
      {
        int fd = open (top, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        g_assert_no_errno (fd);
        fill_files (world, fd, N_FILES_OF_LARGE);
        close (fd);
      }
      break;
    default:
      fill_level (world, top, "", 1 + world_random (world, 3),
                  1 + world_random (world, N_DIRECTORY_NAMES));
      break;
    }
}

static gboolean
is_mount_point (int fd)
{
  KernelStatus status;

  return kernel_statx (fd, "", AT_EMPTY_PATH, KERNEL_WANTS_TYPE, &status) < 0 ||
         (status.attributes & KERNEL_IS_MOUNT_ROOT) != 0;
}

/* Opens the parent of @relative below @top, through no link and into no mounted file system: the
 * attacker must not damage the canary itself. Returns a descriptor, or -1. */
static int
open_parent (const char *top, const char *relative)
{
  g_auto (GStrv) names = g_strsplit (relative, "/", -1);
  int fd = open (top, O_PATH | O_NOFOLLOW | O_DIRECTORY | O_CLOEXEC);

  /* Through a link to ".", it can also be mounted on the top itself. */
  for (guint i = 0; fd >= 0 && !is_mount_point (fd); i++)
    {
      int below;

      if (names[i] == NULL || names[i + 1] == NULL)
        return fd;

      below = openat (fd, names[i], O_PATH | O_NOFOLLOW | O_DIRECTORY | O_CLOEXEC);
      close (fd);
      fd = below;
    }

  if (fd >= 0)
    close (fd);
  return -1;
}

/* Returns a descriptor of a directory of the tree, or -1. */
static int
open_to_change (int parent, const char *name)
{
  int fd = openat (parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

  if (fd >= 0 && is_mount_point (fd))
    {
      close (fd);
      fd = -1;
    }
  return fd;
}

static char *
new_path (World *world, const char *parent, const char *prefix)
{
  return g_strdup_printf ("%s/%s%u", parent, prefix, world->n_made++);
}

/* On a file system that reuses inode numbers, gives the number of a directory that was just removed
 * to a directory that must not be deleted, with names that the deletion may look for. Moves the
 * content of the removed one there, so that its ".." leads there. */
static void
reuse_inode (World *world, ino_t inode, const char *moved)
{
  g_autoptr (GPtrArray) others = g_ptr_array_new_with_free_func (g_free);
  g_autofree char *path = NULL;
  struct stat status;

  /* Other numbers became free as well. */
  for (guint i = 0; i < MAX_INODES_TO_TRY; i++)
    {
      path = new_path (world, world->outside, "x");
      if (g_mkdir (path, 01777) < 0 || lstat (path, &status) < 0 || status.st_ino == inode)
        break;
      g_ptr_array_add (others, g_steal_pointer (&path));
    }
  for (guint i = 0; i < others->len; i++)
    g_rmdir (others->pdata[i]);

  if (path != NULL && path_exists (path))
    {
      g_autofree char *inside = new_path (world, path, "m");

      make_victim (world, path);
      rename (moved, inside);
    }
}

/* Moves the whole tree into a directory in which an empty directory has its name. */
static void
move_beside_namesake (World *world, const char *top)
{
  g_autofree char *path = new_path (world, world->outside, "y");
  g_autofree char *inside = new_path (world, path, "m");
  g_autofree char *name = g_path_get_basename (top);

  if (g_mkdir (path, 0755) < 0)
    return;

  add_canary_directory (world, path, name);
  world->has_moved_top |= rename (top, inside) == 0;
}

/* Takes ownership of @parent. */
static void
attack_directory (World *world, const char *top, int parent, const char *name)
{
  switch (world_random (world, 11))
    {
    case 0: /* a link to the canary in its place */
      {
        g_autofree char *link = new_path (world, world->outside, "l");

        if (symlink (world->victim, link) == 0)
          kernel_renameat2 (parent, name, AT_FDCWD, link, KERNEL_RENAME_EXCHANGE);
      }
      break;

    case 1: /* beside the canary, where ".." leads to names that the deletion looks for */
      {
        g_autofree char *moved = new_path (world, world->victim, "m");

        renameat (parent, name, AT_FDCWD, moved);
      }
      break;

    case 2: /* likewise, and another directory in its place */
      {
        g_autofree char *moved = new_path (world, world->victim, "m");

        if (renameat (parent, name, AT_FDCWD, moved) == 0)
          mkdirat (parent, name, 0700);
      }
      break;

    case 3: /* moved away, its parent removed, and the inode number of that reused */
      {
        g_autofree char *moved = new_path (world, world->victim, "m");
        g_autofree char *above = new_path (world, world->outside, "a");
        g_autofree char *link = g_strdup_printf ("/proc/self/fd/%d", parent);
        g_autofree char *path = g_file_read_link (link, NULL);

        /* Clearing would empty the mounted file system as well. */
        if (!world->has_mounted && renameat (parent, name, AT_FDCWD, moved) == 0 && path != NULL &&
            g_str_has_prefix (path, top) && strlen (path) > strlen (top) &&
            rename (path, above) == 0)
          {
            struct stat status;

            if (lstat (above, &status) == 0)
              {
                /* Its inode number is free only once no process has it open. */
                close (parent);
                parent = -1;
                world_clear (above);
                reuse_inode (world, status.st_ino, moved);
              }
          }
      }
      break;

    case 4:
      {
        int fd = open_to_change (parent, name);

        if (fd >= 0)
          {
            mknodat (fd, "added", S_IFREG | 0600, 0);
            mkdirat (fd, "d0", 0700);
            close (fd);
          }
      }
      break;

    case 5:
      {
        static const mode_t modes[] = { 0, 0500, 0300, 01777, 0700 };
        int fd = open_to_change (parent, name);

        if (fd >= 0)
          {
            fchmod (fd, modes[world_random (world, G_N_ELEMENTS (modes))]);
            close (fd);
          }
      }
      break;

    case 6: /* two directories of the tree exchanged */
      if (world->paths->len > 0)
        {
          const char *other = world->paths->pdata[world_random (world, world->paths->len)];
          g_autofree char *other_name = g_path_get_basename (other);
          int other_parent = open_parent (top, other);

          if (other_parent >= 0)
            {
              kernel_renameat2 (parent, name, other_parent, other_name, KERNEL_RENAME_EXCHANGE);
              close (other_parent);
            }
        }
      break;

    case 7: /* a file in its place */
      {
        g_autofree char *moved = new_path (world, world->outside, "f");

        if (renameat (parent, name, AT_FDCWD, moved) == 0)
          mknodat (parent, name, S_IFREG | 0600, 0);
      }
      break;

    case 8: /* the whole tree moved, or another directory under its name */
      {
        g_autofree char *moved = new_path (world, world->outside, "t");

        if (!world->may_move_top)
          break;
        switch (world_random (world, 8))
          {
          case 0:
            world->has_moved_top |= rename (top, moved) == 0;
            break;
          case 1:
            if (g_mkdir (moved, 0700) == 0)
              world->has_moved_top |=
                  kernel_renameat2 (AT_FDCWD, top, AT_FDCWD, moved, KERNEL_RENAME_EXCHANGE) == 0;
            break;
          case 2:
          case 3:
            move_beside_namesake (world, top);
            break;
          default:
            break;
          }
      }
      break;

    case 9: /* removed; clearing would empty a mounted file system as well */
      if (!world->has_mounted)
        clear_at (parent, name);
      break;

    default: /* the canary mounted in the tree; by path, as mount() takes no other */
      {
        g_autofree char *link = g_strdup_printf ("/proc/self/fd/%d", parent);
        g_autofree char *above = g_file_read_link (link, NULL);
        g_autofree char *path = g_build_filename (above != NULL ? above : top, name, NULL);

        if (world->may_mount && world_random (world, 4) == 0 && g_str_has_prefix (path, top))
          world->has_mounted |= mount (world->victim, path, "", MS_BIND, "") == 0;
      }
      break;
    }

  if (parent >= 0)
    close (parent);
}

/* Makes a random change to the tree at @top. */
static void
attack_anywhere (World *world, const char *top)
{
  const char *relative;
  g_autofree char *name = NULL;
  int parent;

  if (world->paths->len == 0)
    return;

  relative = world->paths->pdata[world_random (world, world->paths->len)];
  name = g_path_get_basename (relative);
  parent = open_parent (top, relative);
  if (parent < 0)
    return;

  attack_directory (world, top, parent, name);
}

/* Whether @name is a name in a directory of the tree. The directory may have left the tree, and
 * what must stay in it is not attacked. */
static gboolean
is_in_tree (const char *top, const char *directory, const char *name)
{
  const char *below = directory + strlen (top);

  if (!g_str_has_prefix (directory, top) || (*below != '\0' && *below != G_DIR_SEPARATOR))
    return FALSE;

  return *name != '\0' && strchr (name, G_DIR_SEPARATOR) == NULL && !g_str_equal (name, ".") &&
         !g_str_equal (name, "..") && !g_str_has_prefix (below, G_DIR_SEPARATOR_S WORLD_TREASURE) &&
         (*below != '\0' || !g_str_equal (name, WORLD_TREASURE));
}

/* Changes the file that a call is about. Returns FALSE if it is not in the tree. */
static gboolean
attack_file (World *world, const char *top, const SystemCall *call)
{
  g_autofree char *link = g_strdup_printf ("/proc/self/fd/%d", call->fd);
  g_autofree char *directory = call->path != NULL ? g_file_read_link (link, NULL) : NULL;
  int parent;

  if (directory == NULL || !is_in_tree (top, directory, call->path))
    return FALSE;

  parent = openat (call->fd, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (parent >= 0 && is_mount_point (parent))
    {
      close (parent);
      parent = -1;
    }
  if (parent < 0)
    return FALSE;

  attack_directory (world, top, parent, call->path);
  return TRUE;
}

/* Makes a random change to the tree at @top, right before @call: half of the time to the file that
 * the call is about. */
void
world_attack (World *world, const char *top, const SystemCall *call)
{
  if (world_random (world, 2) == 0 || !attack_file (world, top, call))
    attack_anywhere (world, top);
}

/* Unmounts the file systems that the attacker has mounted, wherever they are by now. */
void
world_end_attacks (World *world)
{
  while (world->has_mounted)
    {
      g_autofree char *contents = NULL;
      g_auto (GStrv) lines = NULL;

      world->has_mounted = FALSE;
      if (!g_file_get_contents ("/proc/self/mountinfo", &contents, NULL, NULL))
        return;

      lines = g_strsplit (contents, "\n", -1);
      for (guint i = 0; lines[i] != NULL; i++)
        {
          g_auto (GStrv) fields = g_strsplit (lines[i], " ", 6);

          if (g_strv_length (fields) == 6 && g_str_has_prefix (fields[4], world->base) &&
              strlen (fields[4]) > strlen (world->base))
            world->has_mounted |= umount2 (fields[4], MNT_DETACH) == 0;
        }
    }
}

/* Returns (nullable): which part of the canary is missing or has been changed. */
const char *
world_find_damage (World *world)
{
  for (guint i = 0; i < world->canaries->len; i++)
    {
      const Canary *canary = world->canaries->pdata[i];
      struct stat status;

      if (lstat (canary->path, &status) < 0 || status.st_dev != canary->device ||
          status.st_ino != canary->inode || status.st_mode != canary->mode)
        return canary->path;
    }

  return NULL;
}
