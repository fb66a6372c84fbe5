/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The heartbeat of an owner on a shared file system, and what a root makes of it, with short
 * intervals. The file systems are local ones that seem to be shared. */

#include "support/directories.h"
#include "support/interpose.h"
#include "support/roots.h"
#include "support/support.h"
#include "support/threads.h"

#include "short/core/tm-heartbeat-intervals-private.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define INTERVAL (TM_HEARTBEAT_INTERVAL_SECONDS * G_USEC_PER_SEC)
#define SILENCE (TM_HEARTBEAT_SILENCE_SECONDS * G_USEC_PER_SEC)

/* A machine that is busy makes beats late. */
#define MAX_WAIT (20 * INTERVAL)

static void
set_up (Sandbox *sandbox, gconstpointer data)
{
  sandbox_set_up (sandbox, data);
  pretend_shared (TRUE);
}

static void
tear_down (Sandbox *sandbox, gconstpointer data)
{
  pretend_shared (FALSE);
  sandbox_tear_down (sandbox, data);
}

static gint64
get_modified (const char *path)
{
  struct stat status;

  g_assert_no_errno (stat (path, &status));
  return (gint64) status.st_mtim.tv_sec * 1000000000 + status.st_mtim.tv_nsec;
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

/* Waits for the threads of the heartbeats to end. */
static gboolean
has_threads (guint expected)
{
  for (gint64 end = g_get_monotonic_time () + MAX_WAIT; g_get_monotonic_time () < end;)
    {
      if (count_threads () == expected)
        return TRUE;
      g_usleep (1000);
    }
  return FALSE;
}

static void
test_beats (Sandbox *sandbox, gconstpointer data)
{
  g_autoptr (TmTemporaryDirectory) directory = create_in (sandbox->path);
  const char *path = tm_temporary_directory_get_path (directory);
  g_autofree char *name = g_path_get_basename (path);
  const char *digits = strrchr (name, '-') + 1;

  g_assert_cmpuint (strlen (digits), ==, 21);
  g_assert_true (digits[0] == '0');
  g_assert_cmphex (get_mode (path), ==, 01700);
  for (guint i = 0; i < 3; i++)
    g_assert_true (beats_within (path, MAX_WAIT));
  close_successfully (directory);
}

static gpointer
create_on_local_thread (gpointer data)
{
  const Sandbox *sandbox = data;
  guint n_threads = count_threads ();
  g_autoptr (TmTemporaryDirectory) directory = create_in (sandbox->path);

  g_assert_cmpuint (count_threads (), ==, n_threads);
  close_successfully (directory);
  return NULL;
}

/* In a thread of its own, which does not remember that the file system seemed to be shared. */
static void
test_no_thread_on_local (Sandbox *sandbox, gconstpointer data)
{
  pretend_shared (FALSE);
  g_thread_join (g_thread_new ("local", create_on_local_thread, sandbox));
}

static gpointer
do_nothing_thread (gpointer data)
{
  return NULL;
}

/* Returns the number of threads without those of heartbeats. ThreadSanitizer starts one of its own
 * with the first thread of a process. */
static guint
count_other_threads (void)
{
  guint n_threads;

  g_thread_join (g_thread_new ("first", do_nothing_thread, NULL));
  do
    {
      n_threads = count_threads ();
      g_usleep (INTERVAL / 10);
    }
  while (count_threads () != n_threads);
  return n_threads;
}

static void
test_thread_ends (Sandbox *sandbox, gconstpointer data)
{
  guint n_threads = count_other_threads ();
  g_autoptr (TmTemporaryDirectory) first = create_in (sandbox->path);
  g_autoptr (TmTemporaryDirectory) second = create_in (sandbox->path);

  g_assert_true (has_threads (n_threads + 1));
  close_successfully (first);
  g_assert_true (beats_within (tm_temporary_directory_get_path (second), MAX_WAIT));
  close_successfully (second);
  g_assert_true (has_threads (n_threads));
}

static void
test_ends_with_keep (Sandbox *sandbox, gconstpointer data)
{
  g_autoptr (TmTemporaryDirectory) directory = create_in (sandbox->path);
  const char *path = tm_temporary_directory_get_path (directory);

  g_assert_true (beats_within (path, MAX_WAIT));
  g_assert_true (tm_temporary_directory_keep (directory, NULL, NULL));
  g_assert_false (beats_within (path, 3 * INTERVAL));
  g_assert_cmphex (get_mode (path), ==, 0700);
}

static void
test_ends_with_persist (Sandbox *sandbox, gconstpointer data)
{
  g_autoptr (TmTemporaryDirectory) directory = create_in (sandbox->path);
  g_autofree char *path = sandbox_path (sandbox, "published");
  g_autoptr (GFile) destination = g_file_new_for_path (path);
  g_autoptr (GError) error = NULL;

  g_assert_true (beats_within (tm_temporary_directory_get_path (directory), MAX_WAIT));
  tm_temporary_directory_persist (directory, destination, TM_PERSIST_FLAGS_NONE, NULL, &error);
  g_assert_no_error (error);
  g_assert_false (beats_within (path, 3 * INTERVAL));
}

typedef struct
{
  TmTemporaryDirectory *directory;
  gboolean adopts;
} Fork;

static void
forked_child (gpointer data)
{
  const Fork *fork = data;
  /* The thread that forked, and those that an emulator has. */
  guint n_before = count_threads ();
  guint n_threads;
  gboolean beats;

  if (fork->adopts)
    child_assert (tm_temporary_directory_adopt (fork->directory, NULL));
  kill (getppid (), SIGSTOP);
  n_threads = count_threads ();
  beats = beats_within (tm_temporary_directory_get_path (fork->directory), 4 * INTERVAL);
  kill (getppid (), SIGCONT);

  child_assert (n_threads == n_before + (fork->adopts ? 1 : 0));
  child_assert (beats == fork->adopts);
}

/* While the parent is stopped, only the child can beat. */
static void
test_fork_in_child (Sandbox *sandbox, gconstpointer data)
{
  Fork fork = { create_in (sandbox->path), GPOINTER_TO_INT (data) };

  assert_success_in_child (run_in_child (forked_child, &fork));
  close_successfully (fork.directory);
  g_object_unref (fork.directory);
}

static void
fork_child (gpointer data)
{
  const struct
  {
    Sandbox *sandbox;
    gboolean adopts;
  } *options = data;

  test_fork_in_child (options->sandbox, GINT_TO_POINTER (options->adopts));
}

/* In a child of its own: what started the test must not be stopped with it. */
static void
test_fork (Sandbox *sandbox, gconstpointer data)
{
  struct
  {
    Sandbox *sandbox;
    gboolean adopts;
  } options = { sandbox, GPOINTER_TO_INT (data) };

#ifdef __SANITIZE_THREAD__
  if (options.adopts)
    {
      g_test_skip (
          "the thread sanitizer ends a forked child that starts threads as its parent has");
      return;
    }
#endif

  assert_success_in_child (run_in_child (fork_child, &options));
}

typedef struct
{
  int hanging_fd;
  gint n_calls; /* atomic; of any beat */
  gint is_hanging;
} Server;

static int
count_or_hang_cb (const SystemCall *call, gpointer user_data)
{
  Server *server = user_data;

  if (!g_str_equal (call->name, "futimens"))
    return 0;

  g_atomic_int_inc (&server->n_calls);
  while (call->fd == server->hanging_fd && g_atomic_int_get (&server->is_hanging))
    g_usleep (INTERVAL / 50);
  return 0;
}

/* The beats of one directory do not return, as on a server that is stopped. */
static void
test_hanging_server (Sandbox *sandbox, gconstpointer data)
{
  g_autoptr (TmTemporaryDirectory) hanging = create_in (sandbox->path);
  g_autoptr (TmTemporaryDirectory) other = create_in (sandbox->path);
  const char *path = tm_temporary_directory_get_path (hanging);
  Server server = { tm_temporary_directory_get_fd (hanging), 0, TRUE };
  g_autoptr (TmTemporaryDirectory) late = NULL;

  interpose (count_or_hang_cb, &server);
  g_assert_false (beats_within (path, 4 * INTERVAL));
  for (guint i = 0; i < 3; i++)
    g_assert_true (beats_within (tm_temporary_directory_get_path (other), MAX_WAIT));

  late = create_in (sandbox->path);
  g_assert_true (beats_within (tm_temporary_directory_get_path (late), MAX_WAIT));

  /* The beat in flight uses the descriptor. */
  g_assert_true (tm_temporary_directory_keep (hanging, NULL, NULL));
  g_assert_no_errno (fcntl (server.hanging_fd, F_GETFD));
  g_atomic_int_set (&server.is_hanging, FALSE);
  for (guint i = 0; i < 1000 && fcntl (server.hanging_fd, F_GETFD) >= 0; i++)
    g_usleep (INTERVAL / 100);
  g_assert_cmpint (fcntl (server.hanging_fd, F_GETFD), ==, -1);
  g_assert_false (beats_within (path, 3 * INTERVAL));

  interpose_end ();
  close_successfully (other);
  close_successfully (late);
}

static int
fail_beats_cb (const SystemCall *call, gpointer user_data)
{
  if (!g_str_equal (call->name, "futimens"))
    return 0;

  g_atomic_int_inc ((gint *) user_data);
  return EIO;
}

/* After beats that did not arrive, as after a sleep, a cleaner may have deleted the directory. */
static void
test_lost (Sandbox *sandbox, gconstpointer data)
{
  guint n_threads = count_other_threads ();
  g_autoptr (TmTemporaryDirectory) directory = create_in (sandbox->path);
  const char *path = tm_temporary_directory_get_path (directory);
  gint n_failed = 0;

  interpose (fail_beats_cb, &n_failed);
  while (g_atomic_int_get (&n_failed) < 4)
    g_usleep (INTERVAL / 10);
  g_assert_no_errno (rmdir (path));
  g_assert_true (has_threads (n_threads));
  interpose_end ();
  close_successfully (directory);
}

static int
count_requests_cb (const SystemCall *call, gpointer user_data)
{
  Server *server = user_data;

  if (g_str_equal (call->name, "futimens"))
    g_atomic_int_inc (&server->n_calls);
  else if ((call->flags & AT_STATX_DONT_SYNC) == 0)
    g_atomic_int_inc (&server->is_hanging);
  return 0;
}

static void
test_costs_one_request (Sandbox *sandbox, gconstpointer data)
{
  g_autoptr (TmTemporaryDirectory) directory = create_in (sandbox->path);
  Server counts = { -1, 0, 0 };

  interpose (count_requests_cb, &counts);
  while (g_atomic_int_get (&counts.n_calls) < 3)
    g_usleep (INTERVAL / 10);
  interpose_end ();
  g_assert_cmpint (counts.is_hanging, ==, 0);
  close_successfully (directory);
}

static void
test_many (Sandbox *sandbox, gconstpointer data)
{
  TmTemporaryDirectory *directories[200];
  gint64 before[200];
  guint n_without = G_N_ELEMENTS (directories);

  for (guint i = 0; i < G_N_ELEMENTS (directories); i++)
    {
      directories[i] = create_in (sandbox->path);
      before[i] = get_modified (tm_temporary_directory_get_path (directories[i]));
    }
  for (gint64 end = g_get_monotonic_time () + MAX_WAIT;
       n_without > 0 && g_get_monotonic_time () < end; g_usleep (INTERVAL / 10))
    {
      n_without = 0;
      for (guint i = 0; i < G_N_ELEMENTS (directories); i++)
        n_without += get_modified (tm_temporary_directory_get_path (directories[i])) == before[i];
    }
  g_assert_cmpuint (n_without, ==, 0);
  for (guint i = 0; i < G_N_ELEMENTS (directories); i++)
    {
      close_successfully (directories[i]);
      g_object_unref (directories[i]);
    }
}

typedef struct
{
  gint n_in_flight; /* atomic */
  gint maximum;     /* atomic; of n_in_flight */
} SlowServer;

static int
take_long_cb (const SystemCall *call, gpointer user_data)
{
  SlowServer *server = user_data;

  if (!g_str_equal (call->name, "futimens"))
    return 0;

  raise_maximum (&server->maximum, g_atomic_int_add (&server->n_in_flight, 1) + 1);
  g_usleep (INTERVAL / 4);
  g_atomic_int_dec_and_test (&server->n_in_flight);
  return 0;
}

/* No beat takes long, but all of them together take longer than an interval. */
static void
test_slow_server (Sandbox *sandbox, gconstpointer data)
{
  TmTemporaryDirectory *directories[20];
  SlowServer server = { 0, 0 };

  interpose (take_long_cb, &server);
  for (guint i = 0; i < G_N_ELEMENTS (directories); i++)
    directories[i] = create_in (sandbox->path);
  wait_for_number (&server.maximum, 3);
  for (guint i = 0; i < G_N_ELEMENTS (directories); i++)
    {
      close_successfully (directories[i]);
      g_object_unref (directories[i]);
    }
  interpose_end ();
}

/* Another thread of the program blocks a signal to receive it otherwise. */
static void
signalled_child (gpointer data)
{
  g_autoptr (TmTemporaryDirectory) directory = create_in (data);
  sigset_t blocked, pending;

  child_assert (count_threads () > 1);
  sigemptyset (&blocked);
  sigaddset (&blocked, SIGUSR1);
  child_assert (sigprocmask (SIG_BLOCK, &blocked, NULL) == 0);
  child_assert (kill (getpid (), SIGUSR1) == 0);
  g_usleep (INTERVAL / 10);
  child_assert (sigpending (&pending) == 0 && sigismember (&pending, SIGUSR1) == 1);
  child_assert (tm_temporary_directory_close (directory, NULL, NULL));
}

static void
test_signals (Sandbox *sandbox, gconstpointer data)
{
  assert_success_in_child (run_in_child (signalled_child, sandbox->path));
}

/* Other code closes the descriptor by mistake, and another directory gets its number. */
static void
test_descriptor_replaced (Sandbox *sandbox, gconstpointer data)
{
  g_autofree char *other = make_old_directory (sandbox, "other", HOUR);
  TmTemporaryDirectory *directory = create_in (sandbox->path);
  int fd = tm_temporary_directory_get_fd (directory);
  int other_fd = open (other, O_RDONLY | O_DIRECTORY);

  g_assert_cmpint (dup2 (other_fd, fd), ==, fd);
  g_assert_false (beats_within (other, 4 * INTERVAL));
  g_object_unref (directory);
  g_assert_no_errno (close (fd));
  close (other_fd);
}

/* The type of the file system cannot be read for the name, but afterwards. */
static gpointer
create_on_unknown_thread (gpointer data)
{
  const Sandbox *sandbox = data;
  g_autoptr (TmTemporaryDirectory) directory = NULL;
  const char *path;

  fail_call ("fstatfs", EIO, 1);
  directory = create_in (sandbox->path);
  g_assert_cmpuint (fail_end (), ==, 1);
  path = tm_temporary_directory_get_path (directory);
  g_assert_nonnull (strstr (path, "-0"));
  g_assert_true (beats_within (path, MAX_WAIT));
  close_successfully (directory);
  return NULL;
}

static void
test_unknown_file_system (Sandbox *sandbox, gconstpointer data)
{
  pretend_shared (FALSE);
  g_thread_join (g_thread_new ("unknown", create_on_unknown_thread, sandbox));
}

static void
test_no_threads_to_have (Sandbox *sandbox, gconstpointer data)
{
  g_autoptr (GFile) parent = g_file_new_for_path (sandbox->path);
  g_autoptr (TmTemporaryDirectory) directory = NULL;
  g_autoptr (GError) error = NULL;

  thread_starts_fail (EAGAIN);
  directory = tm_temporary_directory_new (parent, NULL, NULL, &error);
  thread_starts_fail (0);
  g_assert_null (directory);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_BUSY);
  g_assert_cmpuint (count_entries (sandbox->path), ==, 0);
}

