/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The possible content of a directory that is deleted: every type and name of file, many files,
 * directories of any depth, and files that other processes add meanwhile. */

#include "support/deleters.h"
#include "support/directories.h"
#include "support/interpose.h"
#include "support/roots.h"
#include "support/support.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <limits.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/* Every byte that a name can have, alone and in a name of maximum length. */
static void
test_names (Sandbox *sandbox, gconstpointer data)
{
  g_autoptr (TmTemporaryDirectory) directory = create_in (sandbox->path);
  g_autoptr (TmRoot) root = open_root (sandbox->path, HOUR, TM_ROOT_FLAGS_NONE);
  int fd = open (tm_temporary_directory_get_path (directory), O_PATH | O_CLOEXEC);
  g_autofree char *longest = g_strnfill (NAME_MAX, 'n');

  for (guint byte = 1; byte < 256; byte++)
    {
      char name[NAME_MAX + 1];

      if (byte == '/')
        continue;

      memset (name, (int) byte, NAME_MAX);
      name[NAME_MAX] = '\0';
      g_assert_no_errno (mkdirat (fd, name, 0700));
      name[byte == '.' ? 3 : 1] = '\0';
      g_assert_no_errno (mknodat (fd, name, S_IFREG | 0600, 0));
    }
  close (fd);
  close_successfully (directory);

  /* The name of an entry of a root as well. */
  {
    g_autofree char *old = sandbox_path (sandbox, longest);
    g_autofree char *odd = sandbox_path (sandbox, "-rf\n\xff");

    make_directory (old);
    make_tree (odd);
    make_old (old, 2 * HOUR);
    make_old (odd, 2 * HOUR);
    assert_cleanup (root, 2);
  }
}

static void
test_links (Sandbox *sandbox, gconstpointer data)
{
  g_autoptr (TmTemporaryDirectory) directory = create_in (sandbox->path);
  g_autofree char *victim = sandbox_path (sandbox, "victim");
  g_autofree char *treasure = g_build_filename (victim, "treasure", NULL);
  g_autofree char *relative = g_build_filename ("..", "victim", NULL);
  int fd = open (tm_temporary_directory_get_path (directory), O_PATH | O_CLOEXEC);
  struct stat before, after;

  make_directory (victim);
  make_file (treasure);
  g_assert_no_errno (symlinkat ("/nowhere", fd, "dangling"));
  g_assert_no_errno (symlinkat (".", fd, "itself"));
  g_assert_no_errno (symlinkat ("loop", fd, "loop"));
  g_assert_no_errno (symlinkat ("pong", fd, "ping"));
  g_assert_no_errno (symlinkat ("ping", fd, "pong"));
  g_assert_no_errno (symlinkat (victim, fd, "absolute"));
  g_assert_no_errno (symlinkat (relative, fd, "relative"));
  g_assert_no_errno (symlinkat ("..", fd, "up"));
  g_assert_no_errno (symlinkat ("/", fd, "top"));
  g_assert_no_errno (lstat (treasure, &before));
  g_assert_no_errno (linkat (AT_FDCWD, treasure, fd, "hard", 0));
  g_assert_no_errno (linkat (AT_FDCWD, treasure, fd, "hard too", 0));
  close (fd);

  hide_entry_types (GPOINTER_TO_INT (data));
  close_successfully (directory);
  hide_entry_types (FALSE);

  g_assert_no_errno (lstat (treasure, &after));
  g_assert_cmpuint (after.st_nlink, ==, 1);
  g_assert_cmphex (after.st_mode, ==, before.st_mode);
  g_assert_cmpuint (after.st_uid, ==, before.st_uid);
  g_assert_cmpint (after.st_mtim.tv_nsec, ==, before.st_mtim.tv_nsec);
}

/* A file system that does not return types in a list: XFS without ftype, many network file
 * systems. */
static void
test_types_unknown (Sandbox *sandbox, gconstpointer data)
{
  g_autoptr (TmTemporaryDirectory) directory = create_in (sandbox->path);

  make_tree (tm_temporary_directory_get_path (directory));
  hide_entry_types (TRUE);
  close_successfully (directory);
  hide_entry_types (FALSE);
  test_links (sandbox, GINT_TO_POINTER (TRUE));
}

#define N_FILES_TO_READ 300

