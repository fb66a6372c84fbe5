/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "tool-signals.h"

#include "tool-command.h"

#include <glib-unix.h>
#include <pthread.h>
#include <sys/prctl.h>
#include <unistd.h>

/* Signals, read one after the other in the main context instead of interrupting anything.
 *
 * They are blocked before any other thread is started, so that none of them takes one. What was
 * ignored or blocked when this program was started, as by nohup(1), is left alone. */

/* What asks a program to end, and leaves it the time to do so in good order. */
const int tool_signals_to_end[] = { SIGINT, SIGTERM, SIGHUP, 0 };

struct _ToolSignals
{
  int fd; /* (owned) */
  guint source;
  ToolSignalsFunc func;
  gpointer user_data; /* (unowned) */
};

static sigset_t inherited_mask;
static gboolean has_inherited_mask;

/* The signal mask that this program was started with. */
const sigset_t *
tool_signals_get_inherited_mask (void)
{
  if (!has_inherited_mask)
    {
      pthread_sigmask (SIG_SETMASK, NULL, &inherited_mask);
      has_inherited_mask = TRUE;
    }

  return &inherited_mask;
}

static gboolean
is_left_alone (int signal_number)
{
  struct sigaction action;

  return sigismember (tool_signals_get_inherited_mask (), signal_number) == 1 ||
         (sigaction (signal_number, NULL, &action) == 0 && action.sa_handler == SIG_IGN);
}

static sigset_t
make_set (const int *signals)
{
  sigset_t set;

  sigemptyset (&set);
  for (; *signals != 0; signals++)
    {
      if (!is_left_alone (*signals))
        sigaddset (&set, *signals);
    }
  return set;
}

/* From here on they wait until somebody watches for them. */
void
tool_signals_block (const int *signals)
{
  sigset_t set = make_set (signals);

  pthread_sigmask (SIG_BLOCK, &set, NULL);
}

/* From here on they do again what they do to any program. */
void
tool_signals_unblock (const int *signals)
{
  sigset_t set = make_set (signals);

  pthread_sigmask (SIG_UNBLOCK, &set, NULL);
}

static gboolean
readable_cb (int fd, GIOCondition condition, gpointer user_data)
{
  ToolSignals *signals = user_data;
  struct signalfd_siginfo info;

  /* One at a time: what it leads to may be that nobody watches any more. */
  if (read (fd, &info, sizeof info) == sizeof info)
    signals->func (&info, signals->user_data);
  return G_SOURCE_CONTINUE;
}

/*
 * tool_signals_watch:
 * @signals: signals, and 0; they are blocked from here on
 * @func: called in the main context
 * @user_data: data for @func
 *
 * Returns: (transfer full): to be freed with tool_signals_unwatch()
 */
ToolSignals *
tool_signals_watch (const int *signals, ToolSignalsFunc func, gpointer user_data)
{
  ToolSignals *self = g_new0 (ToolSignals, 1);
  sigset_t set = make_set (signals);

  pthread_sigmask (SIG_BLOCK, &set, NULL);
  self->func = func;
  self->user_data = user_data;
  self->fd = signalfd (-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
  if (self->fd < 0)
    g_error ("signalfd: %s", g_strerror (errno));
  /* Before any result: what has to be ended is not to be finished first. */
  self->source = g_unix_fd_add_full (G_PRIORITY_HIGH, self->fd, G_IO_IN, readable_cb, self, NULL);
  return self;
}

/* They stay blocked, and those that come wait for the next to watch for them. */
void
tool_signals_unwatch (ToolSignals *signals)
{
  g_source_remove (signals->source);
  close (signals->fd);
  g_free (signals);
}

/*
 * tool_signals_end_by:
 * @signal_number: a signal
 *
 * Ends this program as the signal would have: whoever waits for it has to be able to see that it
 * was interrupted, as a shell does that ends its loop then. Leaves no core.
 *
 * Returns: what to exit with where that does not end it, as in the first process of a container
 */
int
tool_signals_end_by (int signal_number)
{
  sigset_t set;

  prctl (PR_SET_DUMPABLE, 0);
  signal (signal_number, SIG_DFL);
  sigemptyset (&set);
  sigaddset (&set, signal_number);
  raise (signal_number);
  pthread_sigmask (SIG_UNBLOCK, &set, NULL);
  return TOOL_STATUS_OF_SIGNAL (signal_number);
}
