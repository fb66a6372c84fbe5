/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* From when the age of an entry runs, and at what cost it is found out. */

#include "support/interpose.h"
#include "support/roots.h"
#include "support/support.h"
#include "support/threads.h"

#include <tempman.h>

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define N_LEVELS 600
#define N_WIDE 300
#define N_LARGE 12000

/* The calls that a test counts. */
typedef struct
{
  gint n_reads; /* atomic, all of them */
  gint n_looks;
  gint n_locks;
} Counts;

static int
count_cb (const SystemCall *call, gpointer user_data)
{
  Counts *counts = user_data;

  if (g_str_equal (call->name, "getdents64"))
    g_atomic_int_inc (&counts->n_reads);
  /* Not at a descriptor, to check that it is still that of the root. */
  else if (g_str_equal (call->name, "statx") && *call->path != '\0')
    g_atomic_int_inc (&counts->n_looks);
  else if (g_str_equal (call->name, "flock"))
    g_atomic_int_inc (&counts->n_locks);
  return 0;
}

static TmRoot *
open_root_with_basis (const char *path, double timeout, TmAgeBasis basis)
{
  TmRoot *root = open_root (path, timeout, TM_ROOT_FLAGS_NONE);

  tm_root_set_age_basis (root, basis);
  return root;
}

static void
set_old_time (const char *path, gboolean accessed, gboolean modified)
{
  struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, { .tv_nsec = UTIME_OMIT } };
  time_t then = time (NULL) - 100 * HOUR;

  if (accessed)
    times[0] = (struct timespec){ .tv_sec = then };
  if (modified)
    times[1] = (struct timespec){ .tv_sec = then };
  g_assert_no_errno (utimensat (AT_FDCWD, path, times, AT_SYMLINK_NOFOLLOW));
}

/* Everything in it, and then itself. */
static void
make_tree_old (const char *path)
{
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *child = g_build_filename (path, name, NULL);
      struct stat status;

      g_assert_no_errno (lstat (child, &status));
      if (S_ISDIR (status.st_mode))
        make_tree_old (child);
      else
        set_old_time (child, TRUE, TRUE);
    }
  set_old_time (path, TRUE, TRUE);
}

static void
test_property (Sandbox *sandbox, gconstpointer data)
{
  g_autoptr (GFile) directory = g_file_new_for_path (sandbox->path);
  g_autoptr (TmRoot) root = g_initable_new (TM_TYPE_ROOT, NULL, NULL, "directory", directory,
                                            "age-basis", TM_AGE_BASIS_MODIFIED, NULL);
  g_autoptr (TmRoot) plain =
      open_root_with_basis (sandbox->path, 0, TM_AGE_BASIS_ACCESSED_OR_MODIFIED);
  guint n_notified = 0;
  TmAgeBasis basis;

  g_assert_cmpint (tm_root_get_age_basis (root), ==, TM_AGE_BASIS_MODIFIED);
  g_assert_cmpint (tm_root_get_age_basis (plain), ==, TM_AGE_BASIS_ACCESSED_OR_MODIFIED);

  g_signal_connect_swapped (root, "notify::age-basis", G_CALLBACK (g_atomic_int_inc), &n_notified);
  tm_root_set_age_basis (root, TM_AGE_BASIS_MODIFIED);
  g_assert_cmpuint (n_notified, ==, 0);
  tm_root_set_age_basis (root, TM_AGE_BASIS_NEWEST_CONTENT);
  g_object_set (root, "age-basis", TM_AGE_BASIS_NEWEST_CONTENT, NULL);
  g_assert_cmpuint (n_notified, ==, 1);
  g_object_get (root, "age-basis", &basis, NULL);
  g_assert_cmpint (basis, ==, TM_AGE_BASIS_NEWEST_CONTENT);
}

