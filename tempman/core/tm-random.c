/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "core/tm-random-private.h"

#include "tm-config.h"

#include <string.h>
#include <unistd.h>

#ifdef TM_CONFIG_HAVE_SYS_RANDOM_H
#include <sys/random.h>
#endif

/*
 * tm_random_draw:
 * @bytes: (out caller-allocates): random bytes from the kernel
 * @length: their number, 256 at most
 *
 * Returns: 0, or -1 with errno
 */
int
tm_random_draw (gpointer bytes, gsize length)
{
  return getentropy (bytes, length);
}

/* Overwrites bytes that are not used again. */
void
tm_random_wipe (gpointer bytes, gsize length)
{
#ifdef TM_CONFIG_HAVE_EXPLICIT_BZERO
  explicit_bzero (bytes, length);
#else
  volatile guint8 *wiped = bytes;

  for (gsize i = 0; i < length; i++)
    wiped[i] = 0;
#endif
}
