/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* File systems whose server never answers, or is dead, mounted below a path that is examined or
 * deleted: no call waits for them.
 *
 * The server is a real one that the test stops. Each test runs in a child with a mount namespace of
 * its own. A child that hangs is ended by its alarm, which fails the test. */

#include "support/directories.h"
#include "support/interpose.h"
#include "support/kernel.h"
#include "support/roots.h"
#include "support/support.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* For a child that must not run for ever. */
#define PATIENCE 30

typedef enum
{
  SERVER_ANSWERS,
  SERVER_IS_STOPPED,
  SERVER_IS_DEAD,
} ServerState;

static const ServerState server_states[] = { SERVER_ANSWERS, SERVER_IS_STOPPED, SERVER_IS_DEAD };

static gboolean
is_mount_point (const char *path)
{
  KernelStatus status;

  return kernel_statx (AT_FDCWD, path, KERNEL_DONT_SYNC, KERNEL_WANTS_TYPE, &status) == 0 &&
         (status.attributes & KERNEL_IS_MOUNT_ROOT) != 0;
}

static void G_GNUC_NORETURN
bindfs_child (gpointer data)
{
  char **directories = data;

  /* A stopped process must not be left behind. */
  prctl (PR_SET_PDEATHSIG, SIGKILL);
  execlp ("bindfs", "bindfs", "-f", directories[0], directories[1], NULL);
  _exit (CHILD_CANNOT);
}

/* Serves @source at @path. Returns the process of the server, or -1 if that is not possible. */
static pid_t
start_server (const char *source, const char *path)
{
  const char *directories[] = { source, path };
  pid_t server;

  make_directory (source);
  make_directory (path);
  server = start_child (bindfs_child, directories);
  while (!is_mount_point (path))
    {
      if (waitpid (server, NULL, WNOHANG) != 0)
        return -1;
      g_usleep (1000);
    }
  return server;
}

static void
set_server_state (pid_t server, ServerState state)
{
  siginfo_t info;

  if (state == SERVER_IS_STOPPED)
    {
      child_assert (kill (server, SIGSTOP) == 0);
      child_assert (waitid (P_PID, (id_t) server, &info, WSTOPPED | WNOWAIT) == 0);
    }
  else if (state == SERVER_IS_DEAD)
    {
      child_assert (kill (server, SIGKILL) == 0);
      child_assert (waitid (P_PID, (id_t) server, &info, WEXITED | WNOWAIT) == 0);
    }
}

/* Ends a stopped process too. */
static void
end_server (pid_t server, const char *path)
{
  kill (server, SIGKILL);
  waitpid (server, NULL, 0);
  child_assert (umount2 (path, MNT_DETACH) == 0);
}

typedef struct
{
  char *path; /* (owned): of the root */
  TmRoot *root;
  pid_t server;
  char *mounted; /* (owned) */
  char *old;     /* (owned): a sub-directory to delete */
} Scene;

/* @mounted: where a file system is mounted, below the root. Everything below the root is old. */
static void
scene_init (Scene *scene, const char *path, const char *mounted, TmAgeBasis basis)
{
  g_autofree char *source = g_build_filename (path, "source", NULL);

  if (!enter_mount_namespace ())
    _exit (CHILD_CANNOT);
  alarm (PATIENCE);

  scene->path = g_build_filename (path, "root", NULL);
  scene->mounted = g_build_filename (scene->path, mounted, NULL);
  scene->old = g_build_filename (scene->path, "old", NULL);
  make_directory (scene->old);
  make_old (scene->old, 2 * HOUR);
  scene->server = start_server (source, scene->mounted);
  if (scene->server < 0)
    _exit (CHILD_CANNOT);

  scene->root = open_reclaiming_root (scene->path);
  tm_root_set_age_basis (scene->root, basis);
}

static void
scene_clear (Scene *scene)
{
  end_server (scene->server, scene->mounted);
  g_object_unref (scene->root);
  g_free (scene->path);
  g_free (scene->mounted);
  g_free (scene->old);
}

