/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* An attacker who may write where the library deletes tries to make it delete or change another
 * file. Where the moment matters, the attack is made before every system call in turn. In the
 * control, a deletion as other programs wrote it falls for the attack: otherwise the attack would
 * prove nothing.
 *
 * Elsewhere: attacks at any moment on several threads in test-attack-races.c; on the creation of a
 * directory in test-locking.c; through modes in test-permissions.c; with mounts in test-mounts.c;
 * with files of other types in test-contents.c; with a prefix or the umask in
 * test-temporary-directory.c; on the directory of a root in test-root.c. */

#include "support/deleters.h"
#include "support/directories.h"
#include "support/interpose.h"
#include "support/kernel.h"
#include "support/roots.h"
#include "support/support.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <unistd.h>

typedef struct
{
  char *from; /* (owned), both */
  char *to;
  guint flags;
} Rename;

static void
rename_cb (gpointer user_data)
{
  Rename *attack = user_data;

  kernel_renameat2 (AT_FDCWD, attack->from, AT_FDCWD, attack->to, attack->flags);
}

/* The paths that begin with "t/" are in the directory that is deleted. */
typedef struct
{
  const char *from;
  const char *to;
  guint flags;
  Deleter naive; /* (nullable): the control, which falls for it */
} RenameAttack;

static const RenameAttack link_attacks[] = {
  { "t/a", "link", KERNEL_RENAME_EXCHANGE, delete_by_path },
  { "t/1", "link", KERNEL_RENAME_EXCHANGE, delete_by_path },
  /* Whether the control falls for it depends on the order of the directory entries. */
  { "t/a", "t/link", KERNEL_RENAME_EXCHANGE, NULL },
  { "t/1", "t/link", KERNEL_RENAME_EXCHANGE, NULL },
};
static const RenameAttack parent_attacks[] = {
  { "p", "link", KERNEL_RENAME_EXCHANGE, delete_by_path },
};
static const RenameAttack move_attacks[] = {
  { "t/1/2/3", "victim/moved", KERNEL_RENAME_NOREPLACE, delete_going_up },
  { "t/1/2", "victim/moved", KERNEL_RENAME_NOREPLACE, delete_going_up },
  { "t/1", "victim/moved", KERNEL_RENAME_NOREPLACE, delete_going_up },
};

static char *
resolve (const char *base, TmTemporaryDirectory *directory, const char *path)
{
  if (g_str_has_prefix (path, "t/"))
    return child_path (directory, path + 2);
  return g_build_filename (base, path, NULL);
}

/* Deletes a directory once for each call that the deletion makes, with the attack before that call.
 * Returns how often a file outside of the directory was lost. */
static guint
count_escapes (const char *base, const RenameAttack *attack, Deleter delete)
{
  g_autofree char *parent = g_build_filename (base, "p", NULL);
  g_autofree char *victim = g_build_filename (base, "victim", NULL);
  g_autofree char *outer_link = g_build_filename (base, "link", NULL);
  guint n_calls = 1;
  guint n_escapes = 0;

  for (guint nth = 0; nth < n_calls; nth++)
    {
      g_autoptr (TmTemporaryDirectory) directory = NULL;
      g_autofree char *name = NULL;
      g_autofree char *namesake = NULL;
      g_autofree char *inner_link = NULL;
      Rename attack_rename = { .flags = attack->flags };

      make_directory (parent);
      directory = create_in (parent);
      name = g_path_get_basename (tm_temporary_directory_get_path (directory));
      namesake = g_build_filename (victim, name, NULL);
      inner_link = child_path (directory, "link");
      lay_out (victim);
      lay_out (namesake);
      lay_out (tm_temporary_directory_get_path (directory));
      child_assert (symlink (victim, outer_link) == 0);
      child_assert (symlink (victim, inner_link) == 0);
      attack_rename.from = resolve (base, directory, attack->from);
      attack_rename.to = resolve (base, directory, attack->to);

      attack_before (NULL, nth, rename_cb, &attack_rename);
      delete (directory);
      n_calls = attack_end ();
      child_assert (n_calls > 10);

      if (!is_whole (victim) || !is_whole (namesake))
        n_escapes++;

      g_clear_object (&directory);
      delete_path (parent);
      delete_path (victim);
      delete_path (outer_link);
      g_free (attack_rename.from);
      g_free (attack_rename.to);
    }

  return n_escapes;
}

