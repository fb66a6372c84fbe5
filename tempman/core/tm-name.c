/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "core/tm-name-private.h"

#include "tm-process-private.h"

#include <string.h>
#include <unistd.h>

/* 100 bits: names never come back, and the path of a socket in the directory, which has room for
 * 107 bytes, is not filled by the name alone. */
#define N_RANDOM_DIGITS 20
#define BITS_PER_DIGIT 5
#define N_RANDOM_BYTES ((N_RANDOM_DIGITS * BITS_PER_DIGIT + 7) / 8)

/* Stands before the random digits where the owner shows by a heartbeat, and not by a lock, that it
 * lives. This version makes no such names, but takes one for ours. Base 32 does not have it. */
#define BEATING '0'

static const char digits[] = "abcdefghijklmnopqrstuvwxyz234567";

/* Random bytes for several names, drawn by one system call. In memory that a fork wipes: a child
 * that had those of its parent would make the names that its parent makes. */
typedef struct
{
  gint is_in_use;         /* atomic; by one thread at a time */
  TmProcessToken process; /* that drew them */
  guint n_left;
  guint8 bytes[256]; /* as many as getentropy() gives at once */
} RandomBytes;

G_STATIC_ASSERT (sizeof (RandomBytes) <= TM_PROCESS_WIPED_SIZE);

/* Takes bytes that are not given out again. Returns 0, or -1 with errno. */
static int
random_bytes_draw (RandomBytes *pool, guint8 bytes[N_RANDOM_BYTES])
{
  if (pool->n_left < N_RANDOM_BYTES || pool->process != tm_process_get_token ())
    {
      pool->n_left = 0;
      if (getentropy (pool->bytes, sizeof pool->bytes) < 0)
        return -1;
      pool->process = tm_process_get_token ();
      pool->n_left = sizeof pool->bytes;
    }

  pool->n_left -= N_RANDOM_BYTES;
  memcpy (bytes, pool->bytes + pool->n_left, N_RANDOM_BYTES);
  explicit_bzero (pool->bytes + pool->n_left, N_RANDOM_BYTES);
  return 0;
}

/* Returns 0, or -1 with errno. */
static int
draw (gboolean is_local, guint8 bytes[N_RANDOM_BYTES])
{
  RandomBytes *pool = is_local ? tm_process_get_wiped_memory () : NULL;
  int result;

  /* A thread that finds the pool in use does not wait. In the child of a fork, the thread that uses
   * it may not exist. */
  if (pool == NULL || !g_atomic_int_compare_and_exchange (&pool->is_in_use, FALSE, TRUE))
    return getentropy (bytes, N_RANDOM_BYTES);

  result = random_bytes_draw (pool, bytes);
  g_atomic_int_set (&pool->is_in_use, FALSE);
  return result;
}

/*
 * tm_name_new:
 * @prefix: the beginning of the name; without a separator
 * @suffix: the end of the name; as tm_name_suffix_is_valid() says
 * @is_local: whether only processes of this kernel use the file system that it is for
 *
 * Makes a name that never comes back: everything rests on that. From the kernel's generator and not
 * GLib's, which repeats itself in a forked child.
 *
 * With @is_local, it may be of bytes that were drawn before. A virtual machine that is copied while
 * it runs has copies of them, but its file systems are copied as well. On a shared file system the
 * two would meet.
 *
 * Returns: (transfer full) (nullable): a new name, or %NULL with errno
 */
char *
tm_name_new (const char *prefix, const char *suffix, gboolean is_local)
{
  guint8 bytes[N_RANDOM_BYTES];
  char random[N_RANDOM_DIGITS + 1];
  guint bits = 0;
  guint n_bits = 0;
  guint n_bytes = 0;

  if (draw (is_local, bytes) < 0)
    return NULL;

  for (guint i = 0; i < N_RANDOM_DIGITS; i++)
    {
      if (n_bits < BITS_PER_DIGIT)
        {
          bits = bits << 8 | bytes[n_bytes++];
          n_bits += 8;
        }
      n_bits -= BITS_PER_DIGIT;
      random[i] = digits[bits >> n_bits & 31];
    }
  random[N_RANDOM_DIGITS] = '\0';

  return g_strconcat (prefix, *prefix == '\0' ? "" : "-", random, suffix, NULL);
}

/*
 * tm_name_suffix_is_valid:
 * @suffix: the end of a name
 *
 * Returns: whether the random part can be told from the suffix: an ASCII letter or digit that
 *   follows it would make it another name
 */
gboolean
tm_name_suffix_is_valid (const char *suffix)
{
  return !g_ascii_isalnum (*suffix);
}

/* Whether exactly so many digits of base 32 stand at @digits_at, and no other letter or digit after
 * them: of the names of 64 hexadecimal digits that containers have, one in a thousand has an `8` or
 * the like in just that place. */
static gboolean
is_random_part (const char *digits_at)
{
  return strspn (digits_at, digits) == N_RANDOM_DIGITS &&
         !g_ascii_isalnum (digits_at[N_RANDOM_DIGITS]);
}

/*
 * tm_name_is_ours:
 * @name: the name of a directory
 *
 * Looks for the random part of tm_name_new(), at the beginning or after a dash, and before the end
 * or a suffix.
 *
 * Returns: whether the name can be one that this library has made
 */
gboolean
tm_name_is_ours (const char *name)
{
  const char *part = name;

  while (part != NULL)
    {
      if (is_random_part (part) || (*part == BEATING && is_random_part (part + 1)))
        return TRUE;

      part = strchr (part, '-');
      if (part != NULL)
        part++;
    }

  return FALSE;
}

/* The mark says: this directory was made by tempman and has, or had, an owner.
 *
 * The bit alone does not say so. In a directory that others may write to, as /tmp, it restricts
 * what they may remove. The XDG base directory specification uses it in the runtime directory to
 * say that something must not be cleaned up, and podman, runc and others set it on private
 * directories. Only together with a name of ours it is ours. */

static gboolean
mode_has_bit (mode_t mode)
{
  return (mode & TM_MARK) != 0 && (mode & (S_IWGRP | S_IWOTH)) == 0;
}

/*
 * tm_mark_is_set:
 * @name: the name of a directory
 * @mode: its mode
 *
 * Returns: whether the directory has the mark: the one question on which every reclaiming rests
 */
gboolean
tm_mark_is_set (const char *name, mode_t mode)
{
  return mode_has_bit (mode) && tm_name_is_ours (name);
}