static TmRootEntry *
find_entry (TmRoot *root, const char *name)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GListModel) entries = tm_root_list_entries (root, TM_LIST_FLAGS_NONE, NULL, &error);

  child_assert (error == NULL);
  for (guint i = 0; i < g_list_model_get_n_items (entries); i++)
    {
      g_autoptr (TmRootEntry) entry = g_list_model_get_item (entries, i);

      if (g_str_equal (g_file_info_get_name (tm_root_entry_get_info (entry)), name))
        return g_steal_pointer (&entry);
    }
  return NULL;
}

static gssize
clean_up (TmRoot *root)
{
  g_autoptr (GError) error = NULL;
  gssize n_deleted = tm_root_cleanup (root, NULL, &error);

  if (error != NULL)
    g_printerr ("%s\n", error->message);
  return n_deleted;
}

/* Recognised as a mount point, and not an error. */
static void
look_and_clean (Scene *scene)
{
  g_autoptr (TmRootEntry) mounted = find_entry (scene->root, "mounted");
  g_autoptr (TmRootEntry) old = find_entry (scene->root, "old");
  g_autoptr (TmTemporaryDirectory) directory = NULL;
  g_autoptr (TmRoot) another = NULL;

  child_assert (mounted != NULL);
  child_assert (tm_root_entry_get_state (mounted) == TM_ROOT_ENTRY_STATE_LIVE);
  child_assert (!tm_root_entry_get_removable (mounted));
  child_assert (!g_file_info_has_attribute (tm_root_entry_get_info (mounted),
                                            G_FILE_ATTRIBUTE_TIME_MODIFIED));
  child_assert (old != NULL);

  child_assert (clean_up (scene->root) == (tm_root_entry_get_removable (old) ? 1 : 0));
  child_assert (clean_up (scene->root) == 0);

  another = open_root (scene->path, 0, TM_ROOT_FLAGS_RECLAIM_ABANDONED | TM_ROOT_FLAGS_EXPIRE_LIVE);
  directory = create_under (another);
  child_assert (directory != NULL);
  child_assert (tm_temporary_directory_close (directory, NULL, NULL));
}

typedef struct
{
  const char *path;
  ServerState state;
  TmAgeBasis basis;
  gboolean hides_types;
  const char *refused; /* (nullable): a system call that a filter forbids */
} Case;

static void
entry_child (gpointer data)
{
  const Case *test_case = data;
  Scene scene;

  scene_init (&scene, test_case->path, "mounted", test_case->basis);
  set_server_state (scene.server, test_case->state);
  hide_entry_types (test_case->hides_types);
  if (test_case->refused != NULL)
    fail_call (test_case->refused, EPERM, G_MAXINT);
  look_and_clean (&scene);
  interpose_end ();
  scene_clear (&scene);
}

static void
run_entry_case (Case *test_case)
{
  g_test_message ("state %d, basis %d, types %s, %s refused", test_case->state, test_case->basis,
                  test_case->hides_types ? "hidden" : "told",
                  test_case->refused != NULL ? test_case->refused : "nothing");
  skip_or_assert_success (run_in_child (entry_child, test_case),
                          "no FUSE, bindfs or mount namespaces here");
}

/* The test child mounts and unmounts in its own namespaces; only a tree of directories remains for
 * the next one. */
static void
test_entry (Sandbox *sandbox, gconstpointer data)
{
  for (guint i = 0; i < G_N_ELEMENTS (server_states); i++)
    for (gint basis = 0; basis <= TM_AGE_BASIS_NEWEST_CONTENT; basis++)
      {
        Case test_case = { .path = sandbox->path,
                           .state = server_states[i],
                           .basis = (TmAgeBasis) basis,
                           .hides_types = basis % 2 == 1 };

        run_entry_case (&test_case);
      }
}

/* As filters of containers forbid it; the other ways to detect a mount point must suffice. */
static void
test_refused_calls (Sandbox *sandbox, gconstpointer data)
{
  static const char *const calls[] = { "statx", "openat2" };

  for (guint i = 0; i < G_N_ELEMENTS (calls); i++)
    for (guint j = 0; j < G_N_ELEMENTS (server_states); j++)
      {
        Case test_case = { .path = sandbox->path,
                           .state = server_states[j],
                           .basis = TM_AGE_BASIS_CHANGED,
                           .refused = calls[i] };

        run_entry_case (&test_case);
      }
}