/* A dead directory: as its owner has left it. */
static char *
make_dead (Sandbox *sandbox, const char *name)
{
  return make_old_with_mode (sandbox, name, 01700, HOUR);
}

/* A cleanup that only ever looks twice takes a dead directory, but not before the silence. */
static void
test_two_looks (Sandbox *sandbox, gconstpointer data)
{
  g_autofree char *dead = make_dead (sandbox, "dead-0" RANDOM_PART);
  g_autoptr (TmRoot) root = open_reclaiming_root (sandbox->path);
  g_autoptr (TmRoot) other = open_reclaiming_root (sandbox->path);

  assert_cleanup (root, 0);
  g_assert_cmpfloat (tm_root_get_watch_time (root), >, 0);
  g_assert_cmpfloat (tm_root_get_watch_time (root), <=, TM_HEARTBEAT_SILENCE_SECONDS);
  g_assert_cmpfloat (tm_root_get_watch_time (other), ==, 0);
  assert_cleanup (root, 0);
  g_usleep (SILENCE + INTERVAL / 10);
  /* Each root has to have seen it. */
  assert_cleanup (other, 0);
  assert_cleanup (root, 1);
  g_assert_cmpfloat (tm_root_get_watch_time (root), ==, 0);
  g_assert_false (path_exists (dead));
}

