/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "tool-signals.h"

#include "tool-command.h"

#include <pthread.h>
#include <sys/prctl.h>

/* How this program was started, as far as signals are concerned, and what it makes of that.
 *
 * A mask says nothing of what the caller wants: it is inherited by accident, from a program that
 * reads its own signals from a descriptor. So a blocked signal is unblocked, or waited for, like
 * any other. What was ignored, as by nohup(1), stays ignored. */

/* What asks a program to end, and leaves it the time to do so in good order. */
const int tool_signals_to_end[] = { SIGINT, SIGTERM, SIGHUP, 0 };

/* Signals whose disposition is changed here. A write to a closed pipe, or beyond the limit of the
 * size of a file, is to fail, and not to end this program before it has removed what it has made.
 * The end of a child is never learned of where that signal is ignored. */
static const struct
{
  int signal_number;
  void (*handler) (int);
} changed[] = {
  { SIGPIPE, SIG_IGN },
  { SIGXFSZ, SIG_IGN },
  { SIGCHLD, SIG_DFL },
};

static struct sigaction inherited_actions[G_N_ELEMENTS (changed)];
static sigset_t inherited_mask;

/* To be called before anything is written, and before any other thread is started. */
void
tool_signals_prepare (void)
{
  pthread_sigmask (SIG_SETMASK, NULL, &inherited_mask);
  for (gsize i = 0; i < G_N_ELEMENTS (changed); i++)
    {
      struct sigaction action = { .sa_handler = changed[i].handler };

      sigemptyset (&action.sa_mask);
      sigaction (changed[i].signal_number, &action, &inherited_actions[i]);
    }
}

/* For a child that is going to be another program: it gets what this one was started with.
 * Async-signal-safe. */
void
tool_signals_restore (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (changed); i++)
    sigaction (changed[i].signal_number, &inherited_actions[i], NULL);
  pthread_sigmask (SIG_SETMASK, &inherited_mask, NULL);
}

/* Whether this program was started with the signal ignored. */
gboolean
tool_signals_started_ignored (int signal_number)
{
  struct sigaction action;

  for (gsize i = 0; i < G_N_ELEMENTS (changed); i++)
    {
      if (changed[i].signal_number == signal_number)
        return inherited_actions[i].sa_handler == SIG_IGN;
    }

  return sigaction (signal_number, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
}

/* @signals end with 0. */
sigset_t
tool_signals_make_set (const int *signals)
{
  sigset_t set;

  sigemptyset (&set);
  for (; *signals != 0; signals++)
    sigaddset (&set, *signals);
  return set;
}

/* The same without those that this program was told to ignore. */
sigset_t
tool_signals_make_heeded_set (const int *signals)
{
  sigset_t set;

  sigemptyset (&set);
  for (; *signals != 0; signals++)
    {
      if (!tool_signals_started_ignored (*signals))
        sigaddset (&set, *signals);
    }
  return set;
}

/* From here on they wait until they are waited for. */
void
tool_signals_block (const int *signals)
{
  sigset_t set = tool_signals_make_set (signals);

  pthread_sigmask (SIG_BLOCK, &set, NULL);
}

/* From here on they do again what they do to any program. */
void
tool_signals_unblock (const int *signals)
{
  sigset_t set = tool_signals_make_set (signals);

  pthread_sigmask (SIG_UNBLOCK, &set, NULL);
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