/* Two directories, one in the other, each with more entries than one read returns. */
static void
make_directories_to_read (const char *path)
{
  g_autofree char *below = g_build_filename (path, "below", NULL);

  make_directory (below);
  for (guint i = 0; i < N_FILES_TO_READ; i++)
    {
      g_autofree char *file = g_strdup_printf ("%s/%u", path, i);
      g_autofree char *file_below = g_strdup_printf ("%s/%u", below, i);

      make_file (file);
      make_file (file_below);
    }
}

/* Every second file cannot be deleted. */
static int
keep_odd_cb (const SystemCall *call, gpointer user_data)
{
  return g_str_equal (call->name, "unlinkat") && (call->path[strlen (call->path) - 1] & 1) != 0
             ? EACCES
             : 0;
}

/* The directories themselves cannot be removed. */
static int
keep_directories_cb (const SystemCall *call, gpointer user_data)
{
  return g_str_equal (call->name, "unlinkat") && (call->flags & AT_REMOVEDIR) != 0 ? EACCES : 0;
}

static void
close_and_keep (TmTemporaryDirectory *directory, SystemCallFunc keep_cb)
{
  g_autoptr (GError) error = NULL;
  gboolean closed;

  shorten_reads (TRUE);
  interpose (keep_cb, NULL);
  closed = tm_temporary_directory_close (directory, NULL, &error);
  interpose_end ();
  shorten_reads (FALSE);

  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED);
  g_assert_false (closed);
}

/* A file system that never fills the buffer for entries, as many FUSE servers do: the first read
 * looks complete. */
static void
test_short_reads (Sandbox *sandbox, gconstpointer data)
{
  g_autoptr (TmTemporaryDirectory) directory = create_in (sandbox->path);
  const char *path = tm_temporary_directory_get_path (directory);
  g_autofree char *below = child_path (directory, "below");

  /* If one entry cannot be deleted, all others are. */
  make_directories_to_read (path);
  close_and_keep (directory, keep_odd_cb);
  g_assert_cmpuint (count_entries (path), ==, N_FILES_TO_READ / 2 + 1);
  g_assert_cmpuint (count_entries (below), ==, N_FILES_TO_READ / 2);
  close_and_keep (directory, keep_directories_cb);
  g_assert_cmpuint (count_entries (path), ==, 1);
  g_assert_cmpuint (count_entries (below), ==, 0);

  make_directories_to_read (path);
  shorten_reads (TRUE);
  close_successfully (directory);
  shorten_reads (FALSE);
}

/* Deeper than the levels that are kept open. */
#define N_LEVELS 60

typedef struct
{
  gboolean is_seekable;
  guint n_reads;
  guint n_seeks;
} Bottom;

/* The file at the bottom stays. Each level is read, and once more for late entries. */
static int
keep_bottom_cb (const SystemCall *call, gpointer user_data)
{
  Bottom *bottom = user_data;

  if (g_str_equal (call->name, "getdents64") && ++bottom->n_reads > 10 * N_LEVELS)
    g_error ("Directories are read again and again");
  /* At first it is at its beginning. */
  if (g_str_equal (call->name, "lseek") && bottom->n_seeks++ > 0 && !bottom->is_seekable)
    return EINVAL;
  return g_str_equal (call->name, "unlinkat") && g_str_equal (call->path, "bottom") ? EACCES : 0;
}

static void
test_stuck_below (Sandbox *sandbox, gconstpointer data)
{
  g_autoptr (TmTemporaryDirectory) directory = create_in (sandbox->path);
  g_autoptr (GString) path = g_string_new (tm_temporary_directory_get_path (directory));
  g_autofree char *file_at_bottom = NULL;
  g_autoptr (GError) error = NULL;
  Bottom bottom = { .is_seekable = GPOINTER_TO_INT (data) };

  for (guint i = 0; i < N_LEVELS; i++)
    {
      g_autofree char *file = NULL;

      g_string_append (path, "/level");
      file = g_strconcat (path->str, "/file", NULL);
      make_directory (path->str);
      make_file (file);
    }
  file_at_bottom = g_strconcat (path->str, "/bottom", NULL);
  make_file (file_at_bottom);

  interpose (keep_bottom_cb, &bottom);
  tm_temporary_directory_close (directory, NULL, &error);
  interpose_end ();
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED);

  for (guint i = 0; i < N_LEVELS; i++)
    {
      g_assert_cmpuint (count_entries (path->str), ==, 1);
      g_string_truncate (path, path->len - strlen ("/level"));
    }
  close_successfully (directory);
}