/* Nothing is to be waited for if the entry would be kept even if its owner were dead. */
static void
test_watch_time (Sandbox *sandbox, gconstpointer data)
{
  static const char *const exclude[] = { "dead*", NULL };
  g_autofree char *dead G_GNUC_UNUSED = make_dead (sandbox, "dead-0" RANDOM_PART);
  g_autoptr (TmRoot) plain = open_root (sandbox->path, TM_NO_TIMEOUT, TM_ROOT_FLAGS_NONE);
  g_autoptr (TmRoot) patient = open_root (sandbox->path, 2 * HOUR, TM_ROOT_FLAGS_NONE);
  g_autoptr (TmRoot) expiring = open_root (sandbox->path, HOUR / 2, TM_ROOT_FLAGS_NONE);
  g_autoptr (TmRoot) limited = open_root (sandbox->path, TM_NO_TIMEOUT, TM_ROOT_FLAGS_NONE);
  g_autoptr (TmRoot) excluding = open_reclaiming_root (sandbox->path);
  TmRoot *roots[] = { plain, patient, excluding, expiring, limited };

  tm_root_set_exclude (excluding, exclude);
  tm_root_set_max_size (limited, 1);
  for (guint i = 0; i < G_N_ELEMENTS (roots); i++)
    {
      g_autoptr (GListModel) entries = NULL;

      entries = tm_root_list_entries (roots[i], TM_LIST_FLAGS_NONE, NULL, NULL);
      g_assert_cmpuint (g_list_model_get_n_items (entries), ==, 1);
      g_assert_cmpint (tm_root_get_watch_time (roots[i]) > 0, ==, i >= 3);
      assert_cleanup (roots[i], 0);
      g_assert_cmpint (tm_root_get_watch_time (roots[i]) > 0, ==, i >= 3);
    }
}