static void
content_child (gpointer data)
{
  const Case *test_case = data;
  g_autofree char *above = NULL;
  g_autoptr (TmRootEntry) entry = NULL;
  g_autoptr (GError) error = NULL;
  Scene scene;

  scene_init (&scene, test_case->path, "old/a/mounted", TM_AGE_BASIS_NEWEST_CONTENT);
  above = g_build_filename (scene.old, "a", NULL);
  make_old (above, 2 * HOUR);
  make_old (scene.old, 2 * HOUR);
  set_server_state (scene.server, test_case->state);
  hide_entry_types (test_case->hides_types);

  /* The timestamps of the file system that is mounted there do not count. */
  entry = find_entry (scene.root, "old");
  child_assert (entry != NULL && tm_root_entry_get_removable (entry));

  /* It is old, and nothing can be deleted below a mount. */
  child_assert (tm_root_cleanup (scene.root, NULL, &error) == -1);
  child_assert (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_BUSY));
  child_assert (strstr (error->message, scene.mounted) != NULL);

  end_server (scene.server, scene.mounted);
  make_old (scene.mounted, 2 * HOUR);
  child_assert (clean_up (scene.root) == 1);
  child_assert (!path_exists (scene.old));
}

/* Deep in a sub-directory, where the newest content is looked for. */
static void
test_content (Sandbox *sandbox, gconstpointer data)
{
  for (guint i = 0; i < G_N_ELEMENTS (server_states); i++)
    for (gint hides_types = FALSE; hides_types <= TRUE; hides_types++)
      {
        Case test_case = { .path = sandbox->path,
                           .state = server_states[i],
                           .hides_types = hides_types };

        skip_or_assert_success (run_in_child (content_child, &test_case),
                                "no FUSE, bindfs or mount namespaces here");
      }
}

static void
covered_child (gpointer data)
{
  const Case *test_case = data;
  g_autofree char *source = g_build_filename (test_case->path, "source", NULL);
  g_autofree char *parent = g_build_filename (test_case->path, "parent", NULL);
  g_autoptr (TmTemporaryDirectory) directory = NULL;
  const char *path;
  pid_t server;

  if (!enter_mount_namespace ())
    _exit (CHILD_CANNOT);
  alarm (PATIENCE);

  make_directory (parent);
  directory = create_in (parent);
  path = tm_temporary_directory_get_path (directory);
  server = start_server (source, path);
  if (server < 0)
    _exit (CHILD_CANNOT);
  set_server_state (server, test_case->state);

  child_assert (!tm_temporary_directory_close (directory, NULL, NULL));
  child_assert (!tm_temporary_directory_is_closed (directory));

  end_server (server, path);
  child_assert (tm_temporary_directory_close (directory, NULL, NULL));
  child_assert (!path_exists (path));
}

/* Over the directory itself: it cannot be deleted until the file system is unmounted. */
static void
test_covered (Sandbox *sandbox, gconstpointer data)
{
  for (guint i = 0; i < G_N_ELEMENTS (server_states); i++)
    {
      Case test_case = { .path = sandbox->path, .state = server_states[i] };

      skip_or_assert_success (run_in_child (covered_child, &test_case),
                              "no FUSE, bindfs or mount namespaces here");
    }
}

static void
covered_parent_child (gpointer data)
{
  const Case *test_case = data;
  g_autofree char *source = g_build_filename (test_case->path, "source", NULL);
  g_autofree char *parent = g_build_filename (test_case->path, "parent", NULL);
  g_autoptr (TmTemporaryDirectory) directory = NULL;
  pid_t server;

  if (!enter_mount_namespace ())
    _exit (CHILD_CANNOT);
  alarm (PATIENCE);

  make_directory (parent);
  directory = create_in (parent);
  child_assert (g_rmdir (tm_temporary_directory_get_path (directory)) == 0);
  server = start_server (source, parent);
  if (server < 0)
    _exit (CHILD_CANNOT);
  set_server_state (server, test_case->state);

  child_assert (tm_temporary_directory_close (directory, NULL, NULL));
  end_server (server, parent);
}

/* Over the parent of a directory that another process has removed: the library does not look
 * there. */
