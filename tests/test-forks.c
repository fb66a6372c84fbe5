/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The objects of a process in a child that it forks: whatever its threads were doing at that
 * moment, the child waits for none of them; and a child can adopt a directory. */

#include "support/interpose.h"
#include "support/support.h"

#include <tempman.h>

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static TmTemporaryDirectory *
create (Sandbox *sandbox)
{
  g_autoptr (GFile) parent = g_file_new_for_path (sandbox->path);
  g_autoptr (GError) error = NULL;
  TmTemporaryDirectory *directory = tm_temporary_directory_new (parent, NULL, NULL, &error);

  g_assert_no_error (error);
  make_tree (tm_temporary_directory_get_path (directory));
  return directory;
}

/* A thread that stops in the middle of a system call of the library. */
typedef struct
{
  const char *call;
  GThread *thread; /* atomic */

  GMutex mutex; /* guards the fields below */
  GCond changed;
  gboolean is_there;
  gboolean may_go_on;
} Stop;

static int
stop_cb (const SystemCall *call, gpointer user_data)
{
  Stop *stop = user_data;

  if (!g_str_equal (call->name, stop->call) ||
      g_thread_self () != g_atomic_pointer_get (&stop->thread))
    return 0;

  g_mutex_lock (&stop->mutex);
  stop->is_there = TRUE;
  g_cond_broadcast (&stop->changed);
  while (!stop->may_go_on)
    g_cond_wait (&stop->changed, &stop->mutex);
  g_mutex_unlock (&stop->mutex);
  return 0;
}

typedef struct
{
  Stop *stop;
  GThreadFunc function;
  gpointer data;
} Start;

static gpointer
start_cb (gpointer data)
{
  const Start *start = data;

  /* Held until the thread is known to be the one that is to stop. */
  g_mutex_lock (&start->stop->mutex);
  g_mutex_unlock (&start->stop->mutex);
  return start->function (start->data);
}

/* Runs @child in a forked child while @function in another thread of this process is in the middle
 * of @call. */
static int
run_in_child_amid (const char *call, GThreadFunc function, gpointer data, ChildFunc child)
{
  Stop stop = { .call = call };
  Start start = { &stop, function, data };
  int status;

  g_mutex_init (&stop.mutex);
  g_cond_init (&stop.changed);
  interpose (stop_cb, &stop);

  g_mutex_lock (&stop.mutex);
  g_atomic_pointer_set (&stop.thread, g_thread_new ("other", start_cb, &start));
  while (!stop.is_there)
    g_cond_wait (&stop.changed, &stop.mutex);
  g_mutex_unlock (&stop.mutex);

  status = run_in_child (child, data);

  g_mutex_lock (&stop.mutex);
  stop.may_go_on = TRUE;
  g_cond_broadcast (&stop.changed);
  g_mutex_unlock (&stop.mutex);
  g_thread_join (stop.thread);
  interpose_end ();
  g_cond_clear (&stop.changed);
  g_mutex_clear (&stop.mutex);
  return status;
}

/* In the other thread. */
static gpointer
close_cb (gpointer data)
{
  g_autoptr (GError) error = NULL;

  tm_temporary_directory_close (data, NULL, &error);
  g_assert_no_error (error);
  return NULL;
}

static void
use_while_closing_child (gpointer data)
{
  TmTemporaryDirectory *directory = data;
  g_autoptr (GFile) destination = g_file_new_for_path ("/nonexistent/destination");
  g_autoptr (GError) error = NULL;

  /* Ends a call that waits for ever. */
  alarm (20);
  interpose_end ();

  child_assert (path_exists (tm_temporary_directory_get_path (directory)));
  child_assert (tm_temporary_directory_get_file (directory) != NULL);
  child_assert (!tm_temporary_directory_is_closed (directory));

  child_assert (!tm_temporary_directory_adopt (directory, &error));
  child_assert (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_BUSY));
  child_assert (strstr (error->message, tm_temporary_directory_get_path (directory)) != NULL);
  g_clear_error (&error);
  child_assert (!tm_temporary_directory_keep (directory, NULL, &error));
  child_assert (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED));
  g_clear_error (&error);
  child_assert (!tm_temporary_directory_persist (directory, destination, TM_PERSIST_FLAGS_NONE,
                                                 NULL, &error));
  child_assert (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED));
  g_clear_error (&error);

  child_assert (tm_temporary_directory_close (directory, NULL, &error));
  child_assert (tm_temporary_directory_is_closed (directory));
  child_assert (tm_temporary_directory_get_fd (directory) == -1);
  child_assert (path_exists (tm_temporary_directory_get_path (directory)));
  child_assert (!tm_temporary_directory_adopt (directory, &error));
  child_assert (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CLOSED));
  g_object_unref (directory);
}

