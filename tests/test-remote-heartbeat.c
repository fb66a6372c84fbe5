/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Heartbeats of directories that GVfs serves, and of others seen through GVfs, with short
 * intervals. */

#include "support/roots.h"
#include "support/served-file.h"
#include "support/servers.h"
#include "support/support.h"

#include "short/core/tm-heartbeat-intervals-private.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define INTERVAL (TM_HEARTBEAT_INTERVAL_SECONDS * G_USEC_PER_SEC)
#define SILENCE (TM_HEARTBEAT_SILENCE_SECONDS * G_USEC_PER_SEC)
#define MAX_WAIT (20 * INTERVAL)

#define OWNER_OPTION "--owner"

typedef struct
{
  Sandbox sandbox;
  Server server;
  GFile *base; /* (owned): the sandbox, as it is served */
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  g_autofree char *uri = NULL;

  fixture->server = (Server) GPOINTER_TO_INT (data);
  sandbox_set_up (&fixture->sandbox, NULL);
  uri = servers_get_uri (fixture->server, fixture->sandbox.path);
  fixture->base = g_file_new_for_uri (uri);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_object_unref (fixture->base);
  sandbox_tear_down (&fixture->sandbox, NULL);
}

static gboolean
skip_unless_served (Fixture *fixture)
{
  if (servers_have (fixture->server))
    return FALSE;

  g_test_skip ("needs GVfs, and for SFTP an SSH server");
  return TRUE;
}

static char *
get_real_path (Fixture *fixture, TmTemporaryDirectory *directory)
{
  g_autofree char *name = g_file_get_basename (tm_temporary_directory_get_file (directory));

  return sandbox_path (&fixture->sandbox, name);
}

static gint64
get_modified (const char *path)
{
  struct stat status;

  g_assert_no_errno (stat (path, &status));
  return status.st_mtim.tv_sec;
}

/* Returns whether the modification time changes within @microseconds. */
static gboolean
beats_within (const char *path, gint64 microseconds)
{
  gint64 before = get_modified (path);
  gint64 end = g_get_monotonic_time () + microseconds;

  while (g_get_monotonic_time () < end)
    {
      if (get_modified (path) != before)
        return TRUE;
      g_usleep (INTERVAL / 50);
    }
  return FALSE;
}

static void
test_beats (Fixture *fixture, gconstpointer data)
{
  g_autoptr (TmTemporaryDirectory) directory = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *path = NULL;

  if (skip_unless_served (fixture))
    return;

  directory = tm_temporary_directory_new (fixture->base, NULL, NULL, &error);
  g_assert_no_error (error);
  path = get_real_path (fixture, directory);
  /* The back end of GVfs for SFTP sets no other bits than the permissions. */
  g_assert_nonnull (strstr (path, fixture->server == SERVER_SFTP ? "-1" : "-0"));
  g_assert_cmphex (get_mode (path), ==, fixture->server == SERVER_SFTP ? 0700 : 01700);
  for (guint i = 0; i < 3; i++)
    g_assert_true (beats_within (path, MAX_WAIT));
  g_assert_true (tm_temporary_directory_close (directory, NULL, NULL));
  g_assert_false (path_exists (path));
}

static void
test_keep (Fixture *fixture, gconstpointer data)
{
  g_autoptr (TmTemporaryDirectory) directory = NULL;
  g_autofree char *path = NULL;

  if (skip_unless_served (fixture))
    return;

  directory = tm_temporary_directory_new (fixture->base, NULL, NULL, NULL);
  path = get_real_path (fixture, directory);
  g_assert_true (tm_temporary_directory_keep (directory, NULL, NULL));
  g_assert_cmphex (get_mode (path), ==, 0700);
  g_assert_false (beats_within (path, 3 * INTERVAL));
}