static void
test_not_stale (Sandbox *sandbox, gconstpointer data)
{
  g_autofree char *dead G_GNUC_UNUSED = make_dead (sandbox, "dead-0" RANDOM_PART);
  g_autoptr (TmRoot) root = open_reclaiming_root (sandbox->path);

  tm_root_set_lease (root, 2 * HOUR);
  assert_cleanup (root, 0);
  g_usleep (SILENCE + INTERVAL / 10);
  assert_cleanup (root, 0);
  g_assert_cmpfloat (tm_root_get_watch_time (root), ==, 0);
  tm_root_set_lease (root, 60);
  assert_cleanup (root, 1);
}

/* One beat within the silence, of an owner whose clock is an hour behind. */
static void
test_not_silent (Sandbox *sandbox, gconstpointer data)
{
  g_autofree char *slow = make_dead (sandbox, "slow-0" RANDOM_PART);
  g_autoptr (TmRoot) root = open_reclaiming_root (sandbox->path);

  assert_cleanup (root, 0);
  g_usleep (SILENCE * 3 / 4);
  make_old (slow, HOUR - 30);
  assert_cleanup (root, 0);
  g_usleep (SILENCE * 3 / 4);
  assert_cleanup (root, 0);
  g_assert_true (path_exists (slow));
}

