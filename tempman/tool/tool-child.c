/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "tool-child.h"

#include "tool-command.h"
#include "tool-i18n.h"
#include "tool-signals.h"

#include <errno.h>
#include <gio/gio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

/* Runs a program in a child process. To the terminal, the shell and the senders of signals, both
 * look like one process.
 *
 * The child stays in the process group of this process, so that the signals of a terminal reach
 * both. Signals to this process alone are passed on. When the child has stopped after a request to
 * both, this process stops as well, because the shell waits for this process. */

/* The number of attempts to create the child, a millisecond apart. */
#define MAX_ATTEMPTS 100

/* Signals that the kernel sends to a process group because of a terminal: the child has received
 * them as well. */
static const int group_signals[] = {
  SIGHUP, SIGINT, SIGQUIT, SIGTSTP, SIGTTIN, SIGTTOU, SIGCONT, SIGWINCH, 0,
};

/* Signals that the kernel sends to a process for its own faults and limits. */
static const int own_signals[] = {
  SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV, SIGSYS, SIGPIPE, SIGXCPU, SIGXFSZ, 0,
};

static const int stop_signals[] = { SIGTSTP, SIGTTIN, SIGTTOU, SIGCONT, 0 };

typedef struct
{
  pid_t pid;
  gboolean has_ended;
  int status;   /* its exit status, if no signal ended it */
  int ended_by; /* the signal that ended it, or 0 */

  sigset_t received; /* the signals that this process has received */

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

/* More than any system has. */
#define MAX_SIGNALS 128

/* Returns all signals that can be blocked, and 0 at the end. A signal that ended this process alone
 * would leave the child behind. A fault of this process still ends it. */
static const int *
get_passed_signals (void)
{
  static int passed_signals[MAX_SIGNALS + 1];
  int *next = passed_signals;
  sigset_t all;

  if (passed_signals[0] != 0)
    return passed_signals;

  /* Without the signals that the C library uses for its threads. */
  sigfillset (&all);
  for (int signal_number = 1; signal_number < MAX_SIGNALS; signal_number++)
    {
      gboolean cannot_be_blocked = signal_number == SIGKILL || signal_number == SIGSTOP;

      if (sigismember (&all, signal_number) == 1 && !cannot_be_blocked)
        *next++ = signal_number;
    }

  return passed_signals;
}

/* Blocks the signals, so that none ends this process before the child runs. They are pending until
 * child_wait() passes them on. */
void
tool_child_prepare (void)
{
  tool_signals_block (get_passed_signals ());
}

static void
child_note (Child *child, const siginfo_t *info)
{
  switch (info->si_code)
    {
    case CLD_EXITED:
      child->status = info->si_status;
      child->has_ended = TRUE;
      break;
    case CLD_KILLED:
    case CLD_DUMPED:
      child->ended_by = info->si_status;
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

/* Updates the state of the child. Reaps other children as well: the first process of a container
 * inherits all orphans. */
static void
child_look_at (Child *child)
{
  siginfo_t info = { .si_pid = 0 };

  while (!child->has_ended &&
         waitid (P_ALL, 0, &info, WEXITED | WSTOPPED | WCONTINUED | WNOHANG) == 0 &&
         info.si_pid != 0)
    {
      if (info.si_pid == child->pid)
        child_note (child, &info);
      info.si_pid = 0;
    }
}

/* Whether a signal must not be passed on: the child has received it, or it does not concern the
 * child. */
static gboolean
child_has_got (Child *child, const siginfo_t *info)
{
  /* The child sent it to its process group, for example to stop the group. */
  if (info->si_code == SI_USER || info->si_code == SI_TKILL || info->si_code == SI_QUEUE)
    return info->si_pid == child->pid;

  if (info->si_code <= 0)
    return FALSE;

  /* The kernel sent it. A terminal that hangs up signals the leader of its session only. */
  if (getsid (0) == getpid () && (info->si_signo == SIGHUP || info->si_signo == SIGCONT))
    return FALSE;

  /* Other signals are for this process alone, such as an alarm that was set before its exec(). */
  return is_one_of (info->si_signo, group_signals) || is_one_of (info->si_signo, own_signals);
}

/* Whether this process has received a signal as well, or has it pending. */
static gboolean
child_shares (Child *child, int signal_number)
{
  sigset_t pending;

  return sigismember (&child->received, signal_number) == 1 ||
         (sigpending (&pending) == 0 && sigismember (&pending, signal_number) == 1);
}

/* Returns the status of the command.
 *
 * If a signal ended the child, the status is 128 + its number, as in a shell. If this process has
 * received the signal as well, it has to end by it too: otherwise a shell would continue its script
 * after Ctrl+C, and systemd would report a service that it has stopped as failed. */
static int
child_get_status (Child *child)
{
  if (child->ended_by == 0)
    return child->status;

  return child_shares (child, child->ended_by) ? TOOL_STATUS_ENDED_BY (child->ended_by)
                                               : TOOL_STATUS_OF_SIGNAL (child->ended_by);
}

static void
child_handle_signal (Child *child, const siginfo_t *info)
{
  sigaddset (&child->received, info->si_signo);
  switch (info->si_signo)
    {
    case SIGCHLD:
      child_look_at (child);
      return;
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

  if (!child_has_got (child, info))
    kill (child->pid, info->si_signo);
}

/* Stops this process if the child has stopped on request. SIGCONT continues it here, and is then
 * passed on to the child. */
static void
child_stop_with (Child *child)
{
  if (child->has_ended || !child->is_asked_to_stop || !child->is_stopped)
    return;

  child->is_asked_to_stop = FALSE;
  raise (SIGSTOP);
}

static void
child_wait (Child *child)
{
  sigset_t set = tool_signals_make_set (get_passed_signals ());

  sigemptyset (&child->received);
  child_look_at (child);
  while (!child->has_ended)
    {
      siginfo_t info;

      /* Fails with EINTR after this process was stopped. */
      if (sigwaitinfo (&set, &info) > 0)
        child_handle_signal (child, &info);
      child_stop_with (child);
    }
}

/* Executes the program, or a script without a “#!” line with a shell: execvpe() does not do this in
 * every C library. @shell_arguments: the path at index 1 is NULL if the program was not found.
 * Returns the error number */
static int
execute (char **arguments, char **shell_arguments, char **environment)
{
  execvpe (arguments[0], arguments, environment);
  if (errno == ENOEXEC && shell_arguments[1] != NULL)
    execve (shell_arguments[0], shell_arguments, environment);
  return errno;
}

/* Returns (transfer container): the command line of a shell that runs @path, a script or NULL. */
static char **
make_shell_arguments (char **arguments, char *path)
{
  GPtrArray *shell_arguments = g_ptr_array_new ();

  g_ptr_array_add (shell_arguments, (gpointer) "/bin/sh");
  g_ptr_array_add (shell_arguments, path);
  for (char **argument = arguments + 1; *argument != NULL; argument++)
    g_ptr_array_add (shell_arguments, *argument);
  g_ptr_array_add (shell_arguments, NULL);
  return (char **) g_ptr_array_free (shell_arguments, FALSE);
}

/* Starts the child and waits until it ends. Returns 0, or the error number if the program could not
 * be started.
 *
 * The program gets the descriptors and the signal dispositions that this process was started with.
 * posix_spawn() is not used, because it cannot make a child ignore a signal. */
static int
run (Child *child, char **arguments, char **environment)
{
  g_autofree char *path = g_find_program_in_path (arguments[0]);
  g_autofree char **shell_arguments = make_shell_arguments (arguments, path);
  /* Shared memory also works where an emulator or a sanitizer replaces vfork() by fork(). */
  int *child_error =
      mmap (NULL, sizeof *child_error, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  guint n_attempts = 0;
  pid_t pid; /* the only variable that the child of vfork() may write to */
  int error_number;

  if (child_error == MAP_FAILED)
    return errno;

  /* A thread that has just ended may still count towards RLIMIT_NPROC. */
  while ((pid = vfork ()) < 0 && errno == EAGAIN && ++n_attempts < MAX_ATTEMPTS)
    g_usleep (G_USEC_PER_SEC / 1000);

  if (pid == 0)
    {
      tool_signals_restore ();
      *child_error = execute (arguments, shell_arguments, environment);
      _exit (TOOL_STATUS_NOT_EXECUTABLE);
    }

  if (pid > 0)
    {
      child->pid = pid;
      child_wait (child);
      error_number = *child_error;
    }
  else
    error_number = errno;
  munmap (child_error, sizeof *child_error);
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
 * @arguments: a program, which is searched for in `PATH`, and its arguments
 * @environment: its environment
 * @error: return location for an error
 *
 * Runs a program and waits until it ends. tool_child_prepare() has to be called first.
 *
 * Returns: the status of the command; @error is set if the program could not be started
 */
int
tool_child_run (char **arguments, char **environment, GError **error)
{
  Child child = { 0 };
  int error_number = run (&child, arguments, environment);

  if (error_number != 0)
    {
      g_autofree char *display_name = g_filename_display_name (arguments[0]);

      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (error_number),
                   _ ("Could not run “%s”: %s"), display_name, g_strerror (error_number));
      return get_status_of_error (error_number);
    }

  tool_signals_unblock (stop_signals);
  return child_get_status (&child);
}
