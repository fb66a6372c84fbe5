/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* A library for LD_PRELOAD. Its environment variables select what it does:
 *
 * TEMPMAN_TEST_GATE_REACHED, TEMPMAN_TEST_GATE_OPENED: the first deletion of the process creates
 * the first file and waits for the second one. Each later deletion is slow, so that a signal
 * arrives before the last of them.
 *
 * TEMPMAN_TEST_GATE_STUCK: the file of this name cannot be deleted, as on a read-only file system.
 *
 * TEMPMAN_TEST_GATE_UNSEEN: statx() fails for the file of this name, as for a mount point whose
 * server does not answer.
 *
 * TEMPMAN_TEST_GATE_NO_THREADS: once this file exists, no thread can be started, as when a limit of
 * threads or memory is reached. */

#define POLL_MICROSECONDS 1000

typedef int (*PthreadCreateFunc) (pthread_t *thread,
                                  const pthread_attr_t *attributes,
                                  void *(*function) (void *),
                                  void *argument);
typedef long (*SyscallFunc) (long number, ...);
typedef int (*UnlinkatFunc) (int dirfd, const char *name, int flags);

int unlinkat (int dirfd, const char *name, int flags);

/* Ends the process when the test that should create the file has ended without that. */
static void
wait_for_file (const char *path)
{
  pid_t parent = getppid ();

  while (access (path, F_OK) < 0)
    {
      if (getppid () != parent)
        _exit (1);
      usleep (POLL_MICROSECONDS);
    }
}

static void
wait_at_gate (const char *reached, const char *opened)
{
  int fd = open (reached, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

  if (fd < 0)
    abort ();
  close (fd);

  wait_for_file (opened);
}

int
unlinkat (int dirfd, const char *name, int flags)
{
  static atomic_flag is_reached = ATOMIC_FLAG_INIT;
  UnlinkatFunc real_unlinkat = (UnlinkatFunc) dlsym (RTLD_NEXT, "unlinkat");
  const char *reached = getenv ("TEMPMAN_TEST_GATE_REACHED");
  const char *opened = getenv ("TEMPMAN_TEST_GATE_OPENED");
  const char *stuck = getenv ("TEMPMAN_TEST_GATE_STUCK");

  if (stuck != NULL && strcmp (name, stuck) == 0)
    {
      errno = EROFS;
      return -1;
    }

  if (reached != NULL && opened != NULL)
    {
      if (!atomic_flag_test_and_set (&is_reached))
        wait_at_gate (reached, opened);
      else
        {
          wait_for_file (opened);
          usleep (POLL_MICROSECONDS);
        }
    }

  return real_unlinkat (dirfd, name, flags);
}

/* The maximum number of arguments; the kernel ignores those that the caller did not pass. */
long
syscall (long number, ...)
{
  SyscallFunc real_syscall = (SyscallFunc) dlsym (RTLD_NEXT, "syscall");
  const char *unseen = getenv ("TEMPMAN_TEST_GATE_UNSEEN");
  long arguments[6];
  va_list list;

  va_start (list, number);
  for (unsigned int i = 0; i < 6; i++)
    arguments[i] = va_arg (list, long);
  va_end (list);

  if (number == SYS_statx && unseen != NULL && strcmp ((const char *) arguments[1], unseen) == 0)
    {
      errno = ENOTCONN;
      return -1;
    }

  return real_syscall (number, arguments[0], arguments[1], arguments[2], arguments[3], arguments[4],
                       arguments[5]);
}

#ifdef HAVE_STATX
int
statx (int dirfd, const char *name, int flags, unsigned int mask, struct statx *status)
{
  return (int) syscall (SYS_statx, dirfd, name, flags, mask, status);
}
#endif

int
pthread_create (pthread_t *thread,
                const pthread_attr_t *attributes,
                void *(*function) (void *),
                void *argument)
{
  PthreadCreateFunc real_pthread_create = (PthreadCreateFunc) dlsym (RTLD_NEXT, "pthread_create");
  const char *refused = getenv ("TEMPMAN_TEST_GATE_NO_THREADS");

  if (refused != NULL && access (refused, F_OK) == 0)
    return EAGAIN;

  return real_pthread_create (thread, attributes, function, argument);
}
