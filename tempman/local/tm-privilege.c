/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "local/tm-privilege-private.h"

/* In a directory with the sticky bit, such as /tmp, an entry can be removed by its owner, by the
 * owner of the directory, and by a process with the capability CAP_FOWNER.
 *
 * The kernel checks the user and the capabilities of the calling thread. User 0 need not have the
 * capability: a service drops it, and in a user namespace it only covers the users and groups that
 * the namespace maps. */

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

  user = tm_dirfd_get_user ();
  return user != status->st_uid && user != parent->owner;
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
  return tm_kernel_grants_ownership () && tm_kernel_maps_user (status->st_uid) &&
         tm_kernel_maps_group (status->st_gid);
}
