/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Creators and cleaners of one root, one step at a time: what one process does between two calls of
 * the other. test-stress.c runs them freely.
 *
 * In the controls the verification of a new directory always succeeds: there, directories have to
 * be lost. */

#include "support/deleters.h"
#include "support/directories.h"
#include "support/interpose.h"
#include "support/roots.h"
#include "support/support.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct
{
  const char *root;
  gboolean with_systemd;
} Cleaner;

/* At age 0: deletes every entry that is not live. */
static void
clean_cb (gpointer user_data)
{
  const Cleaner *cleaner = user_data;
  g_autoptr (TmRoot) root = NULL;

  if (cleaner->with_systemd)
    {
      clean_with_systemd (cleaner->root);
      return;
    }

  root = open_root (cleaner->root, 0, TM_ROOT_FLAGS_RECLAIM_ABANDONED);
  g_assert_cmpint (tm_root_cleanup (root, NULL, NULL), >=, 0);
}

/* Creates a directory once for each call that the creation makes, with a cleanup before that call.
 * Returns how many of the returned directories are missing. */
static guint
count_lost (Cleaner *cleaner)
{
  guint n_calls = 1;
  guint n_lost = 0;

  for (guint nth = 0; nth < n_calls; nth++)
    {
      g_autoptr (TmTemporaryDirectory) directory = NULL;

      attack_before (NULL, nth, clean_cb, cleaner);
      directory = create_in (cleaner->root);
      n_calls = attack_end ();
      g_assert_cmpuint (n_calls, >, 3);

      if (!is_at_its_path (directory))
        {
          n_lost++;
          continue;
        }
      clean_cb (cleaner);
      g_assert_true (is_at_its_path (directory));
      close_successfully (directory);
    }

  return n_lost;
}

/* In the control, each directory seems to be verified: there, some have to be lost. */
static void
assert_lost (guint n_lost, gboolean is_control)
{
  if (is_control)
    g_assert_cmpuint (n_lost, >, 0);
  else
    g_assert_cmpuint (n_lost, ==, 0);
}

/* flatpak 1829 */
static void
test_cleaner_while_creating (Sandbox *sandbox, gconstpointer data)
{
  Cleaner cleaner = { sandbox->path, FALSE };
  gboolean is_control = GPOINTER_TO_INT (data);
  guint n_lost;

  pretend_verified (is_control);
  n_lost = count_lost (&cleaner);
  pretend_verified (FALSE);
  assert_lost (n_lost, is_control);
  g_assert_cmpuint (count_entries (sandbox->path), ==, 0);
}

static void
test_systemd_while_creating (Sandbox *sandbox, gconstpointer data)
{
  Cleaner cleaner = { sandbox->path, TRUE };
  gboolean is_control = GPOINTER_TO_INT (data);
  guint n_lost;
  g_autofree char *unlocked = sandbox_path (sandbox, "unlocked");

  make_directory (unlocked);
  if (!clean_with_systemd (sandbox->path))
    {
      g_test_skip ("there is no systemd-tmpfiles here");
      return;
    }

  g_assert_false (path_exists (unlocked));
  pretend_verified (is_control);
  n_lost = count_lost (&cleaner);
  pretend_verified (FALSE);
  assert_lost (n_lost, is_control);
  g_assert_cmpuint (count_entries (sandbox->path), ==, 0);
}

/* When it is open, and only the lock is missing. */
static void
test_cleaner_between_open_and_lock (Sandbox *sandbox, gconstpointer data)
{
  Cleaner cleaner = { sandbox->path, FALSE };
  gboolean is_control = GPOINTER_TO_INT (data);
  g_autoptr (TmTemporaryDirectory) directory = NULL;

  pretend_verified (is_control);
  attack_before ("flock", 0, clean_cb, &cleaner);
  directory = create_in (sandbox->path);
  g_assert_cmpuint (attack_end (), >, 0);
  pretend_verified (FALSE);
  assert_lost (is_at_its_path (directory) ? 0 : 1, is_control);
}