typedef struct
{
  const char *base;
  const RenameAttack *attacks;
  guint n_attacks;
} RenameTest;

static void
renames_child (gpointer data)
{
  const RenameTest *test = data;

  if (enter_mount_namespace ())
    mount_tmpfs (test->base);

  for (guint i = 0; i < test->n_attacks; i++)
    {
      child_assert (count_escapes (test->base, &test->attacks[i], delete_by_library) == 0);
      if (test->attacks[i].naive != NULL)
        child_assert (count_escapes (test->base, &test->attacks[i], test->attacks[i].naive) > 0);
    }
}

/* CVE-2022-21658, RUSTSEC-2023-0018, Go 52745, CVE-2004-0452; and with the link in the middle of
 * the way, CVE-2018-6954, CVE-2013-4392 */
static void
test_link_exchanged (Sandbox *sandbox, gconstpointer data)
{
  RenameTest test = { sandbox->path, link_attacks, G_N_ELEMENTS (link_attacks) };

  assert_success_in_child (run_in_child (renames_child, &test));
}

/* GHSA-mc8h-8q98-g5hr, pam 972 */
static void
test_parent_exchanged (Sandbox *sandbox, gconstpointer data)
{
  RenameTest test = { sandbox->path, parent_attacks, G_N_ELEMENTS (parent_attacks) };

  assert_success_in_child (run_in_child (renames_child, &test));
}

/* So few descriptors that the walk cannot keep the levels above open. One is that of the parent.
 * Without openat2(), one more is needed to detect a mount point. */
static void
few_descriptors_child (gpointer data)
{
  int next = dup (STDERR_FILENO);
  rlim_t n_descriptors = (rlim_t) next + (openat2_is_denied () ? 7 : 6);
  struct rlimit limit = { n_descriptors, n_descriptors };

  close (next);
  child_assert (setrlimit (RLIMIT_NOFILE, &limit) == 0);
  renames_child (data);
}

/* From a level so deep that no walk keeps all levels above it open. */
static void
moved_from_below_child (gpointer data)
{
  static const char *const moved[] = { "1/2/3", "1/2", "1" };
  const char *base = data;
  g_autofree char *victim = g_build_filename (base, "victim", NULL);
  g_autofree char *to = g_build_filename (victim, "moved", NULL);
  g_autoptr (GString) depths = g_string_new ("1/2/3");

  if (enter_mount_namespace ())
    mount_tmpfs (base);
  for (guint i = 0; i < 100; i++)
    g_string_append (depths, "/1");

  for (guint i = 0; i < G_N_ELEMENTS (moved); i++)
    {
      guint n_calls = 1;

      /* Only the calls on the way back up matter; an attack before every call would take long. */
      for (guint nth = 0; nth < n_calls; nth += 41)
        {
          g_autoptr (TmTemporaryDirectory) directory = create_in (base);
          g_autofree char *deep = child_path (directory, depths->str);
          g_autofree char *from = child_path (directory, moved[i]);
          Rename attack = { from, to, KERNEL_RENAME_NOREPLACE };

          lay_out (victim);
          lay_out (tm_temporary_directory_get_path (directory));
          make_directory (deep);
          attack_before (NULL, nth, rename_cb, &attack);
          delete_by_library (directory);
          n_calls = attack_end ();
          child_assert (is_whole (victim));
          delete_path (to);
        }
    }
}