static void
test_open_files (Sandbox *sandbox, gconstpointer data)
{
  g_autoptr (TmTemporaryDirectory) directory = create_in (sandbox->path);
  g_autofree char *path = child_path (directory, "directory/file");
  g_autofree char *parent = child_path (directory, "directory");
  char contents[4];
  int fd, dirfd;

  make_directory (parent);
  make_file (path);
  g_assert_no_errno (g_chmod (path, 0400));
  fd = open (path, O_RDONLY | O_CLOEXEC);
  dirfd = open (parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  g_assert_no_errno (flock (fd, LOCK_EX));
  close_successfully (directory);
  g_assert_cmpint (read (fd, contents, sizeof contents), ==, sizeof contents);
  g_assert_cmpmem (contents, sizeof contents, "kept", 4);
  close (fd);
  close (dirfd);
}

/* A sanitizer keeps freed memory for a while. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define MEMORY_IS_MEASURABLE FALSE
#else
#define MEMORY_IS_MEASURABLE TRUE
#endif

/* In kB: the resident memory now, and its peak. */
static void
read_memory (guint64 *now, guint64 *peak)
{
  g_autofree char *status = NULL;

  child_assert (g_file_get_contents ("/proc/self/status", &status, NULL, NULL));
  *now = g_ascii_strtoull (strstr (status, "VmRSS:") + strlen ("VmRSS:"), NULL, 10);
  *peak = g_ascii_strtoull (strstr (status, "VmHWM:") + strlen ("VmHWM:"), NULL, 10);
}

static void
memory_child (gpointer data)
{
  const guint n_entries = 100000;
  g_autoptr (TmTemporaryDirectory) directory = NULL;
  guint64 before, after, peak;
  char name[NAME_MAX + 1];
  int fd;

  /* On a disk it would take too long. */
  if (!enter_mount_namespace () || !mount_tmpfs (data))
    _exit (CHILD_CANNOT);

  directory = create_in (data);
  fd = tm_temporary_directory_get_fd (directory);
  memset (name, 'n', sizeof name);
  for (guint i = 0; i < n_entries; i++)
    {
      g_snprintf (name + NAME_MAX - 8, 9, "%08u", i);
      child_assert (
          (i % 2 == 0 ? mknodat (fd, name, S_IFREG | 0600, 0) : mkdirat (fd, name, 0700)) == 0);
    }

  /* From here on, the peak is that of the deletion. */
  child_assert (g_file_set_contents_full ("/proc/self/clear_refs", "5", 1, G_FILE_SET_CONTENTS_NONE,
                                          0600, NULL));
  read_memory (&before, &peak);
  child_assert (tm_temporary_directory_close (directory, NULL, NULL));
  read_memory (&after, &peak);

  /* Their names alone are 25 MiB. */
  g_printerr ("# %" G_GUINT64_FORMAT " kB more at the peak\n", peak - before);
  child_assert (peak < before + 12 * 1024);
}

/* The memory does not grow with the number of entries. */
static void
test_memory (Sandbox *sandbox, gconstpointer data)
{
  skip_or_assert_success (run_in_child (memory_child, sandbox->path), "no mount namespaces here");
}

typedef struct
{
  const char *path;
  guint n_left;
  guint n_removals;
} Filler;

/* Adds a file whenever a directory is about to be removed. */
static int
fill_cb (const SystemCall *call, gpointer user_data)
{
  Filler *filler = user_data;

  if (g_str_equal (call->name, "unlinkat") && (call->flags & AT_REMOVEDIR) != 0)
    {
      g_autofree char *file = g_build_filename (filler->path, "file", NULL);

      filler->n_removals++;
      if (filler->n_left > 0 && !path_exists (file))
        {
          filler->n_left--;
          make_file (file);
        }
    }
  return 0;
}

static void
test_filled (Sandbox *sandbox, gconstpointer data)
{
  static const char *const filled[] = { ".", "1", "1/2" };

  for (guint i = 0; i < G_N_ELEMENTS (filled); i++)
    {
      g_autoptr (TmTemporaryDirectory) directory = create_in (sandbox->path);
      g_autofree char *below = child_path (directory, "1/2");
      g_autofree char *path = child_path (directory, filled[i]);
      Filler filler = { path, 5, 0 };
      g_autoptr (GError) error = NULL;

      /* Another process that adds files and stops after a while is waited for... */
      make_directory (below);
      interpose (fill_cb, &filler);
      close_successfully (directory);
      interpose_end ();
      g_assert_cmpuint (filler.n_left, ==, 0);

      /* ...and one that does not stop is waited for only a limited time. */
      g_clear_object (&directory);
      g_clear_pointer (&path, g_free);
      directory = create_in (sandbox->path);
      g_clear_pointer (&below, g_free);
      below = child_path (directory, "1/2");
      path = child_path (directory, filled[i]);
      make_directory (below);
      filler = (Filler){ path, G_MAXUINT, 0 };
      interpose (fill_cb, &filler);
      g_assert_false (tm_temporary_directory_close (directory, NULL, &error));
      interpose_end ();
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_BUSY);
      g_assert_nonnull (strstr (error->message, tm_temporary_directory_get_path (directory)));
      g_assert_cmpuint (filler.n_removals, <, 500);
      close_successfully (directory);
    }
}