static void
test_covered_parent (Sandbox *sandbox, gconstpointer data)
{
  for (guint i = 0; i < G_N_ELEMENTS (server_states); i++)
    {
      Case test_case = { .path = sandbox->path, .state = server_states[i] };

      skip_or_assert_success (run_in_child (covered_parent_child, &test_case),
                              "no FUSE, bindfs or mount namespaces here");
    }
}

static void
new_mount_child (gpointer data)
{
  const char *base = data;
  g_autofree char *source = g_build_filename (base, "source", NULL);
  g_autofree char *target = g_build_filename (base, "target", NULL);
  g_autofree char *published = g_build_filename (target, "published", NULL);
  g_autoptr (GFile) destination = g_file_new_for_path (published);
  g_autoptr (TmTemporaryDirectory) directory = NULL;
  struct stat status;
  pid_t server;

  if (!enter_mount_namespace ())
    _exit (CHILD_CANNOT);
  server = start_server (source, target);
  if (server < 0)
    _exit (CHILD_CANNOT);

  directory = create_in (target);
  child_assert (stat (target, &status) == 0);
  child_assert (
      tm_temporary_directory_persist (directory, destination, TM_PERSIST_FLAGS_NONE, NULL, NULL));
  g_clear_object (&directory);
  end_server (server, target);
}

/* Until its server has answered, the root of a file system has another inode number than later. */
static void
test_new_mount (Sandbox *sandbox, gconstpointer data)
{
  skip_or_assert_success (run_in_child (new_mount_child, sandbox->path),
                          "no FUSE, bindfs or mount namespaces here");
}

/* Deeper than any walk keeps open. */
#define DEPTH 40

typedef struct
{
  const Case *test_case;
  gboolean is_age; /* the age is examined, and no file deleted */
  const char *mounted;
  char *level; /* (owned): the walk has closed it when it is at the bottom */
  gboolean is_covered;
} Covering;

static int
cover_level_cb (const SystemCall *call, gpointer user_data)
{
  Covering *covering = user_data;

  if (!covering->is_covered && g_strcmp0 (call->path, "bottom") == 0 &&
      g_str_equal (call->name, covering->is_age ? "statx" : "unlinkat"))
    {
      covering->is_covered = TRUE;
      child_assert (mount (covering->mounted, covering->level, "", MS_BIND, "") == 0);
    }
  return covering->test_case->refused != NULL &&
                 g_str_equal (call->name, covering->test_case->refused)
             ? EPERM
             : 0;
}

static void
make_deep (Covering *covering, const char *top)
{
  g_autoptr (GString) path = g_string_new (top);

  for (guint i = 0; i < DEPTH; i++)
    {
      g_string_append (path, "/d");
      if (i == DEPTH / 10)
        covering->level = g_strdup (path->str);
    }
  make_directory (path->str);
  g_string_append (path, "/bottom");
  make_file (path->str);
  for (; path->len >= strlen (top);
       g_string_truncate (path, (gsize) (strrchr (path->str, '/') - path->str)))
    make_old (path->str, 2 * HOUR);
}

static void
cover_child (gpointer data)
{
  Covering *covering = data;
  g_autoptr (GError) error = NULL;
  Scene scene;

  scene_init (&scene, covering->test_case->path, "mounted", TM_AGE_BASIS_MODIFIED);
  if (covering->is_age)
    tm_root_set_age_basis (scene.root, TM_AGE_BASIS_NEWEST_CONTENT);
  make_deep (covering, scene.old);
  covering->mounted = scene.mounted;
  set_server_state (scene.server, covering->test_case->state);

  interpose (cover_level_cb, covering);
  if (covering->is_age)
    {
      g_autoptr (TmRootEntry) entry = find_entry (scene.root, "old");

      child_assert (entry != NULL);
    }
  else
    {
      child_assert (tm_root_cleanup (scene.root, NULL, &error) == -1);
      child_assert (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_BUSY));
    }
  interpose_end ();
  child_assert (covering->is_covered);

  child_assert (umount2 (covering->level, MNT_DETACH) == 0);
  child_assert (clean_up (scene.root) == 1);
  child_assert (!path_exists (scene.old));
  scene_clear (&scene);
}

