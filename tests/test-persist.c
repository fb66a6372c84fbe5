/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Publishing a temporary directory under another name. */

#include "support.h"

#include <tempman.h>

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* In place of the C library's: what a test wants to happen around the step itself. */
static void (*before_rename) (guint n, gpointer data);
static void (*after_rename) (gpointer data);
static gpointer rename_data;
static guint n_renames;
static int rename_error;
static guint n_busy_locks;

int
renameat2 (int from, const char *name, int to, const char *new_name, unsigned int flags)
{
  int result;

  if (before_rename != NULL)
    before_rename (n_renames++, rename_data);
  if (rename_error != 0)
    {
      errno = rename_error;
      return -1;
    }
  result = (int) syscall (SYS_renameat2, from, name, to, new_name, flags);
  if (after_rename != NULL)
    after_rename (rename_data);
  return result;
}

int
flock (int fd, int operation)
{
  if ((operation & LOCK_EX) != 0 && n_busy_locks > 0)
    {
      n_busy_locks--;
      errno = EWOULDBLOCK;
      return -1;
    }
  return (int) syscall (SYS_flock, fd, operation);
}

/* Its parent, so that what is left there can be counted. */
static char *
temporary_parent (Sandbox *sandbox)
{
  char *path = sandbox_path (sandbox, "temporary");

  make_directory (path);
  return path;
}

static TmTemporaryDirectory *
create_in (const char *parent)
{
  g_autoptr (GFile) file = g_file_new_for_path (parent);
  g_autoptr (GError) error = NULL;
  TmTemporaryDirectory *directory = tm_temporary_directory_new (file, "test", NULL, &error);
  g_autofree char *content = NULL;

  g_assert_no_error (error);
  content = g_build_filename (tm_temporary_directory_get_path (directory), "content", NULL);
  make_file (content);
  return directory;
}

static gboolean
has_content (const char *path)
{
  g_autofree char *content = g_build_filename (path, "content", NULL);

  return path_exists (content);
}

static void
assert_persists (TmTemporaryDirectory *directory, const char *path, TmPersistFlags flags)
{
  g_autoptr (GFile) destination = g_file_new_for_path (path);
  g_autoptr (GError) error = NULL;
  gboolean published = tm_temporary_directory_persist (directory, destination, flags, NULL, &error);

  g_assert_no_error (error);
  g_assert_true (published);
  g_assert_true (tm_temporary_directory_is_closed (directory));
  g_assert_cmpint (tm_temporary_directory_get_fd (directory), ==, -1);
  g_assert_cmpstr (tm_temporary_directory_get_path (directory), ==, path);
  g_assert_true (g_file_equal (tm_temporary_directory_get_file (directory), destination));
  g_assert_true (has_content (path));
}

/* And that the object is as it was. */
static void
assert_fails (TmTemporaryDirectory *directory, const char *path, TmPersistFlags flags, int code)
{
  g_autoptr (GFile) destination = g_file_new_for_path (path);
  g_autofree char *before = g_strdup (tm_temporary_directory_get_path (directory));
  g_autoptr (GError) error = NULL;
  struct stat status;

  g_assert_false (tm_temporary_directory_persist (directory, destination, flags, NULL, &error));
  g_assert_error (error, G_IO_ERROR, code);
  g_assert_nonnull (strstr (error->message, path));
  g_assert_nonnull (strstr (error->message, before));
  g_assert_false (tm_temporary_directory_is_closed (directory));
  g_assert_cmpstr (tm_temporary_directory_get_path (directory), ==, before);
  g_assert_no_errno (fstat (tm_temporary_directory_get_fd (directory), &status));
  g_assert_cmphex (status.st_mode & 07777, ==, 01700);
}

static void
delete_tree (const char *path)
{
  g_autoptr (GFile) file = g_file_new_for_path (path);
  g_autoptr (GError) error = NULL;

  tm_delete_recursively (file, NULL, NULL, NULL, &error);
  g_assert_no_error (error);
}

static void
close_successfully (TmTemporaryDirectory *directory)
{
  g_autoptr (GError) error = NULL;

  tm_temporary_directory_close (directory, NULL, &error);
  g_assert_no_error (error);
}

static void
test_persist (Sandbox *sandbox, gconstpointer data)
{
  guint n_descriptors = count_open_descriptors ();
  g_autofree char *parent = temporary_parent (sandbox);
  g_autofree char *path = sandbox_path (sandbox, "published");
  TmTemporaryDirectory *directory = create_in (parent);
  const char *old_path = tm_temporary_directory_get_path (directory);
  GFile *old_file = tm_temporary_directory_get_file (directory);
  g_autofree char *old_path_copy = g_strdup (old_path);
  struct stat status;
  int fd;

  assert_persists (directory, path, TM_PERSIST_FLAGS_NONE);

  /* What was returned before stays valid. */
  g_assert_cmpstr (old_path, ==, old_path_copy);
  g_assert_cmpstr (g_file_peek_path (old_file), ==, old_path_copy);

  g_assert_no_errno (lstat (path, &status));
  g_assert_cmphex (status.st_mode & 07777, ==, 0700);
  fd = open (path, O_RDONLY);
  g_assert_no_errno (flock (fd, LOCK_EX | LOCK_NB));
  close (fd);
  g_assert_cmpuint (count_entries (parent), ==, 0);

  close_successfully (directory);
  g_assert_finalize_object (directory);
  g_assert_true (has_content (path));
  g_assert_cmpuint (count_open_descriptors (), ==, n_descriptors);
}