/* @data: whether not even an empty file can be created. */
static int
refuse_room_cb (const SystemCall *call, gpointer data)
{
  return g_str_equal (call->name, "mkdirat") || (data != NULL && (call->flags & O_CREAT) != 0 &&
                                                 g_str_has_prefix (call->name, "open"))
             ? ENOSPC
             : 0;
}

/* The last beat is later than the last change of the root, by which the present is estimated. */
static void
test_full (Sandbox *sandbox, gconstpointer data)
{
  g_autofree char *dead = make_dead (sandbox, "dead-0" RANDOM_PART);
  g_autoptr (TmRoot) root = open_reclaiming_root (sandbox->path);
  gint64 end = g_get_monotonic_time () + MAX_WAIT;

  tm_root_set_lease (root, 1);
  g_usleep (INTERVAL / 10);
  make_old (dead, 0);
  g_usleep (INTERVAL + INTERVAL / 2);

  interpose (refuse_room_cb, (gpointer) data);
  assert_cleanup (root, 0);
  if (data == NULL)
    g_assert_cmpfloat (tm_root_get_watch_time (root), >, 0);
  while (path_exists (dead))
    {
      g_assert_cmpint (g_get_monotonic_time (), <, end);
      g_usleep (INTERVAL / 10);
      g_assert_cmpint (tm_root_cleanup (root, NULL, NULL), >=, 0);
    }
  interpose_end ();
  g_assert_cmpuint (count_entries (sandbox->path), ==, 0);
}

static int
delay_openat2_cb (const SystemCall *call, gpointer user_data)
{
  gint *n_calls = user_data;

  if (g_str_equal (call->name, "openat2") && g_atomic_int_add (n_calls, 1) == 0)
    g_usleep (INTERVAL * 3 / 2);
  return 0;
}

/* While a cleanup waits for a server, the server may receive no heartbeats either. */
static void
test_watch_interrupted (Sandbox *sandbox, gconstpointer data)
{
  g_autofree char *G_GNUC_UNUSED dead = make_dead (sandbox, "dead-0" RANDOM_PART);
  g_autoptr (TmRoot) root = open_reclaiming_root (sandbox->path);
  gint n_calls = 0;

  if (openat2_is_denied ())
    {
      g_test_skip ("delays openat2()");
      return;
    }

  assert_cleanup (root, 0);
  g_usleep (SILENCE + INTERVAL / 10);
  interpose (delay_openat2_cb, &n_calls);
  assert_cleanup (root, 0);
  interpose_end ();
  g_assert_cmpint (n_calls, >, 0);
  g_assert_cmpfloat (tm_root_get_watch_time (root), >, 0);
  g_usleep (SILENCE + INTERVAL / 10);
  assert_cleanup (root, 1);
}

