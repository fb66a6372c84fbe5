/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "support.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <linux/capability.h>
#include <linux/magic.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* In memory; more than any test uses. */
#define MEMORY_NEEDED (256 * 1024 * 1024)

void
sandbox_set_up (Sandbox *sandbox, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  sandbox->path = g_dir_make_tmp ("tempman-test-XXXXXX", &error);
  g_assert_no_error (error);
  /* For the tests that drop to an ordinary user. */
  g_assert_no_errno (g_chmod (sandbox->path, 0777));
}

void
sandbox_tear_down (Sandbox *sandbox, gconstpointer data)
{
  g_autofree char *chattr = g_find_program_in_path ("chattr");
  const char *make_mutable[] = { chattr, "-R", "-f", "-i", "-a", sandbox->path, NULL };
  const char *delete[] = { "rm", "-rf", "--", sandbox->path, NULL };
  g_autoptr (GError) error = NULL;

  if (chattr != NULL && geteuid () == 0)
    g_spawn_sync (NULL, (char **) make_mutable, NULL,
                  G_SPAWN_STDOUT_TO_DEV_NULL | G_SPAWN_STDERR_TO_DEV_NULL, NULL, NULL, NULL, NULL,
                  NULL, NULL);
  g_spawn_sync (NULL, (char **) delete, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, NULL,
                &error);
  g_assert_no_error (error);
  g_free (sandbox->path);
}

/* Returns (transfer none) (nullable): a directory in memory that an ordinary user may write to. */
static const char *
find_memory (void)
{
  const char *const places[] = { g_get_tmp_dir (), "/dev/shm", g_get_user_runtime_dir () };

  for (guint i = 0; i < G_N_ELEMENTS (places); i++)
    {
      struct statfs status;

      if (statfs (places[i], &status) == 0 && status.f_type == TMPFS_MAGIC &&
          (guint64) status.f_bavail * (guint64) status.f_bsize >= MEMORY_NEEDED &&
          access (places[i], W_OK | X_OK) == 0)
        return places[i];
    }

  return NULL;
}

/* For tests that make very many files or directories: a disk would take minutes. Root mounts a file
 * system of its own there, and an ordinary user has a directory in one; where neither can be had it
 * is on the disk after all. */
void
sandbox_set_up_in_memory (Sandbox *sandbox, gconstpointer data)
{
  static gsize answer = 0;
  const char *memory;

  if (g_once_init_enter (&answer))
    g_once_init_leave (&answer, geteuid () == 0 && enter_mount_namespace () ? 1 : 2);

  memory = answer == 1 ? NULL : find_memory ();
  if (memory != NULL)
    {
      sandbox->path = g_build_filename (memory, "tempman-test-XXXXXX", NULL);
      g_assert_nonnull (g_mkdtemp (sandbox->path));
      g_assert_no_errno (g_chmod (sandbox->path, 0777));
      return;
    }

  sandbox_set_up (sandbox, data);
  if (answer == 1)
    sandbox->is_mounted = mount ("none", sandbox->path, "tmpfs", 0, "mode=0777") == 0;
}

void
sandbox_tear_down_in_memory (Sandbox *sandbox, gconstpointer data)
{
  if (sandbox->is_mounted)
    g_assert_no_errno (umount (sandbox->path));
  sandbox_tear_down (sandbox, data);
}

char *
sandbox_path (Sandbox *sandbox, const char *name)
{
  return g_build_filename (sandbox->path, name, NULL);
}

GFile *
sandbox_file (Sandbox *sandbox, const char *name)
{
  return g_file_new_build_filename (sandbox->path, name, NULL);
}

void
make_directory (const char *path)
{
  g_assert_no_errno (g_mkdir_with_parents (path, 0755));
}

void
make_file (const char *path)
{
  g_autoptr (GError) error = NULL;

  g_file_set_contents_full (path, "kept", -1, G_FILE_SET_CONTENTS_NONE, 0600, &error);
  g_assert_no_error (error);
}

