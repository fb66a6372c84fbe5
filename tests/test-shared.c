/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* File systems that other machines use: one directory, seen through two mounts of an SSH server and
 * as the directory that is served, as three machines see it. */

#include "support/directories.h"
#include "support/fuse.h"
#include "support/interpose.h"
#include "support/roots.h"
#include "support/servers.h"
#include "support/support.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *why_no_mounts; /* (nullable) */

/* In a thread of its own: the library remembers, in each, the last file system that it has seen. */
static void
run_in_thread (GThreadFunc function, gpointer data)
{
  g_thread_join (g_thread_new ("fresh", function, data));
}

static TmRootEntryState
get_state (TmRoot *root, const char *path)
{
  g_autoptr (GListModel) entries = tm_root_list_entries (root, TM_LIST_FLAGS_NONE, NULL, NULL);

  for (guint i = 0; i < g_list_model_get_n_items (entries); i++)
    {
      g_autoptr (TmRootEntry) entry = g_list_model_get_item (entries, i);

      if (g_str_equal (g_file_peek_path (tm_root_entry_get_file (entry)), path))
        return tm_root_entry_get_state (entry);
    }

  g_assert_not_reached ();
}

static gpointer
look_at_shared_thread (gpointer data)
{
  Sandbox *sandbox = data;
  g_autofree char *marked = make_old_with_mode (sandbox, OUR_NAME ("marked"), 01700, 2 * HOUR);
  g_autofree char *busy = make_old_directory (sandbox, "busy", 2 * HOUR);
  g_autofree char *old = make_old_directory (sandbox, "old", 2 * HOUR);
  g_autofree char *young = make_old_directory (sandbox, "young", 0);
  g_autoptr (TmRoot) root = open_root (sandbox->path, HOUR, TM_ROOT_FLAGS_RECLAIM_ABANDONED);
  g_autoptr (TmRoot) ruthless = open_root (sandbox->path, HOUR, TM_ROOT_FLAGS_EXPIRE_LIVE);
  int fd = open (busy, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

  g_assert_no_errno (flock (fd, LOCK_SH | LOCK_NB));
  g_assert_cmpint (get_state (root, marked), ==, TM_ROOT_ENTRY_STATE_LIVE);
  g_assert_cmpint (get_state (root, busy), ==, TM_ROOT_ENTRY_STATE_LIVE);
  g_assert_cmpint (get_state (root, old), ==, TM_ROOT_ENTRY_STATE_UNOWNED);

  assert_cleanup (root, 1);
  g_assert_true (path_exists (marked));
  g_assert_true (path_exists (busy));
  g_assert_true (path_exists (young));
  g_assert_false (path_exists (old));

  assert_cleanup (ruthless, 2);
  g_assert_false (path_exists (marked));
  g_assert_false (path_exists (busy));
  close (fd);
  return NULL;
}

/* An owner on another machine may hold a lock that is not seen here: what is marked is left alone,
 * and of the rest the age counts, and the locks that are seen. */
static void
test_look (Sandbox *sandbox, gconstpointer data)
{
  pretend_shared (TRUE);
  run_in_thread (look_at_shared_thread, sandbox);
  pretend_shared (FALSE);
}

static gpointer
create_shared_thread (gpointer data)
{
  Sandbox *sandbox = data;
  g_autoptr (TmTemporaryDirectory) directory = create_in (sandbox->path);
  g_autoptr (TmRoot) root = open_root (sandbox->path, TM_NO_TIMEOUT, TM_ROOT_FLAGS_NONE);
  g_autoptr (TmTemporaryDirectory) entry = create_under (root);
  const char *paths[] = { tm_temporary_directory_get_path (directory),
                          tm_temporary_directory_get_path (entry) };

  for (guint i = 0; i < G_N_ELEMENTS (paths); i++)
    {
      int fd = open (paths[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
      struct stat status;

      g_assert_no_errno (fstat (fd, &status));
      g_assert_cmphex (status.st_mode & 07777, ==, 01700);
      g_assert_cmpint (flock (fd, LOCK_EX | LOCK_NB), ==, -1);
      close (fd);
    }

  close_successfully (directory);
  close_successfully (entry);
  return NULL;
}

/* The mark would tell others that its owner is gone, as they do not see the lock. */
static void
test_create (Sandbox *sandbox, gconstpointer data)
{
  pretend_shared (TRUE);
  run_in_thread (create_shared_thread, sandbox);
  pretend_shared (FALSE);
  g_assert_cmpuint (count_entries (sandbox->path), ==, 0);
}

static gpointer
unknown_thread (gpointer data)
{
  Sandbox *sandbox = data;
  g_autofree char *marked = make_old_with_mode (sandbox, OUR_NAME ("marked"), 01700, 2 * HOUR);
  g_autoptr (TmRoot) root = NULL;
  g_autoptr (TmTemporaryDirectory) directory = NULL;
  struct stat status;

  fail_call ("fstatfs", EIO, G_MAXINT);
  root = open_root (sandbox->path, HOUR, TM_ROOT_FLAGS_RECLAIM_ABANDONED);
  directory = create_in (sandbox->path);
  assert_cleanup (root, 0);
  interpose_end ();
  g_assert_no_errno (fstat (tm_temporary_directory_get_fd (directory), &status));
  g_assert_cmphex (status.st_mode & 07777, ==, 01700);
  g_assert_true (path_exists (marked));

  /* It is asked for again, once it can be told. */
  assert_cleanup (root, 1);
  g_assert_false (path_exists (marked));
  close_successfully (directory);
  return NULL;
}

/* A failure is no answer: it says neither that the file system is local nor, for ever, that it is
 * not. */
static void
test_unknown (Sandbox *sandbox, gconstpointer data)
{
  run_in_thread (unknown_thread, sandbox);
}

typedef struct
{
  char *served;
  char *mounts[2];
} Machines;

static gboolean
mount_served (const char *served, const char *target)
{
  g_autofree char *source = g_strdup_printf ("%s@127.0.0.1:%s", g_get_user_name (), served);
  g_autofree char *port = g_strdup_printf ("%u", servers_get_ssh_port ());
  const char *command[] = { "sshfs", "-f", "-p", port, source, target, NULL };

  make_directory (target);
  return fuse_mount (command, target);
}

/* Returns FALSE when the test is skipped. */
static gboolean
set_up_machines (Machines *machines, Sandbox *sandbox)
{
  gboolean is_mounted = TRUE;

  if (why_no_mounts != NULL)
    {
      g_test_skip (why_no_mounts);
      return FALSE;
    }

  machines->served = sandbox_path (sandbox, "served");
  make_directory (machines->served);
  for (guint i = 0; i < G_N_ELEMENTS (machines->mounts); i++)
    {
      g_autofree char *name = g_strdup_printf ("mount-%u", i);

      machines->mounts[i] = sandbox_path (sandbox, name);
      is_mounted &= mount_served (machines->served, machines->mounts[i]);
    }

  if (!is_mounted)
    g_test_skip ("sshfs cannot mount here");
  return is_mounted;
}

static void
tear_down_machines (Machines *machines)
{
  for (guint i = 0; i < G_N_ELEMENTS (machines->mounts); i++)
    if (machines->mounts[i] != NULL)
      {
        umount2 (machines->mounts[i], MNT_DETACH);
        g_free (machines->mounts[i]);
      }
  g_free (machines->served);
}

/* Neither at once, nor at age 0 where its mark is seen. Returns with the owner killed. */
static void
assert_live_stays (const char *owner_path, const char *cleaner_path, gboolean is_marked)
{
  g_autoptr (TmRoot) owner = open_root (owner_path, TM_NO_TIMEOUT, TM_ROOT_FLAGS_NONE);
  g_autoptr (TmRoot) cleaner =
      open_root (cleaner_path, is_marked ? 0 : TM_NO_TIMEOUT, TM_ROOT_FLAGS_RECLAIM_ABANDONED);
  pid_t pid = start_holder (owner, 1);
  g_autoptr (TmTemporaryDirectory) other = create_under (cleaner);

  g_assert_cmpuint (count_entries (cleaner_path), ==, 2);
  assert_cleanup (cleaner, 0);
  g_assert_cmpuint (count_entries (owner_path), ==, 2);
  close_successfully (other);
  g_assert_no_errno (kill (pid, SIGKILL));
  wait_for_child (pid);
}

static void
test_two_clients (Sandbox *sandbox, gconstpointer data)
{
  Machines machines = { 0 };

  if (set_up_machines (&machines, sandbox))
    assert_live_stays (machines.mounts[0], machines.mounts[1], TRUE);
  tear_down_machines (&machines);
}

/* Whose file system is one that nobody can know to be served. */
static void
test_client_and_server (Sandbox *sandbox, gconstpointer data)
{
  Machines machines = { 0 };

  if (set_up_machines (&machines, sandbox))
    assert_live_stays (machines.mounts[0], machines.served, TRUE);
  tear_down_machines (&machines);
}

static void
test_server_and_client (Sandbox *sandbox, gconstpointer data)
{
  Machines machines = { 0 };

  if (set_up_machines (&machines, sandbox))
    {
      g_autoptr (TmRoot) root =
          open_root (machines.served, TM_NO_TIMEOUT, TM_ROOT_FLAGS_RECLAIM_ABANDONED);

      assert_live_stays (machines.served, machines.mounts[0], TRUE);
      /* Only there can it be told that it is dead. */
      assert_cleanup (root, 1);
    }
  tear_down_machines (&machines);
}

/* What is mounted, nobody else sees; and it is gone with the test. */
static const char *
prepare_mounts (void)
{
  g_autofree char *program = g_find_program_in_path ("sshfs");

  if (!library_has_descriptors ())
    return "the library was built to use neither descriptors nor locks";
  if (program == NULL)
    return "sshfs is not installed";
  if (geteuid () != 0)
    return "only root can mount it";
  if (access ("/dev/fuse", R_OK | W_OK) < 0)
    return "there is no /dev/fuse";
  if (!enter_mount_namespace ())
    return "no mount namespaces here";
  if (!servers_start_ssh ())
    return "there is no SSH server here";
  return NULL;
}

int
main (int argc, char **argv)
{
  int result;

  g_test_init (&argc, &argv, NULL);
  why_no_mounts = prepare_mounts ();

  add_test ("/shared/look", of_descriptors (test_look));
  add_test ("/shared/create", of_descriptors (test_create));
  add_test ("/shared/unknown", of_descriptors (test_unknown));
  add_test ("/shared/two-clients", test_two_clients);
  add_test ("/shared/client-and-server", test_client_and_server);
  add_test ("/shared/server-and-client", test_server_and_client);

  result = g_test_run ();
  servers_stop ();
  return result;
}