/* A beat of an owner whose clock was wrong, and that is dead. */
static void
test_future (Sandbox *sandbox, gconstpointer data)
{
  g_autofree char *dead = make_dead (sandbox, "dead-0" RANDOM_PART);
  g_autoptr (TmRoot) root = open_reclaiming_root (sandbox->path);

  make_old (dead, -100 * (gint64) HOUR);
  tm_root_set_lease (root, TM_HEARTBEAT_SILENCE_SECONDS * 1.5);
  assert_cleanup (root, 0);
  g_usleep (SILENCE + INTERVAL / 10);
  assert_cleanup (root, 0);
  g_usleep (SILENCE);
  assert_cleanup (root, 1);
}

static int
delay_unlink_cb (const SystemCall *call, gpointer user_data)
{
  if (g_str_equal (call->name, "unlinkat") && call->path != NULL &&
      g_str_equal (call->path, "slow"))
    g_usleep (INTERVAL * 3 / 2);
  return 0;
}

/* Deletions that take long, in each scan, delay the decision about other entries only. */
static void
test_slow_deletions (Sandbox *sandbox, gconstpointer data)
{
  g_autofree char *dead = make_dead (sandbox, "dead-0" RANDOM_PART);
  g_autoptr (TmRoot) root = open_reclaiming_root (sandbox->path);

  interpose (delay_unlink_cb, NULL);
  for (guint i = 0; i < 20 && path_exists (dead); i++)
    {
      g_autofree char *old = make_old_directory (sandbox, "old", 2 * HOUR);
      g_autofree char *file = g_build_filename (old, "slow", NULL);

      make_file (file);
      make_old (old, 2 * HOUR);
      g_assert_cmpint (tm_root_cleanup (root, NULL, NULL), >=, 1);
      g_usleep (INTERVAL / 2);
    }
  interpose_end ();
  g_assert_false (path_exists (dead));
}

/* Without a heartbeat, the mark would mean that the owner is dead. */
static void
test_times_refused (Sandbox *sandbox, gconstpointer data)
{
  guint n_threads = count_threads ();
  g_autoptr (TmTemporaryDirectory) directory = NULL;

  fail_call ("futimens", EPERM, G_MAXINT);
  directory = create_in (sandbox->path);
  interpose_end ();
  g_assert_cmphex (get_mode (tm_temporary_directory_get_path (directory)), ==, 0700);
  g_assert_cmpuint (count_threads (), ==, n_threads);
  close_successfully (directory);
}

typedef struct
{
  const char *name;
  mode_t mode;
  gboolean is_shared;
  TmRootEntryState state;
} Row;

typedef struct
{
  Sandbox *sandbox;
  const Row *row;
} RowTest;

/* In a thread of its own, which remembers no file system. */
static gpointer
check_row_thread (gpointer data)
{
  const RowTest *test = data;
  const Row *row = test->row;
  g_autofree char *path = make_old_with_mode (test->sandbox, row->name, row->mode, HOUR / 2);
  g_autoptr (TmRoot) root = open_reclaiming_root (test->sandbox->path);
  g_autoptr (GListModel) entries = tm_root_list_entries (root, TM_LIST_FLAGS_NONE, NULL, NULL);
  g_autoptr (TmRootEntry) entry = g_list_model_get_item (entries, 0);

  g_test_message ("%s, mode %o, %s", row->name, row->mode, row->is_shared ? "shared" : "local");
  g_assert_cmpuint (g_list_model_get_n_items (entries), ==, 1);
  g_assert_cmpint (tm_root_entry_get_state (entry), ==, row->state);
  assert_cleanup (root, row->state == TM_ROOT_ENTRY_STATE_ABANDONED);
  if (path_exists (path))
    g_assert_no_errno (rmdir (path));
  return NULL;
}

