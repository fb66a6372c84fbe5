/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "tool-child.h"

#include "tool-command.h"
#include "tool-signals.h"

#include <errno.h>
#include <gio/gio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

/* A program that is run in the place of this one, as far as the terminal, the shell and whoever
 * sends signals are concerned.
 *
 * It stays in the process group of this one, so that what the terminal sends reaches both of them;
 * what is sent to this one alone is passed on. When both are asked to stop and the program has done
 * so, this one does so as well: a shell looks at this one. */

/* How often the program is tried to be started, a millisecond apart. */
#define MAX_ATTEMPTS 100

/* What the kernel sends to a group because of a terminal: the program has got it as well. */
static const int group_signals[] = {
  SIGHUP, SIGINT, SIGQUIT, SIGTSTP, SIGTTIN, SIGTTOU, SIGCONT, SIGWINCH, 0,
};

/* What the kernel sends for what a process does itself, or has used up. */
static const int own_signals[] = {
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

/* All that can be: each of them is for the program, also those that would end this one and leave
 * the program to itself. A fault of this one ends it all the same. Ends with 0. */
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

      if (!is_of_library && !cannot_be_blocked)
        *next++ = signal_number;
    }

  return passed_signals;
}

/* Keeps the signals for the program from here on, and what this one does until it runs from being
 * ended by them. */
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

/* Takes notice of what has become of the child. The first process of a container is also given the
 * orphans of all the others, which stay there until they are waited for. */
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

/* Whether the child has got a signal without this process. */
static gboolean
child_has_got (Child *child, const siginfo_t *info)
{
  /* It sends to its own group, if it is to be stopped with it. */
  if (info->si_code == SI_USER || info->si_code == SI_TKILL || info->si_code == SI_QUEUE)
    return info->si_pid == child->pid;

  if (info->si_code <= 0)
    return FALSE;

  /* The kernel. A terminal that hangs up tells the leader of its session alone. */
  if (getsid (0) == getpid () && (info->si_signo == SIGHUP || info->si_signo == SIGCONT))
    return FALSE;

  /* The rest, as an alarm that was set before this program was executed, is for one process. */
  return is_one_of (info->si_signo, group_signals) || is_one_of (info->si_signo, own_signals);
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

/* It goes on from here when it is continued, which the child is told of then. */
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

      /* Interrupted when this process was stopped. */
      if (sigwaitinfo (&set, &info) > 0)
        child_handle_signal (child, &info);
      child_stop_with (child);
    }
}

/* What has no first line that names an interpreter is for the shell, which not every C library does
 * by itself. @shell_arguments have a place for the path of the script. */
static int
execute (char **arguments, char **shell_arguments, char **environment)
{
  execvpe (arguments[0], arguments, environment);
  if (errno == ENOEXEC && shell_arguments[1] != NULL)
    execve (shell_arguments[0], shell_arguments, environment);
  return errno;
}

/* Returns (transfer container): the command line of a shell that runs a script */
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

/* Starts the child and waits for its end. Returns 0, or the error number of what kept it from being
 * the program.
 *
 * The child gets no descriptor but those that it would have got without this program, and the
 * signals as they were: posix_spawn() cannot have it ignore one. */
static int
run (Child *child, char **arguments, char **environment)
{
  g_autofree char *path = g_find_program_in_path (arguments[0]);
  g_autofree char **shell_arguments = make_shell_arguments (arguments, path);
  /* Shared also where an emulator or a sanitizer makes a plain fork of the next. */
  int *child_error =
      mmap (NULL, sizeof *child_error, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  guint n_attempts = 0;
  pid_t pid; /* the one variable that the child may write to, until it is another program */
  int error_number;

  if (child_error == MAP_FAILED)
    return errno;

  /* At a limit of processes a thread that has ended counts for a moment longer. */
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
  int error_number = run (&child, arguments, environment);

  if (error_number != 0)
    {
      g_autofree char *display_name = g_filename_display_name (arguments[0]);

      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (error_number),
                   "Could not run “%s”: %s", display_name, g_strerror (error_number));
      return get_status_of_error (error_number);
    }

  tool_signals_unblock (stop_signals);
  return child_get_status (&child);
}
