/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "tm-credentials-private.h"

#include <linux/capability.h>
#include <sys/fsuid.h>
#include <sys/syscall.h>
#include <unistd.h>

/* To the kernel, credentials are a thread's. The C library keeps those of all threads alike, but a
 * file server that acts for a client changes them for the one thread that does. */

/*
 * tm_credentials_of_thread:
 * @credentials: (out caller-allocates): those of the thread that calls
 */
void
tm_credentials_of_thread (TmCredentials *credentials)
{
  struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
  struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { 0 };

  /* No user and no group: that changes nothing, and returns what there is. */
  credentials->user = (uid_t) setfsuid ((uid_t) -1);
  credentials->group = (gid_t) setfsgid ((gid_t) -1);

  /* Fails on no kernel that knows this version. */
  syscall (SYS_capget, &header, data);
  credentials->capabilities = (guint64) data[1].effective << 32 | data[0].effective;
}

gboolean
tm_credentials_equal (const TmCredentials *a, const TmCredentials *b)
{
  return a->user == b->user && a->group == b->group && a->capabilities == b->capabilities;
}