/* The name tells how an owner shows that it lives, to all machines. */
static void
test_table (Sandbox *sandbox, gconstpointer data)
{
  static const Row rows[] = {
    { "plain-" RANDOM_PART, 01700, FALSE, TM_ROOT_ENTRY_STATE_ABANDONED },
    { "plain-" RANDOM_PART, 01700, TRUE, TM_ROOT_ENTRY_STATE_LIVE },
    { "plain-" RANDOM_PART, 0700, FALSE, TM_ROOT_ENTRY_STATE_UNOWNED },
    { "plain-" RANDOM_PART, 0700, TRUE, TM_ROOT_ENTRY_STATE_UNOWNED },
    { "beats-0" RANDOM_PART, 01700, FALSE, TM_ROOT_ENTRY_STATE_LIVE },
    { "beats-0" RANDOM_PART, 01700, TRUE, TM_ROOT_ENTRY_STATE_LIVE },
    { "beats-0" RANDOM_PART, 0700, FALSE, TM_ROOT_ENTRY_STATE_UNOWNED },
    { "beats-0" RANDOM_PART, 0700, TRUE, TM_ROOT_ENTRY_STATE_UNOWNED },
    { "unmarked-1" RANDOM_PART, 0700, FALSE, TM_ROOT_ENTRY_STATE_LIVE },
    { "unmarked-1" RANDOM_PART, 0700, TRUE, TM_ROOT_ENTRY_STATE_LIVE },
    /* Not a mark, but of a directory that has an owner. */
    { "beats-0" RANDOM_PART, 01770, FALSE, TM_ROOT_ENTRY_STATE_LIVE },
    { "beats-0" RANDOM_PART, 01770, TRUE, TM_ROOT_ENTRY_STATE_LIVE },
    { "x-" RANDOM_PART "-0" RANDOM_PART, 01700, FALSE, TM_ROOT_ENTRY_STATE_LIVE },
    { "x-0" RANDOM_PART "-" RANDOM_PART, 01700, FALSE, TM_ROOT_ENTRY_STATE_ABANDONED },
    { "none-00" RANDOM_PART, 01700, FALSE, TM_ROOT_ENTRY_STATE_UNOWNED },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      RowTest test = { sandbox, &rows[i] };

      pretend_shared (rows[i].is_shared);
      g_thread_join (g_thread_new ("row", check_row_thread, &test));
    }
}

/* Where no marks are seen, a directory without one may have an owner all the same. */
static void
test_no_marks (Sandbox *sandbox, gconstpointer data)
{
  static const struct
  {
    const char *name;
    TmRootEntryState state;
  } rows[] = {
    { "plain-" RANDOM_PART, TM_ROOT_ENTRY_STATE_LIVE },
    { "beats-0" RANDOM_PART, TM_ROOT_ENTRY_STATE_LIVE },
    { "unmarked-1" RANDOM_PART, TM_ROOT_ENTRY_STATE_LIVE },
    { "foreign", TM_ROOT_ENTRY_STATE_UNOWNED },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *path = make_old_with_mode (sandbox, rows[i].name, 0700, HOUR);
      g_autoptr (TmRoot) root = open_root (sandbox->path, 0, TM_ROOT_FLAGS_NONE);
      g_autoptr (GListModel) entries = NULL;
      g_autoptr (TmRootEntry) entry = NULL;

      /* Nothing can be created to see whether there are marks. */
      interpose (refuse_room_cb, GINT_TO_POINTER (TRUE));
      entries = tm_root_list_entries (root, TM_LIST_FLAGS_NONE, NULL, NULL);
      interpose_end ();
      g_test_message ("%s", rows[i].name);
      g_assert_cmpuint (g_list_model_get_n_items (entries), ==, 1);
      entry = g_list_model_get_item (entries, 0);
      g_assert_cmpint (tm_root_entry_get_state (entry), ==, rows[i].state);
      g_assert_no_errno (rmdir (path));
    }
}

/* Returns the age of the heartbeat of the entry with this name. */
static double
get_heartbeat_age (TmRoot *root, const char *name)
{
  g_autoptr (GListModel) entries = tm_root_list_entries (root, TM_LIST_FLAGS_NONE, NULL, NULL);

  for (guint i = 0; i < g_list_model_get_n_items (entries); i++)
    {
      g_autoptr (TmRootEntry) entry = g_list_model_get_item (entries, i);

      if (g_str_equal (tm_root_entry_get_name (entry), name))
        return tm_root_entry_get_heartbeat_age (entry);
    }

  g_assert_not_reached ();
}

static void
keep_age_cb (TmRoot *root, TmRootEntry *entry, double *age)
{
  *age = tm_root_entry_get_heartbeat_age (entry);
}