static int
clean_every_time_cb (const SystemCall *call, gpointer user_data)
{
  static guint n_calls = 0;

  if (n_calls++ < 100)
    clean_cb (user_data);
  return 0;
}

/* A cleaner deletes one after the other. */
static void
test_cleaners_without_a_pause (Sandbox *sandbox, gconstpointer data)
{
  Cleaner cleaner = { sandbox->path, FALSE };
  g_autoptr (TmTemporaryDirectory) directory = NULL;

  interpose (clean_every_time_cb, &cleaner);
  directory = create_in (sandbox->path);
  interpose_end ();
  g_assert_true (is_at_its_path (directory));
}

/* The only directory in the root. */
static char *
find_only_entry (const char *parent)
{
  g_autoptr (GDir) dir = g_dir_open (parent, 0, NULL);

  g_assert_cmpuint (count_entries (parent), ==, 1);
  return g_build_filename (parent, g_dir_read_name (dir), NULL);
}

static int
take_away_cb (const SystemCall *call, gpointer user_data)
{
  if (g_str_has_prefix (call->name, "open") && count_entries (user_data) > 0)
    {
      g_autofree char *path = find_only_entry (user_data);

      g_assert_no_errno (g_rmdir (path));
    }
  return 0;
}

/* It gives up after some attempts, with an error. */
static void
test_never_left_alone (Sandbox *sandbox, gconstpointer data)
{
  g_autofree char *path = sandbox_path (sandbox, "p");
  g_autoptr (GFile) parent = g_file_new_for_path (path);
  g_autoptr (GError) error = NULL;

  make_directory (path);
  interpose (take_away_cb, path);
  g_assert_null (tm_temporary_directory_new (parent, NULL, NULL, &error));
  interpose_end ();
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_BUSY);
  g_assert_nonnull (strstr (error->message, path));
  g_assert_cmpuint (count_entries (path), ==, 0);
}

typedef struct
{
  const char *parent;
  int fd;               /* with the lock of a cleaner, or -1 */
  guint n_until_let_go; /* attempts of the creator */
} Holder;

