/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Attributes that the library changes for a while and restores: not if the owner, or another
 * process, has changed them meanwhile. */

#include "support/directories.h"
#include "support/interpose.h"
#include "support/roots.h"
#include "support/support.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void
keep (gpointer data)
{
  child_assert (tm_temporary_directory_keep (data, NULL, NULL));
}

static void
open_to_group (gpointer data)
{
  child_assert (chmod (tm_temporary_directory_get_path (data), 01750) == 0);
}

/* A directory that denies access to its own user is opened to try its lock. At that moment, the
 * owner runs @attack. */
static void
clean_barred_directory (const char *path, AttackFunc attack, mode_t expected)
{
  g_autoptr (TmRoot) root = open_reclaiming_root (path);
  g_autoptr (TmTemporaryDirectory) directory = create_under (root);
  const char *directory_path = tm_temporary_directory_get_path (directory);

  child_assert (chmod (directory_path, 01000) == 0);
  attack_before ("flock", 0, attack, directory);
  child_assert (tm_root_cleanup (root, NULL, NULL) == 0);
  child_assert (attack_end () > 0);

  child_assert (get_mode (directory_path) == expected);
  child_assert (tm_root_cleanup (root, NULL, NULL) == 0);
  child_assert (path_exists (directory_path));
  child_assert (chmod (directory_path, 0700) == 0);
  if (!tm_temporary_directory_is_closed (directory))
    child_assert (tm_temporary_directory_close (directory, NULL, NULL));
}

static void
do_nothing (gpointer data)
{
}

static void
modes_child (gpointer data)
{
  child_assert (become_ordinary_user ());
  clean_barred_directory (data, do_nothing, 01000);
  clean_barred_directory (data, keep, 0700);
  clean_barred_directory (data, open_to_group, 01750);
}

static void
test_mode_of_entry (Sandbox *sandbox, gconstpointer data)
{
  g_assert_no_errno (chmod (sandbox->path, 0777));
  assert_success_in_child (run_in_child (modes_child, sandbox->path));
}

typedef struct
{
  const char *path; /* whose mode is changed before a rename */
  guint nth;
  guint n_renames;
  int error_number;
} Rename;

static int
change_mode_cb (const SystemCall *call, gpointer user_data)
{
  Rename *rename = user_data;

  if (!g_str_equal (call->name, "renameat2"))
    return 0;
  if (rename->n_renames++ == rename->nth)
    child_assert (chmod (rename->path, 0750) == 0);
  return rename->error_number;
}

static void
fail_to_publish (TmTemporaryDirectory *directory, const char *path, Rename *rename)
{
  g_autoptr (GFile) destination = g_file_new_for_path (path);

  interpose (change_mode_cb, rename);
  child_assert (!tm_temporary_directory_persist (directory, destination, TM_PERSIST_FLAGS_REPLACE,
                                                 NULL, NULL));
  interpose_end ();
  child_assert (rename->n_renames > rename->nth);
  child_assert (get_mode (rename->path) == 0750);
}

static void
publication_child (gpointer data)
{
  g_autofree char *path = g_build_filename (data, "published", NULL);
  g_autoptr (TmTemporaryDirectory) directory = NULL;
  Rename of_replaced = { .path = path, .nth = 1, .error_number = EACCES };
  Rename of_directory = { .error_number = EIO };

  child_assert (become_ordinary_user ());
  directory = create_in (data);
  make_directory (path);
  child_assert (chmod (path, 0500) == 0);

  fail_to_publish (directory, path, &of_replaced);
  child_assert (get_mode (tm_temporary_directory_get_path (directory)) == 01700);
  of_directory.path = tm_temporary_directory_get_path (directory);
  fail_to_publish (directory, path, &of_directory);
  child_assert (tm_temporary_directory_close (directory, NULL, NULL));
}

/* A publication that fails leaves both as the owner changed them. */
static void
test_modes_of_publication (Sandbox *sandbox, gconstpointer data)
{
  g_assert_no_errno (chmod (sandbox->path, 0777));
  assert_success_in_child (run_in_child (publication_child, sandbox->path));
}

/* The action before one call of a cleanup that cannot delete the file "blocker". */
typedef struct
{
  AttackFunc attack;
  gpointer data;
  guint nth;
  gint n_calls; /* atomic */
} Moment;

static int
moment_cb (const SystemCall *call, gpointer user_data)
{
  Moment *moment = user_data;

  if (g_str_equal (call->name, "close"))
    return 0;
  if ((guint) g_atomic_int_add (&moment->n_calls, 1) == moment->nth)
    moment->attack (moment->data);
  return g_str_equal (call->name, "unlinkat") && g_str_equal (call->path, "blocker") ? EPERM : 0;
}