/* Over a level that a walk has closed, and comes back to by "..". */
static void
test_above (Sandbox *sandbox, gconstpointer data)
{
  static const char *const refused_calls[] = { NULL, "openat2" };

  for (guint i = 0; i < G_N_ELEMENTS (server_states); i++)
    for (guint j = 0; j < G_N_ELEMENTS (refused_calls); j++)
      for (gint is_age = FALSE; is_age <= TRUE; is_age++)
        {
          Case test_case = { .path = sandbox->path,
                             .state = server_states[i],
                             .refused = refused_calls[j] };
          Covering covering = { .test_case = &test_case, .is_age = is_age };

          g_test_message ("state %d, %s refused, %s", test_case.state,
                          test_case.refused != NULL ? test_case.refused : "nothing",
                          is_age ? "age" : "deletion");
          skip_or_assert_success (run_in_child (cover_child, &covering),
                                  "no FUSE, bindfs or mount namespaces here");
        }
}

/* With the error of the home directory, or without one. */
static gboolean
is_refused_as_home (const char *path)
{
  g_autoptr (GFile) file = g_file_new_for_path (path);
  g_autoptr (GError) error = NULL;
  g_autoptr (TmRoot) root = tm_root_new (file, HOUR, TM_ROOT_FLAGS_NONE, NULL, &error);

  child_assert (root != NULL || g_error_matches (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT));
  return root == NULL;
}

/* As in a session, where GVfs has a directory for its sockets outside of the home directory. GLib
 * reads the environment once. */
static void
set_home (const char *home, const char *runtime_directory)
{
  g_setenv ("XDG_RUNTIME_DIR", runtime_directory, TRUE);
  g_setenv ("HOME", home, TRUE);
  child_assert (g_str_equal (g_get_home_dir (), home));
}

/* With each name of the home directory: the mount point, a directory in it, and a link to that. */
static const char *const homes[] = { "home/mounted", "home/mounted/user", "link" };

typedef struct
{
  const char *path;
  ServerState state;
  const char *home;
  const char *refused; /* (nullable) */
} HomeCase;

static void
home_child (gpointer data)
{
  const HomeCase *test_case = data;
  g_autofree char *source = g_build_filename (test_case->path, "source", NULL);
  g_autofree char *in_source = g_build_filename (source, "user", NULL);
  g_autofree char *above = g_build_filename (test_case->path, "home", NULL);
  g_autofree char *mounted = g_build_filename (above, "mounted", NULL);
  g_autofree char *user = g_build_filename (mounted, "user", NULL);
  g_autofree char *link = g_build_filename (test_case->path, "link", NULL);
  g_autofree char *elsewhere = g_build_filename (test_case->path, "elsewhere", NULL);
  g_autofree char *home = g_build_filename (test_case->path, test_case->home, NULL);
  pid_t server;

  if (!enter_mount_namespace ())
    _exit (CHILD_CANNOT);
  alarm (PATIENCE);

  make_directory (elsewhere);
  make_directory (in_source);
  if (!path_exists (link))
    child_assert (symlink (user, link) == 0);
  server = start_server (source, mounted);
  if (server < 0)
    _exit (CHILD_CANNOT);
  set_server_state (server, test_case->state);
  if (test_case->refused != NULL)
    fail_call (test_case->refused, EPERM, G_MAXINT);

  set_home (home, elsewhere);
  child_assert (!is_refused_as_home (elsewhere));
  child_assert (is_refused_as_home ("/"));
  child_assert (is_refused_as_home (test_case->path));
  child_assert (is_refused_as_home (above));
  if (test_case->state == SERVER_ANSWERS)
    {
      child_assert (is_refused_as_home (mounted));
      child_assert (is_refused_as_home (user) == !g_str_has_suffix (home, "mounted"));
    }

  interpose_end ();
  end_server (server, mounted);
}

/* Neither the home directory nor a parent of it is ever cleaned up. To find that out, the library
 * does not ask the server of its file system. */
