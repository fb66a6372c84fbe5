/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "core/tm-exclude-private.h"

#include <fnmatch.h>

/* Names that a cleanup never touches. */

/*
 * tm_exclude_matches:
 * @patterns: (nullable) (array zero-terminated=1): patterns of the shell
 * @name: the name of an entry
 *
 * Returns: whether one of the patterns matches the name
 */
gboolean
tm_exclude_matches (const char *const *patterns, const char *name)
{
  for (; patterns != NULL && *patterns != NULL; patterns++)
    {
      /* Any other answer is a failure, after which the entry is better left. */
      if (fnmatch (*patterns, name, 0) != FNM_NOMATCH)
        return TRUE;
    }

  return FALSE;
}

/*
 * tm_exclude_is_well_known:
 * @name: the name of an entry of a directory that every user may write to
 *
 * The sockets of display servers and the private directories of services lie in /tmp, are in use
 * without a lock, and get old.
 *
 * Returns: whether it is known to be theirs
 */
gboolean
tm_exclude_is_well_known (const char *name)
{
  static const char *const patterns[] = {
    ".X11-unix",  ".ICE-unix",         ".XIM-unix",      ".font-unix",
    ".Test-unix", "systemd-private-*", "snap-private-*", NULL,
  };

  return tm_exclude_matches (patterns, name);
}
