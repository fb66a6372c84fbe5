/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* A main loop with a timer of 1 ms: prints by how many nanoseconds the timer was late at most while
 * close_async() deletes a temporary directory, and then, as controls and for as long, while nothing
 * is done at all, and while as many threads as there are processors do nothing but to be busy.
 *
 * The tree in the directory is built by the program that is named. */

#include <tempman.h>

#include <unistd.h>

#define INTERVAL 1000
/* The kernel goes on for some time after a deletion, freeing what nobody can see any more. */
#define PAUSE (300 * 1000)

typedef struct
{
  GMainLoop *loop;
  gint64 last;
  gint64 latest;
  /* When the loop of a control ends; 0 while the directory is closed. */
  gint64 end;
} Timer;

static gboolean
tick_cb (gpointer user_data)
{
  Timer *timer = user_data;
  gint64 now = g_get_monotonic_time ();

  timer->latest = MAX (timer->latest, now - timer->last - INTERVAL);
  timer->last = now;
  if (timer->end != 0 && now >= timer->end)
    g_main_loop_quit (timer->loop);
  return G_SOURCE_CONTINUE;
}

static void
closed_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;
  Timer *timer = user_data;

  if (!tm_temporary_directory_close_finish (TM_TEMPORARY_DIRECTORY (source), result, &error))
    g_error ("%s", error->message);
  g_main_loop_quit (timer->loop);
}

static gpointer
be_busy (gpointer data)
{
  gint *finished = data; /* atomic */

  while (!g_atomic_int_get (finished))
    ;
  return NULL;
}

/* Returns the largest lateness within @duration, in which nothing is deleted. */
static gint64
measure_control (Timer *timer, gint64 duration, guint n_busy_threads)
{
  g_autoptr (GPtrArray) threads = g_ptr_array_new ();
  gint finished = FALSE;

  for (guint i = 0; i < n_busy_threads; i++)
    g_ptr_array_add (threads, g_thread_new ("busy", be_busy, &finished));
  timer->latest = 0;
  timer->last = g_get_monotonic_time ();
  timer->end = timer->last + duration;
  g_main_loop_run (timer->loop);
  g_atomic_int_set (&finished, TRUE);
  for (guint i = 0; i < threads->len; i++)
    g_thread_join (threads->pdata[i]);
  return timer->latest;
}

int
main (int argc, char *argv[])
{
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (TmTemporaryDirectory) directory = NULL;
  g_autoptr (GFile) parent = NULL;
  g_autofree char *tree = NULL;
  g_autoptr (GError) error = NULL;
  Timer timer = { loop, 0, 0, 0 };
  gint64 start;
  gint64 duration;
  gint64 closing;
  gint64 idle;
  gint64 busy;

  if (argc != 4)
    {
      g_printerr ("Usage: latency BUILD-TREE DIRECTORY COUNT\n");
      return 2;
    }

  parent = g_file_new_for_path (argv[2]);
  directory = tm_temporary_directory_new (parent, NULL, NULL, &error);
  if (directory == NULL)
    g_error ("%s", error->message);
  tree = g_build_filename (tm_temporary_directory_get_path (directory), "tree", NULL);
  {
    char *command[] = { argv[1], (char *) "directories", argv[3], tree, NULL };
    int status;

    if (!g_spawn_sync (NULL, command, NULL, G_SPAWN_DEFAULT, NULL, NULL, NULL, NULL, &status,
                       &error) ||
        !g_spawn_check_wait_status (status, &error))
      g_error ("%s", error->message);
  }

  /* Writing out what was just built is not what is measured. */
  syncfs (tm_temporary_directory_get_fd (directory));

  g_timeout_add (1, tick_cb, &timer);
  start = timer.last = g_get_monotonic_time ();
  tm_temporary_directory_close_async (directory, G_PRIORITY_DEFAULT, NULL, closed_cb, &timer);
  g_main_loop_run (loop);
  /* What became due since the timer last came counts as well. */
  tick_cb (&timer);
  closing = timer.latest;
  duration = timer.last - start;

  g_usleep (PAUSE);
  idle = measure_control (&timer, duration, 0);
  busy = measure_control (&timer, duration, g_get_num_processors ());

  g_print ("%" G_GINT64_FORMAT " %" G_GINT64_FORMAT " %" G_GINT64_FORMAT "\n", closing * 1000,
           idle * 1000, busy * 1000);
  return 0;
}
