/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Owners and cleaners at timeout 0 on three views of one root, as on three machines, killed and
 * stopped at random: no live directory may be lost, and no dead one may be left. With the library
 * of short intervals. Part of the suite `soak` alone. */

#include "support/directories.h"
#include "support/directories.h"
#include "support/roots.h"
#include "support/servers.h"
#include "support/support.h"
#include "support/views.h"

#include "short/core/tm-heartbeat-intervals-private.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#define SILENCE (TM_HEARTBEAT_SILENCE_SECONDS * G_USEC_PER_SEC)

/* Longer than an owner is stopped, with time for a busy machine. */
#define LEASE 20
#define MAX_STOP_SECONDS 10

/* How many directories an owner has at a time, and how long it pauses after it has created one. So
 * a directory lives for about ten seconds, which is longer than the silence. */
#define N_HELD 200
#define OWNER_PAUSE_MICROSECONDS 40000

#define N_OWNERS 4
#define N_CLEANERS 4
#define N_PROCESSES (N_OWNERS + N_CLEANERS)

/* A cleaner on the server is much faster, and would leave nothing to those on the clients. */
#define MAX_CLEANER_PAUSE_MICROSECONDS 500000
#define MAX_SERVER_PAUSE_MICROSECONDS 10000000
#define MAX_ACTION_PAUSE_MICROSECONDS 1000000

/* A cleaner needs some time without a stop to see that an owner is dead. */
#define OWNERS_PER_CLEANER 4

static const View owner_views[N_OWNERS] = { VIEW_FIRST, VIEW_SECOND, VIEW_SERVED, VIEW_FIRST };
static const View cleaner_views[N_CLEANERS] = { VIEW_FIRST, VIEW_SECOND, VIEW_SERVED, VIEW_SECOND };

/* All are atomic. */
typedef struct
{
  gint stop;
  gint n_created[N_VIEWS];
  gint n_lost;
  gint n_errors;
  gint n_cleaned[N_VIEWS];
  gint n_cleanups;
} Tally;

typedef struct
{
  const Views *views;
  Tally *tally; /* in memory that the processes share */
} Soak;

typedef struct
{
  Soak *soak;
  View view;
  gboolean is_owner;
  pid_t pid;
} Process;

static void
report_error (Soak *soak, const char *message)
{
  g_printerr ("# %s\n", message);
  g_atomic_int_inc (&soak->tally->n_errors);
}

/* Closes a directory, if it is there: the server knows. */
static void
close_held (Soak *soak, TmTemporaryDirectory *directory)
{
  g_autofree char *name = g_path_get_basename (tm_temporary_directory_get_path (directory));
  g_autofree char *served = views_path (soak->views, VIEW_SERVED, "root", name);
  g_autoptr (GError) error = NULL;

  if (!path_exists (served))
    {
      g_printerr ("# lost: %s\n", tm_temporary_directory_get_path (directory));
      g_atomic_int_inc (&soak->tally->n_lost);
    }
  else if (!tm_temporary_directory_close (directory, NULL, &error))
    report_error (soak, error->message);
  else if (path_exists (served))
    report_error (soak, "a closed directory is still there");
}

/* Closes one of its directories, and creates another one, again and again. */
static void
owner_child (gpointer data)
{
  Process *process = data;
  Soak *soak = process->soak;
  g_autofree char *path = views_path (soak->views, process->view, "root", NULL);
  g_autoptr (GFile) parent = g_file_new_for_path (path);
  TmTemporaryDirectory *held[N_HELD] = { NULL };

  g_random_set_seed ((guint32) getpid ());
  for (guint i = 0; !g_atomic_int_get (&soak->tally->stop); i++)
    {
      TmTemporaryDirectory **place = &held[g_random_int_range (0, N_HELD)];
      g_autoptr (GError) error = NULL;

      if (*place != NULL)
        close_held (soak, *place);
      g_clear_object (place);
      *place = tm_temporary_directory_new (parent, "t", NULL, &error);
      if (*place == NULL)
        {
          report_error (soak, error->message);
          continue;
        }

      g_atomic_int_inc (&soak->tally->n_created[process->view]);
      if (i % 8 == 0)
        {
          g_autofree char *content = child_path (*place, "content");

          lay_out (content);
        }
      g_usleep (OWNER_PAUSE_MICROSECONDS);
    }

  for (guint i = 0; i < N_HELD; i++)
    if (held[i] != NULL)
      close_held (soak, held[i]);
}

static void
cleaner_child (gpointer data)
{
  Process *process = data;
  Soak *soak = process->soak;
  g_autofree char *path = views_path (soak->views, process->view, "root", NULL);
  g_autoptr (TmRoot) root = open_root (path, 0, TM_ROOT_FLAGS_RECLAIM_ABANDONED);
  gint32 max_pause =
      process->view == VIEW_SERVED ? MAX_SERVER_PAUSE_MICROSECONDS : MAX_CLEANER_PAUSE_MICROSECONDS;

  tm_root_set_lease (root, LEASE);
  g_random_set_seed ((guint32) getpid ());
  while (!g_atomic_int_get (&soak->tally->stop))
    {
      g_autoptr (GError) error = NULL;
      gssize n_deleted = tm_root_cleanup (root, NULL, &error);

      if (n_deleted < 0)
        report_error (soak, error->message);
      else
        g_atomic_int_add (&soak->tally->n_cleaned[process->view], (gint) n_deleted);
      g_atomic_int_inc (&soak->tally->n_cleanups);
      g_usleep ((gulong) g_random_int_range (0, max_pause));
    }
}