static int
hold_lock_cb (const SystemCall *call, gpointer user_data)
{
  Holder *holder = user_data;

  if (!g_str_equal (call->name, "flock"))
    return 0;

  if (holder->fd < 0)
    {
      g_autofree char *path = find_only_entry (holder->parent);

      holder->fd = open (path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
      g_assert_no_errno (flock (holder->fd, LOCK_EX | LOCK_NB));
    }
  else if (holder->n_until_let_go > 0 && --holder->n_until_let_go == 0)
    close (holder->fd);
  return 0;
}

/* A cleaner that only examines it does not cost the creator its directory. */
static void
test_lock_held_for_a_moment (Sandbox *sandbox, gconstpointer data)
{
  Holder holder = { sandbox->path, -1, 3 };
  g_autoptr (TmTemporaryDirectory) directory = NULL;

  interpose (hold_lock_cb, &holder);
  directory = create_in (sandbox->path);
  interpose_end ();
  g_assert_cmpuint (holder.n_until_let_go, ==, 0);
  g_assert_true (is_at_its_path (directory));
  g_assert_cmpuint (count_entries (sandbox->path), ==, 1);
}

/* The creator leaves a directory to a cleaner that is about to delete it. */
static void
test_lock_held_for_long (Sandbox *sandbox, gconstpointer data)
{
  g_autoptr (TmRoot) root = open_reclaiming_root (sandbox->path);
  Holder holder = { sandbox->path, -1, 0 };
  g_autoptr (TmTemporaryDirectory) directory = NULL;

  interpose (hold_lock_cb, &holder);
  directory = create_in (sandbox->path);
  interpose_end ();
  g_assert_true (is_at_its_path (directory));

  /* The creator has another directory, and the first one is not left behind. */
  close (holder.fd);
  g_assert_cmpint (tm_root_cleanup (root, NULL, NULL), >=, 0);
  g_assert_true (is_at_its_path (directory));
  g_assert_cmpuint (count_entries (sandbox->path), ==, 1);
}

typedef struct
{
  const char *parent;
  char *moved; /* (owned) */
} Exchange;

/* In a parent that others may write to, and that is not sticky: before the new directory is
 * opened. */
static int
put_foreign_in_place_cb (const SystemCall *call, gpointer user_data)
{
  Exchange *exchange = user_data;
  g_autofree char *path = NULL;

  if (exchange->moved != NULL || !g_str_has_prefix (call->name, "open") ||
      count_entries (exchange->parent) == 0)
    return 0;

  path = find_only_entry (exchange->parent);
  exchange->moved = g_strconcat (exchange->parent, ".moved", NULL);
  g_assert_no_errno (g_rename (path, exchange->moved));
  g_assert_no_errno (g_mkdir (path, 0777));
  g_assert_no_errno (chown (path, TEST_UID, TEST_UID));
  return 0;
}

static void
test_exchanged_while_creating (Sandbox *sandbox, gconstpointer data)
{
  g_autofree char *parent = sandbox_path (sandbox, "p");
  Exchange exchange = { parent, NULL };
  g_autoptr (TmTemporaryDirectory) directory = NULL;
  struct stat status;

  if (skip_unless_root ())
    return;

  make_directory (parent);
  g_assert_no_errno (g_chmod (parent, 0777));
  interpose (put_foreign_in_place_cb, &exchange);
  directory = create_in (parent);
  interpose_end ();
  g_assert_nonnull (exchange.moved);
  g_assert_true (is_at_its_path (directory));
  g_assert_no_errno (fstat (tm_temporary_directory_get_fd (directory), &status));
  g_assert_cmpuint (status.st_uid, ==, geteuid ());
  g_free (exchange.moved);
}

static void
replace_new_cb (gpointer user_data)
{
  const char *parent = user_data;
  g_autofree char *path = find_only_entry (parent);
  g_autofree char *moved = g_strconcat (parent, ".moved", NULL);

  g_assert_no_errno (g_rename (path, moved));
  g_assert_no_errno (g_mkdir (path, 0700));
}

/* The path leads to a directory of the same user, but not to the one that is locked. */
static void
test_exchanged_before_lock (Sandbox *sandbox, gconstpointer data)
{
  g_autofree char *parent = sandbox_path (sandbox, "p");
  g_autoptr (TmTemporaryDirectory) directory = NULL;

  make_directory (parent);
  g_assert_no_errno (g_chmod (parent, 0777));
  attack_before ("flock", 0, replace_new_cb, parent);
  directory = create_in (parent);
  g_assert_cmpuint (attack_end (), ==, 2);
  g_assert_true (is_at_its_path (directory));
}

/* Without locks, the mark would mean that its owner has exited. */
static void
test_create_without_locks (Sandbox *sandbox, gconstpointer data)
{
  static const int unsupported[] = { EOPNOTSUPP, ENOSYS, EINVAL };
  g_autoptr (TmRoot) root = open_reclaiming_root (sandbox->path);

  for (guint i = 0; i < G_N_ELEMENTS (unsupported); i++)
    {
      g_autoptr (TmTemporaryDirectory) directory = NULL;

      fail_call ("flock", unsupported[i], 1);
      directory = create_in (sandbox->path);
      interpose_end ();
      g_assert_cmphex (get_mode (tm_temporary_directory_get_path (directory)), ==, 0700);
      assert_cleanup (root, 0);
      g_assert_true (is_at_its_path (directory));
      close_successfully (directory);
    }
}

static void
test_create_when_lock_fails (Sandbox *sandbox, gconstpointer data)
{
  g_autoptr (GFile) parent = g_file_new_for_path (sandbox->path);
  g_autoptr (GError) error = NULL;

  fail_call ("flock", ENOLCK, 1);
  g_assert_null (tm_temporary_directory_new (parent, NULL, NULL, &error));
  interpose_end ();
  g_assert_error (error, G_IO_ERROR, (int) g_io_error_from_errno (ENOLCK));
  g_assert_nonnull (strstr (error->message, sandbox->path));
  g_assert_cmpuint (count_entries (sandbox->path), ==, 0);
}

static void
test_no_space (Sandbox *sandbox, gconstpointer data)
{
  static const int errors[] = { ENOSPC, EDQUOT };

  for (guint i = 0; i < G_N_ELEMENTS (errors); i++)
    {
      g_autoptr (GFile) parent = g_file_new_for_path (sandbox->path);
      g_autoptr (GError) error = NULL;

      fail_call ("mkdirat", errors[i], 1);
      g_assert_null (tm_temporary_directory_new (parent, NULL, NULL, &error));
      interpose_end ();
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE);
      g_assert_nonnull (strstr (error->message, sandbox->path));
    }
}