/* Which of the times of an entry, and of what is in it, each basis counts. */
static void
test_bases (Sandbox *sandbox, gconstpointer data)
{
  static const struct
  {
    const char *young; /* what in the entry is young */
    gboolean accessed; /* only its access time, not its modification time */
    TmAgeBasis basis;
    gboolean expires;
  } cases[] = {
    { ".", TRUE, TM_AGE_BASIS_ACCESSED_OR_MODIFIED, FALSE },
    { ".", TRUE, TM_AGE_BASIS_MODIFIED, TRUE },
    { ".", TRUE, TM_AGE_BASIS_NEWEST_CONTENT, FALSE },
    { ".", FALSE, TM_AGE_BASIS_ACCESSED_OR_MODIFIED, FALSE },
    { ".", FALSE, TM_AGE_BASIS_MODIFIED, FALSE },
    { ".", FALSE, TM_AGE_BASIS_NEWEST_CONTENT, FALSE },
    { "a/b/c/plain", FALSE, TM_AGE_BASIS_ACCESSED_OR_MODIFIED, TRUE },
    { "a/b/c/plain", FALSE, TM_AGE_BASIS_MODIFIED, TRUE },
    { "a/b/c/plain", FALSE, TM_AGE_BASIS_NEWEST_CONTENT, FALSE },
    { "a/b/c/plain", TRUE, TM_AGE_BASIS_NEWEST_CONTENT, FALSE },
    { "a/b/c", FALSE, TM_AGE_BASIS_NEWEST_CONTENT, FALSE },
    { "a/b/c", TRUE, TM_AGE_BASIS_NEWEST_CONTENT, FALSE },
    { "a", TRUE, TM_AGE_BASIS_NEWEST_CONTENT, FALSE },
    { "dangling", FALSE, TM_AGE_BASIS_NEWEST_CONTENT, FALSE },
    { "fifo", FALSE, TM_AGE_BASIS_NEWEST_CONTENT, FALSE },
    { NULL, FALSE, TM_AGE_BASIS_ACCESSED_OR_MODIFIED, TRUE },
    { NULL, FALSE, TM_AGE_BASIS_MODIFIED, TRUE },
    { NULL, FALSE, TM_AGE_BASIS_NEWEST_CONTENT, TRUE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (TmRoot) root = open_root_with_basis (sandbox->path, HOUR, cases[i].basis);
      g_autofree char *entry = sandbox_path (sandbox, "entry");

      make_tree (entry);
      make_tree_old (entry);
      if (cases[i].young != NULL)
        {
          g_autofree char *young = g_build_filename (entry, cases[i].young, NULL);
          struct timespec times[2] = { { .tv_nsec = UTIME_NOW }, { .tv_nsec = UTIME_NOW } };

          times[cases[i].accessed ? 1 : 0].tv_nsec = UTIME_OMIT;
          g_assert_no_errno (utimensat (AT_FDCWD, young, times, AT_SYMLINK_NOFOLLOW));
        }

      g_test_message ("%s, %d, %d", cases[i].young, cases[i].accessed, cases[i].basis);
      assert_cleanup (root, cases[i].expires ? 1 : 0);
      g_assert_cmpint (path_exists (entry), !=, cases[i].expires);
      if (!cases[i].expires)
        {
          make_tree_old (entry);
          assert_cleanup (root, 1);
        }
    }
}

/* The times of the targets are not those of the entry. */
static void
test_links (Sandbox *sandbox, gconstpointer data)
{
  g_autofree char *root_path = sandbox_path (sandbox, "root");
  g_autofree char *entry = g_build_filename (root_path, "entry", NULL);
  g_autofree char *link = g_build_filename (entry, "link", NULL);
  g_autofree char *outside = sandbox_path (sandbox, "outside");
  g_autoptr (TmRoot) root = NULL;

  make_directory (entry);
  make_tree (outside);
  g_assert_no_errno (symlink (outside, link));
  make_tree_old (root_path);
  root = open_root_with_basis (root_path, HOUR, TM_AGE_BASIS_NEWEST_CONTENT);
  assert_cleanup (root, 1);
  g_assert_true (path_exists (outside));
}

static gboolean
is_expired (TmRoot *root)
{
  g_autoptr (GListModel) entries = tm_root_list_entries (root, TM_LIST_FLAGS_NONE, NULL, NULL);
  g_autoptr (TmRootEntry) entry = NULL;

  child_assert (entries != NULL && g_list_model_get_n_items (entries) == 1);
  entry = g_list_model_get_item (entries, 0);
  return tm_root_entry_get_removable (entry);
}

static void
mounts_child (gpointer data)
{
  const char *path = data;
  g_autofree char *entry = g_build_filename (path, "entry", NULL);
  g_autofree char *mounted = g_build_filename (entry, "mounted", NULL);
  g_autofree char *young = g_build_filename (mounted, "young", NULL);
  g_autoptr (TmRoot) root = NULL;

  if (!enter_mount_namespace ())
    _exit (CHILD_CANNOT);

  make_directory (mounted);
  make_tree_old (entry);
  child_assert (mount_tmpfs (mounted));
  make_file (young);
  root = open_root_with_basis (path, HOUR, TM_AGE_BASIS_NEWEST_CONTENT);
  child_assert (is_expired (root));
  child_assert (umount (mounted) == 0);
  make_file (young);
  set_old_time (mounted, TRUE, TRUE);
  child_assert (!is_expired (root));
}

static void
test_mounts (Sandbox *sandbox, gconstpointer data)
{
  skip_or_assert_success (run_in_child (mounts_child, sandbox->path), "no mount namespaces here");
}

/* All the times of what make_tree() makes, but not those of the changes that a test makes. */
static GString *
list_times (const char *path)
{
  static const char *const names[] = { ".", "a", "a/b", "a/b/c", "plain", "a/b/c/plain", "loop" };
  GString *times = g_string_new (NULL);

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *file = g_build_filename (path, names[i], NULL);
      struct stat status;

      child_assert (lstat (file, &status) == 0);
      g_string_append (times, names[i]);
      append_time (times, status.st_atim);
      append_time (times, status.st_mtim);
      append_time (times, status.st_ctim);
      g_string_append_c (times, '\n');
    }
  return times;
}