static void
test_home (Sandbox *sandbox, gconstpointer data)
{
  static const char *const calls[] = { NULL, "statx", "openat2" };

  for (guint i = 0; i < G_N_ELEMENTS (homes); i++)
    for (guint j = 0; j < G_N_ELEMENTS (server_states); j++)
      for (guint k = 0; k < G_N_ELEMENTS (calls); k++)
        {
          HomeCase test_case = { sandbox->path, server_states[j], homes[i], calls[k] };

          g_test_message ("home %s, state %d, %s refused", homes[i], server_states[j],
                          calls[k] != NULL ? calls[k] : "nothing");
          skip_or_assert_success (run_in_child (home_child, &test_case),
                                  "no FUSE, bindfs or mount namespaces here");
        }
}

/* The home directory is a mount point below the mounted server, on a file system of this
 * machine. */
static void
home_behind_server_child (gpointer data)
{
  const char *path = data;
  g_autofree char *source = g_build_filename (path, "source", NULL);
  g_autofree char *in_source = g_build_filename (source, "a b", NULL);
  g_autofree char *mounted = g_build_filename (path, "mounted", NULL);
  g_autofree char *home = g_build_filename (mounted, "a b", NULL);
  g_autofree char *local = g_build_filename (path, "local", NULL);
  g_autofree char *elsewhere = g_build_filename (path, "elsewhere", NULL);
  pid_t server;

  if (!enter_mount_namespace ())
    _exit (CHILD_CANNOT);
  alarm (PATIENCE);

  make_directory (in_source);
  make_directory (local);
  make_directory (elsewhere);
  server = start_server (source, mounted);
  if (server < 0)
    _exit (CHILD_CANNOT);
  child_assert (mount (local, home, "", MS_BIND, "") == 0);

  set_home (home, elsewhere);
  child_assert (is_refused_as_home (home));
  child_assert (is_refused_as_home (local));
  child_assert (is_refused_as_home (mounted));
  child_assert (!is_refused_as_home (elsewhere));

  child_assert (umount2 (home, MNT_DETACH) == 0);
  end_server (server, mounted);
}

static void
test_home_behind_server (Sandbox *sandbox, gconstpointer data)
{
  skip_or_assert_success (run_in_child (home_behind_server_child, sandbox->path),
                          "no FUSE, bindfs or mount namespaces here");
}

static void
release_in_forked_child (gpointer data)
{
  alarm (PATIENCE);
  g_object_unref (data);
}

/* A temporary directory on a file system whose server does not answer: its owner has to wait, but a
 * forked child only closes its descriptors. */
static void
forked_child (gpointer data)
{
  const char *path = data;
  g_autofree char *source = g_build_filename (path, "source", NULL);
  g_autofree char *mounted = g_build_filename (path, "mounted", NULL);
  g_autoptr (TmTemporaryDirectory) directory = NULL;
  pid_t server;

  if (!enter_mount_namespace ())
    _exit (CHILD_CANNOT);
  alarm (PATIENCE);

  server = start_server (source, mounted);
  if (server < 0)
    _exit (CHILD_CANNOT);

  directory = create_in (mounted);
  /* The kernel remembers attributes for a second, and then asks again. */
  g_usleep (1100000);
  set_server_state (server, SERVER_IS_STOPPED);
  child_assert (run_in_child (release_in_forked_child, directory) == 0);
  child_assert (kill (server, SIGCONT) == 0);
  close_successfully (directory);
  end_server (server, mounted);
}

static void
test_forked (Sandbox *sandbox, gconstpointer data)
{
  skip_or_assert_success (run_in_child (forked_child, sandbox->path),
                          "no FUSE, bindfs or mount namespaces here");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  add_test ("/hanging-mounts/entry", of_descriptors (test_entry));
  add_test ("/hanging-mounts/refused-calls", of_descriptors (test_refused_calls));
  add_test ("/hanging-mounts/content", of_descriptors (test_content));
  add_test ("/hanging-mounts/covered", of_descriptors (test_covered));
  add_test ("/hanging-mounts/covered-parent", of_descriptors (test_covered_parent));
  add_test ("/hanging-mounts/new-mount", of_descriptors (test_new_mount));
  add_test ("/hanging-mounts/above", of_descriptors (test_above));
  add_test ("/hanging-mounts/home", of_descriptors (test_home));
  add_test ("/hanging-mounts/home-behind-server", of_descriptors (test_home_behind_server));
  add_test ("/hanging-mounts/forked", of_descriptors (test_forked));

  return g_test_run ();
}