/* CVE-2002-0435 */
static void
test_moved_out (Sandbox *sandbox, gconstpointer data)
{
  RenameTest test = { sandbox->path, move_attacks, G_N_ELEMENTS (move_attacks) };

  assert_success_in_child (run_in_child (renames_child, &test));
  assert_success_in_child (run_in_child (few_descriptors_child, &test));
  assert_success_in_child (run_in_child (moved_from_below_child, sandbox->path));
}

/* CVE-2026-3888: the attacker leaves the directory unused until every cleaner considers it
 * expired. */
static void
test_idle_live (Sandbox *sandbox, gconstpointer data)
{
  g_autoptr (TmRoot) root = open_root (sandbox->path, 0, TM_ROOT_FLAGS_RECLAIM_ABANDONED);
  g_autoptr (TmTemporaryDirectory) directory = create_in (sandbox->path);
  const char *path = tm_temporary_directory_get_path (directory);
  g_autofree char *unlocked = sandbox_path (sandbox, "unlocked");
  g_autoptr (GError) error = NULL;

  make_tree (path);
  make_old (path, HOUR);
  make_directory (unlocked);
  make_old (unlocked, HOUR);

  g_assert_cmpint (tm_root_cleanup (root, NULL, &error), ==, 1);
  g_assert_no_error (error);
  g_assert_false (path_exists (unlocked));
  g_assert_true (path_exists (path));

  make_directory (unlocked);
  if (clean_with_systemd (sandbox->path))
    {
      g_assert_false (path_exists (unlocked));
      g_assert_true (path_exists (path));
    }
  else
    g_test_message ("there is no systemd-tmpfiles here");

  close_successfully (directory);
}

#define N_DIGITS 20
#define N_NAMES_OF_EACH 1000
#define N_PROCESSES 10

static int
write_name_cb (const SystemCall *call, gpointer user_data)
{
  int fd = GPOINTER_TO_INT (user_data);

  if (!g_str_equal (call->name, "mkdirat"))
    return 0;

  child_assert (strlen (call->path) == strlen ("t-") + N_DIGITS);
  child_assert (write (fd, call->path + strlen ("t-"), N_DIGITS) == N_DIGITS);
  /* Only the name is tested: to create so many directories would take long. */
  return ENOSPC;
}

static void
names_child (gpointer data)
{
  g_autoptr (GFile) parent = g_file_new_for_path (g_get_tmp_dir ());

  interpose (write_name_cb, data);
  for (guint i = 0; i < N_NAMES_OF_EACH; i++)
    child_assert (tm_temporary_directory_new (parent, "t", NULL, NULL) == NULL);
  interpose_end ();
}

/* CVE-2026-3888, and the locking protocol relies on it: no name is used twice, not even in forked
 * children, and no name can be predicted from earlier ones. */
static void
test_names (Sandbox *sandbox, gconstpointer data)
{
  g_autoptr (GHashTable) names = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  gboolean seen[N_DIGITS][256] = { 0 };
  FILE *file = tmpfile ();
  char name[N_DIGITS + 1] = "";

  g_assert_nonnull (file);
  /* GLib's generator: a forked child continues the sequence of its parent. */
  g_random_int ();
  for (guint i = 0; i < N_PROCESSES; i++)
    assert_success_in_child (run_in_child (names_child, GINT_TO_POINTER (fileno (file))));
  rewind (file);

  while (fread (name, 1, N_DIGITS, file) == N_DIGITS)
    {
      g_assert_true (g_hash_table_add (names, g_strdup (name)));
      g_assert_cmpuint (strspn (name, "abcdefghijklmnopqrstuvwxyz234567"), ==, N_DIGITS);
      for (guint i = 0; i < N_DIGITS; i++)
        seen[i][(guchar) name[i]] = TRUE;
    }
  fclose (file);
  /* If the kernel does not name mounts, a creation that fails tries another name in a parent that
   * it opens again. */
  g_assert_cmpuint (g_hash_table_size (names), >=, N_PROCESSES * N_NAMES_OF_EACH);

  /* Of 10,000 digits each of the 32 is one, but for a chance of 10^-136. */
  for (guint i = 0; i < N_DIGITS; i++)
    {
      guint n_seen = 0;

      for (guint j = 0; j < G_N_ELEMENTS (seen[i]); j++)
        n_seen += seen[i][j];
      g_assert_cmpuint (n_seen, ==, 32);
    }
}