typedef struct
{
  TmRoot *root;
  char *path;    /* (owned): an entry */
  char *blocker; /* (owned) */
  char *new;     /* (owned) */
  gint64 modified;
} Entry;

static void
write_new_file (gpointer data)
{
  make_file (((Entry *) data)->new);
}

static void
make_new_directory (gpointer data)
{
  make_directory (((Entry *) data)->new);
}

static void
read_directory (gpointer data)
{
  const struct timespec now[2] = { { .tv_nsec = UTIME_NOW }, { .tv_nsec = UTIME_OMIT } };

  g_assert_no_errno (utimensat (AT_FDCWD, ((Entry *) data)->path, now, 0));
}

/* With files and directories that can be deleted, and one that cannot. */
static void
entry_init (Entry *entry, Sandbox *sandbox)
{
  g_autofree char *deep = NULL;
  g_autofree char *tree = NULL;
  struct stat status;

  entry->root = open_root (sandbox->path, HOUR, TM_ROOT_FLAGS_NONE);
  entry->path = sandbox_path (sandbox, "entry");
  entry->blocker = g_build_filename (entry->path, "blocker", NULL);
  entry->new = g_build_filename (entry->path, "new", NULL);
  tree = g_build_filename (entry->path, "tree", NULL);
  deep = g_build_filename (tree, "deep", NULL);
  make_directory (deep);
  make_tree (tree);
  make_file (entry->blocker);
  make_old (entry->path, 2 * HOUR);
  g_assert_no_errno (lstat (entry->path, &status));
  entry->modified = status.st_mtim.tv_sec;

  /* A change in the same instant would look new. */
  wait_for_clock_tick ();
}

static void
entry_clear (Entry *entry)
{
  g_autoptr (GFile) file = g_file_new_for_path (entry->path);

  tm_delete_recursively (file, TM_DELETE_FLAGS_NONE, NULL, NULL, NULL, NULL);
  g_assert_false (path_exists (entry->path));
  g_object_unref (entry->root);
  g_free (entry->path);
  g_free (entry->blocker);
  g_free (entry->new);
}

/* Returns the number of calls. */
static guint
clean_up (Entry *entry, AttackFunc attack, guint nth)
{
  Moment moment = { .attack = attack, .data = entry, .nth = nth };

  interpose (moment_cb, &moment);
  tm_root_cleanup (entry->root, NULL, NULL);
  interpose_end ();
  return (guint) moment.n_calls;
}

static void
test_times_given_back (Sandbox *sandbox, gconstpointer data)
{
  g_autofree char *tree = sandbox_path (sandbox, "entry/tree");
  struct stat status;
  Entry entry;

  entry_init (&entry, sandbox);
  clean_up (&entry, do_nothing, 0);
  g_assert_false (path_exists (tree));
  g_assert_no_errno (lstat (entry.path, &status));
  g_assert_cmpint (status.st_mtim.tv_sec, ==, entry.modified);
  g_assert_cmpint (status.st_atim.tv_sec, ==, entry.modified);
  assert_cleanup (entry.root, 1);
  entry_clear (&entry);
}

/* At any moment: unless it was deleted at once, the next cleanup keeps it. */
static void
test_times_of_use (Sandbox *sandbox, gconstpointer data)
{
  AttackFunc attack = *(const AttackFunc *) data;
  guint n_calls = 0;
  guint n_stays = 0;

  for (guint nth = 0; nth == 0 || nth < n_calls; nth++)
    {
      Entry entry;

      entry_init (&entry, sandbox);
      n_calls = clean_up (&entry, attack, nth);
      if (attack == read_directory || path_exists (entry.new))
        {
          n_stays++;
          assert_cleanup (entry.root, 0);
          g_assert_true (path_exists (entry.blocker));
        }
      entry_clear (&entry);
    }

  g_assert_cmpuint (n_stays, >, 5);
}

int
main (int argc, char **argv)
{
  static const AttackFunc attacks[] = { write_new_file, make_new_directory, read_directory };
  static const char *const names[] = { "/restore/times/new-file", "/restore/times/new-directory",
                                       "/restore/times/read" };

  g_test_init (&argc, &argv, NULL);

  add_test ("/restore/mode-of-entry", of_descriptors (test_mode_of_entry));
  add_test ("/restore/modes-of-publication", of_descriptors (test_modes_of_publication));
  add_test ("/restore/times/given-back", of_descriptors (test_times_given_back));
  for (guint i = 0; i < G_N_ELEMENTS (attacks); i++)
    g_test_add (names[i], Sandbox, &attacks[i], sandbox_set_up,
                on_this_platform (names[i], of_descriptors (test_times_of_use)), sandbox_tear_down);

  return g_test_run ();
}