/* Then a free lock means nothing: only the age counts. */
static void
test_clean_without_locks (Sandbox *sandbox, gconstpointer data)
{
  g_autoptr (TmRoot) root = open_reclaiming_root (sandbox->path);
  g_autofree char *young = make_old_with_mode (sandbox, OUR_NAME ("young"), 01700, 0);
  g_autofree char *old = make_old_with_mode (sandbox, OUR_NAME ("old"), 01700, 2 * HOUR);

  fail_call ("flock", EOPNOTSUPP, G_MAXINT);
  assert_cleanup (root, 1);
  interpose_end ();
  g_assert_true (path_exists (young));
  g_assert_false (path_exists (old));
}

/* A cleaner that cannot tell whether it is in use treats it as live. */
static void
test_clean_when_lock_fails (Sandbox *sandbox, gconstpointer data)
{
  static const int errors[] = { ENOLCK, EIO, EBADF, ESTALE };
  g_autoptr (TmRoot) root = open_reclaiming_root (sandbox->path);
  g_autofree char *old = make_old_with_mode (sandbox, OUR_NAME ("old"), 01700, 2 * HOUR);

  for (guint i = 0; i < G_N_ELEMENTS (errors); i++)
    {
      fail_call ("flock", errors[i], 1);
      assert_cleanup (root, 0);
      interpose_end ();
      g_assert_true (path_exists (old));
    }
  assert_cleanup (root, 1);
}

/* The sticky bit of a directory that others may write to is that of /tmp, and no mark. */
static void
test_marks (Sandbox *sandbox, gconstpointer data)
{
  static const mode_t unmarked[] = { 0700, 0755, 01720, 01702, 01777, 02700, 04700 };
  static const mode_t marked[] = { 01700, 01755, 03700, 01000 };
  g_autoptr (TmRoot) root = open_reclaiming_root (sandbox->path);

  for (guint i = 0; i < G_N_ELEMENTS (unmarked); i++)
    {
      g_autofree char *path = make_old_with_mode (sandbox, OUR_NAME ("d"), unmarked[i], 0);

      assert_cleanup (root, 0);
      g_assert_no_errno (g_rmdir (path));
    }
  for (guint i = 0; i < G_N_ELEMENTS (marked); i++)
    {
      g_autofree char *path = make_old_with_mode (sandbox, OUR_NAME ("d"), marked[i], 0);

      assert_cleanup (root, 1);
      g_assert_false (path_exists (path));
    }
}

/* The XDG base directory specification uses the bit in the runtime directory to exclude files from
 * cleanup, and other programs set it on private directories: without a name of tempman it is not
 * the mark. */
