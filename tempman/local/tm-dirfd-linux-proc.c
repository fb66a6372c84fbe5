/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "local/tm-dirfd-private.h"

#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>

/* What Linux tells in /proc, which a container may lack, and of the capabilities of a thread. See
 * proc_pid_mountinfo(5), proc_locks(5) and user_namespaces(7). */

#define MOUNT_TABLE "/proc/self/mountinfo"
#define LOCK_TABLE "/proc/locks"
#define USER_MAP "/proc/self/uid_map"
#define GROUP_MAP "/proc/self/gid_map"

/* The user or group of a file whose real one the namespace does not map:
 * /proc/sys/kernel/overflowuid. */
#define UNMAPPED_ID 65534

/* Returns NULL if the table cannot be read. */
static GStrv
read_lines (const char *path)
{
  g_autofree char *contents = NULL;

  return g_file_get_contents (path, &contents, NULL, NULL) ? g_strsplit (contents, "\n", -1) : NULL;
}

static void
mount_clear (gpointer data)
{
  g_free (((TmMount *) data)->path);
}

/* A line is "36 35 98:0 /subtree /mount/point options optional ... - type source options"; in the
 * paths, space, tab, newline and backslash are octal escapes. Returns FALSE for any other line. */
static gboolean
mount_parse (TmMount *mount, const char *line)
{
  g_auto (GStrv) fields = g_strsplit (line, " ", 6);
  g_autofree char *name = NULL;
  guint n_major, n_minor;
  const char *type;

  if (g_strv_length (fields) < 6 || sscanf (fields[2], "%u:%u", &n_major, &n_minor) != 2)
    return FALSE;

  type = strstr (fields[5], " - ");
  if (type == NULL)
    return FALSE;

  type += strlen (" - ");
  name = g_strndup (type, strcspn (type, " "));
  mount->device = makedev (n_major, n_minor);
  mount->path = g_strcompress (fields[4]);
  mount->type = tm_file_system_type_from_name (name);
  return TRUE;
}

/*
 * tm_kernel_read_mounts:
 *
 * Reads the table of mounts of this process, which sends no request to any file system.
 *
 * Returns: (transfer full) (nullable) (element-type TmMount): the mounts in their order, or %NULL
 * if they are unknown
 */
GArray *
tm_kernel_read_mounts (void)
{
  g_auto (GStrv) lines = read_lines (MOUNT_TABLE);
  GArray *mounts;

  if (lines == NULL)
    return NULL;

  mounts = g_array_new (FALSE, FALSE, sizeof (TmMount));
  g_array_set_clear_func (mounts, mount_clear);
  for (guint i = 0; lines[i] != NULL; i++)
    {
      TmMount mount;

      if (mount_parse (&mount, lines[i]))
        g_array_append_val (mounts, mount);
    }

  return mounts;
}

/* A line is "1: FLOCK  ADVISORY  READ 1234 fd:00:5678 0 EOF", with the device in hexadecimal. A
 * process that still waits for the lock has "->" before the type, and does not match. */
static gboolean
is_lock_of (const char *line, TmFileIdentity identity)
{
  guint n_major, n_minor;
  guint64 inode;

  if (sscanf (line, "%*u: FLOCK %*s %*s %*d %x:%x:%" G_GINT64_MODIFIER "u", &n_major, &n_minor,
              &inode) != 3)
    return FALSE;

  /* A btrfs subvolume has a device number of its own, which the table does not contain. */
  return inode == identity.inode && n_major == major (identity.device) &&
         (n_minor == minor (identity.device) || n_major == 0);
}

/*
 * tm_kernel_knows_lock:
 * @identity: a file
 *
 * Looks for the file in the kernel's table of locks, for a file that cannot be opened to try its
 * lock. The table omits the locks of processes in other PID namespaces.
 *
 * Returns: whether a process is known to hold a BSD lock on it
 */
gboolean
tm_kernel_knows_lock (TmFileIdentity identity)
{
  g_auto (GStrv) lines = read_lines (LOCK_TABLE);

  for (guint i = 0; lines != NULL && lines[i] != NULL; i++)
    if (is_lock_of (lines[i], identity))
      return TRUE;

  return FALSE;
}

/* Whether the namespace maps @id. If it maps UNMAPPED_ID itself, an unmapped file looks the same
 * and counts as mapped. */
static gboolean
is_mapped (guint32 id, const char *map)
{
  g_auto (GStrv) lines = id == UNMAPPED_ID ? read_lines (map) : NULL;

  if (lines == NULL)
    return TRUE;

  for (guint i = 0; lines[i] != NULL; i++)
    {
      char *end;
      guint64 first = g_ascii_strtoull (lines[i], &end, 10);
      guint64 count;

      /* The second field is the number outside the namespace. */
      g_ascii_strtoull (end, &end, 10);
      count = g_ascii_strtoull (end, NULL, 10);
      if (id >= first && id - first < count)
        return TRUE;
    }

  return FALSE;
}

/* Returns: %FALSE if the user is not one of this user namespace */
gboolean
tm_kernel_maps_user (uid_t user)
{
  return is_mapped (user, USER_MAP);
}

/* Returns: %FALSE if the group is not one of this user namespace */
gboolean
tm_kernel_maps_group (gid_t group)
{
  return is_mapped (group, GROUP_MAP);
}

/*
 * tm_kernel_is_one_user:
 * @user: the user of a file
 *
 * In a user namespace, all users without a mapping have the same number: the owner of a directory,
 * and an attacker whose link is in it.
 *
 * Returns: whether all files with this number have the same user
 */
gboolean
tm_kernel_is_one_user (uid_t user)
{
  g_autofree char *map = NULL;
  guint first, first_outside, count;

  if (user != UNMAPPED_ID)
    return TRUE;

  return g_file_get_contents (USER_MAP, &map, NULL, NULL) &&
         sscanf (map, "%u %u %u", &first, &first_outside, &count) == 3 && first == 0 &&
         first_outside == 0 && count == G_MAXUINT32;
}

/* As in linux/capability.h. */
typedef struct
{
  guint32 version;
  gint32 thread;
} CapabilityHeader;

typedef struct
{
  guint32 effective;
  guint32 permitted;
  guint32 inheritable;
} CapabilitySet;

#define CAPABILITY_VERSION_3 0x20080522
#define CAPABILITY_FOWNER 3

/* Returns: whether the calling thread may change and remove the files of all users of its
 * namespace, in a directory with the sticky bit as well */
gboolean
tm_kernel_grants_ownership (void)
{
  CapabilityHeader header = { .version = CAPABILITY_VERSION_3 };
  CapabilitySet sets[2] = { 0 };

  return syscall (SYS_capget, &header, sets) == 0 &&
         (sets[0].effective & (1U << CAPABILITY_FOWNER)) != 0;
}
