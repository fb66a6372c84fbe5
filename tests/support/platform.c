/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "sandbox.h"

#include "skips.h"

/* The tests of what is weaker without a call of Linux, by the rows of the table in
 * docs/platforms.md. They are skipped where the library was built without these calls. */

static const struct
{
  const char *missing; /* as in the table */
  const char *test;    /* a pattern */
} weaker[] = {
  { "O_NOATIME", "/age/bases" },
  { "O_NOATIME", "/age/content/access-times" },
  { "O_NOATIME", "/expiry/access-times" },
  { "O_NOATIME", "/faults-root/list-by-content" },
  { "O_NOATIME", "/limits/random-roots" },
  { "O_NOATIME", "/limits/unwritable-root" },
  { "O_NOATIME", "/measure/leaves-times" },
  { "O_NOATIME", "/restore/times/given-back" },
  { "O_NOATIME", "/restore/times/read" },
  { "O_NOATIME", "/root-entry/changes-nothing" },
  { "O_NOATIME", "/sizes/lists/local" },
  { "getdents64()", "/age/large-root" },
  { "getdents64()", "/close/out-of-descriptors" },
  { "getdents64()", "/contents/memory" },
  { "openat2()", "/attack-races/mount-moved-in" },
  { "openat2()", "/attacks/calls" },
  { "openat2()", "/campaign/mounts" },
  { "openat2()", "/contents/refused-later" },
  { "openat2()", "/force/snapshots/btrfs" },
  { "openat2()", "/hanging-mounts/*" },
  { "openat2()", "/heartbeat/costs-one-request" },
  { "openat2()", "/measure/mounted" },
  { "openat2()", "/mounts/btrfs-subvolumes" },
  { "openat2()", "/mounts/without-proc" },
  { "openat2()", "/owners/exchanged*" },
  { "openat2()", "/parents/permissions-changed*" },
  { "O_PATH", "/campaign/ext4" },
  { "O_PATH", "/environment/home" },
  { "O_PATH", "/permissions/modes-through-links" },
  { "statx()", "/age/cost" },
  { "statx()", "/faults-root/async" },
  { "statx()", "/faults-root/cleanup" },
  { "statx()", "/faults-root/list" },
  { "statx()", "/log/cleanup-not-shown" },
  { "statx()", "/parents/entered-namespace" },
  { "statx()", "/parents/read-only" },
  { "statx()", "/parents/same-number" },
  { "statx()", "/root-entry/unseen" },
  { "renameat2()", "/crashes/persist-replacing" },
  { "renameat2()", "/debugging/published" },
  { "renameat2()", "/faults-persist/async" },
  { "renameat2()", "/faults-persist/comes-and-goes" },
  { "renameat2()", "/faults-persist/lasting" },
  { "renameat2()", "/faults-persist/replace-*" },
  { "renameat2()", "/keep/published" },
  { "renameat2()", "/kills/random" },
  { "renameat2()", "/log/persist" },
  { "renameat2()", "/persist/async" },
  { "renameat2()", "/persist/bad-destinations" },
  { "renameat2()", "/persist/modes" },
  { "renameat2()", "/persist/mounts" },
  { "renameat2()", "/persist/own-name" },
  { "renameat2()", "/persist/permissions" },
  { "renameat2()", "/persist-file-systems/overlay" },
  { "renameat2()", "/persist-races/never-missing" },
  { "renameat2()", "/persist-races/swapped-link" },
  { "renameat2()", "/persist-replace/*" },
  { "renameat2()", "/remote/local/publish" },
  { "renameat2()", "/restore/modes-of-publication" },
  { "FS_IOC_SETFLAGS", "/force/*" },
  { "FS_IOC_SETFLAGS", "/root-entry/attributes" },
  { "setfsuid()", "/owners/fsuid" },
  { "setfsuid()", "/owners/root/fsuid" },
  { "capget()", "/privilege/dropped" },
  { "capget()", "/privilege/ordinary-user" },
  { "capget()", "/privilege/unmapped" },
  { "/proc", "/planted-links/as-the-kernel" },
  { "/proc", "/planted-links/behind-own" },
  { "/proc", "/planted-links/unknown-users" },
  { "/proc", "/root-entry/foretells-cleanup" },
};

static const char *
find_missing (const char *path)
{
  for (guint i = 0; i < G_N_ELEMENTS (weaker); i++)
    if (g_pattern_match_simple (weaker[i].test, path))
      return weaker[i].missing;
  return NULL;
}

static void
skip (Sandbox *sandbox, gconstpointer data)
{
  g_autofree char *reason =
      g_strdup_printf ("the library was built without %s", find_missing (g_test_get_path ()));

  g_test_skip (reason);
}

/* Returns the function to run for the test @path. */
SandboxFunc
on_this_platform (const char *path, SandboxFunc function)
{
  return library_has_linux_calls () || find_missing (path) == NULL ? function : skip;
}