/* A little of everything that an ordinary user can make. */
void
make_tree (const char *path)
{
  static const char *const names[] = { "plain", "-rf", "new\nline", "bad \xff utf-8", " " };
  g_autofree char *nested = g_build_filename (path, "a", "b", "c", NULL);
  g_autofree char *link = g_build_filename (path, "dangling", NULL);
  g_autofree char *loop = g_build_filename (path, "loop", NULL);
  g_autofree char *fifo = g_build_filename (path, "fifo", NULL);
  g_autofree char *long_name = g_strnfill (255, 'n');
  g_autofree char *long_path = g_build_filename (path, long_name, NULL);

  make_directory (nested);
  make_directory (long_path);
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *file = g_build_filename (path, names[i], NULL);
      g_autofree char *below = g_build_filename (nested, names[i], NULL);

      make_file (file);
      make_file (below);
    }
  g_assert_no_errno (symlink ("/nowhere", link));
  g_assert_no_errno (symlink (".", loop));
  g_assert_no_errno (mkfifo (fifo, 0600));
}

void
make_old (const char *path, gint64 seconds)
{
  struct timespec times[2];

  clock_gettime (CLOCK_REALTIME, &times[0]);
  times[0].tv_sec -= seconds;
  times[1] = times[0];
  g_assert_no_errno (utimensat (AT_FDCWD, path, times, AT_SYMLINK_NOFOLLOW));
}

/* With a tree in it, and unused for so long. */
char *
make_old_directory (Sandbox *sandbox, const char *name, gint64 seconds)
{
  char *path = sandbox_path (sandbox, name);

  make_directory (path);
  make_tree (path);
  make_old (path, seconds);
  return path;
}

/* Until what is written from now on has a later time than what was written before. */
void
wait_for_clock_tick (void)
{
  struct timespec begin, now;

  clock_gettime (CLOCK_REALTIME_COARSE, &begin);
  do
    {
      g_usleep (1000);
      clock_gettime (CLOCK_REALTIME_COARSE, &now);
    }
  while (now.tv_sec == begin.tv_sec && now.tv_nsec == begin.tv_nsec);
}

/* The seconds may have more digits than a long holds. */
void
append_time (GString *string, struct timespec time)
{
  g_string_append_printf (string, " %" G_GINT64_FORMAT ".%09ld", (gint64) time.tv_sec,
                          time.tv_nsec);
}

gboolean
path_exists (const char *path)
{
  struct stat status;

  return lstat (path, &status) == 0;
}

guint
count_entries (const char *path)
{
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  guint n = 0;

  g_assert_nonnull (dir);
  while (g_dir_read_name (dir) != NULL)
    n++;
  return n;
}

guint
count_open_descriptors (void)
{
  return count_entries ("/proc/self/fd");
}

/* Whether this is the soak suite. */
gboolean
is_soak (void)
{
  return g_getenv ("TEMPMAN_SOAK") != NULL;
}

static guint64
get_number (const char *variable, guint64 otherwise)
{
  const char *value = g_getenv (variable);

  return value != NULL ? g_ascii_strtoull (value, NULL, 10) : otherwise;
}

Limit
limit_from_now (double seconds)
{
  return (Limit){ g_get_monotonic_time () + (gint64) (seconds * G_USEC_PER_SEC), G_MAXUINT64 };
}

/* Of a test that proves more the longer it runs: after so many seconds, but in the soak suite when
 * its user says, by the time, by what the test counts, or by whichever comes first. */
Limit
limit_of_soak (double otherwise)
{
  guint64 count = get_number ("TEMPMAN_SOAK_COUNT", G_MAXUINT64);
  guint64 seconds = get_number ("TEMPMAN_SOAK_SECONDS", 60);
  Limit limit;

  if (!is_soak ())
    return limit_from_now (otherwise);

  limit = limit_from_now ((double) seconds);
  limit.count = count;
  if (count != G_MAXUINT64 && g_getenv ("TEMPMAN_SOAK_SECONDS") == NULL)
    limit.end = G_MAXINT64;
  return limit;
}

gboolean
limit_is_reached (const Limit *limit, guint64 count)
{
  return count >= limit->count || g_get_monotonic_time () >= limit->end;
}

pid_t
start_child (ChildFunc function, gpointer data)
{
  pid_t pid = fork ();

  g_assert_no_errno (pid);
  if (pid == 0)
    {
      function (data);
      _exit (0);
    }
  return pid;
}

/* The exit status, or 128 and the signal. */
int
wait_for_child (pid_t pid)
{
  int status;

  g_assert_no_errno (waitpid (pid, &status, 0));
  return WIFEXITED (status) ? WEXITSTATUS (status) : 128 + WTERMSIG (status);
}

int
run_in_child (ChildFunc function, gpointer data)
{
  return wait_for_child (start_child (function, data));
}

/* In a child: killed by the test; or by the clock, should the test fail before. */
void
wait_to_be_killed (void)
{
  alarm (60);
  for (;;)
    pause ();
}