static void
test_names_of_others (Sandbox *sandbox, gconstpointer data)
{
  static const char *const foreign[] = {
    "state",
    "podman",
    "run-u1000",
    "abcdefghijklmnopqrs",
    "abcdefghijklmnopqrstu",
    "p-abcdefghijklmnopqrs",
    "p-abcdefghijklmnopqrstuvwxyz",
    "p-00abcdefghijklmnopqrst",
    "p-abcdefghijklmnopqrst0",
    "p-abcdefghijklmnopqrstA",
    "0abcdefghijklmnopqrst9",
    "bcdef234567abcdef2348aa01fe86c02c97ce7e8b4dd1c3f90b7c2f4b16c9d0e",
    "p-8abcdefghijklmnopqrst",
    "p-ABCDEFGHIJKLMNOPQRST",
    "p.abcdefghijklmnopqrst",
    "p-abcdefghij-klmnopqrst",
    "p-0",
    "0",
    "-",
  };
  static const char *const ours[] = {
    "abcdefghijklmnopqrst",     "-abcdefghijklmnopqrst",    "p-234567abcdefghijklmn",
    "p-q-abcdefghijklmnopqrst", "p-abcdefghijklmnopqrst.d", "p-abcdefghijklmnopqrst-1.0a",
  };
  /* Also where locks reach all processes: another machine may have created the directory. */
  static const char *const beating[] = {
    "0abcdefghijklmnopqrst",
    "p-0abcdefghijklmnopqrst",
    "p-0abcdefghijklmnopqrst.abcdefghijklmnopqrst",
    "p-1abcdefghijklmnopqrst",
  };
  g_autoptr (TmRoot) root = open_reclaiming_root (sandbox->path);

  for (guint i = 0; i < G_N_ELEMENTS (foreign); i++)
    {
      g_autofree char *path = make_old_with_mode (sandbox, foreign[i], 01700, 0);
      g_autoptr (TmTemporaryDirectory) G_GNUC_UNUSED directory = create_under (root);

      assert_cleanup (root, 0);
      g_assert_true (path_exists (path));
      make_old (path, 2 * HOUR);
      assert_cleanup (root, 1);
    }
  for (guint i = 0; i < G_N_ELEMENTS (ours); i++)
    {
      g_autofree char *path = make_old_with_mode (sandbox, ours[i], 01700, 0);

      assert_cleanup (root, 1);
      g_assert_false (path_exists (path));
    }
  for (guint i = 0; i < G_N_ELEMENTS (beating); i++)
    {
      g_autofree char *path = make_old_with_mode (sandbox, beating[i], 01700, 2 * HOUR);

      assert_cleanup (root, 0);
      g_assert_true (path_exists (path));
    }
}

static void
make_young_cb (gpointer user_data)
{
  make_old (user_data, 0);
}

/* Another process used it between the check of its age and the lock. */
static void
test_used_before_lock (Sandbox *sandbox, gconstpointer data)
{
  g_autoptr (TmRoot) root = open_root (sandbox->path, HOUR, TM_ROOT_FLAGS_NONE);
  g_autofree char *old = make_old_with_mode (sandbox, "old", 0700, 2 * HOUR);

  attack_before ("flock", 0, make_young_cb, old);
  assert_cleanup (root, 0);
  g_assert_cmpuint (attack_end (), ==, 2);
  g_assert_true (path_exists (old));

  make_old (old, 2 * HOUR);
  assert_cleanup (root, 1);
}

static void
unmark_cb (gpointer user_data)
{
  g_assert_no_errno (g_chmod (user_data, 0700));
}

/* Its owner keeps it at that moment. */
static void
test_kept_before_lock (Sandbox *sandbox, gconstpointer data)
{
  g_autoptr (TmRoot) root = open_reclaiming_root (sandbox->path);
  g_autofree char *kept = make_old_with_mode (sandbox, OUR_NAME ("kept"), 01700, 0);

  attack_before ("flock", 0, unmark_cb, kept);
  assert_cleanup (root, 0);
  g_assert_cmpuint (attack_end (), ==, 2);
  g_assert_true (path_exists (kept));
}

static void
rename_away_cb (gpointer user_data)
{
  g_autofree char *moved = g_strconcat (user_data, ".moved", NULL);

  g_assert_no_errno (g_rename (user_data, moved));
}

/* Not counted, for this cleanup has not deleted it. */
static void
test_renamed_before_lock (Sandbox *sandbox, gconstpointer data)
{
  g_autoptr (TmRoot) root = open_root (sandbox->path, HOUR, TM_ROOT_FLAGS_NONE);
  g_autofree char *old = make_old_with_mode (sandbox, "old", 0700, 2 * HOUR);
  g_autofree char *inside = g_build_filename (old, "file", NULL);
  g_autofree char *moved = g_strconcat (old, ".moved/file", NULL);

  make_file (inside);
  make_old (old, 2 * HOUR);
  attack_before ("flock", 0, rename_away_cb, old);
  assert_cleanup (root, 0);
  g_assert_cmpuint (attack_end (), ==, 2);
  g_assert_true (path_exists (moved));
}

