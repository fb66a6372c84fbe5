/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "core/tm-name-private.h"

#include "core/tm-process-private.h"
#include "core/tm-random-private.h"

#include <string.h>

/* 100 bits: names never come back, and the path of a socket in the directory, which has room for
 * 107 bytes, is not filled by the name alone. */
#define N_RANDOM_DIGITS 20
#define BITS_PER_DIGIT 5
#define N_RANDOM_BYTES ((N_RANDOM_DIGITS * BITS_PER_DIGIT + 7) / 8)

/* These precede the random digits in the name of a directory with a heartbeat. They are not digits
 * of base 32. */
#define BEATING '0'
#define UNMARKED '1'

static const char digits[] = "abcdefghijklmnopqrstuvwxyz234567";

/* Random bytes for several names, drawn by one system call. In memory that a fork wipes: a child
 * that had those of its parent would make the names that its parent makes. */
typedef struct
{
  gint is_in_use;         /* atomic; by one thread at a time */
  TmProcessToken process; /* that drew them */
  guint n_left;
  guint8 bytes[256]; /* as many as tm_random_draw() gives at once */
} RandomBytes;

G_STATIC_ASSERT (sizeof (RandomBytes) <= TM_PROCESS_WIPED_SIZE);

/* Takes bytes that are not given out again. Returns 0, or -1 with errno. */
static int
random_bytes_draw (RandomBytes *pool, guint8 bytes[N_RANDOM_BYTES])
{
  if (pool->n_left < N_RANDOM_BYTES || pool->process != tm_process_get_token ())
    {
      pool->n_left = 0;
      if (tm_random_draw (pool->bytes, sizeof pool->bytes) < 0)
        return -1;
      pool->process = tm_process_get_token ();
      pool->n_left = sizeof pool->bytes;
    }

  pool->n_left -= N_RANDOM_BYTES;
  memcpy (bytes, pool->bytes + pool->n_left, N_RANDOM_BYTES);
  tm_random_wipe (pool->bytes + pool->n_left, N_RANDOM_BYTES);
  return 0;
}

/* Returns 0, or -1 with errno. */
static int
draw (TmNameKind kind, guint8 bytes[N_RANDOM_BYTES])
{
  RandomBytes *pool = kind == TM_NAME_LOCKED ? tm_process_get_wiped_memory () : NULL;
  int result;

  /* A thread that finds the pool in use does not wait. In the child of a fork, the thread that uses
   * it may not exist. */
  if (pool == NULL || !g_atomic_int_compare_and_exchange (&pool->is_in_use, FALSE, TRUE))
    return tm_random_draw (bytes, N_RANDOM_BYTES);

  result = random_bytes_draw (pool, bytes);
  g_atomic_int_set (&pool->is_in_use, FALSE);
  return result;
}

/*
 * tm_name_new:
 * @prefix: the beginning of the name; without a separator
 * @suffix: the end of the name; valid according to tm_name_suffix_is_valid()
 * @kind: %TM_NAME_LOCKED, or for a shared file system %TM_NAME_BEATING or %TM_NAME_UNMARKED
 *
 * Makes a name that is never used again: the locks and the heartbeats rely on it. The random bytes
 * come from the kernel, since the generator of GLib repeats itself in a forked child.
 *
 * For a local file system they may be bytes that were drawn before. If a virtual machine is copied
 * while it runs, so are the bytes, but its file systems are copied as well. On a shared file system
 * both copies would use the same names.
 *
 * Returns: (transfer full) (nullable): a new name, or %NULL with errno
 */
char *
tm_name_new (const char *prefix, const char *suffix, TmNameKind kind)
{
  guint8 bytes[N_RANDOM_BYTES];
  char random[1 + N_RANDOM_DIGITS + 1];
  guint n_chars = 0;
  guint bits = 0;
  guint n_bits = 0;
  guint n_bytes = 0;

  if (draw (kind, bytes) < 0)
    return NULL;

  if (kind == TM_NAME_BEATING)
    random[n_chars++] = BEATING;
  else if (kind == TM_NAME_UNMARKED)
    random[n_chars++] = UNMARKED;

  for (guint i = 0; i < N_RANDOM_DIGITS; i++)
    {
      if (n_bits < BITS_PER_DIGIT)
        {
          bits = bits << 8 | bytes[n_bytes++];
          n_bits += 8;
        }
      n_bits -= BITS_PER_DIGIT;
      random[n_chars++] = digits[bits >> n_bits & 31];
    }
  random[n_chars] = '\0';

  return g_strconcat (prefix, *prefix == '\0' ? "" : "-", random, suffix, NULL);
}

