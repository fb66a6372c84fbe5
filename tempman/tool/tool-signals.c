/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "tool-signals.h"

#include "tool-command.h"

#include "tm-config.h"

#include <pthread.h>

#ifdef TM_CONFIG_HAVE_PRCTL
#include <sys/prctl.h>
#else
#include <sys/resource.h>
#endif

/* The inherited signal mask and dispositions, and the changes that this program makes to them.
 *
 * A mask is inherited by accident, for example from a program that uses signalfd(). A blocked
 * signal is therefore unblocked or waited for like any other. A signal that was ignored, as with
 * nohup(1), stays ignored. */

/* Signals that ask a program to end, and leave it the time to clean up. */
const int tool_signals_to_end[] = { SIGINT, SIGTERM, SIGHUP, 0 };

/* Signals whose disposition this program changes. With SIGPIPE and SIGXFSZ ignored, a write fails
 * instead of ending this program before it has deleted its directory. If SIGCHLD were ignored, the
 * kernel would not report the end of the child. */
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

/* Called before any output, and before another thread is started. */
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

/* Restores the inherited mask and dispositions, in a child before exec(). Async-signal-safe. */
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

/* @signals: (array zero-terminated=1) */
sigset_t
tool_signals_make_set (const int *signals)
{
  sigset_t set;

  sigemptyset (&set);
  for (; *signals != 0; signals++)
    sigaddset (&set, *signals);
  return set;
}

/* Like tool_signals_make_set(), without the signals that this program was started to ignore. */
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

/* Blocks the signals: each is pending until a thread waits for it. */
void
tool_signals_block (const int *signals)
{
  sigset_t set = tool_signals_make_set (signals);

  pthread_sigmask (SIG_BLOCK, &set, NULL);
}

/* Unblocks the signals: each has the effect of its disposition again. */
void
tool_signals_unblock (const int *signals)
{
  sigset_t set = tool_signals_make_set (signals);

  pthread_sigmask (SIG_UNBLOCK, &set, NULL);
}

static void
dump_no_core (void)
{
#ifdef TM_CONFIG_HAVE_PRCTL
  prctl (PR_SET_DUMPABLE, 0);
#else
  const struct rlimit none = { 0, 0 };

  setrlimit (RLIMIT_CORE, &none);
#endif
}

/*
 * tool_signals_end_by:
 * @signal_number: a signal
 *
 * Ends this program by a signal, without a core dump, so that its parent sees the interruption. A
 * shell ends its loop then, for example.
 *
 * Returns: the exit status if the signal has no effect, as in the first process of a container
 */
int
tool_signals_end_by (int signal_number)
{
  sigset_t set;

  dump_no_core ();
  signal (signal_number, SIG_DFL);
  sigemptyset (&set);
  sigaddset (&set, signal_number);
  raise (signal_number);
  pthread_sigmask (SIG_UNBLOCK, &set, NULL);
  return TOOL_STATUS_OF_SIGNAL (signal_number);
}