static void
modes_child (gpointer data)
{
  static const mode_t modes[] = { 0755, 0555, 0500, 0000, 0400, 0100, 02755, 01777, 01700 };
  g_autofree char *parent = g_build_filename (data, "temporary", NULL);
  g_autofree char *path = g_build_filename (data, "published", NULL);
  g_autoptr (GFile) parent_file = g_file_new_for_path (parent);
  g_autoptr (GFile) destination = g_file_new_for_path (path);

  child_assert (become_ordinary_user ());
  make_directory (parent);
  /* Each replaces the one before, which may be barred. */
  for (guint i = 0; i < G_N_ELEMENTS (modes); i++)
    {
      g_autoptr (TmTemporaryDirectory) directory =
          tm_temporary_directory_new (parent_file, NULL, NULL, NULL);
      struct stat status;

      child_assert (fchmod (tm_temporary_directory_get_fd (directory), modes[i]) == 0);
      child_assert (tm_temporary_directory_persist (directory, destination,
                                                    TM_PERSIST_FLAGS_REPLACE, NULL, NULL));
      child_assert (lstat (path, &status) == 0);
      /* Where others may write, the sticky bit is no mark. */
      child_assert ((status.st_mode & 07777) == (modes[i] == 01700 ? 0700 : modes[i]));
      child_assert (count_entries (parent) == 0);
    }
}

/* To be moved a directory has to be writable: that is not the affair of who made it read-only. */
static void
test_modes (Sandbox *sandbox, gconstpointer data)
{
  assert_success_in_child (run_in_child (modes_child, sandbox->path));
}

/* CVE-2019-12450, CVE-2024-42472: what a link at the destination leads to. */
static void
test_what_is_there (Sandbox *sandbox, gconstpointer data)
{
  static const char *const names[] = { "file", "empty", "full", "dangling", "link", "fifo" };
  g_autofree char *parent = temporary_parent (sandbox);
  g_autofree char *victim = sandbox_path (sandbox, "victim");
  g_autofree char *treasure = g_build_filename (victim, "treasure", NULL);
  g_autofree char *places = sandbox_path (sandbox, "places");
  g_autofree char *file = g_build_filename (places, "file", NULL);
  g_autofree char *empty = g_build_filename (places, "empty", NULL);
  g_autofree char *full = g_build_filename (places, "full", NULL);
  g_autofree char *dangling = g_build_filename (places, "dangling", NULL);
  g_autofree char *link = g_build_filename (places, "link", NULL);
  g_autofree char *fifo = g_build_filename (places, "fifo", NULL);
  g_autofree char *nowhere = sandbox_path (sandbox, "nowhere");

  make_directory (victim);
  make_file (treasure);
  make_directory (empty);
  make_tree (full);
  make_file (file);
  g_assert_no_errno (symlink (nowhere, dangling));
  g_assert_no_errno (symlink (victim, link));
  g_assert_no_errno (mkfifo (fifo, 0600));

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *path = g_build_filename (places, names[i], NULL);
      g_autoptr (TmTemporaryDirectory) directory = create_in (parent);
      struct stat before, after;

      g_test_message ("%s", names[i]);
      g_assert_no_errno (lstat (path, &before));
      assert_fails (directory, path, TM_PERSIST_FLAGS_NONE, G_IO_ERROR_EXISTS);
      g_assert_no_errno (lstat (path, &after));
      g_assert_cmpuint (before.st_ino, ==, after.st_ino);

      assert_persists (directory, path, TM_PERSIST_FLAGS_REPLACE);
      g_assert_no_errno (lstat (path, &after));
      g_assert_true (S_ISDIR (after.st_mode));
      g_assert_cmpuint (count_entries (parent), ==, 0);
    }

  g_assert_true (path_exists (treasure));
  g_assert_cmpuint (count_entries (victim), ==, 1);
  g_assert_false (path_exists (nowhere));
}

/* Exchanges what is at the destination with a link to the victim for as long as it is told to. */
typedef struct
{
  const char *path;
  const char *link;
  gint started; /* atomic, both */
  gint stop;
} Swapper;

static gpointer
swapper_thread (gpointer data)
{
  Swapper *swapper = data;

  while (!g_atomic_int_get (&swapper->stop))
    {
      syscall (SYS_renameat2, AT_FDCWD, swapper->path, AT_FDCWD, swapper->link, RENAME_EXCHANGE);
      g_atomic_int_set (&swapper->started, TRUE);
    }
  return NULL;
}

/* As one would without descriptors: what was looked at need not be what is emptied. */
static void
replace_by_path (TmTemporaryDirectory *directory, const char *path)
{
  struct stat status;

  if (lstat (path, &status) == 0 && S_ISDIR (status.st_mode))
    {
      g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
      const char *name;

      while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
        {
          g_autofree char *child = g_build_filename (path, name, NULL);

          g_unlink (child);
        }
      g_rmdir (path);
    }
  rename (tm_temporary_directory_get_path (directory), path);
}