static void
access_times_child (gpointer data)
{
  const char *path = data;
  g_autofree char *entry = g_build_filename (path, "entry", NULL);
  g_autofree char *bait = g_build_filename (path, "bait", NULL);
  g_autoptr (TmRoot) root = NULL;
  g_autoptr (GString) before = NULL;
  g_autoptr (GString) after = NULL;
  struct stat status;

  child_assert (become_ordinary_user ());
  make_directory (bait);
  set_old_time (bait, TRUE, TRUE);
  child_assert (count_entries (bait) == 0 && lstat (bait, &status) == 0);
  if (status.st_atim.tv_sec < time (NULL) - HOUR)
    _exit (CHILD_CANNOT);
  child_assert (g_rmdir (bait) == 0);

  make_tree (entry);
  make_tree_old (entry);
  before = list_times (entry);
  root = open_root_with_basis (path, 1e9, TM_AGE_BASIS_NEWEST_CONTENT);
  child_assert (tm_root_cleanup (root, NULL, NULL) == 0);
  child_assert (!is_expired (root));
  after = list_times (entry);
  child_assert (g_string_equal (before, after));
}

static void
test_access_times (Sandbox *sandbox, gconstpointer data)
{
  skip_or_assert_success (run_in_child (access_times_child, sandbox->path),
                          "reading a directory does not set its access time here");
}

static void
foreign_child (gpointer data)
{
  const char *path = data;
  g_autoptr (TmRoot) patient = NULL;
  g_autoptr (TmRoot) root = NULL;

  child_assert (become_ordinary_user ());
  patient = open_root_with_basis (path, 1e9, TM_AGE_BASIS_NEWEST_CONTENT);
  root = open_root_with_basis (path, HOUR, TM_AGE_BASIS_NEWEST_CONTENT);
  for (guint i = 0; i < 3; i++)
    child_assert (tm_root_cleanup (patient, NULL, NULL) == 0 && !is_expired (patient));
  child_assert (is_expired (root));
  child_assert (tm_root_cleanup (root, NULL, NULL) == 1);
}

/* Of a directory that is not ours the access time cannot be left alone: the pass before must not
 * make it look used to the next. */
static void
test_foreign_directories (Sandbox *sandbox, gconstpointer data)
{
  g_autofree char *entry = sandbox_path (sandbox, "entry");
  g_autofree char *foreign = g_build_filename (entry, "foreign", NULL);

  if (skip_unless_root ())
    return;

  make_directory (foreign);
  set_old_time (foreign, TRUE, TRUE);
  set_old_time (entry, TRUE, TRUE);
  g_assert_no_errno (chown (entry, TEST_UID, TEST_UID));
  assert_success_in_child (run_in_child (foreign_child, sandbox->path));
}

