/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The threads that help with a large deletion: they may do exactly what the calling thread may; a
 * forked child has them too; and if none can be started all files are deleted all the same. */

#include "support/directories.h"
#include "support/interpose.h"
#include "support/support.h"
#include "support/threads.h"

#include <tempman.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* A group that the tests do not run as. */
#define TEST_GROUP 54321

#define N_DIRECTORIES 200
#define N_FILES 20

typedef enum
{
  RIGHTS_OF_PROCESS,
  RIGHTS_OF_GROUP, /* an ordinary user that is in a group */
  RIGHTS_OF_USER,  /* an ordinary user */
  RIGHTS_OF_FS_UID,
  RIGHTS_OF_LANDLOCK, /* may delete in some directories only */
} Rights;

typedef struct
{
  const char *name;
  Rights before; /* of a thread that deletes something first */
  Rights rights;
} Case;

static const Case cases[] = {
  { "user", RIGHTS_OF_PROCESS, RIGHTS_OF_USER },
  { "fs-uid", RIGHTS_OF_PROCESS, RIGHTS_OF_FS_UID },
  { "groups", RIGHTS_OF_GROUP, RIGHTS_OF_USER },
  { "landlock", RIGHTS_OF_PROCESS, RIGHTS_OF_LANDLOCK },
};

static void
become_user_in_group (gsize n_groups)
{
  gid_t group = TEST_GROUP;

  /* System calls: the functions of the C library change every thread. */
  if (syscall (SYS_setgroups, n_groups, &group) < 0 ||
      syscall (SYS_setresuid, -1, TEST_UID, -1) < 0)
    g_error ("Becoming an ordinary user: %s", g_strerror (errno));
}

static gboolean
machine_has_landlock (void)
{
  return syscall (SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION) > 0;
}

/* Every second directory may be deleted, so that the deletion soon recognises a large tree, and
 * helper threads reach the directories that may not be deleted. */
static gboolean
is_allowed (guint i)
{
  return i % 2 == 0;
}

static char *
get_directory (const char *tree, guint i)
{
  return g_strdup_printf ("%s/%u", tree, i);
}

static void
restrict_to_allowed (const char *tree)
{
  struct landlock_ruleset_attr attributes = {
    .handled_access_fs = LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR,
  };
  int rules = (int) syscall (SYS_landlock_create_ruleset, &attributes, sizeof attributes, 0);
  gboolean is_done = rules >= 0;

  for (guint i = 0; i < N_DIRECTORIES && is_done; i++)
    {
      g_autofree char *path = get_directory (tree, i);
      struct landlock_path_beneath_attr beneath = {
        .allowed_access = attributes.handled_access_fs,
        .parent_fd = open (path, O_PATH | O_CLOEXEC),
      };

      if (is_allowed (i))
        is_done =
            syscall (SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &beneath, 0) == 0;
      close (beneath.parent_fd);
    }

  if (!is_done || prctl (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
      syscall (SYS_landlock_restrict_self, rules, 0) < 0)
    g_error ("Landlock: %s", g_strerror (errno));
  close (rules);
}

typedef struct
{
  Rights rights;
  const char *tree;
  GThread *thread;  /* atomic */
  gint n_by_others; /* atomic: the number of deletions by other threads */
} Deletion;

static gpointer
delete_cb (gpointer data)
{
  const Deletion *deletion = data;
  g_autoptr (GFile) file = g_file_new_for_path (deletion->tree);
  GError *error = NULL;

  switch (deletion->rights)
    {
    case RIGHTS_OF_GROUP:
      become_user_in_group (1);
      break;
    case RIGHTS_OF_USER:
      become_user_in_group (0);
      break;
    case RIGHTS_OF_FS_UID:
      setfsuid (TEST_UID);
      break;
    case RIGHTS_OF_LANDLOCK:
      restrict_to_allowed (deletion->tree);
      break;
    case RIGHTS_OF_PROCESS:
    default:
      break;
    }

  tm_delete_recursively (file, TM_DELETE_FLAGS_NONE, NULL, NULL, NULL, &error);
  return error;
}

/* The calling thread is slow, so that the other threads would delete everything. */
static int
slow_caller_cb (const SystemCall *call, gpointer user_data)
{
  Deletion *deletion = user_data;

  if (!g_str_equal (call->name, "unlinkat"))
    return 0;

  if (g_thread_self () == g_atomic_pointer_get (&deletion->thread))
    g_usleep (100);
  else
    g_atomic_int_inc (&deletion->n_by_others);
  return 0;
}

static GError *
delete_in_thread (Deletion *deletion)
{
  GError *error;

  interpose (slow_caller_cb, deletion);
  g_atomic_pointer_set (&deletion->thread, g_thread_new ("caller", delete_cb, deletion));
  error = g_thread_join (deletion->thread);
  interpose_end ();
  return error;
}

static void
give_to (const char *path, uid_t uid, gid_t gid, mode_t mode)
{
  if (geteuid () == 0)
    g_assert_no_errno (chown (path, uid, gid));
  g_assert_no_errno (chmod (path, mode));
}

static void
make_large_tree (const char *tree)
{
  make_directory (tree);
  g_assert_no_errno (chmod (tree, 0777));
  for (guint i = 0; i < N_DIRECTORIES; i++)
    {
      g_autofree char *directory = get_directory (tree, i);

      make_directory (directory);
      for (guint j = 0; j < N_FILES; j++)
        {
          g_autofree char *file = g_strdup_printf ("%s/%u", directory, j);

          g_assert_no_errno (mknod (file, S_IFREG | 0600, 0));
        }

      /* Root, and the group, may delete in the other directories. */
      if (is_allowed (i))
        give_to (directory, TEST_UID, TEST_UID, 0777);
      else
        give_to (directory, geteuid (), geteuid () == 0 ? TEST_GROUP : getegid (), 0775);
    }
}

/* A file that the calling thread may not delete stays, whatever other threads have been allowed. */
static void
test_rights (Sandbox *sandbox, gconstpointer data)
{
  const Case *of = data;
  g_autofree char *tree = sandbox_path (sandbox, "tree");
  Deletion before = { .rights = of->before, .tree = tree };
  Deletion deletion = { .rights = of->rights, .tree = tree };
  g_autoptr (GError) error = NULL;

  if (of->rights == RIGHTS_OF_LANDLOCK)
    {
      if (!machine_has_landlock ())
        {
          g_test_skip ("the kernel has no Landlock");
          return;
        }
    }
  else if (skip_unless_root ())
    return;

  g_assert_no_errno (chmod (sandbox->path, 0777));
  make_large_tree (tree);
  error = delete_in_thread (&before);
  g_assert_no_error (error);

  make_large_tree (tree);
  error = delete_in_thread (&deletion);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED);
  for (guint i = 0; i < N_DIRECTORIES; i++)
    {
      g_autofree char *directory = get_directory (tree, i);

      /* Landlock forbids removals from the tree itself. */
      if (!is_allowed (i))
        {
          g_assert_true (path_exists (directory));
          g_assert_cmpuint (count_entries (directory), ==, N_FILES);
        }
      else if (path_exists (directory))
        g_assert_cmpuint (count_entries (directory), ==, 0);
    }
  /* Otherwise the test would show nothing. */
  if (g_get_num_processors () > 1)
    g_assert_cmpint (deletion.n_by_others, >, 0);
}

