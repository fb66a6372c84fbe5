/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Entries of other users in a sticky directory: root without CAP_FOWNER leaves them alone, and an
 * ordinary user that has it deletes them. */

#include "support/roots.h"
#include "support/directories.h"
#include "support/support.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* Of the root and of an entry. */
#define ROOT_OWNER 1
#define OTHER_USER 2

static gboolean
set_capability (guint capability, gboolean effective)
{
  struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
  struct __user_cap_data_struct sets[2];

  if (syscall (SYS_capget, &header, sets) < 0)
    return FALSE;

  if (effective)
    sets[0].effective |= 1u << capability;
  else
    sets[0].effective &= ~(1u << capability);
  return syscall (SYS_capset, &header, sets) == 0;
}

/* An old directory of another user, in which all may write: only its removal is in question. */
static char *
make_entry (const char *root, uid_t owner)
{
  char *path = g_build_filename (root, "entry", NULL);
  g_autofree char *file = g_build_filename (path, "file", NULL);

  make_directory (path);
  make_file (file);
  g_assert_no_errno (chmod (root, 01777));
  g_assert_no_errno (chmod (path, 0777));
  g_assert_no_errno (chown (path, owner, owner));
  g_assert_no_errno (chown (root, ROOT_OWNER, ROOT_OWNER));
  make_old (path, 2 * HOUR);
  return path;
}

static gboolean
is_listed_as_removable (TmRoot *root)
{
  g_autoptr (GListModel) entries = tm_root_list_entries (root, TM_LIST_FLAGS_NONE, NULL, NULL);
  g_autoptr (TmRootEntry) entry = NULL;

  child_assert (entries != NULL && g_list_model_get_n_items (entries) == 1);
  entry = g_list_model_get_item (entries, 0);
  return tm_root_entry_get_removable (entry);
}

/* The cleanup reports no error and deletes none of its content, each time. */
static void
check_left (TmRoot *root, gboolean is_foreseen)
{
  g_autoptr (GFile) file = g_file_get_child (tm_root_get_directory (root), "entry");
  g_autoptr (GFile) content = g_file_get_child (file, "file");
  struct stat before, after;

  child_assert (lstat (g_file_peek_path (file), &before) == 0);
  child_assert (is_listed_as_removable (root) == !is_foreseen);
  for (guint i = 0; i < 2; i++)
    {
      g_autoptr (GError) error = NULL;
      gssize n = tm_root_cleanup (root, NULL, &error);

      if (error != NULL)
        g_printerr ("%s\n", error->message);
      child_assert (n == 0);
      child_assert (path_exists (g_file_peek_path (content)));
    }
  child_assert (lstat (g_file_peek_path (file), &after) == 0);
  child_assert (after.st_mtim.tv_sec == before.st_mtim.tv_sec);
  child_assert (after.st_mode == before.st_mode);
}

static void
check_taken (TmRoot *root)
{
  child_assert (is_listed_as_removable (root));
  child_assert (tm_root_cleanup (root, NULL, NULL) == 1);
}

static void
dropped_child (gpointer data)
{
  g_autoptr (TmRoot) root = open_root (data, HOUR, TM_ROOT_FLAGS_NONE);

  child_assert (set_capability (CAP_FOWNER, FALSE));
  check_left (root, TRUE);
  child_assert (set_capability (CAP_FOWNER, TRUE));
  check_taken (root);
}

/* A service with a few capabilities. */
static void
test_dropped (Sandbox *sandbox, gconstpointer data)
{
  g_autofree char *entry = NULL;

  if (skip_unless_root ())
    return;

  entry = make_entry (sandbox->path, OTHER_USER);
  assert_success_in_child (run_in_child (dropped_child, sandbox->path));
}

static void
ordinary_child (gpointer data)
{
  g_autoptr (TmRoot) root = open_root (data, HOUR, TM_ROOT_FLAGS_NONE);

  child_assert (prctl (PR_SET_KEEPCAPS, 1) == 0);
  child_assert (become_ordinary_user ());
  check_left (root, TRUE);
  child_assert (set_capability (CAP_FOWNER, TRUE));
  check_taken (root);
}