static void
barred_child (gpointer data)
{
  const char *path = data;
  static const mode_t modes[] = { 0, 0100, 0200, 0300, 0400, 0500, 0600 };
  g_autofree char *entry = g_build_filename (path, "entry", NULL);
  g_autofree char *barred = g_build_filename (entry, "a/b", NULL);
  g_autofree char *young = g_build_filename (entry, "plain", NULL);
  g_autoptr (TmRoot) root = NULL;
  struct stat status;

  child_assert (become_ordinary_user ());
  root = open_root_with_basis (path, HOUR, TM_AGE_BASIS_NEWEST_CONTENT);
  for (guint i = 0; i < G_N_ELEMENTS (modes); i++)
    {
      make_tree (entry);
      make_tree_old (entry);
      child_assert (g_chmod (barred, modes[i]) == 0);
      child_assert (is_expired (root));
      child_assert (lstat (barred, &status) == 0 && (status.st_mode & 07777) == modes[i]);

      child_assert (utimensat (AT_FDCWD, young, NULL, 0) == 0);
      child_assert (tm_root_cleanup (root, NULL, NULL) == 0);
      child_assert (lstat (barred, &status) == 0 && (status.st_mode & 07777) == modes[i]);

      set_old_time (young, TRUE, TRUE);
      child_assert (tm_root_cleanup (root, NULL, NULL) == 1);
    }
}

/* What cannot be read counts with its own times, and its mode stays. */
static void
test_barred_directories (Sandbox *sandbox, gconstpointer data)
{
  assert_success_in_child (run_in_child (barred_child, sandbox->path));
}

static gpointer
deep_thread (gpointer data)
{
  child_assert (tm_root_cleanup (data, NULL, NULL) == 0);
  return NULL;
}

/* Deeper than PATH_MAX, the descriptors and the stack, with what is young at the very end. */
static void
deep_child (gpointer data)
{
  const char *path = data;
  g_autofree char *entry = g_build_filename (path, "entry", NULL);
  g_autoptr (TmRoot) root = open_root_with_basis (path, HOUR, TM_AGE_BASIS_NEWEST_CONTENT);
  struct timespec old[2] = { { .tv_sec = 1000 }, { .tv_sec = 1000 } };
  struct rlimit limit = { 24, 24 };
  int fd, file;

  make_directory (entry);
  fd = open (entry, O_RDONLY | O_DIRECTORY);
  for (guint i = 0; i < N_LEVELS; i++)
    {
      int below;

      child_assert (mkdirat (fd, "a-rather-long-name", 0700) == 0);
      below = openat (fd, "a-rather-long-name", O_RDONLY | O_DIRECTORY);
      child_assert (below >= 0 && futimens (fd, old) == 0);
      close (fd);
      fd = below;
    }
  file = openat (fd, "young", O_WRONLY | O_CREAT, 0600);
  child_assert (file >= 0 && futimens (fd, old) == 0);

  child_assert (setrlimit (RLIMIT_NOFILE, &limit) == 0);
  run_on_small_stack (deep_thread, root);

  child_assert (futimens (file, old) == 0 && futimens (fd, old) == 0);
  child_assert (tm_root_cleanup (root, NULL, NULL) == 1);
}

static void
test_depth (Sandbox *sandbox, gconstpointer data)
{
  assert_success_in_child (run_in_child (deep_child, sandbox->path));
}

/* More than one run of sub-directories, which long names take few of, deep enough that their parent
 * is closed and opened again for each: none may be passed over. */
static void
test_width (Sandbox *sandbox, gconstpointer data)
{
  g_autoptr (TmRoot) root = open_root_with_basis (sandbox->path, HOUR, TM_AGE_BASIS_NEWEST_CONTENT);
  g_autofree char *entry = sandbox_path (sandbox, "entry");

  for (guint i = 0; i < N_WIDE; i++)
    {
      g_autofree char *name = g_strdup_printf ("entry/a/%0200u/b/c", i);
      g_autofree char *path = sandbox_path (sandbox, name);

      make_directory (path);
    }
  make_tree_old (entry);

  for (guint i = 0; i < N_WIDE; i += N_WIDE / 10)
    {
      g_autofree char *name = g_strdup_printf ("entry/a/%0200u/b/c", i);
      g_autofree char *path = sandbox_path (sandbox, name);

      g_assert_no_errno (utimensat (AT_FDCWD, path, NULL, 0));
      assert_cleanup (root, 0);
      set_old_time (path, TRUE, TRUE);
    }
  assert_cleanup (root, 1);
}

typedef struct
{
  char *from;
  char *to;
} Move;

static void
move_directory (gpointer user_data)
{
  const Move *move = user_data;

  g_assert_no_errno (rename (move->from, move->to));
}

