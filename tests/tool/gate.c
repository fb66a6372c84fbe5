/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* To be loaded before the C library: the first deletion of the process says that it has been
 * reached, waits until it may go on, and those after it are slow, so that a signal is sure to come
 * before the last of them. One name can be made to stand for something that cannot be looked at, as
 * a mounted file system that does not answer. And there are no threads once a file is there, as
 * where a limit of them or of memory is reached. */

#define POLL_MICROSECONDS 1000

typedef int (
    *StatxFunc) (int dirfd, const char *name, int flags, unsigned int mask, struct statx *status);
typedef int (*PthreadCreateFunc) (pthread_t *thread,
                                  const pthread_attr_t *attributes,
                                  void *(*function) (void *),
                                  void *argument);
typedef int (*UnlinkatFunc) (int dirfd, const char *name, int flags);

int unlinkat (int dirfd, const char *name, int flags);

static void
wait_at_gate (const char *reached, const char *opened)
{
  int fd = open (reached, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

  if (fd < 0)
    abort ();
  close (fd);

  while (access (opened, F_OK) < 0)
    usleep (POLL_MICROSECONDS);
}

int
unlinkat (int dirfd, const char *name, int flags)
{
  static atomic_flag is_reached = ATOMIC_FLAG_INIT;
  UnlinkatFunc real_unlinkat = (UnlinkatFunc) dlsym (RTLD_NEXT, "unlinkat");
  const char *reached = getenv ("TEMPMAN_TEST_GATE_REACHED");
  const char *opened = getenv ("TEMPMAN_TEST_GATE_OPENED");

  if (reached != NULL && opened != NULL)
    {
      if (!atomic_flag_test_and_set (&is_reached))
        wait_at_gate (reached, opened);
      else
        {
          while (access (opened, F_OK) < 0)
            usleep (POLL_MICROSECONDS);
          usleep (POLL_MICROSECONDS);
        }
    }

  return real_unlinkat (dirfd, name, flags);
}

int
statx (int dirfd, const char *name, int flags, unsigned int mask, struct statx *status)
{
  StatxFunc real_statx = (StatxFunc) dlsym (RTLD_NEXT, "statx");
  const char *unseen = getenv ("TEMPMAN_TEST_GATE_UNSEEN");

  if (unseen != NULL && strcmp (name, unseen) == 0)
    {
      errno = ENOTCONN;
      return -1;
    }

  return real_statx (dirfd, name, flags, mask, status);
}

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