static gboolean
race (Sandbox *sandbox, gboolean naive, guint seconds)
{
  gint64 end = g_get_monotonic_time () + seconds * G_USEC_PER_SEC;
  g_autofree char *parent = temporary_parent (sandbox);
  g_autofree char *victim = sandbox_path (sandbox, "victim");
  g_autofree char *treasure = g_build_filename (victim, "content", NULL);
  g_autofree char *path = sandbox_path (sandbox, "published");
  g_autofree char *link = sandbox_path (sandbox, "link");
  g_autofree char *old = g_build_filename (path, "content", NULL);
  g_autoptr (GFile) destination = g_file_new_for_path (path);
  gboolean escaped = FALSE;

  make_directory (victim);
  while (!escaped && g_get_monotonic_time () < end)
    {
      g_autoptr (TmTemporaryDirectory) directory = create_in (parent);
      Swapper swapper = { .path = path, .link = link };
      GThread *thread;

      make_file (treasure);
      make_directory (path);
      make_file (old);
      g_assert_no_errno (symlink (victim, link));
      thread = g_thread_new (NULL, swapper_thread, &swapper);
      while (!g_atomic_int_get (&swapper.started))
        g_thread_yield ();

      if (naive)
        replace_by_path (directory, path);
      else
        g_assert_true (tm_temporary_directory_persist (directory, destination,
                                                       TM_PERSIST_FLAGS_REPLACE, NULL, NULL));

      g_atomic_int_set (&swapper.stop, TRUE);
      g_thread_join (thread);
      escaped = !path_exists (treasure);
      tm_temporary_directory_close (directory, NULL, NULL);
      if (path_exists (path))
        delete_tree (path);
      if (path_exists (link))
        delete_tree (link);
    }

  return escaped;
}

static void
test_swapped_link (Sandbox *sandbox, gconstpointer data)
{
  g_assert_false (race (sandbox, FALSE, 1));
  /* Else the race was none. */
  g_assert_true (race (sandbox, TRUE, 30));
}

static void
test_replace_nothing (Sandbox *sandbox, gconstpointer data)
{
  g_autofree char *path = sandbox_path (sandbox, "published");
  g_autoptr (TmTemporaryDirectory) directory = create_in (sandbox->path);

  assert_persists (directory, path, TM_PERSIST_FLAGS_REPLACE);
  g_assert_cmpuint (count_entries (sandbox->path), ==, 1);
}

/* A link on the way is the caller's, the last one never. */
static void
test_through_link (Sandbox *sandbox, gconstpointer data)
{
  g_autofree char *real = sandbox_path (sandbox, "real");
  g_autofree char *link = sandbox_path (sandbox, "link");
  g_autofree char *path = g_build_filename (link, "published", NULL);
  g_autofree char *real_path = g_build_filename (real, "published", NULL);
  g_autoptr (TmTemporaryDirectory) directory = create_in (sandbox->path);

  make_directory (real);
  g_assert_no_errno (symlink ("real", link));
  assert_persists (directory, path, TM_PERSIST_FLAGS_NONE);
  g_assert_true (has_content (real_path));
}

static void
test_own_name (Sandbox *sandbox, gconstpointer data)
{
  g_autoptr (TmTemporaryDirectory) directory = create_in (sandbox->path);
  g_autofree char *path = g_strdup (tm_temporary_directory_get_path (directory));

  assert_fails (directory, path, TM_PERSIST_FLAGS_NONE, G_IO_ERROR_EXISTS);
  assert_persists (directory, path, TM_PERSIST_FLAGS_REPLACE);
}

static void
test_bad_destinations (Sandbox *sandbox, gconstpointer data)
{
  g_autofree char *parent = temporary_parent (sandbox);
  g_autoptr (TmTemporaryDirectory) directory = create_in (parent);
  const char *path = tm_temporary_directory_get_path (directory);
  g_autofree char *inside = g_build_filename (path, "new", NULL);
  g_autofree char *deep = g_build_filename (path, "a", NULL);
  g_autofree char *inside_deep = g_build_filename (deep, "new", NULL);
  g_autofree char *content = g_build_filename (path, "content", NULL);
  g_autofree char *missing = sandbox_path (sandbox, "missing/published");
  g_autofree char *file = sandbox_path (sandbox, "file");
  g_autofree char *below_file = g_build_filename (file, "published", NULL);
  g_autofree char *long_name = g_strnfill (300, 'n');
  g_autofree char *too_long = sandbox_path (sandbox, long_name);

  make_directory (deep);
  make_file (file);
  for (TmPersistFlags flags = TM_PERSIST_FLAGS_NONE; flags <= TM_PERSIST_FLAGS_REPLACE; flags++)
    {
      gboolean replace = flags == TM_PERSIST_FLAGS_REPLACE;

      assert_fails (directory, inside, flags, G_IO_ERROR_INVALID_ARGUMENT);
      assert_fails (directory, inside_deep, flags, G_IO_ERROR_INVALID_ARGUMENT);
      assert_fails (directory, content, flags, G_IO_ERROR_INVALID_ARGUMENT);
      assert_fails (directory, deep, flags, G_IO_ERROR_INVALID_ARGUMENT);
      assert_fails (directory, parent, flags,
                    replace ? G_IO_ERROR_INVALID_ARGUMENT : G_IO_ERROR_EXISTS);
      assert_fails (directory, sandbox->path, flags,
                    replace ? G_IO_ERROR_INVALID_ARGUMENT : G_IO_ERROR_EXISTS);
      assert_fails (directory, "/", flags,
                    replace ? G_IO_ERROR_INVALID_ARGUMENT : G_IO_ERROR_EXISTS);
      assert_fails (directory, missing, flags, G_IO_ERROR_NOT_FOUND);
      assert_fails (directory, below_file, flags, G_IO_ERROR_NOT_DIRECTORY);
      assert_fails (directory, too_long, flags, G_IO_ERROR_INVALID_FILENAME);
    }

  g_assert_true (has_content (path));
  close_successfully (directory);
  g_assert_cmpuint (count_entries (parent), ==, 0);
}

