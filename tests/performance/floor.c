/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The floor: nothing but the system calls that a deletion by one thread cannot do without, and no
 * checks. Deletes each PATH. With --time, prints the nanoseconds that took. */

#include "../support/kernel.h"

#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define BUFFER_SIZE 32768

/* A directory that is being emptied. */
typedef struct
{
  int fd;
  /* What was read and has not been gone through yet; allocated when a directory is met while others
   * are left in the buffer. */
  char *rest;
  size_t rest_length;
  char name[256];
} Level;

static Level *levels;
static size_t n_levels;
static size_t n_allocated;

static void
push (int parent_fd, const char *name)
{
  Level *level;

  if (n_levels == n_allocated)
    {
      n_allocated = n_allocated == 0 ? 64 : n_allocated * 2;
      levels = realloc (levels, n_allocated * sizeof *levels);
      if (levels == NULL)
        err (EXIT_FAILURE, "No memory for %zu levels", n_allocated);
    }

  level = &levels[n_levels++];
  level->fd = openat (parent_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (level->fd < 0)
    err (EXIT_FAILURE, "Could not open “%s”", name);
  level->rest = NULL;
  level->rest_length = 0;
  strcpy (level->name, name);
}

/* Deletes from @data on; stops at a directory and enters it. Returns whether it went through. */
static int
go_through (char *data, size_t length, char *owned)
{
  int fd = levels[n_levels - 1].fd;
  size_t position = 0;

  while (position < length)
    {
      const KernelEntry *entry = (const void *) (data + position);

      position += entry->length;
      if (strcmp (entry->name, ".") == 0 || strcmp (entry->name, "..") == 0)
        continue;

      if (entry->type == DT_DIR)
        {
          Level *level = &levels[n_levels - 1];

          if (position < length)
            {
              level->rest_length = length - position;
              level->rest = malloc (level->rest_length);
              if (level->rest == NULL)
                err (EXIT_FAILURE, "No memory for names");
              memcpy (level->rest, data + position, level->rest_length);
            }
          push (fd, entry->name);
          free (owned);
          return 0;
        }
      if (unlinkat (fd, entry->name, 0) != 0)
        err (EXIT_FAILURE, "Could not delete “%s”", entry->name);
    }

  free (owned);
  return 1;
}

static void
delete_tree (const char *path)
{
  static char buffer[BUFFER_SIZE] __attribute__ ((aligned (8)));

  if (strlen (path) >= sizeof levels[0].name)
    errx (EXIT_FAILURE, "“%s” is too long", path);
  push (AT_FDCWD, path);

  while (n_levels > 0)
    {
      Level *level = &levels[n_levels - 1];

      if (level->rest != NULL)
        {
          char *rest = level->rest;

          level->rest = NULL;
          go_through (rest, level->rest_length, rest);
        }
      else
        {
          long length = kernel_getdents (level->fd, buffer, sizeof buffer);

          if (length < 0)
            err (EXIT_FAILURE, "Could not read “%s”", level->name);
          if (length > 0)
            {
              go_through (buffer, (size_t) length, NULL);
              continue;
            }
          close (level->fd);
          n_levels--;
          if (unlinkat (n_levels == 0 ? AT_FDCWD : levels[n_levels - 1].fd, level->name,
                        AT_REMOVEDIR) != 0)
            err (EXIT_FAILURE, "Could not delete “%s”", level->name);
        }
    }
}

static int64_t
now (void)
{
  struct timespec time;

  clock_gettime (CLOCK_MONOTONIC, &time);
  return (int64_t) time.tv_sec * 1000000000 + time.tv_nsec;
}

int
main (int argc, char *argv[])
{
  int timed = argc > 1 && strcmp (argv[1], "--time") == 0;
  struct rlimit limit;
  int64_t start;

  /* It holds every level open. */
  getrlimit (RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit (RLIMIT_NOFILE, &limit);

  start = now ();
  for (int i = timed ? 2 : 1; i < argc; i++)
    delete_tree (argv[i]);
  if (timed)
    printf ("%lld\n", (long long) (now () - start));
  return EXIT_SUCCESS;
}
