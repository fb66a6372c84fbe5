/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* A process is killed before each of the system calls of an operation, one in each run. Wherever it
 * was killed, no live directory of another owner is lost, and one cleanup by another process
 * deletes all of its directories. */

#include "support/directories.h"
#include "support/interpose.h"
#include "support/roots.h"
#include "support/support.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct
{
  const char *name;
  void (*prepare) (const char *base); /* (nullable): prepares the files */
  void (*run) (const char *base);     /* in the process that is killed, which calls begin() */
  void (*check) (const char *base);   /* (nullable): checks the files once it is dead */
} Operation;

static guint nth;
static guint n_calls;

static int
kill_cb (const SystemCall *call, gpointer user_data)
{
  if (n_calls++ == nth)
    kill (getpid (), SIGKILL);
  return 0;
}

static void
begin (void)
{
  n_calls = 0;
  interpose (kill_cb, NULL);
}

/* Permissions do not stop the owner of a directory. If it is killed right after it changed them,
 * they do not stop the next owner either. */
static void
fill (const char *path)
{
  g_autofree char *barred = g_build_filename (path, "barred", NULL);
  g_autofree char *below = g_build_filename (barred, "below", NULL);
  g_autofree char *nested = g_build_filename (path, "1", "2", NULL);
  g_autofree char *file = g_build_filename (nested, "file", NULL);
  g_autofree char *link = g_build_filename (path, "link", NULL);

  make_directory (nested);
  make_directory (below);
  child_assert (mknod (file, S_IFREG | 0400, 0) == 0);
  child_assert (symlink ("/nowhere", link) == 0);
  child_assert (g_chmod (barred, 0) == 0);
}

/* A name that works with every umask. */
static void
run_create (const char *base)
{
  g_autoptr (GFile) parent = g_file_new_for_path (base);

  umask (0777);
  begin ();
  /* Not closed: the process exits with it. */
  child_assert (tm_temporary_directory_new (parent, "t", NULL, NULL) != NULL);
  interpose_end ();
}

static void
run_close (const char *base)
{
  g_autoptr (TmTemporaryDirectory) directory = create_in (base);

  fill (tm_temporary_directory_get_path (directory));
  begin ();
  child_assert (tm_temporary_directory_close (directory, NULL, NULL));
  interpose_end ();
}

static void
make_empty_abandoned (const char *base)
{
  g_autofree char *path = g_build_filename (base, OUR_NAME ("abandoned"), NULL);

  make_directory (path);
  child_assert (g_chmod (path, 01700) == 0);
}

static const mode_t abandoned_modes[] = { 01700, 01000 };

static char *
abandoned_path (const char *base, guint i)
{
  return g_strdup_printf ("%s/%u" OUR_NAME ("-abandoned"), base, i);
}

static void
make_abandoned (const char *base)
{
  for (guint i = 0; i < G_N_ELEMENTS (abandoned_modes); i++)
    {
      g_autofree char *path = abandoned_path (base, i);

      make_directory (path);
      fill (path);
      child_assert (g_chmod (path, abandoned_modes[i]) == 0);
    }
}

static void
run_cleanup (const char *base)
{
  g_autoptr (TmRoot) root = open_reclaiming_root (base);

  begin ();
  child_assert (tm_root_cleanup (root, NULL, NULL) == 2);
  interpose_end ();
}

static void
run_create_in_root (const char *base)
{
  g_autoptr (TmRoot) root = open_reclaiming_root (base);

  begin ();
  child_assert (tm_root_create_temp_dir (root, NULL, NULL) != NULL);
  interpose_end ();
}

/* Beside what the cleanup is of. */
static char *
published_path (const char *base)
{
  return g_strconcat (base, ".published", NULL);
}

static void
make_published (const char *base)
{
  g_autofree char *path = published_path (base);
  g_autofree char *old = g_build_filename (path, "old", NULL);

  make_directory (path);
  fill (path);
  child_assert (mknod (old, S_IFREG | 0600, 0) == 0);
}

static void
persist (const char *base, TmPersistFlags flags)
{
  g_autofree char *path = published_path (base);
  g_autoptr (GFile) destination = g_file_new_for_path (path);
  g_autoptr (TmTemporaryDirectory) directory = create_in (base);
  g_autofree char *new = child_path (directory, "new");

  fill (tm_temporary_directory_get_path (directory));
  child_assert (mknod (new, S_IFREG | 0600, 0) == 0);
  begin ();
  child_assert (tm_temporary_directory_persist (directory, destination, flags, NULL, NULL));
  interpose_end ();
}

static void
run_persist (const char *base)
{
  persist (base, TM_PERSIST_FLAGS_NONE);
}

static void
run_persist_replacing (const char *base)
{
  persist (base, TM_PERSIST_FLAGS_REPLACE);
}

/* Whole, and without the mark, so that no cleaner considers it abandoned. */
static gboolean
is_published (const char *path, const char *content)
{
  g_autofree char *file = g_build_filename (path, content, NULL);
  g_autofree char *nested = g_build_filename (path, "1", "2", "file", NULL);
  struct stat status;

  return path_exists (file) && path_exists (nested) && lstat (path, &status) == 0 &&
         (status.st_mode & S_ISVTX) == 0;
}

/* Between the loss of one name or mark and the next there is a moment at which the old or the new
 * directory is at the destination without a mark. It expires by its age. */
