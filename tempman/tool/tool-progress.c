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

/* A line on the terminal that says how far the work has come, for work that takes a while. One
 * thread works and counts, another one has the line drawn. */

#define DELAY_US (G_USEC_PER_SEC / 2)

/* How long a terminal that takes nothing is waited for at the end. */
#define PATIENCE_MS 1000

#define ERASE_LINE "\r\033[K"

struct _ToolProgress
{
  char *title; /* (owned): escaped */
  gint64 started;
  gboolean is_drawn;

  GMutex mutex; /* held while something is written, and for what follows */
  gboolean is_shown;
  guint64 n_done;
  guint64 n_found;
};

/* Whether there is a terminal to draw on, that obeys, and that is not somebody else's just now. */
static gboolean
can_draw (void)
{
  return g_strcmp0 (g_getenv ("TERM"), "dumb") != 0 && tcgetpgrp (STDERR_FILENO) == getpgrp ();
}

/* Not while the terminal is stopped, or the connection to it hangs: who waits for it takes no
 * signal.
 */
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

/* The title is what is shortened: it can be a path of any length. */
static char *
make_line (ToolProgress *progress)
{
  gint64 seconds = (g_get_monotonic_time () - progress->started) / G_USEC_PER_SEC;
  g_autofree char *age = tool_age_format (seconds);
  g_autofree char *title = NULL;
  g_autofree char *rest = NULL;
  glong n_characters;

  if (progress->n_found > 0)
    rest = g_strdup_printf (": %'" G_GUINT64_FORMAT " of %'" G_GUINT64_FORMAT " entries, %s",
                            progress->n_done, progress->n_found, age);
  else
    rest = g_strdup_printf (": %s", age);

  /* Any of them may take two columns. A terminal that is full to the last column would wrap. */
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
 * @title: what is being done, UTF-8
 *
 * Begins to count the time.
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

/* Whether it has to be told of the time with tool_progress_tick(). */
gboolean
tool_progress_is_drawn (ToolProgress *progress)
{
  return progress->is_drawn;
}

/* Draws the line, if it is time. Waits for nothing. */
void
tool_progress_tick (ToolProgress *progress)
{
  if (!progress->is_drawn || g_get_monotonic_time () - progress->started < DELAY_US ||
      !can_draw () || !can_write_within (0) || !g_mutex_trylock (&progress->mutex))
    return;

  draw (progress);
  g_mutex_unlock (&progress->mutex);
}

/* Takes the line away, for something else to be said. It comes back as long as the work goes on. */
void
tool_progress_hide (ToolProgress *progress)
{
  g_mutex_lock (&progress->mutex);
  if (progress->is_shown)
    fputs (ERASE_LINE, stderr);
  progress->is_shown = FALSE;
  g_mutex_unlock (&progress->mutex);
}

/* Once nothing else uses it. Takes the line away, or leaves it as a summary where something was
 * counted. */
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
