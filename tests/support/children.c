/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "children.h"

#include <pthread.h>
#include <sys/wait.h>

static gboolean is_child;

int __lsan_is_turned_off (void);

/* LeakSanitizer calls this at exit. A forked child has what the other threads of its parent had in
 * use, but not these threads, whose stacks held the pointers. */
int
__lsan_is_turned_off (void)
{
  return is_child;
}

pid_t
start_child (ChildFunc function, gpointer data)
{
  pid_t pid = fork ();

  g_assert_no_errno (pid);
  if (pid == 0)
    {
      is_child = TRUE;
      function (data);
      _exit (0);
    }
  return pid;
}

/* The exit status, or 128 and the signal. */
int
wait_for_child (pid_t pid)
{
  int status;

  g_assert_no_errno (waitpid (pid, &status, 0));
  return WIFEXITED (status) ? WEXITSTATUS (status) : 128 + WTERMSIG (status);
}

int
run_in_child (ChildFunc function, gpointer data)
{
  return wait_for_child (start_child (function, data));
}

/* In a child: waits until the test kills it, or until the alarm does if the test fails before. */
void
wait_to_be_killed (void)
{
  alarm (60);
  for (;;)
    pause ();
}

/* Adds the words that start a program of this build. A kernel that cannot execute it needs the
 * emulator that Meson names. */
void
add_program (GPtrArray *command, const char *path)
{
  const char *emulator = g_getenv ("MESON_EXE_WRAPPER");
  g_auto (GStrv) words = g_strsplit (emulator != NULL ? emulator : "", " ", -1);

  for (char **word = words; *word != NULL; word++)
    g_ptr_array_add (command, g_strdup (*word));
  g_ptr_array_add (command, g_strdup (path));
}

/* Returns (transfer full): the path with which this program was started. Under an emulator,
 * /proc/self/exe cannot be executed. */
char *
find_own_program (void)
{
  g_autofree char *command = NULL;

  return g_file_get_contents ("/proc/self/cmdline", &command, NULL, NULL)
             ? g_canonicalize_filename (command, NULL)
             : NULL;
}

/* In a child: in a thread with a stack as small as that of some programs, or as the smallest that
 * the architecture allows. */
void
run_on_small_stack (gpointer (*function) (gpointer), gpointer data)
{
  gsize smallest = (gsize) MAX (sysconf (_SC_THREAD_STACK_MIN), 0);
  pthread_attr_t attributes;
  pthread_t thread;

  child_assert (pthread_attr_init (&attributes) == 0);
  child_assert (pthread_attr_setstacksize (&attributes, MAX (64 * 1024, smallest)) == 0);
  child_assert (pthread_create (&thread, &attributes, function, data) == 0);
  child_assert (pthread_join (thread, NULL) == 0);
}

/* Runs a program without its output. Returns FALSE if it is not installed, or if it fails. */
gboolean
run_command (const char *const *command)
{
  int wait_status;

  return g_spawn_sync (NULL, (char **) command, NULL,
                       G_SPAWN_SEARCH_PATH | G_SPAWN_STDOUT_TO_DEV_NULL |
                           G_SPAWN_STDERR_TO_DEV_NULL,
                       NULL, NULL, NULL, NULL, &wait_status, NULL) &&
         g_spawn_check_wait_status (wait_status, NULL);
}