static void
make_unmarked_old (const char *base)
{
  g_autoptr (GDir) dir = g_dir_open (base, 0, NULL);
  const char *name;

  child_assert (dir != NULL);
  while ((name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (base, name, NULL);
      struct stat status;

      child_assert (lstat (path, &status) == 0);
      if ((status.st_mode & S_ISVTX) == 0)
        make_old (path, 2 * HOUR);
    }
}

/* Leaves no files for the next run. */
static void
delete_published (const char *base)
{
  g_autofree char *path = published_path (base);
  g_autoptr (GFile) file = g_file_new_for_path (path);

  child_assert (!path_exists (path) ||
                tm_delete_recursively (file, TM_DELETE_FLAGS_NONE, NULL, NULL, NULL, NULL));
}

static void
check_persisted (const char *base)
{
  g_autofree char *path = published_path (base);

  child_assert (!path_exists (path) || is_published (path, "new"));
  delete_published (base);
  make_unmarked_old (base);
}

static void
check_replaced (const char *base)
{
  g_autofree char *path = published_path (base);

  child_assert (is_published (path, "old") != is_published (path, "new"));
  delete_published (base);
  make_unmarked_old (base);
}

static void
run_list (const char *base)
{
  g_autoptr (TmRoot) root = open_reclaiming_root (base);

  begin ();
  child_assert (tm_root_list_entries (root, TM_LIST_FLAGS_NONE, NULL, NULL) != NULL);
  interpose_end ();
}

/* The two abandoned directories and the live one are unchanged. */
static void
check_listed (const char *base)
{
  for (guint i = 0; i < G_N_ELEMENTS (abandoned_modes); i++)
    {
      g_autofree char *path = abandoned_path (base, i);
      struct stat status;

      child_assert (lstat (path, &status) == 0 && (status.st_mode & 07777) == abandoned_modes[i]);
    }
  child_assert (count_entries (base) == G_N_ELEMENTS (abandoned_modes) + 1);
}

static const Operation operations[] = {
  { "create", NULL, run_create, NULL },
  { "close", NULL, run_close, NULL },
  { "cleanup", make_abandoned, run_cleanup, NULL },
  { "create-in-root", make_empty_abandoned, run_create_in_root, NULL },
  { "persist", NULL, run_persist, check_persisted },
  { "persist-replacing", make_published, run_persist_replacing, check_replaced },
  { "list", make_abandoned, run_list, check_listed },
};

typedef struct
{
  const Operation *operation;
  const char *base;
} Victim;

static void
victim_child (gpointer data)
{
  const Victim *victim = data;

  victim->operation->run (victim->base);
}

/* Still there, still owned, and still locked. */
static gboolean
is_alive (TmTemporaryDirectory *directory)
{
  g_autofree char *file = child_path (directory, "file");
  const char *path = tm_temporary_directory_get_path (directory);
  struct stat by_path, by_fd;
  gboolean is_locked;
  int fd;

  if (!path_exists (file) || stat (path, &by_path) < 0 ||
      fstat (tm_temporary_directory_get_fd (directory), &by_fd) < 0 ||
      by_path.st_ino != by_fd.st_ino || by_fd.st_mode != (S_IFDIR | 01700))
    return FALSE;

  fd = open (path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  is_locked = flock (fd, LOCK_EX | LOCK_NB) < 0;
  close (fd);
  return is_locked;
}

/* Returns FALSE when the operation has fewer calls than @nth. */
static gboolean
kill_before_call (const Operation *operation, const char *base, TmTemporaryDirectory *live)
{
  g_autoptr (TmRoot) root = open_reclaiming_root (base);
  Victim victim = { operation, base };
  int status;

  if (operation->prepare != NULL)
    operation->prepare (base);
  status = run_in_child (victim_child, &victim);
  if (status != 0 && status != 128 + SIGKILL)
    g_printerr ("%s, before the call %u\n", operation->name, nth);
  child_assert (status == 0 || status == 128 + SIGKILL);

  child_assert (is_alive (live));
  if (operation->check != NULL)
    operation->check (base);
  child_assert (tm_root_cleanup (root, NULL, NULL) >= 0);
  child_assert (is_alive (live));
  if (count_entries (base) != 1)
    g_printerr ("%s, killed before the call %u, left something\n", operation->name, nth);
  child_assert (count_entries (base) == 1);
  return status != 0;
}

static void
kill_before_each_call (const Operation *operation, const char *base)
{
  g_autoptr (TmTemporaryDirectory) live = NULL;
  g_autofree char *file = NULL;

  make_directory (base);
  live = create_in (base);
  file = child_path (live, "file");
  child_assert (mknod (file, S_IFREG | 0600, 0) == 0);

  for (nth = 0; kill_before_call (operation, base, live); nth++)
    ;
  /* Otherwise the interposer saw no calls. */
  child_assert (nth > 5);
  child_assert (tm_temporary_directory_close (live, NULL, NULL));
}

static void
any_user_child (gpointer data)
{
  const Victim *victim = data;

  kill_before_each_call (victim->operation, victim->base);
}

static void
ordinary_user_child (gpointer data)
{
  child_assert (become_ordinary_user ());
  any_user_child (data);
}

static void
test_killed (Sandbox *sandbox, gconstpointer data)
{
  g_autofree char *base = sandbox_path (sandbox, "base");
  g_autofree char *user_base = sandbox_path (sandbox, "user");
  Victim as_any = { data, base };
  Victim as_ordinary = { data, user_base };

  assert_success_in_child (run_in_child (any_user_child, &as_any));
  if (geteuid () == 0)
    assert_success_in_child (run_in_child (ordinary_user_child, &as_ordinary));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (operations); i++)
    {
      g_autofree char *name = g_strconcat ("/crashes/", operations[i].name, NULL);

      add_test_in_memory (name, &operations[i], of_descriptors (test_killed));
    }

  return g_test_run ();
}