static void
test_not_native (Sandbox *sandbox, gconstpointer data)
{
  g_autoptr (TmTemporaryDirectory) directory = create_in (sandbox->path);
  g_autoptr (GFile) destination = g_file_new_for_uri ("http://example.org/published");
  g_autoptr (GError) error = NULL;

  g_assert_false (
      tm_temporary_directory_persist (directory, destination, TM_PERSIST_FLAGS_NONE, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED);
  close_successfully (directory);
}

/* The flags are the file system's to know. Nothing else is tried in their place. */
static void
test_unsupported (Sandbox *sandbox, gconstpointer data)
{
  static const int errors[] = { EINVAL, ENOSYS, EXDEV };
  g_autofree char *path = sandbox_path (sandbox, "published");
  g_autoptr (TmTemporaryDirectory) directory = create_in (sandbox->path);

  make_directory (path);
  for (guint i = 0; i < G_N_ELEMENTS (errors); i++)
    {
      rename_error = errors[i];
      assert_fails (directory, path, TM_PERSIST_FLAGS_NONE, G_IO_ERROR_NOT_SUPPORTED);
      assert_fails (directory, path, TM_PERSIST_FLAGS_REPLACE, G_IO_ERROR_NOT_SUPPORTED);
      rename_error = 0;
    }
  g_assert_false (has_content (path));
  assert_persists (directory, path, TM_PERSIST_FLAGS_REPLACE);
}

static void
mounts_child (gpointer data)
{
  g_autofree char *other = g_build_filename (data, "other", NULL);
  g_autofree char *bound = g_build_filename (data, "bound", NULL);
  g_autofree char *in_other = g_build_filename (other, "published", NULL);
  g_autofree char *in_bound = g_build_filename (bound, "published", NULL);
  g_autofree char *source = g_build_filename (data, "source", NULL);
  g_autoptr (TmTemporaryDirectory) directory = NULL;

  if (!enter_mount_namespace ())
    _exit (CHILD_CANNOT);

  /* Only now: a descriptor from before is one of another mount. */
  directory = create_in (data);
  make_directory (other);
  make_directory (bound);
  make_directory (source);
  child_assert (mount ("none", other, "tmpfs", 0, NULL) == 0);
  child_assert (mount (source, bound, NULL, MS_BIND, NULL) == 0);
  for (TmPersistFlags flags = TM_PERSIST_FLAGS_NONE; flags <= TM_PERSIST_FLAGS_REPLACE; flags++)
    {
      assert_fails (directory, in_other, flags, G_IO_ERROR_NOT_SUPPORTED);
      assert_fails (directory, in_bound, flags, G_IO_ERROR_NOT_SUPPORTED);
    }
  assert_fails (directory, other, TM_PERSIST_FLAGS_NONE, G_IO_ERROR_EXISTS);
  assert_fails (directory, other, TM_PERSIST_FLAGS_REPLACE, G_IO_ERROR_BUSY);
  close_successfully (directory);
}

static void
test_mounts (Sandbox *sandbox, gconstpointer data)
{
  int status = run_in_child (mounts_child, sandbox->path);

  if (status == CHILD_CANNOT)
    g_test_skip ("no mount namespaces here");
  else
    g_assert_cmpint (status, ==, 0);
}

static void
permissions_child (gpointer data)
{
  g_autofree char *closed = g_build_filename (data, "closed", NULL);
  g_autofree char *path = g_build_filename (closed, "published", NULL);
  g_autofree char *there = g_build_filename (closed, "there", NULL);
  g_autoptr (TmTemporaryDirectory) directory = NULL;

  child_assert (become_ordinary_user ());
  directory = create_in (data);
  assert_fails (directory, path, TM_PERSIST_FLAGS_NONE, G_IO_ERROR_PERMISSION_DENIED);
  assert_fails (directory, path, TM_PERSIST_FLAGS_REPLACE, G_IO_ERROR_PERMISSION_DENIED);
  assert_fails (directory, there, TM_PERSIST_FLAGS_REPLACE, G_IO_ERROR_PERMISSION_DENIED);
  close_successfully (directory);
}

static void
test_permissions (Sandbox *sandbox, gconstpointer data)
{
  g_autofree char *closed = sandbox_path (sandbox, "closed");
  g_autofree char *there = g_build_filename (closed, "there", NULL);

  make_directory (there);
  g_assert_no_errno (g_chmod (closed, 0555));
  assert_success_in_child (run_in_child (permissions_child, sandbox->path));
  g_assert_no_errno (g_chmod (closed, 0755));
}

/* Only what was created is published, and only from where it was created. */
static void
test_moved_and_taken (Sandbox *sandbox, gconstpointer data)
{
  g_autofree char *parent = temporary_parent (sandbox);
  g_autofree char *path = sandbox_path (sandbox, "published");
  g_autofree char *elsewhere = g_build_filename (parent, "elsewhere", NULL);
  g_autoptr (TmTemporaryDirectory) directory = create_in (parent);
  const char *own = tm_temporary_directory_get_path (directory);
  g_autofree char *name = g_path_get_basename (own);
  g_autofree char *archive = sandbox_path (sandbox, "archive");
  g_autofree char *archived = g_build_filename (archive, name, NULL);

  g_assert_no_errno (g_rename (own, elsewhere));
  assert_fails (directory, path, TM_PERSIST_FLAGS_NONE, G_IO_ERROR_NOT_FOUND);
  make_directory (own);
  assert_fails (directory, path, TM_PERSIST_FLAGS_NONE, G_IO_ERROR_NOT_FOUND);
  assert_fails (directory, path, TM_PERSIST_FLAGS_REPLACE, G_IO_ERROR_NOT_FOUND);
  g_assert_false (path_exists (path));

  /* Nor from elsewhere, be it under the same name. */
  g_assert_no_errno (g_rmdir (own));
  make_directory (archive);
  g_assert_no_errno (g_rename (elsewhere, archived));
  assert_fails (directory, path, TM_PERSIST_FLAGS_NONE, G_IO_ERROR_NOT_FOUND);

  g_assert_no_errno (g_rename (archived, own));
  assert_persists (directory, path, TM_PERSIST_FLAGS_NONE);
}

static void
fork_child (gpointer data)
{
  g_autoptr (GFile) destination = g_file_new_for_path ("/nowhere/published");
  g_autoptr (GError) error = NULL;

  child_assert (
      !tm_temporary_directory_persist (data, destination, TM_PERSIST_FLAGS_NONE, NULL, &error));
  child_assert (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED));
}

