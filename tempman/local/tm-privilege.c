/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "local/tm-privilege-private.h"

#include <linux/capability.h>
#include <sys/fsuid.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Who may remove an entry from a directory with the sticky bit, as /tmp has it: the owner of the
 * entry, the owner of the directory, and a process with the capability CAP_FOWNER.
 *
 * That is asked of the calling thread, whose user and capabilities the kernel looks at. User 0 need
 * not have the capability: a service drops it, and in a user namespace it reaches the files of
 * those users and groups alone that the namespace maps. */

/* How a file looks whose owner the namespace does not map: /proc/sys/kernel/overflowuid. */
#define UNMAPPED_ID 65534

/*
 * tm_privilege_is_needed:
 * @status: an entry
 * @parent: the directory that it is in
 *
 * Returns: whether the entry is left to its owner, unless tm_privilege_suffices()
 */
gboolean
tm_privilege_is_needed (const struct stat *status, const TmFileLook *parent)
{
  uid_t user;

  if ((parent->mode & S_ISVTX) == 0)
    return FALSE;

  /* No user has this number: that changes nothing, and returns who we are. */
  user = (uid_t) setfsuid ((uid_t) -1);
  return user != status->st_uid && user != parent->owner;
}

static gboolean
has_capability (void)
{
  struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
  struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { 0 };

  return syscall (SYS_capget, &header, data) == 0 &&
         (data[CAP_TO_INDEX (CAP_FOWNER)].effective & CAP_TO_MASK (CAP_FOWNER)) != 0;
}

/* Whether the namespace maps @id, as far as that can be told. If it maps this very number, a file
 * that it does not map looks the same. */
static gboolean
is_mapped (guint32 id, const char *map)
{
  g_autofree char *contents = NULL;
  g_auto (GStrv) lines = NULL;

  if (id != UNMAPPED_ID || !g_file_get_contents (map, &contents, NULL, NULL))
    return TRUE;

  lines = g_strsplit (contents, "\n", -1);
  for (guint i = 0; lines[i] != NULL; i++)
    {
      char *end;
      guint64 first = g_ascii_strtoull (lines[i], &end, 10);
      guint64 count;

      /* In between stands the number outside. */
      g_ascii_strtoull (end, &end, 10);
      count = g_ascii_strtoull (end, NULL, 10);
      if (id >= first && id - first < count)
        return TRUE;
    }

  return FALSE;
}

/*
 * tm_privilege_suffices:
 * @status: an entry of a directory with the sticky bit
 *
 * Returns: %FALSE when we certainly may not remove the entry of another user
 */
gboolean
tm_privilege_suffices (const struct stat *status)
{
  return has_capability () && is_mapped (status->st_uid, "/proc/self/uid_map") &&
         is_mapped (status->st_gid, "/proc/self/gid_map");
}