/* Whether it is one of @digits. strspn() would take a tenth of the time of a cleanup that removes
 * nothing: it builds a table for each name. */
static inline gboolean
is_digit (char c)
{
  return (c >= 'a' && c <= 'z') || (c >= '2' && c <= '7');
}

/* Whether a string begins with the random digits of a name, and no other letter or digit follows
 * them: containers have names of 64 hexadecimal digits, of which one in a thousand has an `8` or
 * the like in just that place. */
static gboolean
is_random_part (const char *string)
{
  for (guint i = 0; i < N_RANDOM_DIGITS; i++)
    if (!is_digit (string[i]))
      return FALSE;

  return !g_ascii_isalnum (string[N_RANDOM_DIGITS]);
}

/*
 * tm_name_get_kind:
 * @name: the name of a directory
 *
 * Looks for the random part that tm_name_new() makes: at the beginning or after a dash, and at the
 * end or before a suffix. If a prefix contains the name of another temporary directory, the last
 * one decides.
 *
 * Returns: how the owner of a directory with this name shows that it lives
 */
TmNameKind
tm_name_get_kind (const char *name)
{
  TmNameKind kind = TM_NAME_FOREIGN;
  const char *part = name;

  while (part != NULL)
    {
      if (is_random_part (part))
        kind = TM_NAME_LOCKED;
      else if (*part == BEATING && is_random_part (part + 1))
        kind = TM_NAME_BEATING;
      else if (*part == UNMARKED && is_random_part (part + 1))
        kind = TM_NAME_UNMARKED;

      part = strchr (part, '-');
      if (part != NULL)
        part++;
    }

  return kind;
}

/* Whether the library has made the name for its own use. A process that was killed at that moment
 * has left the file behind. */
gboolean
tm_name_is_internal (const char *name)
{
  return (g_str_has_prefix (name, TM_NAME_PREFIX_REMOVED "-") ||
          g_str_has_prefix (name, TM_NAME_PREFIX_CLOCK "-")) &&
         tm_name_get_kind (name) != TM_NAME_FOREIGN;
}

/* Whether the owner of a directory with such a name may make heartbeats. */
gboolean
tm_name_may_have_heartbeat (TmNameKind kind)
{
  return kind == TM_NAME_BEATING || kind == TM_NAME_UNMARKED;
}

/*
 * tm_name_suffix_is_valid:
 * @suffix: the end of a name
 *
 * Returns: whether the random part can be distinguished from the suffix: the suffix neither
 *   continues it nor contains another one
 */
gboolean
tm_name_suffix_is_valid (const char *suffix)
{
  return !g_ascii_isalnum (*suffix) && tm_name_get_kind (suffix) == TM_NAME_FOREIGN;
}

/* The mark says: this directory was made by tempman and has, or had, an owner.
 *
 * The bit alone does not say so. In a directory that others may write to, as /tmp, it restricts
 * what they may remove. The XDG base directory specification uses it in the runtime directory to
 * say that something must not be cleaned up, and podman, runc and others set it on private
 * directories. Only together with a name of ours it is ours. */

/*
 * tm_mark_is_valid:
 * @name: the kind of name of a directory
 * @mode: its mode
 *
 * Returns: whether the directory has the mark: every reclaiming relies on this answer
 */
gboolean
tm_mark_is_valid (TmNameKind name, mode_t mode)
{
  return (name == TM_NAME_LOCKED || name == TM_NAME_BEATING) && (mode & TM_MARK) != 0 &&
         (mode & (S_IWGRP | S_IWOTH)) == 0;
}

/* As tm_mark_is_valid(), for the name itself. */
gboolean
tm_mark_is_set (const char *name, mode_t mode)
{
  /* The mode first: it is cheaper to examine. */
  return (mode & TM_MARK) != 0 && tm_mark_is_valid (tm_name_get_kind (name), mode);
}