static TmTemporaryDirectory *
create_large (Sandbox *sandbox)
{
  g_autoptr (GFile) parent = g_file_new_for_path (sandbox->path);
  g_autoptr (GError) error = NULL;
  TmTemporaryDirectory *directory = tm_temporary_directory_new (parent, NULL, NULL, &error);
  g_autofree char *tree = NULL;

  g_assert_no_error (error);
  tree = child_path (directory, "tree");
  make_large_tree (tree);
  return directory;
}

static void
nothing_cb (GTask *task, gpointer source, gpointer task_data, GCancellable *cancellable)
{
  g_task_return_boolean (task, TRUE);
}

static void
close_child (gpointer data)
{
  TmTemporaryDirectory *directory = create_large (data);
  Deletion deletion = { .thread = g_thread_self () };
  guint n_pool_uses = thread_pool_uses_count ();

  interpose (slow_caller_cb, &deletion);
  child_assert (tm_temporary_directory_close (directory, NULL, NULL));
  interpose_end ();
  child_assert (thread_pool_uses_count () == n_pool_uses);
  child_assert (g_get_num_processors () == 1 || deletion.n_by_others > 0);
}

/* A forked child has no thread of the pools that its parent has used, and needs none. */
static void
test_forked_child (Sandbox *sandbox, gconstpointer data)
{
  g_autoptr (TmTemporaryDirectory) directory = create_large (sandbox);
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GTask) task = g_task_new (NULL, NULL, keep_result_cb, &result);
  g_autoptr (GError) error = NULL;

#ifdef __SANITIZE_THREAD__
  g_test_skip ("the thread sanitizer ends a forked child that starts threads as its parent has");
  return;
#endif

  g_task_run_in_thread (task, nothing_cb);
  wait_for_result (&result);
  g_assert_cmpuint (thread_pool_uses_count (), >, 0);
  tm_temporary_directory_close (directory, NULL, &error);
  g_assert_no_error (error);

  assert_success_in_child (run_in_child (close_child, sandbox));
}

static void
check_without_threads (Sandbox *sandbox, int error_number)
{
  g_autoptr (TmTemporaryDirectory) directory = create_large (sandbox);
  g_autoptr (GFile) file = g_file_new_for_path (sandbox->path);
  g_autoptr (GError) error = NULL;
  g_autoptr (TmRoot) root = tm_root_new (file, 0, TM_ROOT_FLAGS_NONE, NULL, &error);
  gssize n_deleted;

  g_assert_no_error (error);
  thread_starts_fail (error_number);
  tm_temporary_directory_close (directory, NULL, &error);
  g_assert_no_error (error);

  for (guint i = 0; i < 12000; i++)
    {
      g_autofree char *path = g_strdup_printf ("%s/%u", sandbox->path, i);

      g_assert_no_errno (mkdir (path, 0700));
    }
  /* Strictly older than the timeout, also by the clock of the file system, which ticks slowly. */
  wait_for_clock_tick ();
  n_deleted = tm_root_cleanup (root, NULL, &error);
  thread_starts_fail (0);
  g_assert_no_error (error);
  g_assert_cmpint (n_deleted, ==, 12000);
}

/* The calling thread does all the work: at the limit of threads, and if a filter forbids them. */
static void
test_no_threads (Sandbox *sandbox, gconstpointer data)
{
  check_without_threads (sandbox, EAGAIN);
  check_without_threads (sandbox, EPERM);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = g_strconcat ("/thread-rights/", cases[i].name, NULL);

      g_test_add (path, Sandbox, &cases[i], sandbox_set_up, of_descriptors (test_rights),
                  sandbox_tear_down);
    }
  add_test ("/thread-rights/forked-child", of_descriptors (test_forked_child));
  add_test_in_memory ("/thread-rights/no-threads", NULL, test_no_threads);

  return g_test_run ();
}