static void
test_ordinary_user (Sandbox *sandbox, gconstpointer data)
{
  g_autofree char *entry = NULL;

  if (skip_unless_root ())
    return;

  entry = make_entry (sandbox->path, OTHER_USER);
  assert_success_in_child (run_in_child (ordinary_child, sandbox->path));
}

typedef struct
{
  const char *path;
  const char *map;      /* of users and of groups */
  gboolean is_foreseen; /* by the list */
  gboolean is_taken;
  int unshared;
  int mapped;
} Namespace;

static void
namespace_child (gpointer data)
{
  Namespace *namespace = data;
  g_autoptr (TmRoot) root = NULL;
  char byte;

  if (unshare (CLONE_NEWUSER) < 0)
    _exit (CHILD_CANNOT);
  child_assert (write (namespace->unshared, "", 1) == 1);
  child_assert (read (namespace->mapped, &byte, 1) == 1);
  child_assert (geteuid () == 0);

  root = open_root (namespace->path, HOUR, TM_ROOT_FLAGS_NONE);
  if (namespace->is_taken)
    check_taken (root);
  else
    check_left (root, namespace->is_foreseen);
}

static gboolean
write_map (pid_t pid, const char *name, const char *map)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/%s", pid, name);
  int fd = open (path, O_WRONLY | O_CLOEXEC);
  gboolean written = fd >= 0 && write (fd, map, strlen (map)) == (gssize) strlen (map);

  close (fd);
  return written;
}

static void
run_in_namespace (Namespace *namespace)
{
  int unshared[2], mapped[2];
  char byte;
  pid_t pid;

  g_assert_no_errno (pipe2 (unshared, O_CLOEXEC));
  g_assert_no_errno (pipe2 (mapped, O_CLOEXEC));
  namespace->unshared = unshared[1];
  namespace->mapped = mapped[0];
  pid = start_child (namespace_child, namespace);
  close (unshared[1]);
  close (mapped[0]);
  if (read (unshared[0], &byte, 1) == 1)
    {
      g_assert_true (write_map (pid, "uid_map", namespace->map));
      g_assert_true (write_map (pid, "gid_map", namespace->map));
      g_assert_cmpint (write (mapped[1], "", 1), ==, 1);
    }
  close (unshared[0]);
  close (mapped[1]);
  skip_or_assert_success (wait_for_child (pid), "no user namespaces here");
}

/* In a user namespace root has all capabilities, but only over the files of users that are in
 * it. */
static void
test_namespace (Sandbox *sandbox, gconstpointer data)
{
  g_autofree char *entry = NULL;
  Namespace namespace = *(const Namespace *) data;

  if (skip_unless_root ())
    return;

  entry = make_entry (sandbox->path, OTHER_USER);
  namespace.path = sandbox->path;
  run_in_namespace (&namespace);
}

int
main (int argc, char **argv)
{
  /* In the last namespace, the owner of the entry looks like a user that is in it. */
  static const Namespace mapped = { .map = "0 0 1\n1 2 1\n", .is_taken = TRUE };
  static const Namespace unmapped = { .map = "0 0 1\n", .is_foreseen = TRUE };
  static const Namespace ambiguous = { .map = "0 0 1\n65534 65534 1\n" };

  g_test_init (&argc, &argv, NULL);

  add_test ("/privilege/dropped", of_descriptors (test_dropped));
  add_test ("/privilege/ordinary-user", of_descriptors (test_ordinary_user));
  g_test_add ("/privilege/namespace", Sandbox, &mapped, sandbox_set_up,
              of_descriptors (test_namespace), sandbox_tear_down);
  g_test_add ("/privilege/unmapped", Sandbox, &unmapped, sandbox_set_up,
              on_this_platform ("/privilege/unmapped", of_descriptors (test_namespace)),
              sandbox_tear_down);
  g_test_add ("/privilege/ambiguous", Sandbox, &ambiguous, sandbox_set_up,
              of_descriptors (test_namespace), sandbox_tear_down);

  return g_test_run ();
}