/* In a child. An ordinary user stays who he is. */
gboolean
become_ordinary_user (void)
{
  return geteuid () != 0 || (setgid (TEST_UID) == 0 && setuid (TEST_UID) == 0);
}

static gboolean
write_text (const char *path, const char *text)
{
  int fd = open (path, O_WRONLY);
  gboolean written = fd >= 0 && write (fd, text, strlen (text)) == (gssize) strlen (text);

  close (fd);
  return written;
}

/* An ordinary user stays who he is in a namespace of his own: without the map he could make no
 * files. */
static gboolean
enter_user_namespace (void)
{
  g_autofree char *uid_map = g_strdup_printf ("%u %u 1", geteuid (), geteuid ());
  g_autofree char *gid_map = g_strdup_printf ("%u %u 1", getegid (), getegid ());

  return unshare (CLONE_NEWUSER) == 0 && write_text ("/proc/self/setgroups", "deny") &&
         write_text ("/proc/self/uid_map", uid_map) && write_text ("/proc/self/gid_map", gid_map);
}

/* In a child: what it mounts from then on, nobody else sees. */
gboolean
enter_mount_namespace (void)
{
  return (geteuid () == 0 || enter_user_namespace ()) && unshare (CLONE_NEWNS) == 0 &&
         mount ("none", "/", "", MS_REC | MS_PRIVATE, "") == 0;
}

/* In a child with a mount namespace of its own: what is put there costs no disk, and is gone with
 * the child. */
gboolean
mount_tmpfs (const char *path)
{
  return mount ("none", path, "tmpfs", 0, "") == 0;
}

/* In a child: in a thread with as little stack as some give theirs. */
void
run_on_small_stack (gpointer (*function) (gpointer), gpointer data)
{
  pthread_attr_t attributes;
  pthread_t thread;

  child_assert (pthread_attr_init (&attributes) == 0);
  child_assert (pthread_attr_setstacksize (&attributes, 64 * 1024) == 0);
  child_assert (pthread_create (&thread, &attributes, function, data) == 0);
  child_assert (pthread_join (thread, NULL) == 0);
}

/* Root with the permission to change what belongs to others, but not to do as it likes with their
 * files: a service with a few capabilities. */
gboolean
drop_access_to_everything (void)
{
  struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
  struct __user_cap_data_struct sets[2];

  if (syscall (SYS_capget, &header, sets) < 0)
    return FALSE;

  sets[0].effective &= ~(1u << CAP_DAC_OVERRIDE | 1u << CAP_DAC_READ_SEARCH);
  return syscall (SYS_capset, &header, sets) == 0;
}

void
skip_or_assert_success (int status, const char *reason)
{
  if (status == CHILD_CANNOT)
    g_test_skip (reason);
  else
    g_assert_cmpint (status, ==, 0);
}

gboolean
skip_unless_root (void)
{
  if (geteuid () == 0)
    return FALSE;

  g_test_skip ("needs a second user: only root has one");
  return TRUE;
}

/* For a control that leaves it to chance whether it falls for an attack. If it does not, on a slow
 * disk or a busy machine, the library has done nothing wrong, and nothing was proved. */
void
skip_unless_control_fell (gboolean fell)
{
  if (!fell)
    g_test_skip ("the control did not fall for the attack either");
}

/* FALSE where the library was built to reach local files through GIO alone. */
gboolean
library_has_descriptors (void)
{
  return g_getenv ("TEMPMAN_TEST_GIO_ONLY") == NULL;
}

static void
skip_without_descriptors (Sandbox *sandbox, gconstpointer data)
{
  g_test_skip ("the library was built to use neither descriptors nor locks");
}

/* For a test that is about descriptors, locks, marks, mounts or system calls, or about somebody who
 * leads astray whoever goes by names: about nothing that GIO alone can do. Returns what to run in
 * its place. */
SandboxFunc
of_descriptors (SandboxFunc function)
{
  return library_has_descriptors () ? function : skip_without_descriptors;
}

/* For an asynchronous call whose result is read by wait_for_result(). */
void
keep_result_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  *(GAsyncResult **) user_data = g_object_ref (result);
}

/* Returns (transfer none): what keep_result_cb() was called with. */
GAsyncResult *
wait_for_result (GAsyncResult **result)
{
  while (*result == NULL)
    g_main_context_iteration (g_main_context_get_thread_default (), TRUE);
  return *result;
}
