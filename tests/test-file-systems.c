/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The same work on each file system, by root and by an ordinary user. Only the test sees the
 * mounted file systems. */

#include "support/directories.h"
#include "support/interpose.h"
#include "support/roots.h"
#include "support/support.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <linux/magic.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

typedef struct
{
  const char *name;
  long magic;          /* identifies the file system */
  gsize megabytes;     /* the minimum of an image; or 0: it needs none */
  const char *options; /* (nullable): the program that creates it */
} FileSystem;

typedef struct
{
  const FileSystem *file_system;
  const char *base;   /* for images and layers */
  const char *target; /* the mount point */
  const char *reason; /* a file with the reason why it cannot be mounted */
} Job;

/* An old directory in a root, as another program left it. */
#define LEFT_OVER "left-over"

static void
make_left_over (const char *parent, uid_t owner)
{
  g_autofree char *path = g_build_filename (parent, LEFT_OVER, NULL);
  g_autofree char *below = g_build_filename (path, "below", NULL);
  g_autofree char *file = g_build_filename (below, "file", NULL);
  const char *paths[] = { parent, path, below, file };

  make_directory (below);
  make_file (file);
  make_old (path, 2 * HOUR);
  for (guint i = 0; i < G_N_ELEMENTS (paths); i++)
    child_assert (chown (paths[i], owner, (gid_t) -1) == 0);
}

static char *
directory_of_user (const char *parent, uid_t user)
{
  g_autofree char *name = g_strdup_printf ("user-%u", user);

  return g_build_filename (parent, name, NULL);
}

/* One directory for each user to work in. */
static void
make_left_overs (const char *parent)
{
  uid_t users[] = { geteuid (), geteuid () == 0 ? TEST_UID : geteuid () };

  for (guint i = 0; i < G_N_ELEMENTS (users); i++)
    {
      g_autofree char *path = directory_of_user (parent, users[i]);

      make_left_over (path, users[i]);
    }
}

/* Writes the reason why it cannot be mounted. */
static void G_GNUC_NORETURN
cannot (const Job *job, const char *reason)
{
  g_file_set_contents (job->reason, reason, -1, NULL);
  _exit (CHILD_CANNOT);
}

static void
run (const Job *job, const char *const *command)
{
  g_autofree char *program = g_find_program_in_path (command[0]);
  g_autofree char *output = NULL;
  g_autofree char *reason = NULL;
  int wait_status;

  if (program == NULL)
    reason = g_strdup_printf ("%s is not installed", command[0]);
  else if (!g_spawn_sync (NULL, (char **) command, NULL,
                          G_SPAWN_SEARCH_PATH | G_SPAWN_STDOUT_TO_DEV_NULL, NULL, NULL, NULL,
                          &output, &wait_status, NULL) ||
           wait_status != 0)
    reason = g_strdup_printf ("%s: %s", command[0], output);

  if (reason != NULL)
    cannot (job, reason);
}

