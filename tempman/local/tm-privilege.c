/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "local/tm-privilege-private.h"

#include <linux/capability.h>
#include <sys/fsuid.h>
#include <sys/syscall.h>
#include <unistd.h>

/* In a directory with the sticky bit, such as /tmp, an entry can be removed by its owner, by the
 * owner of the directory, and by a process with the capability CAP_FOWNER.
 *
 * The kernel checks the user and the capabilities of the calling thread. User 0 need not have the
 * capability: a service drops it, and in a user namespace it only covers the users and groups that
 * the namespace maps. */

/* The owner of a file whose real owner the namespace does not map: /proc/sys/kernel/overflowuid. */
#define UNMAPPED_ID 65534

/*
 * tm_privilege_is_needed:
 * @status: an entry
 * @parent: the directory that it is in
 *
 * Returns: whether only a privileged process can remove the entry; see tm_privilege_suffices()
 */
gboolean
tm_privilege_is_needed (const struct stat *status, const TmFileStatus *parent)
{
  uid_t user;

  if ((parent->mode & S_ISVTX) == 0)
    return FALSE;

  /* No user has the number -1: the call changes nothing, and returns the current user. */
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

/* Whether the namespace maps @id. If it maps UNMAPPED_ID itself, an unmapped file looks the same
 * and counts as mapped. */
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

      /* The second field is the number outside the namespace. */
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
 * Returns: %FALSE if this thread certainly cannot remove the entry of another user
 */
gboolean
tm_privilege_suffices (const struct stat *status)
{
  return has_capability () && is_mapped (status->st_uid, "/proc/self/uid_map") &&
         is_mapped (status->st_gid, "/proc/self/gid_map");
}
