/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "tool-child.h"

#include "tool-command.h"
#include "tool-signals.h"

#include <errno.h>
#include <gio/gio.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

/* A program that is run in the place of this one, as far as the terminal, the shell and whoever
 * sends signals are concerned.
 *
 * It stays in the process group of this one, so that what the terminal sends reaches both of them;
 * what is sent to this one alone is passed on. When both are asked to stop and the program has done
 * so, this one does so as well: a shell looks at this one. */

/* What the kernel sends for what a process does itself, or has used up. All the others are for the
 * program, also those that would end this one and leave the program to itself. */
static const int kept_signals[] = {
  SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV, SIGSYS, SIGPIPE, SIGXCPU, SIGXFSZ, 0,
};

static const int stop_signals[] = { SIGTSTP, SIGTTIN, SIGTTOU, SIGCONT, 0 };

typedef struct
{
  pid_t pid;
  gboolean has_ended;
  int status;   /* once it has ended by itself */
  int ended_by; /* the signal that has ended it, or 0 */

  sigset_t received; /* what this one has got, too */

  gboolean is_asked_to_stop;
  gboolean is_stopped;
} Child;

static gboolean
is_one_of (int signal_number, const int *signals)
{
  for (; *signals != 0; signals++)
    {
      if (*signals == signal_number)
        return TRUE;
    }

  return FALSE;
}

/* Ends with 0. */
static const int *
get_passed_signals (void)
{
  static int passed_signals[_NSIG];
  int *next = passed_signals;

  if (passed_signals[0] != 0)
    return passed_signals;

  for (int signal_number = 1; signal_number <= SIGRTMAX; signal_number++)
    {
      /* Those in between are of the C library, for its threads. */
      gboolean is_of_library = signal_number >= __SIGRTMIN && signal_number < SIGRTMIN;
      gboolean cannot_be_blocked = signal_number == SIGKILL || signal_number == SIGSTOP;

      if (!is_of_library && !cannot_be_blocked && !is_one_of (signal_number, kept_signals))
        *next++ = signal_number;
    }

  return passed_signals;
}

/* Keeps the signals for the program from here on, and what this one does until it runs from being
 * ended by them. */
void
tool_child_prepare (void)
{
  /* Who ignores it never learns of the end of a child. */
  signal (SIGCHLD, SIG_DFL);
  tool_signals_block (get_passed_signals ());
}

/* Takes notice of what has become of the child. */
static void
child_look_at (Child *child)
{
  siginfo_t info;

  while (!child->has_ended)
    {
      info.si_pid = 0;
      if (waitid (P_PID, (id_t) child->pid, &info, WEXITED | WSTOPPED | WCONTINUED | WNOHANG) < 0 ||
          info.si_pid == 0)
        return;

      switch (info.si_code)
        {
        case CLD_EXITED:
          child->status = info.si_status;
          child->has_ended = TRUE;
          break;
        case CLD_KILLED:
        case CLD_DUMPED:
          child->ended_by = info.si_status;
          child->has_ended = TRUE;
          break;
        case CLD_STOPPED:
          child->is_stopped = TRUE;
          break;
        case CLD_CONTINUED:
          child->is_stopped = FALSE;
          break;
        default:
          break;
        }
    }
}

/* What the kernel sends, it sends to the whole group, on behalf of the terminal. What the child
 * sends, it sends to its own group, if it is to be stopped with it. */
static gboolean
child_has_got (Child *child, const struct signalfd_siginfo *signal_info)
{
  return signal_info->ssi_code > 0 || (pid_t) signal_info->ssi_pid == child->pid;
}

/* Whether a signal was for this process as well, or is on its way to it. */
static gboolean
child_shares (Child *child, int signal_number)
{
  sigset_t pending;

  return sigismember (&child->received, signal_number) == 1 ||
         (sigpending (&pending) == 0 && sigismember (&pending, signal_number) == 1);
}

/* What the command is to end with.
 *
 * A signal is told of by a number, as by a shell. One that this process has got as well ends it,
 * too: a shell goes on with the next line of its script after Ctrl+C unless it sees that, and
 * systemd takes a service that it has stopped for one that has failed. */
