/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "tool-progress.h"

#include "tool-age.h"
#include "tool-i18n.h"
#include "tool-output.h"
#include "tool-text.h"

#include <poll.h>
#include <stdio.h>
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
  char *title; /* (owned): escaped, UTF-8 */
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

static int
get_n_columns (void)
{
  struct winsize size;

  if (ioctl (STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
    return size.ws_col;
  return 80;
}

/* Returns (transfer full): the line, with a title. */
static char *
compose (ToolProgress *progress, const char *title)
{
  gint64 now = g_get_monotonic_time ();
  gint64 left = MAX (progress->deadline - now, 0);
  g_autofree char *age = tool_age_format ((now - progress->started) / G_USEC_PER_SEC);
  g_autofree char *left_text = tool_age_format ((left + G_USEC_PER_SEC - 1) / G_USEC_PER_SEC);
  g_autofree char *n_done = g_strdup_printf ("%'" G_GUINT64_FORMAT, progress->n_done);
  g_autofree char *n_found = g_strdup_printf ("%'" G_GUINT64_FORMAT, progress->n_found);

  if (progress->deadline != 0)
    /* Translators: the progress of an operation. The first %s is the operation, such as “Cleaning
     * up "cache"”; the second %s is a time such as “1m 30s”. */
    return g_strdup_printf (_ ("%s: waiting, %s left"), title, left_text);
  if (progress->n_found > 0)
    return g_strdup_printf (
        /* Translators: the progress of an operation. The first %s is the operation, such as
         * “Deleting "cache"”; then the number of files that are deleted, the number of those that
         * were found so far, and the time that has passed, such as “1m 30s”. */
        tool_ngettext ("%s: %s of %s entry, %s", "%s: %s of %s entries, %s",
                       (gulong) MIN (progress->n_found, G_MAXULONG)),
        title, n_done, n_found, age);
  /* Translators: an operation, such as “Deleting "cache"”, and the time that has passed, such as
   * “1m 30s”. */
  return g_strdup_printf (_ ("%s: %s"), title, age);
}

/* Returns (transfer full): the line, in the encoding of the locale. Shortens the title if
 * necessary, since it can contain a long path. A terminal would wrap a line that fills the last
 * column. */
static char *
make_line (ToolProgress *progress)
{
  int n_columns = get_n_columns () - 1;
  g_autofree char *rest = compose (progress, "");
  g_autofree char *title =
      tool_text_shorten (progress->title, n_columns - tool_text_get_widest (rest));
  g_autofree char *line = compose (progress, title);
  g_autofree char *shortened = tool_text_shorten (line, n_columns);

  return tool_encode (shortened);
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

  progress->title = tool_escape (title);
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
