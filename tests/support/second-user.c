/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "second-user.h"

#include <linux/capability.h>
#include <sys/syscall.h>
#include <unistd.h>

/* In a child. Has no effect if the process is not root. */
gboolean
become_ordinary_user (void)
{
  return geteuid () != 0 || (setgid (TEST_UID) == 0 && setuid (TEST_UID) == 0);
}

static gboolean
drop_capabilities (guint32 capabilities)
{
  struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
  struct __user_cap_data_struct sets[2];

  if (syscall (SYS_capget, &header, sets) < 0)
    return FALSE;

  sets[0].effective &= ~capabilities;
  return syscall (SYS_capset, &header, sets) == 0;
}

/* Makes root a service with few capabilities: it may change the owners of files, but has no access
 * beyond their permissions. */
gboolean
drop_access_to_everything (void)
{
  return drop_capabilities (1u << CAP_DAC_OVERRIDE | 1u << CAP_DAC_READ_SEARCH);
}

/* Makes root like that of a container. */
gboolean
drop_capability_to_change_attributes (void)
{
  return drop_capabilities (1u << CAP_LINUX_IMMUTABLE);
}