/* Errors that the kernel may return at any time, and that must not make a call fail. */
static void
test_again (Sandbox *sandbox, gconstpointer data)
{
  static const struct
  {
    const char *name;
    int error_number;
  } harmless[] = {
    { "openat2", EAGAIN },   { "openat2", EINTR },   { "openat", EINTR },  { "unlinkat", EINTR },
    { "getdents64", EINTR }, { "fstat", EINTR },     { "fstatat", EINTR }, { "flock", EINTR },
    { "mkdirat", EINTR },    { "unlinkat", EEXIST },
  };

  for (guint i = 0; i < G_N_ELEMENTS (harmless); i++)
    {
      g_autoptr (TmTemporaryDirectory) directory = NULL;
      g_autofree char *below = NULL;

      fail_call (harmless[i].name, harmless[i].error_number, 1);
      directory = create_in (sandbox->path);
      below = child_path (directory, "1/2/3");
      make_directory (below);
      fail_call (harmless[i].name, harmless[i].error_number, 3);
      close_successfully (directory);
      interpose_end ();
    }
}

typedef struct
{
  const char *path;
  const char *name;
  int error_number;
} Refusal;

static void
refused_child (gpointer data)
{
  const Refusal *refusal = data;
  g_autofree char *old = g_build_filename (refusal->path, "old", NULL);
  g_autoptr (TmTemporaryDirectory) directory = create_in (refusal->path);
  g_autofree char *tree = child_path (directory, "tree");
  g_autoptr (TmRoot) root = open_reclaiming_root (refusal->path);
  g_autoptr (GListModel) entries = NULL;

  /* In case it never ends. */
  alarm (60);

  make_tree (tree);
  make_tree (old);
  make_old (old, 2 * HOUR);
  tm_root_set_age_basis (root, TM_AGE_BASIS_ACCESSED_OR_MODIFIED);

  /* Until then every call works. */
  fail_call (refusal->name, refusal->error_number, G_MAXINT);
  entries = tm_root_list_entries (root, TM_LIST_FLAGS_NONE, NULL, NULL);
  child_assert (entries != NULL && g_list_model_get_n_items (entries) == 2);
  child_assert (tm_root_cleanup (root, NULL, NULL) == 1);
  child_assert (!path_exists (old));
  child_assert (tm_temporary_directory_close (directory, NULL, NULL));
  child_assert (!path_exists (tree));
  g_clear_object (&directory);
  directory = tm_root_create_temp_dir (root, NULL, NULL);
  child_assert (directory != NULL && tm_temporary_directory_close (directory, NULL, NULL));
}

/* A newer system call that works at first and then never again: a program forbids itself calls once
 * it has started, and a tracer can return any error. */
static void
test_refused_later (Sandbox *sandbox, gconstpointer data)
{
  static const Refusal refusals[] = {
    { NULL, "openat2", EAGAIN }, { NULL, "openat2", ENOSYS }, { NULL, "openat2", EPERM },
    { NULL, "statx", ENOSYS },   { NULL, "statx", EPERM },
  };

  for (guint i = 0; i < G_N_ELEMENTS (refusals); i++)
    {
      Refusal refusal = refusals[i];

      refusal.path = sandbox->path;
      g_test_message ("%s: %s", refusal.name, g_strerror (refusal.error_number));
      assert_success_in_child (run_in_child (refused_child, &refusal));
    }
}

static gpointer
clean_thread (gpointer data)
{
  child_assert (tm_root_cleanup (data, NULL, NULL) == 3);
  return NULL;
}