/* The way back up does not lead to where it came from: another process works there. */
static void
test_moved_meanwhile (Sandbox *sandbox, gconstpointer data)
{
  g_autofree char *root_path = sandbox_path (sandbox, "root");
  g_autofree char *entry = g_build_filename (root_path, "entry", NULL);
  g_autofree char *deep = g_build_filename (entry, "1/2/3/4", NULL);
  Move move = { g_build_filename (entry, "1/2", NULL), sandbox_path (sandbox, "moved") };
  g_autoptr (TmRoot) root = NULL;

  make_directory (deep);
  root = open_root_with_basis (root_path, HOUR, TM_AGE_BASIS_NEWEST_CONTENT);

  /* From the first time that "1/2" is read to the last. */
  for (guint when = 3; when <= 7; when++)
    {
      gboolean expired;

      make_tree_old (entry);
      attack_before ("getdents64", when, move_directory, &move);
      expired = is_expired (root);
      attack_end ();

      g_assert_false (expired);
      g_assert_no_errno (g_rename (move.to, move.from));
    }

  make_tree_old (entry);
  g_assert_true (is_expired (root));
  g_free (move.from);
  g_free (move.to);
}

typedef struct
{
  gint n_reads; /* atomic */
  gint failing_read;
} Failure;

static int
fail_read_cb (const SystemCall *call, gpointer user_data)
{
  Failure *failure = user_data;

  return g_str_equal (call->name, "getdents64") &&
                 g_atomic_int_add (&failure->n_reads, 1) == failure->failing_read
             ? EIO
             : 0;
}

/* An entry that could not be read to its end is kept, and that is reported. */
static void
test_failing_reads (Sandbox *sandbox, gconstpointer data)
{
  g_autoptr (TmRoot) root = open_root_with_basis (sandbox->path, HOUR, TM_AGE_BASIS_NEWEST_CONTENT);
  g_autofree char *entry = sandbox_path (sandbox, "entry");

  make_tree (entry);
  make_tree_old (entry);
  for (gint i = 1; i < 4; i++)
    {
      g_autoptr (GListModel) entries = NULL;
      g_autoptr (TmRootEntry) first = NULL;
      g_autoptr (GError) error = NULL;
      Failure failure = { .failing_read = i };

      interpose (fail_read_cb, &failure);
      g_assert_cmpint (tm_root_cleanup (root, NULL, &error), ==, -1);
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_FAILED);
      g_assert_nonnull (strstr (error->message, entry));
      g_assert_true (path_exists (entry));

      failure.n_reads = 0;
      entries = tm_root_list_entries (root, TM_LIST_FLAGS_NONE, NULL, NULL);
      interpose_end ();
      first = g_list_model_get_item (entries, 0);
      g_assert_false (tm_root_entry_get_removable (first));
    }
  assert_cleanup (root, 1);
}

static void
test_cost (Sandbox *sandbox, gconstpointer data)
{
  g_autoptr (TmRoot) root =
      open_root_with_basis (sandbox->path, HOUR, TM_AGE_BASIS_ACCESSED_OR_MODIFIED);
  Counts counts = { 0 };

  for (guint i = 0; i < 1000; i++)
    {
      g_autofree char *name = g_strdup_printf ("%u", i);
      g_autofree char *path = sandbox_path (sandbox, name);

      if (i % 10 == 0)
        make_file (path);
      else
        make_directory (path);
    }

  interpose (count_cb, &counts);
  assert_cleanup (root, 0);
  interpose_end ();
  g_assert_cmpint (counts.n_looks, ==, 900);
  g_assert_cmpint (counts.n_locks, ==, 0);
}

/* Who is in use stays, and who is abandoned goes, whatever is in it: then it is not looked into. */
static void
test_not_asked_for (Sandbox *sandbox, gconstpointer data)
{
  g_autoptr (GFile) directory = g_file_new_for_path (sandbox->path);
  g_autoptr (TmRoot) root =
      tm_root_new (directory, HOUR, TM_ROOT_FLAGS_RECLAIM_ABANDONED, NULL, NULL);
  g_autofree char *live = sandbox_path (sandbox, OUR_NAME ("live"));
  g_autofree char *abandoned = sandbox_path (sandbox, OUR_NAME ("abandoned"));
  Counts counts = { 0 };
  int fd;

  tm_root_set_age_basis (root, TM_AGE_BASIS_NEWEST_CONTENT);
  make_tree (live);
  make_directory (abandoned);
  g_assert_no_errno (g_chmod (live, 01700));
  g_assert_no_errno (g_chmod (abandoned, 01700));
  make_tree_old (live);
  make_tree_old (abandoned);
  fd = open (live, O_RDONLY);
  g_assert_no_errno (flock (fd, LOCK_SH));

  /* The root, twice: the second time there is nothing more. */
  interpose (count_cb, &counts);
  assert_cleanup (root, 1);
  interpose_end ();
  g_assert_cmpint (counts.n_reads, ==, 2);
  g_assert_true (path_exists (live));
  g_assert_false (path_exists (abandoned));
  close (fd);
}