static void
process_child (gpointer data)
{
  Process *process = data;

  if (prctl (PR_SET_PDEATHSIG, SIGKILL) < 0)
    _exit (126);
  if (process->is_owner)
    owner_child (process);
  else
    cleaner_child (process);
}

static void
kill_and_replace (Process *process)
{
  g_assert_no_errno (kill (process->pid, SIGKILL));
  g_assert_cmpint (wait_for_child (process->pid), ==, 128 + SIGKILL);
  process->pid = start_child (process_child, process);
}

/* Stops the process for a while. Returns FALSE if it took too long to continue it: then the process
 * was killed, since it may have lost its directories. */
static gboolean
stop_for_a_while (Process *process)
{
  gint64 start = g_get_monotonic_time ();

  g_assert_no_errno (kill (process->pid, SIGSTOP));
  g_usleep ((gulong) g_random_int_range (0, MAX_STOP_SECONDS * G_USEC_PER_SEC));
  if (g_get_monotonic_time () - start > (MAX_STOP_SECONDS + 2) * G_USEC_PER_SEC)
    {
      kill_and_replace (process);
      return FALSE;
    }

  g_assert_no_errno (kill (process->pid, SIGCONT));
  return TRUE;
}

static guint64
count_created (const Tally *tally)
{
  guint64 n = 0;

  for (View view = 0; view < N_VIEWS; view++)
    n += (guint64) g_atomic_int_get (&tally->n_created[view]);
  return n;
}

static void
run (Soak *soak, Limit limit)
{
  Process processes[N_PROCESSES];
  guint n_killed = 0;
  guint n_stopped = 0;

  for (guint i = 0; i < N_PROCESSES; i++)
    {
      gboolean is_owner = i < N_OWNERS;

      processes[i] = (Process){ .soak = soak,
                                .view = is_owner ? owner_views[i] : cleaner_views[i - N_OWNERS],
                                .is_owner = is_owner };
      processes[i].pid = start_child (process_child, &processes[i]);
    }

  while (!limit_is_reached (&limit, count_created (soak->tally)) &&
         g_atomic_int_get (&soak->tally->n_lost) == 0)
    {
      gboolean is_owner = g_random_int_range (0, OWNERS_PER_CLEANER + 1) > 0;
      Process *process = &processes[is_owner ? g_random_int_range (0, N_OWNERS)
                                             : N_OWNERS + g_random_int_range (0, N_CLEANERS)];

      g_usleep ((gulong) g_random_int_range (0, MAX_ACTION_PAUSE_MICROSECONDS));
      if (g_random_boolean () && stop_for_a_while (process))
        n_stopped++;
      else
        {
          kill_and_replace (process);
          n_killed++;
        }
    }

  g_atomic_int_set (&soak->tally->stop, TRUE);
  for (guint i = 0; i < N_PROCESSES; i++)
    g_assert_cmpint (wait_for_child (processes[i].pid), ==, 0);
  g_test_message ("%u processes killed, %u stopped", n_killed, n_stopped);
}

/* After the lease, two cleanups by each machine, with the silence between them. */
static void
clean_up_twice (const Views *views)
{
  TmRoot *roots[N_VIEWS];

  g_usleep ((LEASE + 1) * G_USEC_PER_SEC);
  for (View view = 0; view < N_VIEWS; view++)
    {
      g_autofree char *path = views_path (views, view, "root", NULL);

      roots[view] = open_root (path, 0, TM_ROOT_FLAGS_RECLAIM_ABANDONED);
      tm_root_set_lease (roots[view], LEASE);
      tm_root_cleanup (roots[view], NULL, NULL);
    }
  g_usleep (SILENCE + G_USEC_PER_SEC);
  for (View view = 0; view < N_VIEWS; view++)
    {
      tm_root_cleanup (roots[view], NULL, NULL);
      g_object_unref (roots[view]);
    }
}

static void
test_soak (Sandbox *sandbox, gconstpointer data)
{
  Views views;
  Soak soak = { .views = &views };
  g_autofree char *root = NULL;
  gint64 start = g_get_monotonic_time ();

  if (!views_set_up (&views, sandbox, NULL))
    return;

  soak.tally =
      mmap (NULL, sizeof *soak.tally, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  g_assert_true (soak.tally != MAP_FAILED);
  root = views_make_root (&views, "root");

  run (&soak, limit_of_soak (20));
  g_test_message ("%d directories created on the clients and %d on the server in %.1f seconds, "
                  "%d lost, %d cleaned up by the clients and %d by the server in %d cleanups, "
                  "%d errors",
                  soak.tally->n_created[VIEW_FIRST] + soak.tally->n_created[VIEW_SECOND],
                  soak.tally->n_created[VIEW_SERVED],
                  (double) (g_get_monotonic_time () - start) / G_USEC_PER_SEC, soak.tally->n_lost,
                  soak.tally->n_cleaned[VIEW_FIRST] + soak.tally->n_cleaned[VIEW_SECOND],
                  soak.tally->n_cleaned[VIEW_SERVED], soak.tally->n_cleanups, soak.tally->n_errors);
  g_assert_cmpint (soak.tally->n_lost, ==, 0);
  g_assert_cmpint (soak.tally->n_errors, ==, 0);

  clean_up_twice (&views);
  g_test_message ("%u dead directories left", count_entries (root));
  g_assert_cmpuint (count_entries (root), ==, 0);
  munmap (soak.tally, sizeof *soak.tally);
  views_tear_down (&views);
}

int
main (int argc, char **argv)
{
  int result;

  g_test_init (&argc, &argv, NULL);
  views_prepare ();

  add_test_of_soak ("/views/soak", NULL, test_soak);

  result = g_test_run ();
  servers_stop ();
  return result;
}
