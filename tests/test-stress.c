/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Creators, cleaners at timeout 0, and listers, each in a process of its own, on one root, some
 * killed at random: no directory that was returned may ever be missing, and none may be left at the
 * end.
 *
 * In the control the verification of a new directory always succeeds: there, some have to be lost,
 * otherwise the test would prove nothing. */

#include "support/directories.h"
#include "support/interpose.h"
#include "support/support.h"

#include <tempman.h>

#include <glib/gstdio.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* The number of each: in the soak suite, and otherwise. */
#define N_CREATORS (is_soak () ? 8 : 3)
#define N_CLEANERS (is_soak () ? 8 : 3)
#define N_LISTERS 2
#define MAX_PROCESSES (8 + 8 + N_LISTERS + 1)

#define KILL_INTERVAL_MICROSECONDS 20000
#define MAX_PAUSE_MICROSECONDS 4000
#define TMPFILES_PAUSE_MICROSECONDS 20000
#define CREATIONS_PER_PAUSE 8

/* Gives the cleaners time between mkdir and the lock of a creator. Not each time: they delete most
 * of the directories for which they have time, and few would be returned that could be lost. */
static int
give_time_cb (const SystemCall *call, gpointer user_data)
{
  static gint n_calls = 0; /* atomic */

  if (g_str_equal (call->name, "flock") && (call->flags & LOCK_SH) != 0 &&
      (guint) g_atomic_int_add (&n_calls, 1) % CREATIONS_PER_PAUSE == 0)
    g_usleep (50);
  return 0;
}

typedef struct
{
  gint stop; /* atomic, all of them */
  gint n_created;
  gint n_lost;
  gint n_errors;
  gint n_cleaned;
  gint n_listed;
  gint n_tmpfiles_runs;
} Tally;

typedef struct
{
  TmRoot *root;
  Tally *tally; /* in memory that the processes share */
} Stress;

/* A process that cleans up or lists pauses after each pass, at random: otherwise it uses the few
 * processors alone, and meets few directories that are being created. */
static void
pause_shortly (void)
{
  g_usleep ((gulong) g_random_int_range (0, MAX_PAUSE_MICROSECONDS));
}

/* A forked child has the generator of its parent, and would pause when all the others do. */
static void
differ_from_siblings (void)
{
  g_random_set_seed ((guint32) getpid ());
}

static void
creator_child (gpointer data)
{
  Stress *stress = data;

  while (!g_atomic_int_get (&stress->tally->stop))
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (TmTemporaryDirectory) directory =
          tm_root_create_temp_dir (stress->root, NULL, &error);
      g_autoptr (GFile) file = NULL;

      if (directory == NULL)
        {
          g_printerr ("%s\n", error->message);
          g_atomic_int_inc (&stress->tally->n_errors);
          continue;
        }

      g_atomic_int_inc (&stress->tally->n_created);
      file = tm_temporary_directory_get_child (directory, "directory");
      if (!is_at_its_path (directory) || !g_file_make_directory (file, NULL, NULL) ||
          !is_at_its_path (directory))
        g_atomic_int_inc (&stress->tally->n_lost);
      else if (!tm_temporary_directory_close (directory, NULL, &error))
        {
          g_printerr ("%s\n", error->message);
          g_atomic_int_inc (&stress->tally->n_errors);
        }
    }
}

static void
cleaner_child (gpointer data)
{
  Stress *stress = data;

  differ_from_siblings ();
  while (!g_atomic_int_get (&stress->tally->stop))
    {
      g_autoptr (GError) error = NULL;
      gssize n_deleted = tm_root_cleanup (stress->root, NULL, &error);

      if (n_deleted >= 0)
        g_atomic_int_add (&stress->tally->n_cleaned, (gint) n_deleted);
      else
        {
          g_printerr ("%s\n", error->message);
          g_atomic_int_inc (&stress->tally->n_errors);
        }
      pause_shortly ();
    }
}

/* Tries the locks of directories at every moment of their lives. */
static void
lister_child (gpointer data)
{
  Stress *stress = data;

  differ_from_siblings ();
  while (!g_atomic_int_get (&stress->tally->stop))
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GListModel) entries =
          tm_root_list_entries (stress->root, TM_LIST_FLAGS_NONE, NULL, &error);

      if (entries != NULL)
        g_atomic_int_add (&stress->tally->n_listed, (gint) g_list_model_get_n_items (entries));
      else
        {
          g_printerr ("%s\n", error->message);
          g_atomic_int_inc (&stress->tally->n_errors);
        }
      pause_shortly ();
    }
}

