/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "tool-progress.h"

#include "tool-age.h"
#include "tool-output.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* A line on the terminal with the progress of a long operation. The working thread sets the counts,
 * and the watcher draws the line. */

/* Shorter operations show no line. */
#define DELAY_US (G_USEC_PER_SEC / 2)

/* How long to wait, at the end, for a terminal that accepts no output. */
#define PATIENCE_MS 1000

#define ERASE_LINE "\r\033[K"

struct _ToolProgress
{
  char *title; /* (owned): escaped */
  gint64 started;
  gboolean is_drawn;

  GMutex mutex; /* held while the line is written; guards the fields below */
  gboolean is_shown;
  guint64 n_done;
  guint64 n_found;
  gint64 deadline; /* of a wait, or 0 */
};

/* Whether standard error is a terminal that supports control sequences, and this process is in its
 * foreground. */
static gboolean
can_draw (void)
{
  return g_strcmp0 (g_getenv ("TERM"), "dumb") != 0 && tcgetpgrp (STDERR_FILENO) == getpgrp ();
}

/* A terminal accepts no output while it is stopped, or while its connection hangs. The watcher must
 * not wait for it, since it handles the signals. */
static gboolean
can_write_within (int milliseconds)
{
  struct pollfd fd = { .fd = STDERR_FILENO, .events = POLLOUT };

  return poll (&fd, 1, milliseconds) == 1 && (fd.revents & POLLOUT) != 0;
}

static glong
get_n_columns (void)
{
  struct winsize size;

  if (ioctl (STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
    return size.ws_col;
  return 80;
}

/* Shortens the title if necessary, since it can contain a long path. */
static char *
make_line (ToolProgress *progress)
{
  gint64 now = g_get_monotonic_time ();
  gint64 left = MAX (progress->deadline - now, 0);
  g_autofree char *age = tool_age_format ((now - progress->started) / G_USEC_PER_SEC);
  g_autofree char *left_text = tool_age_format ((left + G_USEC_PER_SEC - 1) / G_USEC_PER_SEC);
  g_autofree char *title = NULL;
  g_autofree char *rest = NULL;
  glong n_characters;

  if (progress->deadline != 0)
    rest = g_strdup_printf (": waiting, %s left", left_text);
  else if (progress->n_found > 0)
    rest = g_strdup_printf (": %'" G_GUINT64_FORMAT " of %'" G_GUINT64_FORMAT " entries, %s",
                            progress->n_done, progress->n_found, age);
  else
    rest = g_strdup_printf (": %s", age);

  /* Each character may need two columns. A terminal would wrap a line that fills the last column.
   */
  n_characters = (get_n_columns () - 1 - (glong) strlen (rest)) / 2;
  if (g_utf8_strlen (progress->title, -1) <= n_characters)
    return g_strconcat (progress->title, rest, NULL);

  title = g_utf8_substring (progress->title, 0, MAX (n_characters - 2, 0));
  return g_strconcat (title, "...", rest, NULL);
}

static void
draw (ToolProgress *progress)
{
  g_autofree char *line = make_line (progress);

  fprintf (stderr, ERASE_LINE "%s", line);
  progress->is_shown = TRUE;
}

/*
 * tool_progress_new:
 * @title: the title of the operation, UTF-8
 *
 * Starts to measure the time.
 */
ToolProgress *
tool_progress_new (const char *title)
{
  ToolProgress *progress = g_new0 (ToolProgress, 1);

  progress->title = tool_escape_message (title);
  progress->started = g_get_monotonic_time ();
  progress->is_drawn = can_draw ();
  g_mutex_init (&progress->mutex);
  return progress;
}

/* Whether tool_progress_tick() has to be called regularly. */
gboolean
tool_progress_is_drawn (ToolProgress *progress)
{
  return progress->is_drawn;
}

/* Draws the line after the delay, unless it would have to wait for that. */
void
tool_progress_tick (ToolProgress *progress)
{
  if (!progress->is_drawn || g_get_monotonic_time () - progress->started < DELAY_US ||
      !can_draw () || !can_write_within (0) || !g_mutex_trylock (&progress->mutex))
    return;

  draw (progress);
  g_mutex_unlock (&progress->mutex);
}

/* Erases the line before other output. The next tool_progress_tick() draws it again. */
void
tool_progress_hide (ToolProgress *progress)
{
  g_mutex_lock (&progress->mutex);
  if (progress->is_shown)
    fputs (ERASE_LINE, stderr);
  progress->is_shown = FALSE;
  g_mutex_unlock (&progress->mutex);
}

/* Called after all other threads have ended. Erases the line or, if there are counts, leaves it as
 * a summary. */
void
tool_progress_free (ToolProgress *progress)
{
  if (progress->is_shown && !can_write_within (PATIENCE_MS))
    progress->is_shown = FALSE;

  if (progress->is_shown && progress->n_found > 0)
    {
      draw (progress);
      fputs ("\n", stderr);
    }
  else
    tool_progress_hide (progress);

  g_mutex_clear (&progress->mutex);
  g_free (progress->title);
  g_free (progress);
}

void
tool_progress_set_counts (ToolProgress *progress, guint64 n_done, guint64 n_found)
{
  g_mutex_lock (&progress->mutex);
  progress->n_done = n_done;
  progress->n_found = n_found;
  g_mutex_unlock (&progress->mutex);
}

/* Shows the time left until a monotonic time, instead of the counts. 0 ends this. */
void
tool_progress_set_deadline (ToolProgress *progress, gint64 deadline)
{
  g_mutex_lock (&progress->mutex);
  progress->deadline = deadline;
  g_mutex_unlock (&progress->mutex);
}
