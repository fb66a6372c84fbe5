/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The floor for N_THREADS threads: the system calls that a deletion cannot do without, shared out
 * as evenly as can be, and no checks. Deletes the directory PATH, in which there are files, or
 * directories of files. */

#include "../support/kernel.h"

#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

#define BUFFER_SIZE 32768
#define MAX_THREADS 64

/* How many files a thread takes at a time, all waiting for the lock of their directory. */
#define N_FILES_TO_TAKE 64

/* From here on, deleting in the order of the inodes pays on ext4. */
#define MIN_TO_SORT 10000

typedef struct
{
  uint64_t inode;
  unsigned char type;
  char *name;
} Entry;

/* What the threads share. */
static int top;
static Entry *entries;
static size_t n_entries;
static size_t n_to_take;
static atomic_size_t next_to_take;

static int
open_directory (int parent, const char *name)
{
  int fd = openat (parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

  if (fd < 0)
    err (EXIT_FAILURE, "Could not open “%s”", name);
  return fd;
}

/* Calls @function for each entry but "." and "..". */
static void
for_each_entry (int fd, void (*function) (int fd, const KernelEntry *entry))
{
  char buffer[BUFFER_SIZE] __attribute__ ((aligned (8)));
  ssize_t length;

  while ((length = kernel_getdents (fd, buffer, sizeof buffer)) > 0)
    for (ssize_t offset = 0; offset < length;)
      {
        const KernelEntry *entry = (const void *) (buffer + offset);

        offset += entry->length;
        if (strcmp (entry->name, ".") != 0 && strcmp (entry->name, "..") != 0)
          function (fd, entry);
      }
  if (length < 0)
    err (EXIT_FAILURE, "Could not read a directory");
}

static void
add_entry (int fd, const KernelEntry *entry)
{
  static size_t n_allocated = 0;
  Entry *added;

  (void) fd;
  if (n_entries == n_allocated)
    {
      n_allocated = n_allocated == 0 ? 1024 : 2 * n_allocated;
      entries = realloc (entries, n_allocated * sizeof *entries);
      if (entries == NULL)
        err (EXIT_FAILURE, "No memory for names");
    }

  added = &entries[n_entries++];
  added->inode = entry->inode;
  added->type = entry->type;
  added->name = strdup (entry->name);
  if (added->name == NULL)
    err (EXIT_FAILURE, "No memory for a name");
}

static int
compare_inodes (const void *a, const void *b)
{
  uint64_t inode_a = ((const Entry *) a)->inode;
  uint64_t inode_b = ((const Entry *) b)->inode;

  return (inode_a > inode_b) - (inode_a < inode_b);
}

static void
unlink_entry (int fd, const KernelEntry *entry)
{
  if (unlinkat (fd, entry->name, 0) != 0)
    err (EXIT_FAILURE, "Could not delete “%s”", entry->name);
}

static void
delete_entry (const Entry *entry)
{
  if (entry->type == DT_DIR)
    {
      int fd = open_directory (top, entry->name);

      for_each_entry (fd, unlink_entry);
      close (fd);
    }

  if (unlinkat (top, entry->name, entry->type == DT_DIR ? AT_REMOVEDIR : 0) != 0)
    err (EXIT_FAILURE, "Could not delete “%s”", entry->name);
}

static void *
take_entries (void *data)
{
  size_t first;

  (void) data;
  while ((first = atomic_fetch_add (&next_to_take, n_to_take)) < n_entries)
    for (size_t i = first; i < first + n_to_take && i < n_entries; i++)
      delete_entry (&entries[i]);
  return NULL;
}

int
main (int argc, char *argv[])
{
  pthread_t threads[MAX_THREADS];
  struct statfs file_system;
  int n_threads = argc == 3 ? atoi (argv[1]) : 0;

  if (n_threads < 1 || n_threads > MAX_THREADS)
    errx (2, "Usage: parallel-floor N_THREADS PATH");

  top = open_directory (AT_FDCWD, argv[2]);
  for_each_entry (top, add_entry);
  n_to_take = n_entries > 0 && entries[0].type == DT_DIR ? 1 : N_FILES_TO_TAKE;
  if (n_entries >= MIN_TO_SORT && fstatfs (top, &file_system) == 0 &&
      file_system.f_type == EXT4_SUPER_MAGIC)
    qsort (entries, n_entries, sizeof *entries, compare_inodes);

  for (int i = 1; i < n_threads; i++)
    if ((errno = pthread_create (&threads[i], NULL, take_entries, NULL)) != 0)
      err (EXIT_FAILURE, "Could not start a thread");
  take_entries (NULL);
  for (int i = 1; i < n_threads; i++)
    pthread_join (threads[i], NULL);

  close (top);
  if (unlinkat (AT_FDCWD, argv[2], AT_REMOVEDIR) != 0)
    err (EXIT_FAILURE, "Could not delete “%s”", argv[2]);
  return EXIT_SUCCESS;
}