/* Another program that cleans up, if it is installed. */
static void
tmpfiles_child (gpointer data)
{
  Stress *stress = data;
  const char *path = g_file_peek_path (tm_root_get_directory (stress->root));

  while (!g_atomic_int_get (&stress->tally->stop) && clean_with_systemd (path))
    {
      g_atomic_int_inc (&stress->tally->n_tmpfiles_runs);
      g_usleep (TMPFILES_PAUSE_MICROSECONDS);
    }
}

typedef struct
{
  ChildFunc function;
  pid_t pid;
} Process;

static guint
start_processes (Process *processes, guint n, guint n_more, ChildFunc function, Stress *stress)
{
  for (guint i = 0; i < n_more; i++)
    processes[n + i] = (Process){ function, start_child (function, stress) };
  return n + n_more;
}

/* At any point of its work. Another process replaces it. */
static void
kill_and_replace (Process *process, Stress *stress)
{
  g_assert_no_errno (kill (process->pid, SIGKILL));
  g_assert_cmpint (wait_for_child (process->pid), ==, 128 + SIGKILL);
  process->pid = start_child (process->function, stress);
}

static void
run (Stress *stress, Limit limit, gboolean until_lost)
{
  Process processes[MAX_PROCESSES];
  guint n_killed = 0;
  guint n_to_kill;
  guint n = 0;

  interpose (give_time_cb, NULL);
  n = start_processes (processes, n, N_CREATORS, creator_child, stress);
  n = start_processes (processes, n, N_CLEANERS, cleaner_child, stress);
  n = start_processes (processes, n, N_LISTERS, lister_child, stress);
  n_to_kill = n;
  n = start_processes (processes, n, 1, tmpfiles_child, stress);

  while (!limit_is_reached (&limit, (guint64) g_atomic_int_get (&stress->tally->n_created)) &&
         !(until_lost && g_atomic_int_get (&stress->tally->n_lost) > 0))
    {
      g_usleep (KILL_INTERVAL_MICROSECONDS);
      kill_and_replace (&processes[g_random_int_range (0, (gint32) n_to_kill)], stress);
      n_killed++;
    }

  g_atomic_int_set (&stress->tally->stop, TRUE);
  for (guint i = 0; i < n; i++)
    g_assert_cmpint (wait_for_child (processes[i].pid), ==, 0);
  interpose_end ();
  g_test_message ("%u processes killed", n_killed);
}

#define CONTROL GINT_TO_POINTER (TRUE)

static void
test_creators_and_cleaners (Sandbox *sandbox, gconstpointer data)
{
  g_autoptr (GFile) file = sandbox_file (sandbox, "root");
  g_autoptr (GError) error = NULL;
  g_autoptr (TmRoot) root = NULL;
  gint64 start = g_get_monotonic_time ();
  Stress stress;

  stress.tally =
      mmap (NULL, sizeof *stress.tally, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  g_assert_true (stress.tally != MAP_FAILED);
  stress.root = root = tm_root_new (
      file, 0, TM_ROOT_FLAGS_CREATE_DIRECTORY | TM_ROOT_FLAGS_RECLAIM_ABANDONED, NULL, &error);
  g_assert_no_error (error);

  if (data == CONTROL)
    {
      pretend_verified (TRUE);
      run (&stress, limit_from_now (60), TRUE);
      pretend_verified (FALSE);
      skip_unless_control_fell (stress.tally->n_lost > 0);
    }
  else
    {
      run (&stress, limit_of_soak (5), FALSE);
      g_assert_cmpint (stress.tally->n_lost, ==, 0);
      g_assert_cmpint (stress.tally->n_errors, ==, 0);
    }

  g_assert_cmpint (stress.tally->n_created, >, 0);
  g_test_message ("%d directories created in %.1f seconds, %d lost, %d cleaned up, "
                  "%d entries listed, systemd-tmpfiles run %d times",
                  stress.tally->n_created,
                  (double) (g_get_monotonic_time () - start) / G_USEC_PER_SEC, stress.tally->n_lost,
                  stress.tally->n_cleaned, stress.tally->n_listed, stress.tally->n_tmpfiles_runs);
  tm_root_cleanup (root, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (count_entries (g_file_peek_path (file)), ==, 0);
  munmap (stress.tally, sizeof *stress.tally);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  add_test_of_soak ("/stress/creators-and-cleaners", NULL,
                    of_descriptors (test_creators_and_cleaners));
  add_test_of_soak ("/stress/creators-and-cleaners-control", CONTROL,
                    of_descriptors (test_creators_and_cleaners));

  return g_test_run ();
}