/* As long as an entry has an owner that beats, it has a heartbeat. */
static void
test_age (Sandbox *sandbox, gconstpointer data)
{
  g_autofree char *dead G_GNUC_UNUSED = make_dead (sandbox, "dead-0" RANDOM_PART);
  g_autofree char *plain G_GNUC_UNUSED = make_dead (sandbox, "plain-" RANDOM_PART);
  g_autofree char *ahead G_GNUC_UNUSED =
      make_old_with_mode (sandbox, "ahead-0" RANDOM_PART, 01700, -HOUR);
  g_autoptr (TmRoot) root = open_root (sandbox->path, HOUR / 2, TM_ROOT_FLAGS_NONE);
  g_autoptr (TmTemporaryDirectory) directory = create_under (root);
  g_autofree char *name = g_path_get_basename (tm_temporary_directory_get_path (directory));
  double age = -1;

  /* The clock that sets the times of files can be behind by a tick. */
  g_assert_cmpfloat (get_heartbeat_age (root, "dead-0" RANDOM_PART), >=, HOUR - 1);
  g_assert_cmpfloat (get_heartbeat_age (root, "plain-" RANDOM_PART), ==, -1);
  g_assert_cmpfloat (get_heartbeat_age (root, "ahead-0" RANDOM_PART), ==, 0);
  g_assert_cmpfloat (get_heartbeat_age (root, name), >=, 0);
  g_assert_cmpfloat (get_heartbeat_age (root, name), <, HOUR / 2);
  g_assert_true (tm_temporary_directory_keep (directory, NULL, NULL));
  g_assert_cmpfloat (get_heartbeat_age (root, name), ==, -1);

  g_signal_connect (root, "entry-removed", G_CALLBACK (keep_age_cb), &age);
  g_usleep (SILENCE + INTERVAL / 10);
  assert_cleanup (root, 1);
  g_assert_cmpfloat (age, >=, HOUR - 1);
}

static void
add_heartbeat_test (const char *name, gpointer data, SandboxFunc function)
{
  g_test_add (name, Sandbox, data, set_up, on_this_platform (name, of_descriptors (function)),
              tear_down);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  add_heartbeat_test ("/heartbeat/beats", NULL, test_beats);
  add_heartbeat_test ("/heartbeat/costs-one-request", NULL, test_costs_one_request);
  add_heartbeat_test ("/heartbeat/many", NULL, test_many);
  add_heartbeat_test ("/heartbeat/slow-server", NULL, test_slow_server);
  add_heartbeat_test ("/heartbeat/signals", NULL, test_signals);
  add_heartbeat_test ("/heartbeat/descriptor-replaced", NULL, test_descriptor_replaced);
  add_heartbeat_test ("/heartbeat/unknown-file-system", NULL, test_unknown_file_system);
  add_heartbeat_test ("/heartbeat/thread-ends", NULL, test_thread_ends);
  add_heartbeat_test ("/heartbeat/no-thread-on-local", NULL, test_no_thread_on_local);
  add_heartbeat_test ("/heartbeat/no-thread-to-have", NULL, test_no_threads_to_have);
  add_heartbeat_test ("/heartbeat/ends-with-keep", NULL, test_ends_with_keep);
  add_heartbeat_test ("/heartbeat/ends-with-persist", NULL, test_ends_with_persist);
  add_heartbeat_test ("/heartbeat/forked", GINT_TO_POINTER (FALSE), test_fork);
  add_heartbeat_test ("/heartbeat/adopted", GINT_TO_POINTER (TRUE), test_fork);
  add_heartbeat_test ("/heartbeat/hanging-server", NULL, test_hanging_server);
  add_heartbeat_test ("/heartbeat/lost", NULL, test_lost);
  add_heartbeat_test ("/heartbeat/times-refused", NULL, test_times_refused);
  add_heartbeat_test ("/heartbeat/cleanup/table", NULL, test_table);
  add_heartbeat_test ("/heartbeat/cleanup/interrupted", NULL, test_watch_interrupted);
  add_heartbeat_test ("/heartbeat/cleanup/slow-deletions", NULL, test_slow_deletions);
  add_heartbeat_test ("/heartbeat/cleanup/future", NULL, test_future);
  add_heartbeat_test ("/heartbeat/cleanup/no-marks", NULL, test_no_marks);
  add_heartbeat_test ("/heartbeat/cleanup/age", NULL, test_age);
  add_heartbeat_test ("/heartbeat/cleanup/two-looks", NULL, test_two_looks);
  add_heartbeat_test ("/heartbeat/cleanup/watch-time", NULL, test_watch_time);
  add_heartbeat_test ("/heartbeat/cleanup/not-stale", NULL, test_not_stale);
  add_heartbeat_test ("/heartbeat/cleanup/not-silent", NULL, test_not_silent);

  add_heartbeat_test ("/heartbeat/cleanup/no-blocks", NULL, test_full);
  add_heartbeat_test ("/heartbeat/cleanup/no-inodes", GINT_TO_POINTER (TRUE), test_full);

  return g_test_run ();
}
