/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "local/tm-mounts-private.h"

#include "local/tm-file-system-private.h"

#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>

/* The mount table of this process, which the kernel has: no file system is asked to read it. See
 * proc_pid_mountinfo(5). */

#define MOUNT_TABLE "/proc/self/mountinfo"

typedef struct
{
  dev_t device;
  char *path; /* (owned) */
  char *type; /* (owned) */
} Mount;

static void
mount_clear (Mount *mount)
{
  g_clear_pointer (&mount->path, g_free);
  g_clear_pointer (&mount->type, g_free);
}

/* A line is "36 35 98:0 /subtree /mount/point options optional ... - type source options"; in the
 * paths, space, tab, newline and backslash are octal numbers. Returns FALSE when it is none. */
static gboolean
mount_parse (Mount *mount, const char *line)
{
  g_auto (GStrv) fields = g_strsplit (line, " ", 6);
  guint n_major, n_minor;
  const char *type;

  if (g_strv_length (fields) < 6 || sscanf (fields[2], "%u:%u", &n_major, &n_minor) != 2)
    return FALSE;

  type = strstr (fields[5], " - ");
  if (type == NULL)
    return FALSE;

  type += strlen (" - ");
  mount->device = makedev (n_major, n_minor);
  mount->path = g_strcompress (fields[4]);
  mount->type = g_strndup (type, strcspn (type, " "));
  return TRUE;
}

/* A subvolume of btrfs has a device number of its own, which the table does not tell. */
static gboolean
mount_can_be_of (const Mount *mount, dev_t device)
{
  return mount->device == device || strcmp (mount->type, "btrfs") == 0;
}

/*
 * tm_mounts_can_hold:
 * @path: a mount point, without links
 * @device: of a directory that is looked for
 *
 * Whether it makes sense to look for the directory in what is mounted at @path. It does not in a
 * file system that is neither the directory's nor of this kernel alone, unless that of the
 * directory is mounted in it.
 *
 * Returns: %FALSE if it makes none; %TRUE, too, where that cannot be found out
 */
gboolean
tm_mounts_can_hold (const char *path, dev_t device)
{
  g_autofree char *table = NULL;
  g_autofree char *prefix = g_strconcat (path, G_DIR_SEPARATOR_S, NULL);
  g_auto (GStrv) lines = NULL;
  gboolean can_hold = TRUE;
  gboolean can_lie_below = FALSE;

  if (!g_file_get_contents (MOUNT_TABLE, &table, NULL, NULL))
    return TRUE;

  lines = g_strsplit (table, "\n", -1);
  for (guint i = 0; lines[i] != NULL; i++)
    {
      Mount mount;

      if (!mount_parse (&mount, lines[i]))
        continue;

      /* Of those at the same place the last one is seen. */
      if (strcmp (mount.path, path) == 0)
        can_hold = mount_can_be_of (&mount, device) || tm_file_system_name_is_local (mount.type);
      else if (g_str_has_prefix (mount.path, prefix))
        can_lie_below |= mount_can_be_of (&mount, device);
      mount_clear (&mount);
    }

  return can_hold || can_lie_below;
}