static void
delete_in_between_cb (gpointer user_data)
{
  delete_path (user_data);
}

static void
close_while_deleted_child (gpointer data)
{
  const char *base = data;
  guint n_calls = 1;

  if (enter_mount_namespace ())
    mount_tmpfs (base);

  for (guint nth = 0; nth < n_calls; nth++)
    {
      g_autoptr (TmTemporaryDirectory) directory = create_in (base);
      const char *path = tm_temporary_directory_get_path (directory);
      g_autofree char *inner = child_path (directory, "1");

      lay_out (path);
      attack_before (NULL, nth, delete_in_between_cb, (gpointer) (nth % 2 == 0 ? path : inner));
      delete_by_library (directory);
      n_calls = attack_end ();
    }
}

static void
expire_live_child (gpointer data)
{
  g_autoptr (TmRoot) root = open_root (data, 0, TM_ROOT_FLAGS_EXPIRE_LIVE);
  g_autoptr (GError) error = NULL;

  if (tm_root_cleanup (root, NULL, &error) < 0)
    g_printerr ("%s\n", error->message);
  child_assert (error == NULL);
}

/* Rust 127576: two processes delete the same tree. Neither keeps an entry because of a lock of the
 * other one. */
static void
test_two_deleters (Sandbox *sandbox, gconstpointer data)
{
  assert_success_in_child (run_in_child (close_while_deleted_child, sandbox->path));

  for (guint i = 0; i < 5; i++)
    {
      pid_t pids[3];

      for (guint j = 0; j < 10; j++)
        {
          g_autofree char *name = g_strdup_printf ("d%u", j);
          g_autofree char *path = sandbox_path (sandbox, name);

          lay_out (path);
        }
      for (guint j = 0; j < G_N_ELEMENTS (pids); j++)
        pids[j] = start_child (expire_live_child, sandbox->path);
      for (guint j = 0; j < G_N_ELEMENTS (pids); j++)
        g_assert_cmpint (wait_for_child (pids[j]), ==, 0);
      g_assert_cmpuint (count_entries (sandbox->path), ==, 0);
    }
}