static void
drop_while_closing_child (gpointer data)
{
  TmTemporaryDirectory *directory = data;
  g_autofree char *path = g_strdup (tm_temporary_directory_get_path (directory));

  alarm (20);
  interpose_end ();
  g_object_unref (directory);
  child_assert (path_exists (path));
}

static gpointer
keep_cb (gpointer data)
{
  g_autoptr (GError) error = NULL;

  tm_temporary_directory_keep (data, NULL, &error);
  g_assert_no_error (error);
  return NULL;
}

/* Nor does a thread that was keeping it. */
static void
test_amid_keeping (Sandbox *sandbox, gconstpointer data)
{
  static const ChildFunc children[] = { use_while_closing_child, drop_while_closing_child };

  for (gsize i = 0; i < G_N_ELEMENTS (children); i++)
    {
      g_autoptr (TmTemporaryDirectory) directory = create (sandbox);

      assert_success_in_child (run_in_child_amid ("fchmod", keep_cb, directory, children[i]));
      g_assert_true (tm_temporary_directory_is_closed (directory));
      g_assert_true (path_exists (tm_temporary_directory_get_path (directory)));
    }
}

/* A thread that was closing a directory does not exist in the child, which does not wait for it. */
static void
test_amid_closing (Sandbox *sandbox, gconstpointer data)
{
  static const ChildFunc children[] = { use_while_closing_child, drop_while_closing_child };

  for (gsize i = 0; i < G_N_ELEMENTS (children); i++)
    {
      g_autoptr (TmTemporaryDirectory) directory = create (sandbox);

      assert_success_in_child (run_in_child_amid ("unlinkat", close_cb, directory, children[i]));
      g_assert_true (tm_temporary_directory_is_closed (directory));
      g_assert_cmpuint (count_entries (sandbox->path), ==, 0);
    }
}

static gpointer
init_cb (gpointer data)
{
  g_autoptr (GError) error = NULL;

  g_initable_init (data, NULL, &error);
  g_assert_no_error (error);
  return NULL;
}

static void
use_while_initializing_child (gpointer data)
{
  TmTemporaryDirectory *directory = data;
  g_autoptr (GError) error = NULL;

  alarm (20);
  interpose_end ();
  child_assert (tm_temporary_directory_get_path (directory) == NULL);
  child_assert (tm_temporary_directory_get_fd (directory) == -1);
  child_assert (!tm_temporary_directory_adopt (directory, &error));
  child_assert (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NOT_INITIALIZED));
  g_clear_error (&error);
  child_assert (!tm_temporary_directory_close (directory, NULL, &error));
  child_assert (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NOT_INITIALIZED));

  /* It is the child's to initialise, too. */
  child_assert (g_initable_init (G_INITABLE (directory), NULL, NULL));
  child_assert (tm_temporary_directory_close (directory, NULL, NULL));
}

/* A lock that another thread holds is never released in the child, which does not wait for it. */
static void
test_amid_creation (Sandbox *sandbox, gconstpointer data)
{
  g_autoptr (GFile) parent = g_file_new_for_path (sandbox->path);
  g_autoptr (TmTemporaryDirectory) directory =
      g_object_new (TM_TYPE_TEMPORARY_DIRECTORY, "parent", parent, NULL);
  g_autoptr (GError) error = NULL;

  assert_success_in_child (
      run_in_child_amid ("mkdirat", init_cb, directory, use_while_initializing_child));
  g_assert_true (path_exists (tm_temporary_directory_get_path (directory)));
  tm_temporary_directory_close (directory, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (count_entries (sandbox->path), ==, 0);
}

static void
use_root_child (gpointer data)
{
  TmRoot *root = data;
  g_autoptr (GError) error = NULL;

  alarm (20);
  interpose_end ();
  child_assert (tm_root_get_directory (root) != NULL);
  child_assert (tm_root_cleanup (root, NULL, &error) == -1);
  child_assert (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NOT_INITIALIZED));
  child_assert (g_initable_init (G_INITABLE (root), NULL, NULL));
  child_assert (tm_root_cleanup (root, NULL, NULL) == 0);
}