static void
test_persist (Fixture *fixture, gconstpointer data)
{
  g_autofree char *path = sandbox_path (&fixture->sandbox, "published");
  g_autoptr (TmTemporaryDirectory) directory = NULL;
  g_autoptr (GFile) destination = g_file_get_child (fixture->base, "published");
  g_autoptr (GError) error = NULL;

  if (skip_unless_served (fixture))
    return;

  directory = tm_temporary_directory_new (fixture->base, NULL, NULL, NULL);
  tm_temporary_directory_persist (directory, destination, TM_PERSIST_FLAGS_NONE, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmphex (get_mode (path), ==, 0700);
  g_assert_false (beats_within (path, 3 * INTERVAL));
}

typedef struct
{
  GFile *base; /* (unowned) */
  int ready;
} Owner;

/* GVfs does not work in a forked child: the owner is this program, started anew. */
static void G_GNUC_NORETURN
owner_child (gpointer data)
{
  const Owner *owner = data;
  g_autofree char *program = find_own_program ();
  g_autofree char *uri = g_file_get_uri (owner->base);

  if (dup2 (owner->ready, STDOUT_FILENO) == STDOUT_FILENO)
    execl (program, program, OWNER_OPTION, uri, NULL);
  _exit (127);
}

/* Says on the standard output that it has created its directory, and waits to be killed. */
static void G_GNUC_NORETURN
run_owner (const char *uri)
{
  g_autoptr (GFile) base = g_file_new_for_uri (uri);
  g_autoptr (GError) error = NULL;
  g_autoptr (TmTemporaryDirectory) G_GNUC_UNUSED directory =
      tm_temporary_directory_new (base, "owner", NULL, &error);

  child_assert (error == NULL);
  child_assert (write (STDOUT_FILENO, "", 1) == 1);
  wait_to_be_killed ();
}

/* Cleans up until an entry is removed, or for @microseconds. Returns how many were. */
static gssize
clean_up_within (TmRoot *root, gint64 microseconds)
{
  gint64 end = g_get_monotonic_time () + microseconds;
  gssize n_removed = 0;

  while (n_removed == 0 && g_get_monotonic_time () < end)
    {
      g_autoptr (GError) error = NULL;

      n_removed = tm_root_cleanup (root, NULL, &error);
      g_assert_no_error (error);
      g_usleep (INTERVAL / 10);
    }
  return n_removed;
}

/* The owner is another process, on the local path or through GVfs, and so is the cleaner. */
static void
check_life (Fixture *fixture, GFile *owner_base, GFile *cleaner_base)
{
  Owner owner = { .base = owner_base };
  g_autoptr (TmRoot) root = open_root_of_file (cleaner_base, 0, TM_ROOT_FLAGS_RECLAIM_ABANDONED);
  int ready[2];
  char byte;
  pid_t pid;

  tm_root_set_lease (root, 2 * TM_HEARTBEAT_INTERVAL_SECONDS);
  g_assert_no_errno (pipe (ready));
  owner.ready = ready[1];
  pid = start_child (owner_child, &owner);
  close (ready[1]);
  g_assert_cmpint (read (ready[0], &byte, 1), ==, 1);
  close (ready[0]);

  g_assert_cmpint (clean_up_within (root, SILENCE + 2 * INTERVAL), ==, 0);
  g_assert_cmpuint (count_entries (fixture->sandbox.path), ==, 1);

  g_assert_no_errno (kill (pid, SIGKILL));
  wait_for_child (pid);
  g_assert_cmpint (clean_up_within (root, MAX_WAIT), ==, 1);
  g_assert_cmpuint (count_entries (fixture->sandbox.path), ==, 0);
}

static void
test_life (Fixture *fixture, gconstpointer data)
{
  if (!skip_unless_served (fixture))
    check_life (fixture, fixture->base, fixture->base);
}

/* The server cannot know that its file system is served. */
static void
test_cleaner_on_server (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GFile) served = g_file_new_for_path (fixture->sandbox.path);

  if (!skip_unless_served (fixture))
    check_life (fixture, fixture->base, served);
}

static gboolean
fail_queries_cb (Request request, const char *path, gpointer data, GError **error)
{
  if (request != REQUEST_QUERY)
    return TRUE;

  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT, "the connection is broken");
  return FALSE;
}

/* The server creates the directory with a mark, but then does not tell about it. */
static void
test_broken_connection (Sandbox *sandbox, gconstpointer data)
{
  g_autoptr (GFile) base = served_file_new (sandbox->path);
  g_autoptr (TmTemporaryDirectory) directory = NULL;
  g_autofree char *name = NULL;
  g_autofree char *path = NULL;

  served_file_watch (fail_queries_cb, NULL);
  directory = tm_temporary_directory_new (base, NULL, NULL, NULL);
  served_file_watch (NULL, NULL);
  g_assert_nonnull (directory);
  name = g_file_get_basename (tm_temporary_directory_get_file (directory));
  path = sandbox_path (sandbox, name);
  g_assert_cmphex (get_mode (path), ==, 01700);
  g_assert_true (beats_within (path, MAX_WAIT));
  g_assert_true (tm_temporary_directory_keep (directory, NULL, NULL));
  g_assert_cmphex (get_mode (path), ==, 0700);
}

typedef struct
{
  GCancellable *cancellable; /* (owned) */
  guint n_further_requests;
} Cancellation;

static gboolean
cancel_cb (Request request, const char *path, gpointer data, GError **error)
{
  Cancellation *cancellation = data;

  if (g_cancellable_is_cancelled (cancellation->cancellable))
    cancellation->n_further_requests++;
  else if (request == REQUEST_MAKE)
    g_cancellable_cancel (cancellation->cancellable);
  return TRUE;
}

/* The server hangs when a cleanup asks for its clock. */
static void
test_cancelled_cleanup (Sandbox *sandbox, gconstpointer data)
{
  Cancellation cancellation = { g_cancellable_new (), 0 };
  g_autoptr (GFile) base = served_file_new (sandbox->path);
  g_autoptr (TmRoot) root = open_root_of_file (base, 0, TM_ROOT_FLAGS_NONE);
  g_autoptr (GError) error = NULL;

  served_file_watch (cancel_cb, &cancellation);
  tm_root_cleanup (root, cancellation.cancellable, &error);
  served_file_watch (NULL, NULL);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_cmpuint (cancellation.n_further_requests, ==, 0);
  g_object_unref (cancellation.cancellable);
}

static void
add_tests (const char *name, void (*function) (Fixture *, gconstpointer))
{
  static const char *const names[] = { [SERVER_GVFS] = "gvfs", [SERVER_SFTP] = "sftp" };

  for (guint i = 0; i < N_SERVERS; i++)
    {
      g_autofree char *path = g_strdup_printf ("/remote-heartbeat/%s/%s", names[i], name);

      g_test_add (path, Fixture, GINT_TO_POINTER (i), set_up, function, tear_down);
    }
}

int
main (int argc, char **argv)
{
  int result;

  if (argc == 3 && g_str_equal (argv[1], OWNER_OPTION))
    run_owner (argv[2]);

  g_test_init (&argc, &argv, NULL);
  servers_start ();

  add_tests ("beats", test_beats);
  add_tests ("keep", test_keep);
  add_tests ("persist", test_persist);
  add_tests ("life", test_life);
  add_tests ("cleaner-on-server", test_cleaner_on_server);

  add_test ("/remote-heartbeat/broken-connection", test_broken_connection);
  add_test ("/remote-heartbeat/cancelled-cleanup", test_cancelled_cleanup);

  result = g_test_run ();
  servers_stop ();
  return result;
}
