/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* File systems that other machines use, by local ones that seem to be shared. The test `views` has
 * several machines. */

#include "support/deleters.h"
#include "support/directories.h"
#include "support/interpose.h"
#include "support/roots.h"
#include "support/support.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* In a thread of its own: the library remembers, in each, the last file system that it has seen. */
static void
run_in_thread (GThreadFunc function, gpointer data)
{
  g_thread_join (g_thread_new ("fresh", function, data));
}

static TmRootEntryState
get_state (TmRoot *root, const char *path)
{
  g_autoptr (GListModel) entries = tm_root_list_entries (root, TM_LIST_FLAGS_NONE, NULL, NULL);

  for (guint i = 0; i < g_list_model_get_n_items (entries); i++)
    {
      g_autoptr (TmRootEntry) entry = g_list_model_get_item (entries, i);

      if (g_str_equal (g_file_peek_path (tm_root_entry_get_file (entry)), path))
        return tm_root_entry_get_state (entry);
    }

  g_assert_not_reached ();
}

static gpointer
look_at_shared_thread (gpointer data)
{
  Sandbox *sandbox = data;
  g_autofree char *marked = make_old_with_mode (sandbox, OUR_NAME ("marked"), 01700, 2 * HOUR);
  g_autofree char *busy = make_old_directory (sandbox, "busy", 2 * HOUR);
  g_autofree char *old = make_old_directory (sandbox, "old", 2 * HOUR);
  g_autofree char *young = make_old_directory (sandbox, "young", 0);
  g_autoptr (TmRoot) root = open_root (sandbox->path, HOUR, TM_ROOT_FLAGS_RECLAIM_ABANDONED);
  g_autoptr (TmRoot) ruthless = open_root (sandbox->path, HOUR, TM_ROOT_FLAGS_EXPIRE_LIVE);
  int fd = open (busy, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

  g_assert_no_errno (flock (fd, LOCK_SH | LOCK_NB));
  g_assert_cmpint (get_state (root, marked), ==, TM_ROOT_ENTRY_STATE_LIVE);
  g_assert_cmpint (get_state (root, busy), ==, TM_ROOT_ENTRY_STATE_LIVE);
  g_assert_cmpint (get_state (root, old), ==, TM_ROOT_ENTRY_STATE_UNOWNED);

  assert_cleanup (root, 1);
  g_assert_true (path_exists (marked));
  g_assert_true (path_exists (busy));
  g_assert_true (path_exists (young));
  g_assert_false (path_exists (old));

  assert_cleanup (ruthless, 2);
  g_assert_false (path_exists (marked));
  g_assert_false (path_exists (busy));
  close (fd);
  return NULL;
}

/* An owner on another machine may hold a lock that is not seen here: what is marked is left alone,
 * and of the rest the age counts, and the locks that are seen. */
static void
test_look (Sandbox *sandbox, gconstpointer data)
{
  pretend_shared (TRUE);
  run_in_thread (look_at_shared_thread, sandbox);
  pretend_shared (FALSE);
}

static gpointer
create_shared_thread (gpointer data)
{
  Sandbox *sandbox = data;
  g_autoptr (TmTemporaryDirectory) directory = create_in (sandbox->path);
  g_autoptr (TmRoot) root = open_root (sandbox->path, TM_NO_TIMEOUT, TM_ROOT_FLAGS_NONE);
  g_autoptr (TmTemporaryDirectory) entry = create_under (root);
  const char *paths[] = { tm_temporary_directory_get_path (directory),
                          tm_temporary_directory_get_path (entry) };

  for (guint i = 0; i < G_N_ELEMENTS (paths); i++)
    {
      int fd = open (paths[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
      struct stat status;

      g_assert_no_errno (fstat (fd, &status));
      g_assert_cmphex (status.st_mode & 07777, ==, 01700);
      g_assert_cmpint (flock (fd, LOCK_EX | LOCK_NB), ==, -1);
      close (fd);
    }

  close_successfully (directory);
  close_successfully (entry);
  return NULL;
}

/* The mark would tell others that its owner is gone, as they do not see the lock. */
static void
test_create (Sandbox *sandbox, gconstpointer data)
{
  pretend_shared (TRUE);
  run_in_thread (create_shared_thread, sandbox);
  pretend_shared (FALSE);
  g_assert_cmpuint (count_entries (sandbox->path), ==, 0);
}

static gpointer
unknown_thread (gpointer data)
{
  Sandbox *sandbox = data;
  g_autofree char *marked = make_old_with_mode (sandbox, OUR_NAME ("marked"), 01700, 2 * HOUR);
  g_autoptr (TmRoot) root = NULL;
  g_autoptr (TmTemporaryDirectory) directory = NULL;
  struct stat status;

  fail_call ("fstatfs", EIO, G_MAXINT);
  root = open_root (sandbox->path, HOUR, TM_ROOT_FLAGS_RECLAIM_ABANDONED);
  directory = create_in (sandbox->path);
  assert_cleanup (root, 0);
  interpose_end ();
  g_assert_no_errno (fstat (tm_temporary_directory_get_fd (directory), &status));
  g_assert_cmphex (status.st_mode & 07777, ==, 01700);
  g_assert_true (path_exists (marked));

  /* It is asked for again, once it can be told. */
  assert_cleanup (root, 1);
  g_assert_false (path_exists (marked));
  close_successfully (directory);
  return NULL;
}

/* A failure is no answer: it says neither that the file system is local nor, for ever, that it is
 * not. */
static void
test_unknown (Sandbox *sandbox, gconstpointer data)
{
  run_in_thread (unknown_thread, sandbox);
}

/* Another machine removes the entry before the call number @nth. */
typedef struct
{
  char *entry;
  guint nth;
  guint n_calls;
  gboolean is_removed;
  gboolean name_is_cached; /* by the kernel, which then does not ask the server about it */
} Removal;

static gboolean
is_below (int fd, const char *path)
{
  g_autofree char *link = g_strdup_printf ("/proc/self/fd/%d", fd);
  g_autofree char *target = g_file_read_link (link, NULL);

  return target != NULL && g_str_has_prefix (target, path);
}

/* From then on, the server does not know what is open any more. */
static int
remove_cb (const SystemCall *call, gpointer data)
{
  Removal *removal = data;

  if (!removal->is_removed && removal->n_calls++ == removal->nth)
    {
      removal->is_removed = TRUE;
      delete_path (removal->entry);
    }

  if (!removal->is_removed || g_str_equal (call->name, "flock"))
    return 0;

  return is_below (call->fd, removal->entry) ||
                 (removal->name_is_cached && call->path != NULL && *call->path != '\0' &&
                  g_str_has_suffix (removal->entry, call->path))
             ? ESTALE
             : 0;
}

static void
check_removed_elsewhere (Sandbox *sandbox, gboolean is_marked, gboolean name_is_cached)
{
  Removal removal = { .entry = sandbox_path (sandbox, OUR_NAME ("dead")),
                      .is_removed = TRUE,
                      .name_is_cached = name_is_cached };

  for (removal.nth = 0; removal.is_removed; removal.nth++)
    {
      g_autoptr (TmRoot) root = NULL;
      g_autoptr (GError) error = NULL;

      lay_out (removal.entry);
      g_assert_no_errno (chmod (removal.entry, is_marked ? 01700 : 0700));
      root = open_root (sandbox->path, 0, TM_ROOT_FLAGS_RECLAIM_ABANDONED);
      if (!is_marked)
        tm_root_set_age_basis (root, TM_AGE_BASIS_NEWEST_CONTENT);

      removal.n_calls = 0;
      removal.is_removed = FALSE;
      interpose (remove_cb, &removal);
      tm_root_cleanup (root, NULL, &error);
      interpose_end ();

      g_assert_no_error (error);
      delete_path (removal.entry);
    }

  g_assert_cmpuint (removal.nth, >, 20);
  g_free (removal.entry);
}

/* @data: whether the entry is marked */
static void
test_removed_elsewhere (Sandbox *sandbox, gconstpointer data)
{
  check_removed_elsewhere (sandbox, data != NULL, FALSE);
  check_removed_elsewhere (sandbox, data != NULL, TRUE);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  add_test ("/shared/look", of_descriptors (test_look));
  add_test ("/shared/create", of_descriptors (test_create));
  add_test ("/shared/unknown", of_descriptors (test_unknown));
  g_test_add ("/shared/removed-elsewhere/abandoned", Sandbox, GINT_TO_POINTER (TRUE),
              sandbox_set_up, of_descriptors (test_removed_elsewhere), sandbox_tear_down);
  g_test_add ("/shared/removed-elsewhere/expired", Sandbox, NULL, sandbox_set_up,
              of_descriptors (test_removed_elsewhere), sandbox_tear_down);

  return g_test_run ();
}