static void
replace_cb (gpointer user_data)
{
  rename_away_cb (user_data);
  g_assert_no_errno (g_mkdir (user_data, 0700));
}

/* Nor is it an error that another directory has its name by then. */
static void
test_replaced_before_lock (Sandbox *sandbox, gconstpointer data)
{
  g_autoptr (TmRoot) root = open_root (sandbox->path, HOUR, TM_ROOT_FLAGS_NONE);
  g_autofree char *old = make_old_with_mode (sandbox, "old", 0700, 2 * HOUR);

  attack_before ("flock", 0, replace_cb, old);
  assert_cleanup (root, 0);
  g_assert_cmpuint (attack_end (), ==, 2);
  g_assert_cmpuint (count_entries (sandbox->path), ==, 2);
}

typedef enum
{
  BECOMES_NOTHING,
  BECOMES_A_FILE,
  BECOMES_A_LINK,
  BECOMES_A_DIRECTORY,
} Becoming;

typedef struct
{
  Becoming becoming;
  const char *entry;
  const char *moved;
  const char *victim;
} Replacement;

static void
replace_entry_cb (gpointer user_data)
{
  const Replacement *replacement = user_data;
  g_autofree char *treasure = g_build_filename (replacement->entry, "treasure", NULL);

  if (g_rename (replacement->entry, replacement->moved) < 0)
    return;

  switch (replacement->becoming)
    {
    case BECOMES_A_FILE:
      make_file (replacement->entry);
      break;
    case BECOMES_A_LINK:
      g_assert_no_errno (symlink (replacement->victim, replacement->entry));
      break;
    case BECOMES_A_DIRECTORY:
      make_directory (replacement->entry);
      make_file (treasure);
      break;
    case BECOMES_NOTHING:
    default:
      break;
    }
}

/* Another file that takes the name of an entry, at any moment, is kept. */
static void
test_replaced_at_any_time (Sandbox *sandbox, gconstpointer data)
{
  g_autofree char *root_path = sandbox_path (sandbox, "root");
  g_autofree char *victim = sandbox_path (sandbox, "victim");
  g_autofree char *treasure = g_build_filename (victim, "treasure", NULL);
  g_autofree char *moved = sandbox_path (sandbox, "moved");
  g_autofree char *entry = g_build_filename (root_path, "entry", NULL);
  g_autofree char *inside = g_build_filename (entry, "treasure", NULL);
  g_autoptr (TmRoot) root = NULL;

  make_directory (root_path);
  make_directory (victim);
  make_file (treasure);
  make_old (victim, 2 * HOUR);
  root = open_root (root_path, HOUR, TM_ROOT_FLAGS_NONE);

  for (guint becoming = BECOMES_NOTHING; becoming <= BECOMES_A_DIRECTORY; becoming++)
    {
      Replacement replacement = { becoming, entry, moved, victim };
      guint n_calls = 1;

      for (guint nth = 0; nth < n_calls; nth++)
        {
          g_autoptr (GError) error = NULL;
          gboolean replaced;

          make_directory (entry);
          make_file (inside);
          make_old (entry, 2 * HOUR);
          attack_before (NULL, nth, replace_entry_cb, &replacement);
          tm_root_cleanup (root, NULL, &error);
          n_calls = attack_end ();
          replaced = path_exists (moved);

          g_assert_true (path_exists (treasure));
          if (becoming == BECOMES_NOTHING)
            g_assert_no_error (error);
          if (replaced)
            g_assert_cmpint (path_exists (entry), ==, becoming != BECOMES_NOTHING);
          if (replaced && becoming == BECOMES_A_DIRECTORY)
            g_assert_true (path_exists (inside));

          delete_path (entry);
          delete_path (moved);
        }
    }
}