/* A link that leads to our own directory is not our directory. */
static void
test_name_is_link_to_it (Sandbox *sandbox, gconstpointer data)
{
  g_autoptr (TmTemporaryDirectory) directory = create_in (sandbox->path);
  const char *path = tm_temporary_directory_get_path (directory);
  g_autofree char *moved = sandbox_path (sandbox, "moved");
  g_autoptr (GError) error = NULL;

  lay_out (path);
  g_assert_no_errno (g_rename (path, moved));
  g_assert_no_errno (symlink (moved, path));
  g_assert_false (tm_temporary_directory_close (directory, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  g_assert_true (is_whole (moved));
  g_assert_true (path_exists (path));
}

/* The flags of each open and the lock of each descriptor, whether the attacks above succeed or not:
 * other guards also stop some attacks, and each guard has to work by itself. */
typedef struct
{
  guint n_down; /* directories opened by their name */
  guint n_far;  /* by several names at once */
  guint n_up;   /* by ".." */
} Opened;

static void
check_open (const SystemCall *call, Opened *opened)
{
  g_assert_true ((call->flags & O_CLOEXEC) != 0);

  /* By a path, once for each object. */
  if (call->fd == AT_FDCWD || g_str_equal (call->path, "."))
    return;

  /* Except to find out which file it is. */
  g_assert_true ((call->flags & (O_DIRECTORY | O_PATH)) != 0);
  if (g_str_equal (call->path, ".."))
    {
      opened->n_up++;
      return;
    }

  opened->n_down++;
  g_assert_true ((call->flags & O_NOFOLLOW) != 0);
  g_assert_null (strstr (call->path, ".."));
  if (strchr (call->path, '/') != NULL)
    {
      /* Only with the flags below, which apply to each component. */
      g_assert_cmpstr (call->name, ==, "openat2");
      opened->n_far++;
    }
  g_assert_cmpstr (call->name, ==, openat2_is_denied () ? "openat" : "openat2");
  if (g_str_equal (call->name, "openat2"))
    g_assert_true ((call->resolve & RESOLVE_NO_XDEV) != 0 &&
                   (call->resolve & RESOLVE_NO_SYMLINKS) != 0 &&
                   (call->resolve & RESOLVE_BENEATH) != 0);
}

static int
check_call_cb (const SystemCall *call, gpointer user_data)
{
  /* GLib opens files, too, but no directories. */
  if (g_str_has_prefix (call->name, "open") && (call->flags & (O_DIRECTORY | O_PATH)) != 0)
    check_open (call, user_data);
  else if (g_str_has_prefix (call->name, "openat"))
    g_assert_not_reached ();
  else if (g_str_equal (call->name, "flock"))
    {
      g_assert_true ((call->flags & LOCK_NB) != 0);
      g_assert_true ((call->flags & LOCK_UN) == 0);
    }
  else if (g_str_equal (call->name, "fstatat"))
    g_assert_true ((call->flags & AT_SYMLINK_NOFOLLOW) != 0);
  else if (g_str_equal (call->name, "statx"))
    g_assert_true ((call->flags & AT_SYMLINK_NOFOLLOW) != 0 &&
                   (call->flags & AT_NO_AUTOMOUNT) != 0);

  return 0;
}

static void
test_calls (Sandbox *sandbox, gconstpointer data)
{
  g_autoptr (TmTemporaryDirectory) directory = NULL;
  g_autoptr (TmTemporaryDirectory) other = NULL;
  g_autoptr (TmRoot) root = NULL;
  g_autofree char *old = sandbox_path (sandbox, "old");
  g_autoptr (GString) deep = g_string_new (NULL);
  g_autofree char *below = NULL;
  Opened opened = { 0 };

  for (guint i = 0; i < 400; i++)
    g_string_append (deep, "1/");
  lay_out (old);
  make_old (old, HOUR);

  interpose (check_call_cb, &opened);
  root = open_root (sandbox->path, 0, TM_ROOT_FLAGS_RECLAIM_ABANDONED);
  directory = tm_root_create_temp_dir (root, NULL, NULL);
  g_assert_nonnull (directory);
  other = create_in (sandbox->path);
  interpose_end ();

  below = child_path (directory, deep->str);
  make_directory (below);
  lay_out (tm_temporary_directory_get_path (other));

  opened = (Opened){ 0 };
  interpose (check_call_cb, &opened);
  close_successfully (directory);
  close_successfully (other);
  interpose_end ();

  g_assert_false (path_exists (old));
  g_assert_cmpuint (opened.n_down, >, 400);
  if (!openat2_is_denied ())
    g_assert_cmpuint (opened.n_far, >, 0);
  g_assert_cmpuint (opened.n_up, ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  add_test ("/attacks/link-exchanged", of_descriptors (test_link_exchanged));
  add_test ("/attacks/parent-exchanged", of_descriptors (test_parent_exchanged));
  add_test ("/attacks/name-is-link-to-it", test_name_is_link_to_it);
  add_test ("/attacks/calls", of_descriptors (test_calls));
  add_test ("/attacks/moved-out", of_descriptors (test_moved_out));
  add_test ("/attacks/idle-live", of_descriptors (test_idle_live));
  add_test ("/attacks/names", of_descriptors (test_names));
  add_test ("/attacks/two-deleters", of_descriptors (test_two_deleters));

  return g_test_run ();
}