static int
child_get_status (Child *child)
{
  if (child->ended_by == 0)
    return child->status;

  return child_shares (child, child->ended_by) ? TOOL_STATUS_ENDED_BY (child->ended_by)
                                               : TOOL_STATUS_OF_SIGNAL (child->ended_by);
}

static void
signal_cb (const struct signalfd_siginfo *signal_info, gpointer user_data)
{
  Child *child = user_data;
  int signal_number = (int) signal_info->ssi_signo;

  sigaddset (&child->received, signal_number);
  switch (signal_number)
    {
    case SIGCHLD:
      child_look_at (child);
      break;
    case SIGTSTP:
    case SIGTTIN:
    case SIGTTOU:
      child->is_asked_to_stop = TRUE;
      break;
    case SIGCONT:
      child->is_asked_to_stop = FALSE;
      break;
    default:
      break;
    }

  if (signal_number != SIGCHLD && !child->has_ended && !child_has_got (child, signal_info))
    kill (child->pid, signal_number);

  /* It goes on from here when it is continued, which the child is told of then. */
  if (!child->has_ended && child->is_asked_to_stop && child->is_stopped)
    {
      child->is_asked_to_stop = FALSE;
      raise (SIGSTOP);
    }
}

/* What has no first line that names an interpreter is for the shell, as execvp() has it. */
static int
spawn_script (pid_t *pid, const posix_spawnattr_t *attributes, char **arguments, char **environment)
{
  g_autoptr (GPtrArray) shell_arguments = g_ptr_array_new ();
  g_autofree char *path = g_find_program_in_path (arguments[0]);

  if (path == NULL)
    return ENOENT;

  g_ptr_array_add (shell_arguments, (gpointer) "/bin/sh");
  g_ptr_array_add (shell_arguments, path);
  for (char **argument = arguments + 1; *argument != NULL; argument++)
    g_ptr_array_add (shell_arguments, *argument);
  g_ptr_array_add (shell_arguments, NULL);

  return posix_spawn (pid, "/bin/sh", NULL, attributes, (char **) shell_arguments->pdata,
                      environment);
}

/* Returns 0 or an error number. The child gets no descriptor but those that it would have got
 * without this program, and the signal mask that it would have had. */
static int
spawn (pid_t *pid, char **arguments, char **environment)
{
  posix_spawnattr_t attributes;
  int error_number;

  posix_spawnattr_init (&attributes);
  posix_spawnattr_setflags (&attributes, POSIX_SPAWN_SETSIGMASK);
  posix_spawnattr_setsigmask (&attributes, tool_signals_get_inherited_mask ());

  error_number = posix_spawnp (pid, arguments[0], NULL, &attributes, arguments, environment);
  if (error_number == ENOEXEC)
    error_number = spawn_script (pid, &attributes, arguments, environment);

  posix_spawnattr_destroy (&attributes);
  return error_number;
}

static int
get_status_of_error (int error_number)
{
  switch (error_number)
    {
    case ENOENT:
      return TOOL_STATUS_NOT_FOUND;
    case EAGAIN:
    case ENOMEM:
      return TOOL_STATUS_RUN_FAILED;
    default:
      return TOOL_STATUS_NOT_EXECUTABLE;
    }
}

/*
 * tool_child_run:
 * @arguments: a program, which is looked for in `PATH`, and its arguments
 * @environment: its environment
 * @error: why it could not be started
 *
 * Runs a program to its end, after tool_child_prepare().
 *
 * Returns: what the command is to end with
 */
int
tool_child_run (char **arguments, char **environment, GError **error)
{
  Child child = { 0 };
  g_autoptr (ToolSignals) signals = NULL;
  int error_number = spawn (&child.pid, arguments, environment);

  if (error_number != 0)
    {
      g_autofree char *display_name = g_filename_display_name (arguments[0]);

      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (error_number), "Running “%s”: %s",
                   display_name, g_strerror (error_number));
      return get_status_of_error (error_number);
    }

  sigemptyset (&child.received);
  signals = tool_signals_watch (get_passed_signals (), signal_cb, &child);
  while (!child.has_ended)
    g_main_context_iteration (NULL, TRUE);

  tool_signals_unblock (stop_signals);
  return child_get_status (&child);
}