static void
test_states (Sandbox *sandbox, gconstpointer data)
{
  g_autofree char *path = sandbox_path (sandbox, "published");
  g_autofree char *again = sandbox_path (sandbox, "again");
  g_autoptr (TmTemporaryDirectory) raw = g_object_new (TM_TYPE_TEMPORARY_DIRECTORY, NULL);
  g_autoptr (TmTemporaryDirectory) directory = create_in (sandbox->path);
  g_autoptr (GFile) destination = g_file_new_for_path (path);
  g_autoptr (GFile) other = g_file_new_for_path (again);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;

  g_assert_false (
      tm_temporary_directory_persist (raw, destination, TM_PERSIST_FLAGS_NONE, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_INITIALIZED);
  g_clear_error (&error);

  assert_success_in_child (run_in_child (fork_child, directory));

  g_cancellable_cancel (cancellable);
  g_assert_false (tm_temporary_directory_persist (directory, destination, TM_PERSIST_FLAGS_NONE,
                                                  cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&error);
  g_assert_false (tm_temporary_directory_is_closed (directory));

  assert_persists (directory, path, TM_PERSIST_FLAGS_NONE);
  g_assert_false (
      tm_temporary_directory_persist (directory, other, TM_PERSIST_FLAGS_NONE, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  g_clear_error (&error);
  g_assert_false (tm_temporary_directory_keep (directory, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
}

/* What holds at the moment of the rename, and when the process dies right after it. */
static void
check_before_rename (guint n, gpointer data)
{
  TmTemporaryDirectory *directory = data;
  struct stat status;
  int fd;

  g_assert_no_errno (fstat (tm_temporary_directory_get_fd (directory), &status));
  g_assert_cmphex (status.st_mode & 07777, ==, 0700);
  fd = openat (tm_temporary_directory_get_fd (directory), ".", O_RDONLY);
  g_assert_cmpint (flock (fd, LOCK_EX | LOCK_NB), ==, -1);
  close (fd);
}

G_NORETURN static void
die_after_rename (gpointer data)
{
  _exit (42);
}

static void
dying_child (gpointer data)
{
  g_autofree char *path = g_build_filename (data, "published", NULL);
  g_autoptr (GFile) destination = g_file_new_for_path (path);
  TmTemporaryDirectory *directory = create_in (data);

  after_rename = die_after_rename;
  tm_temporary_directory_persist (directory, destination, TM_PERSIST_FLAGS_NONE, NULL, NULL);
}

static void
test_mark (Sandbox *sandbox, gconstpointer data)
{
  g_autofree char *path = sandbox_path (sandbox, "published");
  g_autoptr (GFile) file = g_file_new_for_path (sandbox->path);
  g_autoptr (TmRoot) root = tm_root_new (file, 3600, TM_ROOT_FLAGS_RECLAIM_ABANDONED, NULL, NULL);
  g_autofree char *checked = sandbox_path (sandbox, "checked");
  g_autoptr (TmTemporaryDirectory) directory = create_in (sandbox->path);

  rename_data = directory;
  before_rename = check_before_rename;
  assert_persists (directory, checked, TM_PERSIST_FLAGS_NONE);
  before_rename = NULL;

  g_assert_cmpint (run_in_child (dying_child, sandbox->path), ==, 42);
  g_assert_true (has_content (path));
  g_assert_cmpint (tm_root_cleanup (root, NULL, NULL), ==, 0);
  g_assert_true (has_content (path));
}

/* Whoever reads what was published before, and holds a lock on it, can go on. */
static void
test_replaced_in_use (Sandbox *sandbox, gconstpointer data)
{
  g_autofree char *parent = temporary_parent (sandbox);
  g_autofree char *path = sandbox_path (sandbox, "published");
  g_autoptr (GFile) file = g_file_new_for_path (parent);
  g_autoptr (TmRoot) root = tm_root_new (file, 3600, TM_ROOT_FLAGS_RECLAIM_ABANDONED, NULL, NULL);
  g_autoptr (TmTemporaryDirectory) first = create_in (parent);
  g_autoptr (TmTemporaryDirectory) second = create_in (parent);
  struct stat status;
  int fd;

  assert_persists (first, path, TM_PERSIST_FLAGS_NONE);
  fd = open (path, O_RDONLY);
  g_assert_no_errno (flock (fd, LOCK_SH | LOCK_NB));
  assert_persists (second, path, TM_PERSIST_FLAGS_REPLACE);

  g_assert_cmpuint (count_entries (parent), ==, 1);
  g_assert_no_errno (fstatat (fd, "content", &status, 0));
  g_assert_cmpint (tm_root_cleanup (root, NULL, NULL), ==, 0);
  g_assert_no_errno (fstatat (fd, "content", &status, 0));

  close (fd);
  g_assert_cmpint (tm_root_cleanup (root, NULL, NULL), ==, 1);
  g_assert_cmpuint (count_entries (parent), ==, 0);
  g_assert_true (has_content (path));
}

/* Who only looks at a lock is soon done. */
static void
test_replaced_looked_at (Sandbox *sandbox, gconstpointer data)
{
  g_autofree char *parent = temporary_parent (sandbox);
  g_autofree char *path = sandbox_path (sandbox, "published");
  g_autoptr (TmTemporaryDirectory) directory = create_in (parent);

  make_directory (path);
  n_busy_locks = 3;
  assert_persists (directory, path, TM_PERSIST_FLAGS_REPLACE);
  g_assert_cmpuint (n_busy_locks, ==, 0);
  g_assert_cmpuint (count_entries (parent), ==, 0);
}

static void
stubborn_child (gpointer data)
{
  g_autofree char *parent = g_build_filename (data, "temporary", NULL);
  g_autofree char *path = g_build_filename (data, "published", NULL);
  g_autoptr (TmTemporaryDirectory) directory = NULL;
  g_autofree char *before = NULL;
  g_autofree char *foreign = NULL;
  struct stat status;

  child_assert (become_ordinary_user ());
  make_directory (parent);
  directory = create_in (parent);
  before = g_strdup (tm_temporary_directory_get_path (directory));
  foreign = g_build_filename (before, "foreign/file", NULL);
  assert_persists (directory, path, TM_PERSIST_FLAGS_REPLACE);
  child_assert (path_exists (foreign));
  child_assert (lstat (before, &status) == 0 && (status.st_mode & 07777) == 01755);
}

/* It is published, and what is left has the mark. */
static void
test_replaced_stays (Sandbox *sandbox, gconstpointer data)
{
  g_autofree char *parent = sandbox_path (sandbox, "temporary");
  g_autofree char *path = sandbox_path (sandbox, "published");
  g_autofree char *foreign = g_build_filename (path, "foreign", NULL);
  g_autofree char *file = g_build_filename (foreign, "file", NULL);
  g_autoptr (GFile) root_file = g_file_new_for_path (parent);
  g_autoptr (TmRoot) root = NULL;

  if (geteuid () != 0)
    {
      g_test_skip ("needs a second user: only root has one");
      return;
    }
  make_directory (foreign);
  make_file (file);
  /* Others may write to it, so that it needs more than the bit to have the mark. */
  g_assert_no_errno (g_chmod (path, 0777));
  g_assert_no_errno (chown (path, TEST_UID, TEST_UID));
  assert_success_in_child (run_in_child (stubborn_child, sandbox->path));
  g_assert_true (has_content (path));

  root = tm_root_new (root_file, 3600, TM_ROOT_FLAGS_RECLAIM_ABANDONED, NULL, NULL);
  g_assert_cmpint (tm_root_cleanup (root, NULL, NULL), ==, 1);
  g_assert_cmpuint (count_entries (parent), ==, 0);
}

typedef struct
{
  char *path;
  char *other;
} Places;

/* Somebody else publishes in the moment between the look at the destination and the exchange. */
static void
exchange_before_rename (guint n, gpointer data)
{
  Places *places = data;

  if (n == 0)
    g_assert_no_errno ((int) syscall (SYS_renameat2, AT_FDCWD, places->path, AT_FDCWD,
                                      places->other, RENAME_EXCHANGE));
}

static void
publish_beside_another (Sandbox *sandbox, const char *parent, gboolean is_directory)
{
  Places places = { sandbox_path (sandbox, "published"), sandbox_path (sandbox, "other") };
  g_autofree char *inside = g_build_filename (places.other, "inside", NULL);
  g_autoptr (TmTemporaryDirectory) directory = create_in (parent);

  if (is_directory)
    {
      make_directory (places.path);
      make_directory (inside);
    }
  else
    {
      make_file (places.path);
      make_file (places.other);
    }

  n_renames = 0;
  rename_data = &places;
  before_rename = exchange_before_rename;
  assert_persists (directory, places.path, TM_PERSIST_FLAGS_REPLACE);
  before_rename = NULL;

  delete_tree (places.path);
  delete_tree (places.other);
  g_free (places.path);
  g_free (places.other);
}

static void
test_another_publisher (Sandbox *sandbox, gconstpointer data)
{
  g_autofree char *parent = temporary_parent (sandbox);

  publish_beside_another (sandbox, parent, TRUE);
  publish_beside_another (sandbox, parent, FALSE);
  g_assert_cmpuint (count_entries (parent), ==, 0);

  /* Where others can rename, who knows what that is, and whose. */
  g_assert_no_errno (g_chmod (parent, 0777));
  publish_beside_another (sandbox, parent, TRUE);
  g_assert_cmpuint (count_entries (parent), ==, 1);
  publish_beside_another (sandbox, parent, FALSE);
  g_assert_cmpuint (count_entries (parent), ==, 2);
}

/* It is there when it is to be put where nothing is, and gone when it is to be exchanged. */
static void
flip_before_rename (guint n, gpointer data)
{
  if (n < 9 && n % 2 == 0)
    g_assert_no_errno (g_rmdir (data));
  else if (n < 9)
    g_assert_no_errno (g_mkdir (data, 0700));
}

static void
test_coming_and_going (Sandbox *sandbox, gconstpointer data)
{
  g_autofree char *parent = temporary_parent (sandbox);
  g_autofree char *path = sandbox_path (sandbox, "published");
  g_autoptr (TmTemporaryDirectory) directory = create_in (parent);

  make_directory (path);
  n_renames = 0;
  rename_data = path;
  before_rename = flip_before_rename;
  assert_persists (directory, path, TM_PERSIST_FLAGS_REPLACE);
  before_rename = NULL;
  g_assert_cmpuint (n_renames, ==, 10);
  g_assert_cmpuint (count_entries (parent), ==, 0);
}

typedef struct
{
  TmTemporaryDirectory *directory;
  GFile *destination;
  guint action;
  gboolean done;
} Contender;

static gpointer
contend_thread (gpointer data)
{
  Contender *contender = data;

  switch (contender->action % 3)
    {
    case 0:
      contender->done = tm_temporary_directory_persist (
          contender->directory, contender->destination, TM_PERSIST_FLAGS_REPLACE, NULL, NULL);
      break;
    case 1:
      contender->done = tm_temporary_directory_keep (contender->directory, NULL);
      break;
    default:
      contender->done = FALSE;
      g_assert_true (tm_temporary_directory_close (contender->directory, NULL, NULL));
      break;
    }
  return NULL;
}

/* Who closes is content with whatever closed it; of the others one at most succeeds. */
static void
test_from_threads (Sandbox *sandbox, gconstpointer data)
{
  g_autofree char *parent = temporary_parent (sandbox);
  guint n_kept = 0;
  guint n_published = 0;

  for (guint round = 0; round < 200; round++)
    {
      g_autofree char *path = sandbox_path (sandbox, "published");
      g_autoptr (TmTemporaryDirectory) directory = create_in (parent);
      g_autofree char *before = g_strdup (tm_temporary_directory_get_path (directory));
      g_autoptr (GFile) destination = g_file_new_for_path (path);
      Contender contenders[9];
      GThread *threads[9];
      guint n_done = 0;

      for (guint i = 0; i < 9; i++)
        {
          contenders[i] = (Contender){ directory, destination, (i + round) % 3, FALSE };
          threads[i] = g_thread_new (NULL, contend_thread, &contenders[i]);
        }
      for (guint i = 0; i < 9; i++)
        {
          g_thread_join (threads[i]);
          n_done += contenders[i].done ? 1 : 0;
        }

      g_assert_true (tm_temporary_directory_is_closed (directory));
      g_assert_cmpuint (n_done, <=, 1);
      g_assert_cmpuint ((path_exists (before) ? 1 : 0) + (has_content (path) ? 1 : 0), ==, n_done);
      n_kept += path_exists (before) ? 1 : 0;
      if (has_content (path))
        {
          n_published++;
          delete_tree (path);
        }
    }
  g_test_message ("%u kept, %u published", n_kept, n_published);
}

static GThread *main_thread;

static void
count_notify_cb (GObject *object, GParamSpec *pspec, gpointer user_data)
{
  g_assert_true (g_thread_self () == main_thread);
  (*(guint *) user_data)++;
}

static void
test_async (Sandbox *sandbox, gconstpointer data)
{
  g_autofree char *path = sandbox_path (sandbox, "published");
  g_autoptr (GFile) destination = g_file_new_for_path (path);
  g_autoptr (TmTemporaryDirectory) directory = create_in (sandbox->path);
  g_autoptr (GAsyncResult) failed = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  guint n_file = 0;
  guint n_path = 0;
  guint n_closed = 0;

  g_signal_connect (directory, "notify::file", G_CALLBACK (count_notify_cb), &n_file);
  g_signal_connect (directory, "notify::path", G_CALLBACK (count_notify_cb), &n_path);
  g_signal_connect (directory, "notify::closed", G_CALLBACK (count_notify_cb), &n_closed);

  make_directory (path);
  tm_temporary_directory_persist_async (directory, destination, TM_PERSIST_FLAGS_NONE,
                                        G_PRIORITY_DEFAULT, NULL, keep_result_cb, &failed);
  g_assert_false (
      tm_temporary_directory_persist_finish (directory, wait_for_result (&failed), &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_EXISTS);
  g_clear_error (&error);

  tm_temporary_directory_persist_async (directory, destination, TM_PERSIST_FLAGS_REPLACE,
                                        G_PRIORITY_DEFAULT, NULL, keep_result_cb, &result);
  g_assert_true (
      tm_temporary_directory_persist_finish (directory, wait_for_result (&result), &error));
  g_assert_no_error (error);
  g_assert_true (has_content (path));
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_cmpuint (n_file, ==, 1);
  g_assert_cmpuint (n_path, ==, 1);
  g_assert_cmpuint (n_closed, ==, 1);
}

/* Polls the destination for as long as it is published to. */
typedef struct
{
  const char *path;
  gint stop; /* atomic, all of them */
  gint n_looks;
  gint n_missing;
  gint n_halves;
} Reader;

static char *
read_at (int fd, const char *name)
{
  int file = openat (fd, name, O_RDONLY);
  char buffer[32];
  ssize_t length;

  if (file < 0)
    return NULL;
  length = read (file, buffer, sizeof buffer);
  close (file);
  return g_strndup (buffer, (gsize) MAX (length, 0));
}

static gboolean
is_still_there (const char *path, int fd)
{
  struct stat by_path, by_fd;

  return lstat (path, &by_path) == 0 && fstat (fd, &by_fd) == 0 && by_path.st_ino == by_fd.st_ino;
}

/* What it opened may be deleted while it is read, but then it is not at the destination any more.
 * With a lock, it may not even be that. */
static void
reader_look (Reader *reader, gboolean with_lock)
{
  int fd = open (reader->path, O_RDONLY | O_DIRECTORY);
  g_autofree char *first = NULL;
  g_autofree char *last = NULL;
  gboolean locked = FALSE;

  g_atomic_int_inc (&reader->n_looks);
  if (fd < 0)
    {
      g_atomic_int_inc (&reader->n_missing);
      return;
    }

  if (with_lock)
    locked = flock (fd, LOCK_SH | LOCK_NB) == 0 && is_still_there (reader->path, fd);

  first = read_at (fd, "first");
  last = read_at (fd, "last");
  if ((first == NULL || g_strcmp0 (first, last) != 0) &&
      (locked || is_still_there (reader->path, fd)))
    g_atomic_int_inc (&reader->n_halves);
  close (fd);
}

static gpointer
reader_thread (gpointer data)
{
  Reader *reader = data;

  while (!g_atomic_int_get (&reader->stop))
    reader_look (reader, FALSE);
  return NULL;
}

static gpointer
locking_reader_thread (gpointer data)
{
  Reader *reader = data;

  while (!g_atomic_int_get (&reader->stop))
    reader_look (reader, TRUE);
  return NULL;
}

static void
write_at (int fd, const char *name, guint64 number)
{
  int file = openat (fd, name, O_WRONLY | O_CREAT, 0600);
  g_autofree char *text = g_strdup_printf ("%" G_GUINT64_FORMAT, number);

  g_assert_no_errno (file);
  g_assert_cmpint (write (file, text, strlen (text)), ==, strlen (text));
  close (file);
}

/* What applications do: delete what is there, and rename. */
static void
persist_naively (TmTemporaryDirectory *directory, const char *path)
{
  g_autoptr (GFile) file = g_file_new_for_path (path);
  g_autofree char *old = g_strdup (tm_temporary_directory_get_path (directory));

  tm_delete_recursively (file, NULL, NULL, NULL, NULL);
  g_assert_true (tm_temporary_directory_keep (directory, NULL));
  g_assert_no_errno (g_rename (old, path));
}

static void
publish_for (Sandbox *sandbox, guint seconds, gboolean naive, Reader *reader)
{
  gint64 end = g_get_monotonic_time () + seconds * G_USEC_PER_SEC;
  g_autofree char *path = sandbox_path (sandbox, "published");
  g_autofree char *parent_path = temporary_parent (sandbox);
  g_autoptr (GFile) parent = g_file_new_for_path (parent_path);
  g_autoptr (GFile) destination = g_file_new_for_path (path);
  g_autoptr (TmRoot) root = tm_root_new (parent, 3600, TM_ROOT_FLAGS_RECLAIM_ABANDONED, NULL, NULL);
  GThread *threads[2] = { NULL, NULL };
  guint64 n_published = 0;

  *reader = (Reader){ .path = path };
  do
    {
      g_autoptr (TmTemporaryDirectory) directory =
          tm_temporary_directory_new (parent, "p", NULL, NULL);
      int fd = tm_temporary_directory_get_fd (directory);
      g_autoptr (GError) error = NULL;

      write_at (fd, "first", n_published);
      write_at (fd, "last", n_published);
      if (naive)
        persist_naively (directory, path);
      else
        tm_temporary_directory_persist (directory, destination, TM_PERSIST_FLAGS_REPLACE, NULL,
                                        &error);
      g_assert_no_error (error);

      if (n_published++ == 0)
        {
          threads[0] = g_thread_new (NULL, reader_thread, reader);
          threads[1] = g_thread_new (NULL, locking_reader_thread, reader);
        }
    }
  while (g_get_monotonic_time () < end && !(naive && g_atomic_int_get (&reader->n_missing) > 0));

  g_atomic_int_set (&reader->stop, TRUE);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
  g_test_message ("%" G_GUINT64_FORMAT " published, %d looks, %d missing, %d halves, %u left",
                  n_published, reader->n_looks, reader->n_missing, reader->n_halves,
                  count_entries (parent_path));

  /* What was replaced while a reader held its lock. */
  g_assert_cmpint (tm_root_cleanup (root, NULL, NULL), >=, 0);
  g_assert_cmpuint (count_entries (parent_path), ==, 0);
}

/* The destination is there, and whole, whenever it is looked at. */
static void
test_never_missing (Sandbox *sandbox, gconstpointer data)
{
  Reader reader;

  publish_for (sandbox, soak_seconds (1), FALSE, &reader);
  g_assert_cmpint (reader.n_looks, >, 0);
  g_assert_cmpint (reader.n_missing, ==, 0);
  g_assert_cmpint (reader.n_halves, ==, 0);
}

/* Else the reader would not see it. */
static void
test_never_missing_control (Sandbox *sandbox, gconstpointer data)
{
  Reader reader;

  publish_for (sandbox, 60, TRUE, &reader);
  g_assert_cmpint (reader.n_missing, >, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  main_thread = g_thread_self ();

  add_test ("/persist/plain", test_persist);
  add_test ("/persist/modes", test_modes);
  add_test ("/persist/what-is-there", test_what_is_there);
  add_test ("/persist/swapped-link", test_swapped_link);
  add_test ("/persist/replace-nothing", test_replace_nothing);
  add_test ("/persist/through-link", test_through_link);
  add_test ("/persist/own-name", test_own_name);
  add_test ("/persist/bad-destinations", test_bad_destinations);
  add_test ("/persist/not-native", test_not_native);
  add_test ("/persist/unsupported", test_unsupported);
  add_test ("/persist/mounts", test_mounts);
  add_test ("/persist/permissions", test_permissions);
  add_test ("/persist/moved-and-taken", test_moved_and_taken);
  add_test ("/persist/states", test_states);
  add_test ("/persist/mark", test_mark);
  add_test ("/persist/replaced/in-use", test_replaced_in_use);
  add_test ("/persist/replaced/looked-at", test_replaced_looked_at);
  add_test ("/persist/replaced/stays", test_replaced_stays);
  add_test ("/persist/replaced/another-publisher", test_another_publisher);
  add_test ("/persist/coming-and-going", test_coming_and_going);
  add_test ("/persist/from-threads", test_from_threads);
  add_test ("/persist/async", test_async);
  add_test ("/persist/never-missing", test_never_missing);
  add_test ("/persist/never-missing-control", test_never_missing_control);

  return g_test_run ();
}
