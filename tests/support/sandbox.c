/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "sandbox.h"

#include "children.h"
#include "mounts.h"

#include <glib/gstdio.h>
#include <linux/magic.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

/* The free memory that a sandbox in memory needs: more than any test uses. */
#define MEMORY_NEEDED (256 * 1024 * 1024)

void
sandbox_set_up (Sandbox *sandbox, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  sandbox->path = g_dir_make_tmp ("tempman-test-XXXXXX", &error);
  g_assert_no_error (error);
  /* The directory is for tests that drop to an ordinary user. */
  g_assert_no_errno (g_chmod (sandbox->path, 0777));
}

void
sandbox_tear_down (Sandbox *sandbox, gconstpointer data)
{
  const char *make_mutable[] = { "chattr", "-R", "-f", "-i", "-a", sandbox->path, NULL };
  const char *delete[] = { "rm", "-rf", "--", sandbox->path, NULL };
  g_autoptr (GError) error = NULL;

  if (geteuid () == 0)
    run_command (make_mutable);
  g_spawn_sync (NULL, (char **) delete, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, NULL,
                &error);
  g_assert_no_error (error);
  g_free (sandbox->path);
}

/* Returns (transfer none) (nullable): a directory in memory that an ordinary user may write to. */
static const char *
find_memory (void)
{
  const char *const places[] = { g_get_tmp_dir (), "/dev/shm", g_get_user_runtime_dir () };

  for (guint i = 0; i < G_N_ELEMENTS (places); i++)
    {
      struct statfs status;

      if (statfs (places[i], &status) == 0 && status.f_type == TMPFS_MAGIC &&
          (guint64) status.f_bavail * (guint64) status.f_bsize >= MEMORY_NEEDED &&
          access (places[i], W_OK | X_OK) == 0)
        return places[i];
    }

  return NULL;
}

/* For tests that create very many files or directories: a disk would take minutes. Root mounts a
 * file system of its own there, and an ordinary user gets a directory in one; if neither is
 * possible the sandbox is on the disk. */
void
sandbox_set_up_in_memory (Sandbox *sandbox, gconstpointer data)
{
  static gsize answer = 0;
  const char *memory;

  if (g_once_init_enter (&answer))
    g_once_init_leave (&answer, geteuid () == 0 && enter_mount_namespace () ? 1 : 2);

  memory = answer == 1 ? NULL : find_memory ();
  if (memory != NULL)
    {
      sandbox->path = g_build_filename (memory, "tempman-test-XXXXXX", NULL);
      g_assert_nonnull (g_mkdtemp (sandbox->path));
      g_assert_no_errno (g_chmod (sandbox->path, 0777));
      return;
    }

  sandbox_set_up (sandbox, data);
  if (answer == 1)
    sandbox->is_mounted = mount ("none", sandbox->path, "tmpfs", 0, "mode=0777") == 0;
}

void
sandbox_tear_down_in_memory (Sandbox *sandbox, gconstpointer data)
{
  if (sandbox->is_mounted)
    g_assert_no_errno (umount (sandbox->path));
  sandbox_tear_down (sandbox, data);
}

char *
sandbox_path (Sandbox *sandbox, const char *name)
{
  return g_build_filename (sandbox->path, name, NULL);
}

GFile *
sandbox_file (Sandbox *sandbox, const char *name)
{
  return g_file_new_build_filename (sandbox->path, name, NULL);
}
