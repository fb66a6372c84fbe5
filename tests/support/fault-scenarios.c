/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "fault-scenarios.h"

#include "roots.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

gboolean is_async;

int
open_directory (const char *path)
{
  int fd = open (path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

  fault_assert (fd >= 0);
  return fd;
}

/* One of each type of file that a deletion meets. */
void
fill_small (const char *path)
{
  int fd = open_directory (path);

  fault_assert (mknodat (fd, "file", S_IFREG | 0600, 0) == 0);
  fault_assert (mkdirat (fd, "1", 0700) == 0);
  fault_assert (mkdirat (fd, "1/2", 0700) == 0);
  fault_assert (mknodat (fd, "1/2/file", S_IFREG | 0400, 0) == 0);
  fault_assert (mknodat (fd, "1/2/fifo", S_IFIFO | 0600, 0) == 0);
  fault_assert (symlinkat ("..", fd, "1/link") == 0);
  fault_assert (symlinkat ("/nowhere", fd, "dangling") == 0);
  fault_assert (mkdirat (fd, "barred", 0700) == 0);
  fault_assert (mkdirat (fd, "barred/1", 0) == 0);
  fault_assert (mknodat (fd, "barred/file", S_IFREG, 0) == 0);
  fault_assert (fchmodat (fd, "barred", 0, 0) == 0);
  close (fd);
}

gboolean
fault_was_that_there_are_no_locks (void)
{
  return fault_was_of ("flock") &&
         (fault_was (ENOSYS) || fault_was (EOPNOTSUPP) || fault_was (EINVAL));
}

/* The directory exists, belongs to this process alone, is marked, and is in use. */
void
check_created (TmTemporaryDirectory *directory)
{
  const char *path = tm_temporary_directory_get_path (directory);
  int fd = open_directory (path);
  gboolean is_locked = flock (fd, LOCK_EX | LOCK_NB) < 0;
  struct stat by_path, by_fd;

  fault_assert (fstat (fd, &by_path) == 0);
  fault_assert (fstat (tm_temporary_directory_get_fd (directory), &by_fd) == 0);
  fault_assert (by_path.st_ino == by_fd.st_ino && by_path.st_dev == by_fd.st_dev);
  fault_assert (is_locked || fault_was_that_there_are_no_locks ());
  /* No mark if the library cannot tell whether other machines see the lock. */
  if (!fault_was_of ("fstatfs") || (by_fd.st_mode & 07777) != 0700)
    fault_assert ((by_fd.st_mode & 07777) == (is_locked ? 01700 : 0700));
  close (fd);
}

/* A failed creation leaves no directory behind, unless the fault prevents its removal. */
void
check_not_created (const char *base, const GError *error)
{
  fault_assert (!fault_is_to_be_hidden ());
  /* Another name will do. */
  fault_assert (!(fault_was (EEXIST) && fault_was_of ("mkdirat")));
  fault_check_error (error, base);

  if (fault_lasts ())
    {
      g_autoptr (TmRoot) root = open_reclaiming_root (base);

      fault_assert (tm_root_cleanup (root, NULL, NULL) >= 0);
    }
}

typedef struct
{
  ScenarioFunc scenario;
  const char *base;
} UserRun;

static void
user_child (gpointer data)
{
  const UserRun *run = data;

  child_assert (become_ordinary_user ());
  /* Otherwise its own descriptors could not be listed. */
  child_assert (prctl (PR_SET_DUMPABLE, 1) == 0);
  child_assert (fault_each (run->scenario, run->base, 1) > 0);
}

/* As the user that runs the test, and as an ordinary user, who has no access to an own directory
 * without its permission. */
void
run_each (Sandbox *sandbox, ScenarioFunc scenario)
{
  g_autofree char *base = sandbox_path (sandbox, "base");
  g_autofree char *user_base = sandbox_path (sandbox, "user");
  UserRun user_run = { scenario, user_base };
  guint n;

  n = fault_each (scenario, base, 1);
  g_assert_cmpuint (n, >, 0);
  g_test_message ("%u faults", n);
  if (geteuid () == 0)
    assert_success_in_child (run_in_child (user_child, &user_run));
}

/* Each call and all later ones fail, as when a disk dies; then the disk is back. */
void
run_each_lasting (Sandbox *sandbox, const ScenarioFunc *scenarios, guint n_scenarios)
{
  static const int errors[] = { EIO, ESTALE, EROFS, EACCES };
  g_autofree char *base = sandbox_path (sandbox, "base");

  make_directory (base);
  for (guint i = 0; i < n_scenarios; i++)
    {
      guint n = 0;

      for (guint j = 0; j < G_N_ELEMENTS (errors); j++)
        n += fault_each_of (scenarios[i], base, 1, errors[j], FAULT_FROM_THEN_ON);
      g_assert_cmpuint (n, >, 0);
    }
}

/* The error arrives with the result. */
void
run_each_async (Sandbox *sandbox, const ScenarioFunc *scenarios, guint n_scenarios)
{
  static const int errors[] = { EINTR, EIO, ENOSPC, EMFILE };
  g_autofree char *base = sandbox_path (sandbox, "base");

  make_directory (base);
  is_async = TRUE;
  for (guint i = 0; i < n_scenarios; i++)
    {
      guint n = 0;

      /* The first run also creates resources that the process keeps, such as threads of GLib. */
      scenarios[i](base);
      for (guint j = 0; j < G_N_ELEMENTS (errors); j++)
        n += fault_each_of (scenarios[i], base, 1, errors[j], FAULT_ONCE);
      g_assert_cmpuint (n, >, 0);
    }
  is_async = FALSE;
}
