/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The sizes of the entries of a root. */

#include "support/interpose.h"
#include "support/mounts.h"
#include "support/roots.h"
#include "support/support.h"
#include "support/threads.h"

#include <fcntl.h>
#include <ftw.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static guint64 counted_size;

static int
count_cb (const char *path, const struct stat *status, int type, struct FTW *ftw)
{
  counted_size += (guint64) status->st_blocks * 512;
  return 0;
}

/* As du(1) -x, where no file has several links. With musl, nftw() goes no deeper than it may open
 * descriptors. */
static guint64
get_size (const char *path)
{
  counted_size = 0;
  g_assert_no_errno (nftw (path, count_cb, 256, FTW_PHYS | FTW_MOUNT));
  return counted_size;
}

/* Of the only entry. */
static guint64
measure (const char *root_path, TmListFlags flags)
{
  g_autoptr (TmRoot) root = open_root (root_path, TM_NO_TIMEOUT, TM_ROOT_FLAGS_NONE);
  g_autoptr (GError) error = NULL;
  g_autoptr (GListModel) entries = tm_root_list_entries (root, flags, NULL, &error);
  g_autoptr (TmRootEntry) entry = NULL;

  g_assert_no_error (error);
  g_assert_cmpuint (g_list_model_get_n_items (entries), ==, 1);
  entry = g_list_model_get_item (entries, 0);
  return tm_root_entry_get_size (entry);
}

static void
test_not_measured (Sandbox *sandbox, gconstpointer data)
{
  g_autofree char *path = sandbox_path (sandbox, "entry");

  make_tree (path);
  g_assert_cmpuint (measure (sandbox->path, TM_LIST_FLAGS_NONE), ==, 0);
  g_assert_cmpuint (measure (sandbox->path, TM_LIST_FLAGS_MEASURE), ==, get_size (path));
}

/* A large file without blocks takes no space. */
static void
test_sparse (Sandbox *sandbox, gconstpointer data)
{
  g_autofree char *path = sandbox_path (sandbox, "entry");
  g_autofree char *file = g_build_filename (path, "sparse", NULL);

  make_directory (path);
  make_file (file);
  g_assert_no_errno (truncate (file, (off_t) 1 << 40));
  g_assert_cmpuint (measure (sandbox->path, TM_LIST_FLAGS_MEASURE), ==, get_size (path));
  g_assert_cmpuint (measure (sandbox->path, TM_LIST_FLAGS_MEASURE), <, 1 << 20);
}

static void
mount_child (gpointer data)
{
  g_autofree char *mounted = g_build_filename (data, "entry", "mounted", NULL);
  g_autofree char *file = g_build_filename (mounted, "file", NULL);
  g_autofree char *mount_point = g_build_filename (data, "entry", "mount-point", NULL);
  g_autofree char *content = g_strnfill (1 << 20, 'x');
  guint64 before;

  make_directory (mounted);
  if (!enter_mount_namespace ())
    _exit (CHILD_CANNOT);
  before = measure (data, TM_LIST_FLAGS_MEASURE);
  if (!mount_tmpfs (mounted))
    _exit (CHILD_CANNOT);
  child_assert (g_file_set_contents (file, content, 1 << 20, NULL));
  child_assert (measure (data, TM_LIST_FLAGS_MEASURE) <= before);
  make_file (mount_point);
  child_assert (mount (file, mount_point, "none", MS_BIND, "") == 0);
  child_assert (measure (data, TM_LIST_FLAGS_MEASURE) <= before);
}

static void
test_mounted (Sandbox *sandbox, gconstpointer data)
{
  skip_or_assert_success (run_in_child (mount_child, sandbox->path), "no mounts here");
}

/* The files of an overlay whose layers are on two file systems have other device numbers than its
 * directories, as in a live system. */
static void
overlay_child (gpointer data)
{
  g_autofree char *base = g_build_filename (data, "base", NULL);
  g_autofree char *lower = g_build_filename (data, "lower", NULL);
  g_autofree char *merged = g_build_filename (data, "merged", NULL);
  g_autofree char *entry = g_build_filename (merged, "entry", NULL);
  g_autofree char *file = g_build_filename (entry, "file", NULL);
  g_autofree char *content = g_strnfill (1 << 20, 'x');
  struct stat directory_status, status;

  make_directory (base);
  make_directory (lower);
  if (!enter_mount_namespace () || !mount_tmpfs (base) || !mount_tmpfs (lower) ||
      !mount_overlay (base, lower, merged))
    _exit (CHILD_CANNOT);

  make_directory (entry);
  child_assert (g_file_set_contents (file, content, 1 << 20, NULL));
  if (stat (entry, &directory_status) < 0 || stat (file, &status) < 0 ||
      directory_status.st_dev == status.st_dev)
    _exit (CHILD_CANNOT);
  child_assert (measure (merged, TM_LIST_FLAGS_MEASURE) >= 1 << 20);
}

static void
test_overlay (Sandbox *sandbox, gconstpointer data)
{
  skip_or_assert_success (run_in_child (overlay_child, sandbox->path),
                          "no overlay with two device numbers here");
}

static void
assert_old_access_times (const char *path)
{
  struct stat status;

  g_assert_no_errno (stat (path, &status));
  g_assert_cmpint (status.st_atim.tv_sec, ==, 1000);
}