static void
small_stack_child (gpointer data)
{
  g_autoptr (TmRoot) root = open_reclaiming_root (data);

  for (guint i = 0; i < 3; i++)
    {
      g_autofree char *name = g_strdup_printf ("%u", i);
      g_autofree char *path = g_build_filename (data, name, NULL);

      make_tree (path);
      make_old (path, 2 * HOUR);
    }
  run_on_small_stack (clean_thread, root);
}

static void
test_small_stack (Sandbox *sandbox, gconstpointer data)
{
  assert_success_in_child (run_in_child (small_stack_child, sandbox->path));
}

static int
refuse_to_open_cb (const SystemCall *call, gpointer user_data)
{
  static const char *const special[] = { "fifo", "socket", "device", "whiteout", NULL };

  g_assert_false (g_str_has_prefix (call->name, "open") && call->path != NULL &&
                  g_strv_contains (special, call->path));
  return 0;
}

/* systemd 30690 */
static void
test_special_files (Sandbox *sandbox, gconstpointer data)
{
  for (guint hidden = 0; hidden < 2; hidden++)
    {
      g_autoptr (TmTemporaryDirectory) directory = create_in (sandbox->path);
      g_autofree char *below = child_path (directory, "below");
      int fd;

      make_directory (below);
      fd = open (below, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
      g_assert_no_errno (mkfifoat (fd, "fifo", 0600));
      g_assert_no_errno (mknodat (fd, "socket", S_IFSOCK | 0600, 0));
      g_assert_no_errno (mknodat (fd, "whiteout", S_IFCHR, 0));
      if (geteuid () == 0)
        g_assert_no_errno (mknodat (fd, "device", S_IFBLK | 0600, makedev (250, 250)));
      close (fd);

      /* Unlinked at once if its type is known; otherwise it may not be opened to find out. */
      hide_entry_types (hidden);
      interpose (refuse_to_open_cb, NULL);
      close_successfully (directory);
      interpose_end ();
      hide_entry_types (FALSE);
    }
}

static gpointer
close_thread (gpointer data)
{
  delete_by_library (data);
  return NULL;
}

static void
make_deep (int top, guint n_levels)
{
  int fd = dup (top);

  for (guint i = 0; i < n_levels; i++)
    {
      int below;

      child_assert (mkdirat (fd, "d", 0700) == 0);
      child_assert (i % 1000 != 0 || symlinkat ("/", fd, "link") == 0);
      below = openat (fd, "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
      child_assert (below >= 0);
      close (fd);
      fd = below;
    }
  close (fd);
}

static void
deep_child (gpointer data)
{
  const char *base = data;
  g_autoptr (TmTemporaryDirectory) directory = NULL;
  struct rlimit limit = { 64, 64 };

  if (enter_mount_namespace ())
    mount_tmpfs (base);
  directory = create_in (base);
  make_deep (tm_temporary_directory_get_fd (directory), 100000);

  child_assert (setrlimit (RLIMIT_NOFILE, &limit) == 0);
  run_on_small_stack (close_thread, directory);
  child_assert (count_entries (base) == 0);
}

/* CVE-2021-3997: deeper than PATH_MAX, the number of descriptors and the stack allow. */
static void
test_depth (Sandbox *sandbox, gconstpointer data)
{
  assert_success_in_child (run_in_child (deep_child, sandbox->path));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  add_test ("/contents/names", test_names);
  add_test ("/contents/links", test_links);
  add_test ("/contents/special-files", test_special_files);
  add_test ("/contents/types-unknown", test_types_unknown);
  add_test ("/contents/short-reads", of_descriptors (test_short_reads));
  for (gint is_seekable = FALSE; is_seekable <= TRUE; is_seekable++)
    g_test_add (is_seekable ? "/contents/stuck-below" : "/contents/stuck-below-without-seeking",
                Sandbox, GINT_TO_POINTER (is_seekable), sandbox_set_up,
                of_descriptors (test_stuck_below), sandbox_tear_down);
  add_test ("/contents/open-files", test_open_files);
  if (MEMORY_IS_MEASURABLE)
    add_test ("/contents/memory", of_descriptors (test_memory));
  add_test ("/contents/filled", of_descriptors (test_filled));
  add_test ("/contents/again", test_again);
  add_test ("/contents/refused-later", of_descriptors (test_refused_later));
  add_test ("/contents/depth", of_descriptors (test_depth));
  add_test ("/contents/small-stack", test_small_stack);

  return g_test_run ();
}