/* Entries of a root are identified by their inode, and not by their name. */
static void
test_types_unknown (Sandbox *sandbox, gconstpointer data)
{
  g_autofree char *root_path = sandbox_path (sandbox, "root");
  g_autofree char *victim = sandbox_path (sandbox, "victim");
  g_autofree char *link = g_build_filename (root_path, "link", NULL);
  g_autofree char *file = g_build_filename (root_path, "file", NULL);
  g_autofree char *old = g_build_filename (root_path, "old", NULL);
  g_autoptr (TmRoot) root = NULL;

  make_directory (old);
  make_directory (victim);
  make_file (file);
  g_assert_no_errno (symlink (victim, link));
  make_old (old, 2 * HOUR);
  make_old (victim, 2 * HOUR);
  make_old (link, 2 * HOUR);
  make_old (file, 2 * HOUR);
  root = open_root (root_path, HOUR, TM_ROOT_FLAGS_NONE);

  hide_entry_types (TRUE);
  assert_cleanup (root, 1);
  hide_entry_types (FALSE);
  g_assert_false (path_exists (old));
  g_assert_true (path_exists (victim));
  g_assert_cmpuint (count_entries (root_path), ==, 2);
}

static void
add_locking_test (const char *name, gboolean is_control, SandboxFunc function)
{
  g_test_add (name, Sandbox, GINT_TO_POINTER (is_control), sandbox_set_up,
              of_descriptors (function), sandbox_tear_down);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  for (gint is_control = FALSE; is_control <= TRUE; is_control++)
    {
      const char *suffix = is_control ? "-control" : "";
      g_autofree char *amid_cleaner = g_strconcat ("/locking/create/amid-cleaner", suffix, NULL);
      g_autofree char *amid_systemd = g_strconcat ("/locking/create/amid-systemd", suffix, NULL);
      g_autofree char *before_lock =
          g_strconcat ("/locking/create/between-open-and-lock", suffix, NULL);

      add_locking_test (amid_cleaner, is_control, test_cleaner_while_creating);
      add_locking_test (amid_systemd, is_control, test_systemd_while_creating);
      add_locking_test (before_lock, is_control, test_cleaner_between_open_and_lock);
    }
  add_test ("/locking/create/amid-cleaners-without-a-pause",
            of_descriptors (test_cleaners_without_a_pause));
  add_test ("/locking/create/never-left-alone", of_descriptors (test_never_left_alone));
  add_test ("/locking/create/lock-held-for-a-moment", of_descriptors (test_lock_held_for_a_moment));
  add_test ("/locking/create/lock-held-for-long", of_descriptors (test_lock_held_for_long));
  add_test ("/locking/create/exchanged", of_descriptors (test_exchanged_while_creating));
  add_test ("/locking/create/exchanged-before-lock", of_descriptors (test_exchanged_before_lock));
  add_test ("/locking/create/without-locks", of_descriptors (test_create_without_locks));
  add_test ("/locking/create/lock-fails", of_descriptors (test_create_when_lock_fails));
  add_test ("/locking/create/no-space", of_descriptors (test_no_space));
  add_test ("/locking/clean/without-locks", of_descriptors (test_clean_without_locks));
  add_test ("/locking/clean/lock-fails", of_descriptors (test_clean_when_lock_fails));
  add_test ("/locking/clean/marks", of_descriptors (test_marks));
  add_test ("/locking/clean/names-of-others", of_descriptors (test_names_of_others));
  add_test ("/locking/clean/used-before-lock", of_descriptors (test_used_before_lock));
  add_test ("/locking/clean/kept-before-lock", of_descriptors (test_kept_before_lock));
  add_test ("/locking/clean/renamed-before-lock", of_descriptors (test_renamed_before_lock));
  add_test ("/locking/clean/replaced-before-lock", of_descriptors (test_replaced_before_lock));
  add_test ("/locking/clean/replaced-at-any-time", of_descriptors (test_replaced_at_any_time));
  add_test ("/locking/clean/types-unknown", of_descriptors (test_types_unknown));

  return g_test_run ();
}