/* Reading a directory sets its access time where it is older than the modification time. */
static void
test_leaves_times (Sandbox *sandbox, gconstpointer data)
{
  const struct timespec times[2] = { { 1000, 0 }, { 2000, 0 } };
  g_autofree char *path = sandbox_path (sandbox, "entry");
  g_autofree char *below = g_build_filename (path, "below", NULL);

  make_directory (below);
  g_assert_no_errno (utimensat (AT_FDCWD, below, times, 0));
  g_assert_no_errno (utimensat (AT_FDCWD, path, times, 0));
  measure (sandbox->path, TM_LIST_FLAGS_MEASURE);
  assert_old_access_times (path);
  assert_old_access_times (below);
}

static void
make_many (const char *path)
{
  g_autoptr (GString) deep = g_string_new (path);

  for (guint i = 0; i < 40; i++)
    for (guint j = 0; j < 50; j++)
      {
        g_autofree char *directory = g_strdup_printf ("%s/%u", path, i);
        g_autofree char *file = g_strdup_printf ("%s/%u", directory, j);

        make_directory (directory);
        make_file (file);
      }
  for (guint i = 0; i < 100; i++)
    g_string_append (deep, "/deep");
  make_directory (deep->str);
  g_string_append (deep, "/file");
  make_file (deep->str);
}

/* With several threads, and with few descriptors. */
static void
few_descriptors_child (gpointer data)
{
  const struct rlimit limit = { 24, 24 };
  g_autofree char *path = g_build_filename (data, "entry", NULL);
  guint64 expected = get_size (path);

  child_assert (measure (data, TM_LIST_FLAGS_MEASURE) == expected);
  child_assert (setrlimit (RLIMIT_NOFILE, &limit) == 0);
  child_assert (measure (data, TM_LIST_FLAGS_MEASURE) == expected);
}

static void
test_large (Sandbox *sandbox, gconstpointer data)
{
  g_autofree char *path = sandbox_path (sandbox, "entry");
  guint n_starts = thread_starts_count ();

  make_many (path);
  g_assert_cmpuint (measure (sandbox->path, TM_LIST_FLAGS_MEASURE), ==, get_size (path));
  if (g_get_num_processors () > 1)
    g_assert_cmpuint (thread_starts_count (), >, n_starts);
  assert_success_in_child (run_in_child (few_descriptors_child, sandbox->path));
}

typedef struct
{
  GCancellable *cancellable; /* (unowned) */
  gint n_reads;
} Cancellation;

/* At the first directory of the entry: the root is read before. */
static int
cancel_cb (const SystemCall *call, gpointer user_data)
{
  Cancellation *cancellation = user_data;

  if (g_str_equal (call->name, "getdents64") && g_atomic_int_add (&cancellation->n_reads, 1) == 2)
    g_cancellable_cancel (cancellation->cancellable);
  return 0;
}

static void
test_cancelled (Sandbox *sandbox, gconstpointer data)
{
  g_autofree char *path = sandbox_path (sandbox, "entry");
  g_autoptr (TmRoot) root = open_root (sandbox->path, TM_NO_TIMEOUT, TM_ROOT_FLAGS_NONE);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  Cancellation cancellation = { cancellable, 0 };
  g_autoptr (GError) error = NULL;

  make_many (path);
  interpose (cancel_cb, &cancellation);
  g_assert_null (tm_root_list_entries (root, TM_LIST_FLAGS_MEASURE, cancellable, &error));
  interpose_end ();
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  /* Of more than a hundred directories. */
  g_assert_cmpint (cancellation.n_reads, <, 50);
}

/* More levels than a walk keeps open, of which one in the middle is moved away. */
#define N_LEVELS 60
#define MOVED_LEVEL 20

typedef struct
{
  char *from;
  char *to;
} Move;

static void
move_cb (gpointer user_data)
{
  const Move *move = user_data;

  g_assert_no_errno (g_rename (move->from, move->to));
}

static char *
chain_path (const char *top, guint n_levels)
{
  GString *path = g_string_new (top);

  for (guint i = 0; i < n_levels; i++)
    g_string_append (path, "/d");
  return g_string_free (path, FALSE);
}

/* Several closed levels are lost at once. */
static void
test_moved (Sandbox *sandbox, gconstpointer data)
{
  g_autofree char *root = sandbox_path (sandbox, "root");
  g_autofree char *entry = g_build_filename (root, "entry", NULL);
  g_autofree char *lowest = chain_path (entry, N_LEVELS);
  g_autofree char *from = chain_path (entry, MOVED_LEVEL);
  g_autofree char *to = sandbox_path (sandbox, "moved");
  Move move = { from, to };
  guint n_calls = 1;

  make_directory (lowest);
  for (guint nth = 0; nth < n_calls; nth++)
    {
      attack_before ("getdents64", nth, move_cb, &move);
      measure (root, TM_LIST_FLAGS_MEASURE);
      n_calls = attack_end ();
      if (path_exists (to))
        g_assert_no_errno (g_rename (to, from));
    }

  g_assert_cmpuint (n_calls, >, MOVED_LEVEL);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  add_test ("/measure/not-measured", of_descriptors (test_not_measured));
  add_test ("/measure/sparse", test_sparse);
  add_test ("/measure/mounted", of_descriptors (test_mounted));
  add_test ("/measure/overlay", of_descriptors (test_overlay));
  add_test ("/measure/leaves-times", of_descriptors (test_leaves_times));
  add_test ("/measure/large", of_descriptors (test_large));
  add_test ("/measure/moved", of_descriptors (test_moved));
  add_test ("/measure/cancelled", of_descriptors (test_cancelled));

  return g_test_run ();
}
