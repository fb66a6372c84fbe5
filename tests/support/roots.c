/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "roots.h"

#include "support.h"

#include <unistd.h>

TmRoot *
open_root_of_file (GFile *file, double timeout, TmRootFlags flags)
{
  g_autoptr (GError) error = NULL;
  TmRoot *root = tm_root_new (file, timeout, flags, NULL, &error);

  g_assert_no_error (error);
  return root;
}

TmRoot *
open_root (const char *path, double timeout, TmRootFlags flags)
{
  g_autoptr (GFile) file = g_file_new_for_path (path);

  return open_root_of_file (file, timeout, flags);
}

/* With a timeout of an hour. */
TmRoot *
open_reclaiming_root (const char *path)
{
  return open_root (path, HOUR, TM_ROOT_FLAGS_RECLAIM_ABANDONED);
}

TmTemporaryDirectory *
create_under (TmRoot *root)
{
  g_autoptr (GError) error = NULL;
  TmTemporaryDirectory *directory = tm_root_create_temp_dir (root, NULL, &error);

  g_assert_no_error (error);
  return directory;
}

void
assert_cleanup (TmRoot *root, gssize expected)
{
  g_autoptr (GError) error = NULL;
  gssize n_deleted = tm_root_cleanup (root, NULL, &error);

  g_assert_no_error (error);
  g_assert_cmpint (n_deleted, ==, expected);
}

typedef struct
{
  TmRoot *root;
  guint n_directories;
  int ready;
} Holder;

static void G_GNUC_NORETURN
holder_child (gpointer data)
{
  Holder *holder = data;

  for (guint i = 0; i < holder->n_directories; i++)
    child_assert (tm_root_create_temp_dir (holder->root, NULL, NULL) != NULL);
  child_assert (write (holder->ready, "", 1) == 1);
  wait_to_be_killed ();
}

/* Starts a process that has @n directories in use until it is killed. Returns once they exist. */
pid_t
start_holder (TmRoot *root, guint n_directories)
{
  Holder holder = { .root = root, .n_directories = n_directories };
  int ready[2];
  char byte;
  pid_t pid;

  g_assert_no_errno (pipe (ready));
  holder.ready = ready[1];
  pid = start_child (holder_child, &holder);
  close (ready[1]);
  g_assert_cmpint (read (ready[0], &byte, 1), ==, 1);
  close (ready[0]);
  return pid;
}
