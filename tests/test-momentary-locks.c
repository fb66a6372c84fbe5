/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The exclusive lock that a list or a cleanup holds for a moment, and what other processes do in
 * that moment. */

#include "support/directories.h"
#include "support/interpose.h"
#include "support/roots.h"
#include "support/support.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static char *
make_abandoned (Sandbox *sandbox)
{
  char *path = sandbox_path (sandbox, OUR_NAME ("abandoned"));

  make_directory (path);
  g_assert_no_errno (g_chmod (path, 01700));
  return path;
}

static TmRootEntryState
get_only_state (TmRoot *root)
{
  g_autoptr (GListModel) entries = tm_root_list_entries (root, TM_LIST_FLAGS_NONE, NULL, NULL);
  g_autoptr (TmRootEntry) entry = g_list_model_get_item (entries, 0);

  g_assert_cmpuint (g_list_model_get_n_items (entries), ==, 1);
  return tm_root_entry_get_state (entry);
}

static gboolean
is_free (const char *path)
{
  int fd = open (path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  gboolean result = flock (fd, LOCK_EX | LOCK_NB) == 0;

  close (fd);
  return result;
}

typedef struct
{
  const char *path;
  gboolean is_locked;
  gboolean makes_young;
  pid_t child;
} Forker;

static void G_GNUC_NORETURN
wait_child (gpointer data)
{
  wait_to_be_killed ();
}

/* The next call after the lock was acquired. */
static int
fork_under_lock_cb (const SystemCall *call, gpointer user_data)
{
  Forker *forker = user_data;

  if (g_str_equal (call->name, "flock") && (call->flags & LOCK_EX) != 0)
    {
      forker->is_locked = TRUE;
      if (forker->makes_young)
        make_old (forker->path, 0);
    }
  else if (forker->is_locked && forker->child == 0)
    forker->child = start_child (wait_child, NULL);
  return 0;
}

static void
end_child (pid_t child)
{
  g_assert_cmpint (child, >, 0);
  g_assert_no_errno (kill (child, SIGKILL));
  wait_for_child (child);
}

/* The child has a copy of the descriptor, and does not close it. */
static void
test_list_forked (Sandbox *sandbox, gconstpointer data)
{
  g_autofree char *path = make_abandoned (sandbox);
  g_autoptr (TmRoot) root = open_reclaiming_root (sandbox->path);
  Forker forker = { .path = path };

  interpose (fork_under_lock_cb, &forker);
  g_assert_cmpint (get_only_state (root), ==, TM_ROOT_ENTRY_STATE_ABANDONED);
  interpose_end ();
  g_assert_true (is_free (path));
  g_assert_cmpint (get_only_state (root), ==, TM_ROOT_ENTRY_STATE_ABANDONED);
  assert_cleanup (root, 1);
  end_child (forker.child);
}

static void
test_cleanup_forked (Sandbox *sandbox, gconstpointer data)
{
  g_autofree char *path = make_old_directory (sandbox, "old", 2 * HOUR);
  g_autoptr (TmRoot) root = open_root (sandbox->path, HOUR, TM_ROOT_FLAGS_NONE);
  Forker forker = { .path = path, .makes_young = TRUE };

  interpose (fork_under_lock_cb, &forker);
  assert_cleanup (root, 0);
  interpose_end ();
  g_assert_true (is_free (path));
  make_old (path, 2 * HOUR);
  assert_cleanup (root, 1);
  end_child (forker.child);
}

/* But never the lock of an owner, which forked children have to keep. */
static void
test_owner_forked (Sandbox *sandbox, gconstpointer data)
{
  g_autoptr (TmTemporaryDirectory) directory = create_in (sandbox->path);
  g_autoptr (TmRoot) root = open_reclaiming_root (sandbox->path);
  pid_t child = start_child (wait_child, NULL);

  g_assert_true (tm_temporary_directory_keep (directory, NULL, NULL));
  g_assert_cmpint (get_only_state (root), ==, TM_ROOT_ENTRY_STATE_LIVE);
  end_child (child);
  g_assert_cmpint (get_only_state (root), ==, TM_ROOT_ENTRY_STATE_UNOWNED);
}

typedef struct
{
  int fd;        /* with the lock */
  guint n_calls; /* attempts of the process that finds it locked */
  guint lets_go; /* before the call with this number */
} Holder;

static int
hold_cb (const SystemCall *call, gpointer user_data)
{
  Holder *holder = user_data;

  if (g_str_equal (call->name, "flock") && holder->n_calls++ == holder->lets_go)
    close (holder->fd);
  return 0;
}

static void
hold (Holder *holder, const char *path, guint lets_go)
{
  *holder = (Holder){ open (path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), 0, lets_go };
  g_assert_no_errno (flock (holder->fd, LOCK_EX | LOCK_NB));
  interpose (hold_cb, holder);
}

/* Another list or cleanup examines the entry at the same moment, and ends before any of these
 * calls. */
static void
test_two_at_once (Sandbox *sandbox, gconstpointer data)
{
  g_autoptr (TmRoot) root = open_reclaiming_root (sandbox->path);

  for (guint lets_go = 1; lets_go < 8; lets_go++)
    {
      g_autofree char *path = make_abandoned (sandbox);
      Holder holder;

      hold (&holder, path, lets_go);
      g_assert_cmpint (get_only_state (root), ==, TM_ROOT_ENTRY_STATE_ABANDONED);
      interpose_end ();
      g_assert_cmpuint (holder.n_calls, >, lets_go);
      g_assert_true (is_free (path));

      hold (&holder, path, lets_go);
      assert_cleanup (root, 1);
      interpose_end ();
      g_assert_cmpuint (holder.n_calls, >, lets_go);
      g_assert_false (path_exists (path));
    }
}

/* A process that does not release it is waited for only so long. */
static void
test_never_let_go (Sandbox *sandbox, gconstpointer data)
{
  g_autofree char *path = make_abandoned (sandbox);
  g_autoptr (TmRoot) root = open_reclaiming_root (sandbox->path);
  Holder holder;

  hold (&holder, path, G_MAXUINT);
  g_assert_cmpint (get_only_state (root), ==, TM_ROOT_ENTRY_STATE_LIVE);
  g_assert_cmpuint (holder.n_calls, >, 10);
  g_assert_cmpuint (holder.n_calls, <, 100);
  assert_cleanup (root, 0);
  interpose_end ();
  close (holder.fd);
  assert_cleanup (root, 1);
}

static int
count_cb (const SystemCall *call, gpointer user_data)
{
  if (g_str_equal (call->name, "flock"))
    ++*(guint *) user_data;
  return 0;
}

/* A lock of an owner is neither waited for nor tried more often than necessary. */
static void
test_live (Sandbox *sandbox, gconstpointer data)
{
  g_autoptr (TmTemporaryDirectory) directory = create_in (sandbox->path);
  g_autoptr (TmRoot) root = open_root (sandbox->path, 0, TM_ROOT_FLAGS_RECLAIM_ABANDONED);
  guint n_calls = 0;

  interpose (count_cb, &n_calls);
  g_assert_cmpint (get_only_state (root), ==, TM_ROOT_ENTRY_STATE_LIVE);
  interpose_end ();
  g_assert_cmpuint (n_calls, <=, 4);
  assert_cleanup (root, 0);
  g_assert_false (is_free (tm_temporary_directory_get_path (directory)));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  add_test ("/momentary-locks/list-forked", of_descriptors (test_list_forked));
  add_test ("/momentary-locks/cleanup-forked", of_descriptors (test_cleanup_forked));
  add_test ("/momentary-locks/owner-forked", of_descriptors (test_owner_forked));
  add_test ("/momentary-locks/two-at-once", of_descriptors (test_two_at_once));
  add_test ("/momentary-locks/never-let-go", of_descriptors (test_never_let_go));
  add_test ("/momentary-locks/live", of_descriptors (test_live));

  return g_test_run ();
}
