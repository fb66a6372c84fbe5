/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "actors.h"

#include "children.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <semaphore.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* A server can hang only while a test lets it hang. */
#define MAX_ANSWER_MILLISECONDS 60000

/* The dynamic linker replaces $LIB. The monotonic clock, and the times of files, stay as they are.
 */
#define FAKE_CLOCK "LD_PRELOAD=/usr/$LIB/faketime/libfaketimeMT.so.1"

/* Returns (transfer full): the beginning of a command that runs with another clock, if there is one
 * to set. */
GPtrArray *
clock_command_new (const char *clock)
{
  GPtrArray *command = g_ptr_array_new_with_free_func (g_free);

  if (clock == NULL)
    return command;

  g_ptr_array_add (command, g_strdup ("env"));
  g_ptr_array_add (command, g_strdup (FAKE_CLOCK));
  g_ptr_array_add (command, g_strdup ("FAKETIME_DONT_FAKE_MONOTONIC=1"));
  g_ptr_array_add (command, g_strdup ("NO_FAKE_STAT=1"));
  g_ptr_array_add (command, g_strconcat ("FAKETIME=", clock, NULL));
  return command;
}

/* Removes the shared memory that libfaketime leaves of a process that was killed. */
void
clock_command_clear (pid_t pid)
{
  g_autofree char *memory = g_strdup_printf ("/faketime_shm_%ld", (long) pid);
  g_autofree char *semaphore = g_strdup_printf ("/faketime_sem_%ld", (long) pid);

  shm_unlink (memory);
  sem_unlink (semaphore);
}

static char *
format_double (double number)
{
  char buffer[G_ASCII_DTOSTR_BUF_SIZE];

  return g_strdup (g_ascii_dtostr (buffer, sizeof buffer, number));
}

Actor *
actor_start (const char *directory, const ActorOptions *options)
{
  const char *program = options->program != NULL ? options->program : "actor";
  g_autoptr (GPtrArray) command = clock_command_new (options->clock);
  g_autofree char *path = g_test_build_filename (G_TEST_BUILT, "short", program, NULL);
  Actor *actor = g_new0 (Actor, 1);
  int in[2], out[2];

  add_program (command, path);
  g_ptr_array_add (command, g_strdup (directory));
  g_ptr_array_add (command, format_double (options->timeout));
  g_ptr_array_add (command, g_strdup_printf ("%u", options->flags));
  g_ptr_array_add (command, format_double (options->lease));
  g_ptr_array_add (command, NULL);

  /* No other actor has a copy of the ends, so that each sees the end of its input. */
  g_assert_no_errno (pipe2 (in, O_CLOEXEC));
  g_assert_no_errno (pipe2 (out, O_CLOEXEC));
  actor->pid = fork ();
  g_assert_no_errno (actor->pid);
  if (actor->pid == 0)
    {
      /* Also while it is stopped. */
      if (prctl (PR_SET_PDEATHSIG, SIGKILL) == 0 && dup2 (in[0], STDIN_FILENO) >= 0 &&
          dup2 (out[1], STDOUT_FILENO) >= 0)
        execvp (command->pdata[0], (char **) command->pdata);
      _exit (127);
    }

  close (in[0]);
  close (out[1]);
  actor->in = in[1];
  actor->out = out[0];
  return actor;
}

/* Returns (transfer full): the next line that the actor writes. */
static char *
read_answer (Actor *actor)
{
  g_autoptr (GString) line = g_string_new (NULL);
  struct pollfd poll_fd = { .fd = actor->out, .events = POLLIN };
  char byte = '\0';

  while (byte != '\n')
    {
      if (byte != '\0')
        g_string_append_c (line, byte);
      g_assert_cmpint (poll (&poll_fd, 1, MAX_ANSWER_MILLISECONDS), ==, 1);
      g_assert_cmpint (read (actor->out, &byte, 1), ==, 1);
    }

  if (g_str_has_prefix (line->str, "error"))
    g_error ("%s", line->str);
  return g_strdup (line->str);
}

static void
tell (Actor *actor, const char *command)
{
  g_autofree char *line = g_strconcat (command, "\n", NULL);

  g_assert_cmpint (write (actor->in, line, strlen (line)), ==, strlen (line));
}

/* Returns (transfer full): the answer of the actor to a command. */
char *
actor_ask (Actor *actor, const char *format, ...)
{
  g_autofree char *command = NULL;
  va_list arguments;

  va_start (arguments, format);
  command = g_strdup_vprintf (format, arguments);
  va_end (arguments);

  tell (actor, command);
  return read_answer (actor);
}

/* Lets a cleaner clean up once, while the test goes on. */
void
actor_begin_look (Actor *actor)
{
  tell (actor, "look");
}

Look
actor_end_look (Actor *actor)
{
  g_autofree char *answer = read_answer (actor);
  g_auto (GStrv) words = g_strsplit (answer, " ", -1);

  g_assert_cmpuint (g_strv_length (words), ==, 3);
  return (Look){
    .n_removed = (int) g_ascii_strtoll (words[0], NULL, 10),
    .watched = g_ascii_strtod (words[1], NULL),
    .age = g_ascii_strtod (words[2], NULL),
  };
}

/* Lets a cleaner clean up once. */
Look
actor_look (Actor *actor)
{
  actor_begin_look (actor);
  return actor_end_look (actor);
}

void
actor_signal (Actor *actor, int number)
{
  g_assert_no_errno (kill (actor->pid, number));
}

/* Its directories stay. */
void
actor_kill (Actor *actor)
{
  actor_signal (actor, SIGKILL);
  g_assert_cmpint (wait_for_child (actor->pid), ==, 128 + SIGKILL);
  clock_command_clear (actor->pid);
  actor->pid = 0;
}

void
actor_free (Actor *actor)
{
  if (actor->pid != 0)
    actor_kill (actor);
  close (actor->in);
  close (actor->out);
  g_free (actor);
}