typedef struct
{
  GThread *caller;        /* (unowned) */
  guint n_threads;        /* before there is another reader */
  gint n_reads_of_others; /* atomic */
} Readers;

/* Once there is another thread, the caller gives it its turn. */
static int
share_cb (const SystemCall *call, gpointer user_data)
{
  Readers *readers = user_data;
  gint64 end = g_get_monotonic_time () + 30 * G_USEC_PER_SEC;

  if (g_str_equal (call->name, "getdents64") && g_thread_self () != readers->caller)
    g_atomic_int_inc (&readers->n_reads_of_others);
  else if (g_str_equal (call->name, "statx") && g_thread_self () == readers->caller)
    while (g_atomic_int_get (&readers->n_reads_of_others) == 0 &&
           count_threads () > readers->n_threads && g_get_monotonic_time () < end)
      g_usleep (1000);
  return 0;
}

/* Read by two threads, each entry by one of them. Hard links make it large at little cost. */
static void
test_large_root (Sandbox *sandbox, gconstpointer data)
{
  g_autoptr (TmRoot) root =
      open_root_with_basis (sandbox->path, HOUR, TM_AGE_BASIS_ACCESSED_OR_MODIFIED);
  g_autoptr (GListModel) entries = NULL;
  g_autofree char *previous = g_strdup ("");
  g_autofree char *file = sandbox_path (sandbox, "file");
  Readers readers = { .caller = g_thread_self () };
  guint n_directories = 0;
  guint n_expired = 0;

  make_file (file);
  for (guint i = 0; i < N_LARGE; i++)
    {
      g_autofree char *name = g_strdup_printf ("a-name-of-an-ordinary-length-%u", i);
      g_autofree char *path = sandbox_path (sandbox, name);

      if (i % 20 != 0)
        {
          g_assert_no_errno (link (file, path));
          continue;
        }

      g_assert_no_errno (g_mkdir (path, 0700));
      if (n_directories++ % 3 == 0)
        set_old_time (path, TRUE, TRUE);
    }

  readers.n_threads = count_threads ();
  interpose (share_cb, &readers);
  entries = tm_root_list_entries (root, TM_LIST_FLAGS_NONE, NULL, NULL);
  interpose_end ();
  if (g_get_num_processors () > 1)
    g_assert_cmpint (readers.n_reads_of_others, >, 0);

  g_assert_cmpuint (g_list_model_get_n_items (entries), ==, n_directories);
  for (guint i = 0; i < n_directories; i++)
    {
      g_autoptr (TmRootEntry) entry = g_list_model_get_item (entries, i);
      const char *name = g_file_info_get_name (tm_root_entry_get_info (entry));

      g_assert_cmpint (strcmp (previous, name), <, 0);
      g_free (previous);
      previous = g_strdup (name);
      n_expired += tm_root_entry_get_removable (entry) ? 1 : 0;
    }
  g_assert_cmpuint (n_expired, ==, n_directories / 3);

  assert_cleanup (root, n_directories / 3);
  g_assert_cmpuint (count_entries (sandbox->path), ==, 1 + N_LARGE - n_directories / 3);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  add_test ("/age/property", test_property);
  add_test ("/age/bases", of_descriptors (test_bases));
  add_test ("/age/content/links", test_links);
  add_test ("/age/content/mounts", test_mounts);
  add_test ("/age/content/access-times", of_descriptors (test_access_times));
  add_test ("/age/content/foreign", test_foreign_directories);
  add_test ("/age/content/barred", of_descriptors (test_barred_directories));
  add_test ("/age/content/depth", of_descriptors (test_depth));
  add_test ("/age/content/width", test_width);
  add_test ("/age/content/moved-meanwhile", of_descriptors (test_moved_meanwhile));
  add_test ("/age/content/failing-reads", of_descriptors (test_failing_reads));
  add_test ("/age/content/not-asked-for", of_descriptors (test_not_asked_for));
  add_test ("/age/cost", of_descriptors (test_cost));
  add_test ("/age/large-root", of_descriptors (test_large_root));

  return g_test_run ();
}