static void
test_amid_opening (Sandbox *sandbox, gconstpointer data)
{
  g_autoptr (GFile) file = g_file_new_for_path (sandbox->path);
  g_autoptr (TmRoot) root = g_object_new (TM_TYPE_ROOT, "directory", file, NULL);

  assert_success_in_child (run_in_child_amid (data, init_cb, root, use_root_child));
}

/* Waits until all processes that have the other end are gone. */
static void
wait_for_end (int pipe)
{
  char byte;

  while (read (pipe, &byte, 1) > 0)
    ;
}

typedef struct
{
  Sandbox *sandbox;
  TmTemporaryDirectory *directory;
  char *path;
} Adoption;

static void
adopt (TmTemporaryDirectory *directory)
{
  g_autoptr (GError) error = NULL;

  alarm (20);
  child_assert (tm_temporary_directory_adopt (directory, &error));
  child_assert (error == NULL);
  child_assert (tm_temporary_directory_adopt (directory, NULL));
  child_assert (!tm_temporary_directory_is_closed (directory));
}

static void
adopt_and_close_child (gpointer data)
{
  Adoption *adoption = data;

  adopt (adoption->directory);
  child_assert (tm_temporary_directory_close (adoption->directory, NULL, NULL));
  child_assert (!path_exists (adoption->path));
}

static void
adopt_and_keep_child (gpointer data)
{
  Adoption *adoption = data;

  adopt (adoption->directory);
  child_assert (tm_temporary_directory_keep (adoption->directory, NULL, NULL));
  child_assert (path_exists (adoption->path));
  /* The test checks that this directory is unchanged. */
  make_file (g_build_filename (adoption->path, "kept", NULL));
}

static void
adopt_and_persist_child (gpointer data)
{
  Adoption *adoption = data;
  g_autoptr (GFile) destination = sandbox_file (adoption->sandbox, "destination");

  adopt (adoption->directory);
  child_assert (tm_temporary_directory_persist (adoption->directory, destination,
                                                TM_PERSIST_FLAGS_NONE, NULL, NULL));
  child_assert (!path_exists (adoption->path));
}

static void
adopt_and_drop_child (gpointer data)
{
  Adoption *adoption = data;

  adopt (adoption->directory);
  g_object_unref (adoption->directory);
  child_assert (!path_exists (adoption->path));
}

static Adoption
adoption_new (Sandbox *sandbox)
{
  Adoption adoption = { .sandbox = sandbox, .directory = create (sandbox) };

  adoption.path = g_strdup (tm_temporary_directory_get_path (adoption.directory));
  return adoption;
}

static void
adoption_clear (Adoption *adoption)
{
  g_clear_object (&adoption->directory);
  g_free (adoption->path);
}