/* In a sparse file, which needs no more space than the written blocks. */
static void
mount_image (const Job *job)
{
  const FileSystem *file_system = job->file_system;
  g_autofree char *image = g_build_filename (job->base, "image", NULL);
  g_autofree char *program = g_strconcat ("mkfs.", file_system->name, NULL);
  const char *make[] = { program, "-q", file_system->options, image, NULL };
  const char *mount_loop[] = { "mount", "-o", "loop", image, job->target, NULL };
  int fd = open (image, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

  if (geteuid () != 0)
    cannot (job, "only root can mount an image");
  child_assert (fd >= 0 && ftruncate (fd, (off_t) (file_system->megabytes << 20)) == 0);
  close (fd);
  run (job, make);
  run (job, mount_loop);
  child_assert (g_unlink (image) == 0);
}

/* The remaining files are in the lower layer: to delete one is to hide it. */
static void
mount_overlay_of_tmpfs (const Job *job)
{
  g_autofree char *lower = g_build_filename (job->base, "lower", NULL);

  /* The layers may not be on an overlay themselves. */
  if (!mount_tmpfs (job->base))
    cannot (job, "no tmpfs for the layers");
  make_directory (lower);
  make_left_overs (lower);
  if (!mount_overlay (job->base, lower, job->target))
    cannot (job, g_strerror (errno));
}

static void
mount_file_system (const Job *job)
{
  if (job->file_system->magic == OVERLAYFS_SUPER_MAGIC)
    {
      mount_overlay_of_tmpfs (job);
      return;
    }

  if (job->file_system->megabytes > 0)
    mount_image (job);
  else if (!mount_tmpfs (job->target))
    cannot (job, g_strerror (errno));
  make_left_overs (job->target);
}

static void
fill (TmTemporaryDirectory *directory)
{
  g_autoptr (GString) deep = g_string_new (tm_temporary_directory_get_path (directory));
  g_autofree char *file = child_path (directory, "plain");
  g_autofree char *link = child_path (directory, "hard-link");
  int fd = tm_temporary_directory_get_fd (directory);

  make_tree (tm_temporary_directory_get_path (directory));
  child_assert (linkat (AT_FDCWD, file, AT_FDCWD, link, 0) == 0);
  for (guint i = 0; i < 50; i++)
    g_string_append (deep, "/deep");
  make_directory (deep->str);
  make_tree (deep->str);

  for (guint i = 0; i < 500; i++)
    {
      char name[16];

      g_snprintf (name, sizeof name, "%u", i);
      child_assert (mknodat (fd, name, S_IFREG | 0600, 0) == 0);
    }
}

static void
work_with_directory (TmRoot *root)
{
  g_autoptr (TmTemporaryDirectory) directory = create_under (root);
  g_autoptr (TmTemporaryDirectory) dropped = create_under (root);
  const char *path = tm_temporary_directory_get_path (directory);
  g_autofree char *dropped_path = g_strdup (tm_temporary_directory_get_path (dropped));
  struct stat status;

  child_assert (lstat (path, &status) == 0);
  child_assert ((status.st_mode & 07777) == 01700);
  fill (directory);
  fill (dropped);

  make_old (path, 2 * HOUR);
  assert_cleanup (root, 0);
  child_assert (path_exists (path));

  close_successfully (directory);
  g_clear_object (&dropped);
  child_assert (!path_exists (dropped_path));
}

/* An entry with such a time, or with the nearest one that the file system stores. */
static gboolean
is_taken (TmRoot *root, gint64 seconds)
{
  g_autoptr (GFile) file = g_file_get_child (tm_root_get_directory (root), "entry");
  const char *path = g_file_peek_path (file);
  struct timespec times[] = { { seconds, 1 }, { seconds, 1 } };
  g_autoptr (GError) error = NULL;
  gssize n_deleted;
  gboolean taken;

  make_directory (path);
  make_tree (path);
  child_assert (utimensat (AT_FDCWD, path, times, 0) == 0);
  n_deleted = tm_root_cleanup (root, NULL, &error);
  g_assert_no_error (error);
  taken = n_deleted == 1;
  child_assert (path_exists (path) == !taken);
  if (!taken)
    {
      make_old (path, 2 * HOUR);
      assert_cleanup (root, 1);
    }
  return taken;
}

static void
work_with_ages (TmRoot *root)
{
  gint64 now = g_get_real_time () / G_USEC_PER_SEC;

  child_assert (is_taken (root, now - 2 * HOUR));
  child_assert (!is_taken (root, now - HOUR / 2));
  /* 1901, 1969, 2038, and times beyond the range of a double of microseconds or an integer of
   * nanoseconds. */
  child_assert (is_taken (root, G_MININT32));
  child_assert (is_taken (root, -1));
  child_assert (!is_taken (root, G_MAXINT32));
  child_assert (!is_taken (root, G_GINT64_CONSTANT (10000000000)));
  child_assert (!is_taken (root, G_GINT64_CONSTANT (100000000000000)));
}

static void
work_with_owners (TmRoot *root)
{
  pid_t pid = start_holder (root, 5);

  assert_cleanup (root, 0);
  child_assert (kill (pid, SIGKILL) == 0);
  child_assert (wait_for_child (pid) == 128 + SIGKILL);
  assert_cleanup (root, 5);
}

static void
remove_only_entry_cb (gpointer user_data)
{
  g_autoptr (GDir) dir = g_dir_open (user_data, 0, NULL);
  g_autofree char *path = g_build_filename (user_data, g_dir_read_name (dir), NULL);

  child_assert (g_rmdir (path) == 0);
}

/* A cleaner removes a new directory before it is locked: the creator notices it. */
static void
work_with_removed_directory (TmRoot *root)
{
  g_autofree char *parent =
      g_build_filename (g_file_peek_path (tm_root_get_directory (root)), "parent", NULL);
  g_autoptr (TmTemporaryDirectory) directory = NULL;

  make_directory (parent);
  attack_before ("flock", 0, remove_only_entry_cb, parent);
  directory = create_in (parent);
  child_assert (attack_end () == 2);
  child_assert (is_at_its_path (directory));
  close_successfully (directory);
  child_assert (g_rmdir (parent) == 0);
}

/* A creation evicts the oldest entry if @evicts, and no other one. */
static void
check_creation (const char *path, const char *oldest, gboolean evicts)
{
  g_autoptr (TmRoot) root = open_root (path, TM_NO_TIMEOUT, TM_ROOT_FLAGS_NONE);
  g_autoptr (TmTemporaryDirectory) directory = NULL;
  guint n_entries = count_entries (path);

  tm_root_set_max_entries (root, 4);
  directory = create_under (root);
  child_assert (count_entries (path) == (evicts ? n_entries : n_entries + 1));
  child_assert (path_exists (oldest) == !evicts);
  close_successfully (directory);
}

/* On some file systems the links of the root tell the number of its entries: files do not count,
 * and an entry that is moved does not count any more. */
static void
work_with_limits (const char *parent)
{
  g_autofree char *path = g_build_filename (parent, "limits", NULL);
  g_autofree char *oldest = g_build_filename (path, "0", NULL);
  g_autofree char *moved = g_build_filename (path, "3", NULL);
  g_autofree char *inner = g_build_filename (path, "2/3", NULL);
  g_autoptr (GFile) directory = g_file_new_for_path (path);
  g_autoptr (GError) error = NULL;

  make_directory (path);
  for (guint i = 0; i < 4; i++)
    {
      g_autofree char *entry = g_strdup_printf ("%s/%u", path, i);
      g_autofree char *file = g_strdup_printf ("%s/file-%u", path, i);

      make_directory (entry);
      make_file (file);
    }
  make_old (oldest, HOUR);

  child_assert (rename (moved, inner) == 0);
  check_creation (path, oldest, FALSE);
  child_assert (rename (inner, moved) == 0);
  check_creation (path, oldest, TRUE);
  check_creation (path, moved, FALSE);

  tm_delete_recursively (directory, TM_DELETE_FLAGS_NONE, NULL, NULL, NULL, &error);
  g_assert_no_error (error);
}

/* In a child. */
static void
work (gpointer data)
{
  const Job *job = data;
  g_autofree char *path = directory_of_user (job->target, geteuid ());
  g_autofree char *left_over = g_build_filename (path, LEFT_OVER, NULL);
  g_autoptr (TmRoot) root = open_reclaiming_root (path);
  struct statfs status;

  child_assert (statfs (path, &status) == 0);
  child_assert ((long) status.f_type == job->file_system->magic);

  child_assert (path_exists (left_over));
  assert_cleanup (root, 1);
  child_assert (!path_exists (left_over));

  work_with_directory (root);
  work_with_ages (root);
  work_with_removed_directory (root);
  work_with_owners (root);
  work_with_limits (path);
  child_assert (count_entries (path) == 0);
}

static void
work_as_ordinary_user (gpointer data)
{
  child_assert (become_ordinary_user ());
  work (data);
}

static void
mount_and_work (gpointer data)
{
  const Job *job = data;

  if (!enter_mount_namespace ())
    cannot (job, "no mount namespaces here");
  mount_file_system (job);

  work (data);
  if (geteuid () == 0)
    child_assert (run_in_child (work_as_ordinary_user, data) == 0);
}

static void
test_file_system (Sandbox *sandbox, gconstpointer data)
{
  g_autofree char *base = sandbox_path (sandbox, "base");
  g_autofree char *target = sandbox_path (sandbox, "target");
  g_autofree char *reason_path = sandbox_path (sandbox, "reason");
  g_autofree char *reason = NULL;
  Job job = { data, base, target, reason_path };
  int status;

  make_directory (base);
  make_directory (target);
  status = run_in_child (mount_and_work, &job);
  g_file_get_contents (reason_path, &reason, NULL, NULL);
  skip_or_assert_success (status, reason != NULL ? g_strdelimit (reason, "\n", ' ') : "");
}

int
main (int argc, char **argv)
{
  static const FileSystem file_systems[] = {
    { "tmpfs", TMPFS_MAGIC, 0, NULL },         { "overlay", OVERLAYFS_SUPER_MAGIC, 0, NULL },
    { "ext4", EXT4_SUPER_MAGIC, 16, "-F" },    { "xfs", XFS_SUPER_MAGIC, 320, "-f" },
    { "btrfs", BTRFS_SUPER_MAGIC, 128, "-f" },
  };

  g_test_init (&argc, &argv, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (file_systems); i++)
    {
      g_autofree char *name = g_strconcat ("/file-systems/", file_systems[i].name, NULL);

      g_test_add (name, Sandbox, &file_systems[i], sandbox_set_up,
                  of_descriptors (test_file_system), sandbox_tear_down);
    }

  return g_test_run ();
}
