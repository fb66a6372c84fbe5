/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Builds the trees that are deleted, as fast as one thread can: most of a run is spent here. */

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A source tree: 40,000 files in 6,000 directories, four directories in each. */
#define SOURCE_FILES_PER_3_DIRECTORIES 20
#define SOURCE_FANOUT 4
#define LARGEST_FILE 8192
#define BLOCK_SIZE 4096

/* Whether the files that are empty otherwise get content. To delete an empty file, no file system
 * has to free a block. */
static bool block_in_each_file;

static int
make_directory (int parent_fd, const char *name, mode_t mode)
{
  int fd;

  if (mkdirat (parent_fd, name, mode) != 0)
    err (EXIT_FAILURE, "Could not make “%s”", name);
  fd = openat (parent_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0)
    err (EXIT_FAILURE, "Could not open “%s”", name);
  return fd;
}

static void
make_file (int dir_fd, const char *name, size_t size)
{
  static const char content[LARGEST_FILE];
  int fd = openat (dir_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

  if (fd < 0 || write (fd, content, size) != (ssize_t) size)
    err (EXIT_FAILURE, "Could not write “%s”", name);
  close (fd);
}

static void
make_files (int dir_fd, unsigned int n)
{
  char name[32];

  for (unsigned int i = 0; i < n; i++)
    {
      snprintf (name, sizeof name, "file-%06u", i);
      if (block_in_each_file)
        make_file (dir_fd, name, BLOCK_SIZE);
      /* One call instead of open() and close(). */
      else if (mknodat (dir_fd, name, S_IFREG | 0600, 0) != 0)
        err (EXIT_FAILURE, "Could not make “%s”", name);
    }
}

static void
make_directories (int dir_fd, unsigned int n, unsigned int n_files)
{
  char name[32];

  for (unsigned int i = 0; i < n; i++)
    {
      int fd;

      snprintf (name, sizeof name, "directory-%05u", i);
      fd = make_directory (dir_fd, name, 0700);
      make_files (fd, n_files);
      close (fd);
    }
}

/* Fills directory @index of @count, counted as in a heap, and those below it. */
static void
make_source_directory (int dir_fd, unsigned int index, unsigned int count)
{
  unsigned int first_file = index * SOURCE_FILES_PER_3_DIRECTORIES / 3;
  unsigned int end_file = (index + 1) * SOURCE_FILES_PER_3_DIRECTORIES / 3;
  char name[32];

  for (unsigned int i = first_file; i < end_file; i++)
    {
      /* The sizes look random and are the same in every tree. */
      size_t size = (i * 2654435761u >> 8) % LARGEST_FILE;

      snprintf (name, sizeof name, "module-%06u.c", i);
      make_file (dir_fd, name, size);
    }

  for (unsigned int i = 1; i <= SOURCE_FANOUT; i++)
    {
      unsigned int child = index * SOURCE_FANOUT + i;
      int fd;

      if (child >= count)
        break;
      snprintf (name, sizeof name, "component-%05u", child);
      fd = make_directory (dir_fd, name, 0700);
      make_source_directory (fd, child, count);
      close (fd);
    }
}

static void
make_levels (int dir_fd, unsigned int n)
{
  int fd = dup (dir_fd);

  for (unsigned int i = 0; i < n; i++)
    {
      int child_fd = make_directory (fd, "level", 0700);

      close (fd);
      fd = child_fd;
    }
  close (fd);
}

/* What a root holds: empty directories as their creators leave them when they crash. */
static void
make_entries (int dir_fd, unsigned int n)
{
  char name[32];

  for (unsigned int i = 0; i < n; i++)
    {
      snprintf (name, sizeof name, "entry-%06u", i);
      if (mkdirat (dir_fd, name, 01700) != 0)
        err (EXIT_FAILURE, "Could not make “%s”", name);
    }
}

int
main (int argc, char *argv[])
{
  unsigned int count;
  int fd;

  if (argc == 5 && strcmp (argv[4], "filled") == 0)
    block_in_each_file = true;
  else if (argc != 4)
    errx (EXIT_FAILURE,
          "Usage: build-tree files|directories|source|deep|few|entries COUNT PATH [filled]");

  count = (unsigned int) strtoul (argv[2], NULL, 10);
  umask (022);
  fd = make_directory (AT_FDCWD, argv[3], 0700);

  if (strcmp (argv[1], "files") == 0)
    make_files (fd, count);
  else if (strcmp (argv[1], "directories") == 0)
    make_directories (fd, count, 100);
  else if (strcmp (argv[1], "source") == 0)
    make_source_directory (fd, 0, count);
  else if (strcmp (argv[1], "deep") == 0)
    make_levels (fd, count);
  else if (strcmp (argv[1], "few") == 0)
    make_directories (fd, count, 5);
  else if (strcmp (argv[1], "entries") == 0)
    make_entries (fd, count);
  else
    errx (EXIT_FAILURE, "There is no shape “%s”", argv[1]);

  close (fd);
  return EXIT_SUCCESS;
}