/* In the child, everything is as in the process that created it. */
static void
test_adopt (Sandbox *sandbox, gconstpointer data)
{
  static const struct
  {
    ChildFunc child;
    guint n_left;
  } ways[] = {
    { adopt_and_close_child, 0 },
    { adopt_and_drop_child, 0 },
    { adopt_and_persist_child, 1 },
    { adopt_and_keep_child, 2 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (ways); i++)
    {
      Adoption adoption = adoption_new (sandbox);

      assert_success_in_child (run_in_child (ways[i].child, &adoption));
      g_assert_cmpuint (count_entries (sandbox->path), ==, ways[i].n_left);
      /* The copy of this process does not know that the directory was kept, and must not delete
       * it. */
      tm_temporary_directory_keep (adoption.directory, NULL, NULL);
      adoption_clear (&adoption);
      g_assert_cmpuint (count_entries (sandbox->path), ==, ways[i].n_left);
    }
}

static void G_GNUC_NORETURN
daemon_child (gpointer data)
{
  Sandbox *sandbox = data;
  Adoption adoption = adoption_new (sandbox);
  pid_t parent = getpid ();

  if (fork () == 0)
    {
      g_autoptr (GFile) file = g_file_new_for_path (sandbox->path);
      g_autoptr (TmRoot) root =
          tm_root_new (file, TM_NO_TIMEOUT, TM_ROOT_FLAGS_RECLAIM_ABANDONED, NULL, NULL);

      adopt (adoption.directory);
      /* Until the parent is gone, as the parent of a daemon is. */
      for (guint i = 0; getppid () == parent && i < 10000; i++)
        g_usleep (1000);
      child_assert (getppid () != parent);
      child_assert (root != NULL && tm_root_cleanup (root, NULL, NULL) == 0);
      child_assert (path_exists (adoption.path));
      child_assert (tm_temporary_directory_close (adoption.directory, NULL, NULL));
      child_assert (!path_exists (adoption.path));
      _exit (0);
    }
  _exit (0);
}

typedef struct
{
  Sandbox *sandbox;
  int pipe[2];
} Daemon;

static void G_GNUC_NORETURN
daemonize_child (gpointer data)
{
  Daemon *daemon = data;

  /* The daemon inherits the other end, which is closed when it exits. */
  close (daemon->pipe[0]);
  daemon_child (daemon->sandbox);
}

/* A daemon forks, and the parent exits; the directory is live throughout, and closed when the
 * daemon exits. */
static void
test_daemon (Sandbox *sandbox, gconstpointer data)
{
  Daemon daemon = { .sandbox = sandbox };

  g_assert_no_errno (pipe (daemon.pipe));
  assert_success_in_child (run_in_child (daemonize_child, &daemon));
  close (daemon.pipe[1]);
  wait_for_end (daemon.pipe[0]);
  close (daemon.pipe[0]);
  g_assert_cmpuint (count_entries (sandbox->path), ==, 0);
}

static void
test_adopt_by_owner (Sandbox *sandbox, gconstpointer data)
{
  g_autoptr (TmTemporaryDirectory) directory = create (sandbox);
  g_autoptr (TmTemporaryDirectory) other = g_object_new (TM_TYPE_TEMPORARY_DIRECTORY, NULL);
  g_autoptr (GError) error = NULL;

  tm_temporary_directory_adopt (directory, &error);
  g_assert_no_error (error);
  g_assert_false (tm_temporary_directory_is_closed (directory));
  g_assert_true (path_exists (tm_temporary_directory_get_path (directory)));

  tm_temporary_directory_close (directory, NULL, &error);
  g_assert_no_error (error);
  g_assert_false (tm_temporary_directory_adopt (directory, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  g_assert_nonnull (strstr (error->message, tm_temporary_directory_get_path (directory)));
  g_clear_error (&error);

  g_assert_false (tm_temporary_directory_adopt (other, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_INITIALIZED);
}

static guint n_messages;

static GLogWriterOutput
count_message_cb (GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer user_data)
{
  for (gsize i = 0; i < n_fields; i++)
    {
      const char *text = fields[i].value;

      if (g_str_equal (fields[i].key, "MESSAGE") && strstr (text, user_data) != NULL &&
          strstr (text, "adopted") != NULL)
        n_messages++;
    }
  return G_LOG_WRITER_HANDLED;
}

static void
close_and_log_child (gpointer data)
{
  TmTemporaryDirectory *directory = data;
  g_autofree char *path = g_strdup (tm_temporary_directory_get_path (directory));

  g_log_set_writer_func (count_message_cb, path, NULL);
  child_assert (tm_temporary_directory_close (directory, NULL, NULL));
  child_assert (n_messages == 1);
  child_assert (path_exists (path));
}

static void
drop_and_log_child (gpointer data)
{
  TmTemporaryDirectory *directory = data;
  g_autofree char *path = g_strdup (tm_temporary_directory_get_path (directory));

  g_log_set_writer_func (count_message_cb, path, NULL);
  g_object_unref (directory);
  child_assert (n_messages == 1);
  child_assert (path_exists (path));
}

/* The log tells why no directory was deleted. */
static void
test_log (Sandbox *sandbox, gconstpointer data)
{
  g_autoptr (TmTemporaryDirectory) directory = NULL;

  /* Before the fork: the child does not call GLib. */
  g_log_set_debug_enabled (TRUE);
  directory = create (sandbox);

  assert_success_in_child (run_in_child (close_and_log_child, directory));
  assert_success_in_child (run_in_child (drop_and_log_child, directory));
  g_log_set_debug_enabled (FALSE);
}

int
main (int argc, char **argv)
{
  /* Debug messages must not be written into the report of the test. */
  g_log_writer_default_set_use_stderr (TRUE);
  g_test_init (&argc, &argv, NULL);

  add_test ("/forks/amid-closing", of_descriptors (test_amid_closing));
  add_test ("/forks/amid-keeping", of_descriptors (test_amid_keeping));
  add_test ("/forks/amid-creation", of_descriptors (test_amid_creation));
  g_test_add ("/forks/amid-opening", Sandbox, "openat", sandbox_set_up,
              of_descriptors (test_amid_opening), sandbox_tear_down);
  add_test ("/forks/adopt", test_adopt);
  add_test ("/forks/adopt-by-owner", test_adopt_by_owner);
  add_test ("/forks/daemon", test_daemon);
  add_test ("/forks/log", test_log);

  return g_test_run ();
}
