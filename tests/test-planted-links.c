/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Links that another user has planted on the way to a directory, in a place like /tmp. The control
 * is open() without the library, which follows them. */

#include "support/deleters.h"
#include "support/directories.h"
#include "support/interpose.h"
#include "support/roots.h"
#include "support/support.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

/* Not TEST_UID, which is also the number that a user namespace shows for unknown users. */
#define ATTACKER 4711
#define USER 4712
#define OWNER 4713

/* In the sandbox: “shared”, where other users may write, with “link” in it, to “victim”. */
typedef struct
{
  char *shared; /* (owned), all of them */
  char *link;
  char *victim;
  char *old;     /* in the victim: a cleanup deletes it */
  char *through; /* the same, by the link */
} Place;

static void
place_init (Place *place, Sandbox *sandbox)
{
  g_autofree char *file = NULL;

  place->shared = sandbox_path (sandbox, "shared");
  place->link = sandbox_path (sandbox, "shared/link");
  place->victim = sandbox_path (sandbox, "victim");
  place->old = sandbox_path (sandbox, "victim/old");
  place->through = sandbox_path (sandbox, "shared/link/old");
  file = g_build_filename (place->old, "file", NULL);

  make_directory (place->shared);
  make_directory (place->old);
  make_file (file);
  make_old (place->old, 2 * HOUR);
  g_assert_no_errno (symlink (place->victim, place->link));
}

static void
place_clear (Place *place)
{
  g_free (place->shared);
  g_free (place->link);
  g_free (place->victim);
  g_free (place->old);
  g_free (place->through);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Place, place_clear)

static void
set_owner (const char *path, uid_t user)
{
  g_assert_no_errno (lchown (path, user, user));
}

/* In a child. */
static gboolean
become (uid_t user)
{
  return user == 0 || (setgid (user) == 0 && setuid (user) == 0);
}

static void
assert_refused (GError **error, const char *link)
{
  child_assert (g_error_matches (*error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED));
  child_assert (strstr ((*error)->message, link) != NULL);
  child_assert (strstr ((*error)->message, "another user") != NULL);
  g_clear_error (error);
}

static TmRoot *
try_root (const char *path, TmRootFlags flags, GError **error)
{
  g_autoptr (GFile) file = g_file_new_for_path (path);

  return tm_root_new (file, HOUR, flags, NULL, error);
}

/* Every operation of the library with a path. */
static void
assert_everything_is_refused (const Place *place)
{
  g_autofree char *missing = g_build_filename (place->link, "missing", "root", NULL);
  g_autofree char *destination = g_build_filename (place->link, "published", NULL);
  g_autofree char *home = g_path_get_dirname (place->shared);
  g_autoptr (GFile) link = g_file_new_for_path (place->link);
  g_autoptr (GFile) through = g_file_new_for_path (place->through);
  g_autoptr (GFile) published = g_file_new_for_path (destination);
  g_autoptr (TmTemporaryDirectory) own = NULL;
  g_autoptr (GError) error = NULL;

  child_assert (try_root (place->link, TM_ROOT_FLAGS_NONE, &error) == NULL);
  assert_refused (&error, place->link);
  child_assert (try_root (place->through, TM_ROOT_FLAGS_NONE, &error) == NULL);
  assert_refused (&error, place->link);
  child_assert (try_root (place->through, TM_ROOT_FLAGS_CREATE_DIRECTORY, &error) == NULL);
  assert_refused (&error, place->link);
  child_assert (try_root (missing, TM_ROOT_FLAGS_CREATE_DIRECTORY, &error) == NULL);
  assert_refused (&error, place->link);
  child_assert (tm_temporary_directory_new (link, NULL, NULL, &error) == NULL);
  assert_refused (&error, place->link);
  child_assert (!tm_delete_recursively (through, TM_DELETE_FLAGS_NONE, NULL, NULL, NULL, &error));
  assert_refused (&error, place->link);
  child_assert (!tm_delete_recursively (
      through, TM_DELETE_FLAGS_KEEP_DIRECTORY | TM_DELETE_FLAGS_ALLOW_MISSING, NULL, NULL, NULL,
      &error));
  assert_refused (&error, place->link);

  own = create_in (home);
  child_assert (
      !tm_temporary_directory_persist (own, published, TM_PERSIST_FLAGS_NONE, NULL, &error));
  assert_refused (&error, place->link);
  child_assert (
      !tm_temporary_directory_persist (own, published, TM_PERSIST_FLAGS_REPLACE, NULL, &error));
  assert_refused (&error, place->link);
  child_assert (tm_temporary_directory_close (own, NULL, NULL));

  child_assert (count_entries (place->victim) == 1);
}

static void
assert_everything_is_followed (const Place *place)
{
  g_autoptr (GFile) link = g_file_new_for_path (place->link);
  g_autoptr (GFile) through = g_file_new_for_path (place->through);
  g_autoptr (TmTemporaryDirectory) directory = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (TmRoot) root = try_root (place->link, TM_ROOT_FLAGS_NONE, &error);

  child_assert (root != NULL);
  child_assert (g_str_equal (g_file_peek_path (tm_root_get_directory (root)), place->victim));
  directory = tm_temporary_directory_new (link, NULL, NULL, &error);
  child_assert (directory != NULL);
  child_assert (tm_temporary_directory_close (directory, NULL, NULL));
  child_assert (tm_delete_recursively (through, TM_DELETE_FLAGS_NONE, NULL, NULL, NULL, &error));
}

typedef struct
{
  const char *what;
  mode_t mode; /* of the directory that the link is in */
  uid_t directory_owner;
  uid_t link_owner;
  uid_t follower;
  gboolean is_followed;
} Rule;

static const Rule rules[] = {
  { "another user's, by root", 01777, 0, ATTACKER, 0, FALSE },
  { "another user's, by a user", 01777, 0, ATTACKER, USER, FALSE },
  { "another user's, in another user's directory", 01777, OWNER, ATTACKER, USER, FALSE },
  { "another user's, where the group may write", 01775, 0, ATTACKER, USER, FALSE },
  { "root's, in another user's directory", 01777, OWNER, 0, USER, FALSE },
  { "one's own", 01777, 0, USER, USER, TRUE },
  { "the owner's of the directory", 01777, 0, 0, USER, TRUE },
  { "the owner's of the directory, by root", 01777, OWNER, OWNER, 0, TRUE },
  { "where no other user may write", 01755, OWNER, ATTACKER, USER, TRUE },
  { "without the sticky bit", 0777, 0, ATTACKER, USER, TRUE },
};

typedef struct
{
  const Rule *rule;
  const Place *place;
  gboolean kernel_protects;
} RuleTest;

/* The rule of fs.protected_symlinks, as the kernel applies it: to the last component of a path, and
 * before it finds out that the caller wants no links. */
static int
protect_cb (const SystemCall *call, gpointer user_data)
{
  g_autofree char *parent = call->path == NULL ? NULL : g_path_get_dirname (call->path);
  struct stat link, directory;
  gboolean is_open = g_str_has_prefix (call->name, "open");

  if (parent == NULL ||
      (!is_open && !g_str_equal (call->name, "statx") && !g_str_equal (call->name, "fstatat")) ||
      (call->flags & (is_open ? O_NOFOLLOW : AT_SYMLINK_NOFOLLOW)) != 0 ||
      fstatat (call->fd, call->path, &link, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISLNK (link.st_mode) ||
      fstatat (call->fd, parent, &directory, 0) < 0 || link.st_uid == geteuid () ||
      link.st_uid == directory.st_uid)
    return 0;

  return (directory.st_mode & (S_ISVTX | S_IWOTH)) == (S_ISVTX | S_IWOTH) ? EACCES : 0;
}

static void
rule_child (gpointer data)
{
  const RuleTest *test = data;

  if (!become (test->rule->follower))
    _exit (CHILD_CANNOT);

  /* The control: open() follows it; the kernel refuses a link at most as the last component. */
  child_assert (open (test->place->through, O_RDONLY | O_DIRECTORY | O_CLOEXEC) >= 0);

  if (test->kernel_protects)
    interpose (protect_cb, NULL);
  if (test->rule->is_followed)
    assert_everything_is_followed (test->place);
  else
    assert_everything_is_refused (test->place);
}

static void
test_rules (Sandbox *sandbox, gconstpointer kernel_protects)
{
  if (skip_unless_root ())
    return;

  for (guint i = 0; i < G_N_ELEMENTS (rules); i++)
    {
      const Rule *rule = &rules[i];
      g_auto (Place) place = { 0 };
      RuleTest test = { rule, &place, kernel_protects != NULL };

      g_test_message ("%s", rule->what);
      place_init (&place, sandbox);
      set_owner (place.link, rule->link_owner);
      set_owner (place.shared, rule->directory_owner);
      set_owner (place.victim, rule->follower);
      g_assert_no_errno (g_chmod (place.shared, rule->mode));
      g_assert_no_errno (chown (place.old, rule->follower, rule->follower));
      if (rule->is_followed)
        g_assert_no_errno (g_chmod (place.victim, 0777));

      skip_or_assert_success (run_in_child (rule_child, &test), "there are no other users here");
      g_assert_true (path_exists (place.old) != rule->is_followed);
      delete_path (place.shared);
      delete_path (place.victim);
    }
}

static void
unknown_users_child (gpointer data)
{
  const Place *place = data;

  /* The owner of the directory and the attacker have the same number in the namespace. A process
   * that was root may write the map of a namespace only if it is dumpable. */
  if (!become (USER) || prctl (PR_SET_DUMPABLE, 1) < 0 || !enter_mount_namespace ())
    _exit (CHILD_CANNOT);

  child_assert (open (place->through, O_RDONLY | O_DIRECTORY | O_CLOEXEC) >= 0);
  assert_everything_is_refused (place);
}

/* In a user namespace, as in a container without root, all users without a number in it have the
 * same number. */
static void
test_unknown_users (Sandbox *sandbox, gconstpointer data)
{
  g_auto (Place) place = { 0 };

  if (skip_unless_root ())
    return;

  place_init (&place, sandbox);
  set_owner (place.link, ATTACKER);
  set_owner (place.victim, USER);
  set_owner (place.old, USER);
  g_assert_no_errno (g_chmod (place.shared, 01777));
  skip_or_assert_success (run_in_child (unknown_users_child, &place), "needs a user namespace");
  g_assert_true (path_exists (place.old));
}

/* Two links to the same place: the planted one is found behind one of the user, and behind a
 * "..". */
static void
behind_own_child (gpointer data)
{
  const Place *place = data;
  g_autofree char *base = g_path_get_dirname (place->shared);
  g_autofree char *own = g_build_filename (base, "own", NULL);
  g_autofree char *upwards = g_build_filename (base, "upwards", NULL);
  g_autofree char *cwd = g_build_filename ("/proc/self/cwd", "link", NULL);
  const char *const paths[] = { own, upwards, cwd };
  g_autoptr (GError) error = NULL;

  child_assert (symlink (place->link, own) == 0);
  child_assert (symlink ("shared/../shared/link/../victim", upwards) == 0);
  child_assert (chdir (place->shared) == 0);

  for (guint i = 0; i < G_N_ELEMENTS (paths); i++)
    {
      g_autofree char *old = g_build_filename (paths[i], "old", NULL);
      g_autoptr (GFile) file = g_file_new_for_path (old);

      child_assert (open (old, O_RDONLY | O_DIRECTORY | O_CLOEXEC) >= 0);
      child_assert (try_root (paths[i], TM_ROOT_FLAGS_NONE, &error) == NULL);
      assert_refused (&error, place->link);
      child_assert (!tm_delete_recursively (file, TM_DELETE_FLAGS_NONE, NULL, NULL, NULL, &error));
      assert_refused (&error, place->link);
    }
}

static void
test_behind_own (Sandbox *sandbox, gconstpointer data)
{
  g_auto (Place) place = { 0 };

  if (skip_unless_root ())
    return;

  place_init (&place, sandbox);
  set_owner (place.link, ATTACKER);
  g_assert_no_errno (g_chmod (place.shared, 01777));
  assert_success_in_child (run_in_child (behind_own_child, &place));
  g_assert_true (path_exists (place.old));
}

/* Another user creates it, and exchanges it for a link. */
typedef struct
{
  char *path;   /* (owned): a directory in a sticky one */
  char *away;   /* (owned) */
  char *target; /* (unowned): the target of the link */
} Exchange;

static void
exchange_cb (gpointer user_data)
{
  const Exchange *exchange = user_data;

  child_assert (rename (exchange->path, exchange->away) == 0);
  child_assert (symlink (exchange->target, exchange->path) == 0);
  child_assert (lchown (exchange->path, ATTACKER, ATTACKER) == 0);
}

static void
delete_file_by_library (const char *path)
{
  g_autoptr (GFile) file = g_file_new_for_path (path);

  tm_delete_recursively (file, TM_DELETE_FLAGS_NONE, NULL, NULL, NULL, NULL);
}

/* The control: looks whether there is a link, and opens the path if there is none. */
static void
delete_after_a_look (const char *path)
{
  g_autofree char *parent = g_path_get_dirname (path);
  struct stat status;
  int fd;

  if (fstatat (AT_FDCWD, parent, &status, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISDIR (status.st_mode))
    return;

  fd = open (parent, O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0)
    return;

  unlinkat (fd, "old", AT_REMOVEDIR);
  close (fd);
}

static guint
count_escapes (const char *base, void (*delete) (const char *path))
{
  g_autofree char *shared = g_build_filename (base, "shared", NULL);
  g_autofree char *victim = g_build_filename (base, "victim", NULL);
  g_autofree char *treasure = g_build_filename (victim, "old", NULL);
  Exchange exchange = {
    .path = g_build_filename (shared, "theirs", NULL),
    .away = g_build_filename (shared, "away", NULL),
    .target = victim,
  };
  g_autofree char *old = g_build_filename (exchange.path, "old", NULL);
  guint n_escapes = 0;
  guint n_calls;
  guint nth = 0;

  /* Until the first round that has too few calls for the attack. */
  do
    {
      make_directory (old);
      make_directory (treasure);
      child_assert (g_chmod (shared, 01777) == 0);
      attack_before (NULL, nth, exchange_cb, &exchange);
      delete (old);
      n_calls = attack_end ();
      if (!path_exists (treasure))
        n_escapes++;
      delete_path (shared);
      delete_path (victim);
    }
  while (nth++ < n_calls);

  child_assert (nth > 2);
  g_free (exchange.path);
  g_free (exchange.away);
  return n_escapes;
}

static void
exchanged_child (gpointer data)
{
  child_assert (count_escapes (data, delete_file_by_library) == 0);
  child_assert (count_escapes (data, delete_after_a_look) > 0);
}

static void
test_exchanged (Sandbox *sandbox, gconstpointer data)
{
  if (skip_unless_root ())
    return;

  assert_success_in_child (run_in_child (exchanged_child, sandbox->path));
}

/* If no other user can change the way, it leads where the kernel says. */
static void
test_as_the_kernel (Sandbox *sandbox, gconstpointer data)
{
  static const char *const links[][2] = {
    { "../b/./c//", "a/relative" },
    { "b", "middle" },
    { ".", "here" },
    { "a/../middle/../b/c", "upwards" },
    { "../../../../../../../../../../../../../..", "top" },
    { "/proc/self/cwd", "working-directory" },
  };
  static const char *const paths[] = { "a/relative",          "middle/c",
                                       "here/here/middle/c",  "upwards",
                                       "here/upwards",        "b/c",
                                       "top/proc/self/cwd/b", "working-directory/middle/c",
                                       "working-directory" };
  g_autofree char *a = sandbox_path (sandbox, "a");
  g_autofree char *c = sandbox_path (sandbox, "b/c");
  g_autofree char *before = g_get_current_dir ();
  g_autofree char *by_descriptor = NULL;
  int fd;

  make_directory (a);
  make_directory (c);
  for (guint i = 0; i < G_N_ELEMENTS (links); i++)
    {
      g_autofree char *link = sandbox_path (sandbox, links[i][1]);

      g_assert_no_errno (symlink (links[i][0], link));
    }
  g_assert_no_errno (chdir (sandbox->path));

  for (guint i = 0; i < G_N_ELEMENTS (paths); i++)
    {
      g_autofree char *path = sandbox_path (sandbox, paths[i]);
      g_autoptr (TmRoot) root = open_root (path, HOUR, TM_ROOT_FLAGS_NONE);
      char *expected = realpath (path, NULL);

      g_assert_nonnull (expected);
      g_assert_cmpstr (g_file_peek_path (tm_root_get_directory (root)), ==, expected);
      free (expected);
    }

  fd = open (c, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  g_assert_no_errno (fd);
  by_descriptor = g_strdup_printf ("/proc/self/fd/%d", fd);
  {
    g_autoptr (TmRoot) root = open_root (by_descriptor, HOUR, TM_ROOT_FLAGS_NONE);
    g_autoptr (TmTemporaryDirectory) G_GNUC_UNUSED directory = create_under (root);

    g_assert_cmpstr (g_file_peek_path (tm_root_get_directory (root)), ==, c);
    g_assert_cmpuint (count_entries (c), ==, 1);
  }
  close (fd);
  g_assert_no_errno (chdir (before));
}

static void
assert_root_fails (const char *path, int code)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (try_root (path, TM_ROOT_FLAGS_NONE, &error));
  g_assert_error (error, G_IO_ERROR, code);
  g_assert_nonnull (strstr (error->message, path));
}

static void
test_dead_ends (Sandbox *sandbox, gconstpointer data)
{
  g_autofree char *loop = sandbox_path (sandbox, "loop");
  g_autofree char *dangling = sandbox_path (sandbox, "dangling");
  g_autofree char *beneath = sandbox_path (sandbox, "dangling/beneath");
  g_autofree char *file = sandbox_path (sandbox, "file");
  g_autofree char *to_file = sandbox_path (sandbox, "to-file");
  g_autofree char *beneath_file = sandbox_path (sandbox, "to-file/beneath");
  g_autofree char *made = sandbox_path (sandbox, "nowhere");
  g_autoptr (GError) error = NULL;
  guint n_open;

  make_file (file);
  g_assert_no_errno (symlink ("loop", loop));
  g_assert_no_errno (symlink ("nowhere", dangling));
  g_assert_no_errno (symlink ("file", to_file));
  n_open = count_open_descriptors ();

  assert_root_fails (loop, G_IO_ERROR_TOO_MANY_LINKS);
  assert_root_fails (dangling, G_IO_ERROR_NOT_FOUND);
  assert_root_fails (beneath, G_IO_ERROR_NOT_FOUND);
  assert_root_fails (to_file, G_IO_ERROR_NOT_DIRECTORY);
  assert_root_fails (beneath_file, G_IO_ERROR_NOT_DIRECTORY);

  /* No directory is created if the target of a link is missing. */
  g_assert_null (try_root (beneath, TM_ROOT_FLAGS_CREATE_DIRECTORY, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  g_assert_false (path_exists (made));
  g_assert_cmpuint (count_open_descriptors (), ==, n_open);
}

/* As many links as the kernel follows, and one more. */
static void
test_many_links (Sandbox *sandbox, gconstpointer data)
{
  for (guint i = 0; i <= 40; i++)
    {
      g_autofree char *target = g_strdup_printf (i == 0 ? "." : "%u", i);
      g_autofree char *name = g_strdup_printf ("%u", i + 1);
      g_autofree char *path = sandbox_path (sandbox, name);

      g_assert_no_errno (symlink (target, path));
      if (i < 40)
        {
          g_autoptr (TmRoot) root = open_root (path, HOUR, TM_ROOT_FLAGS_NONE);

          g_assert_cmpstr (g_file_peek_path (tm_root_get_directory (root)), ==, sandbox->path);
        }
      else
        {
          struct stat status;

          g_assert_cmpint (stat (path, &status), ==, -1);
          assert_root_fails (path, G_IO_ERROR_TOO_MANY_LINKS);
        }
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  add_test ("/planted-links/rules", of_descriptors (test_rules));
  g_test_add ("/planted-links/rules-with-protection", Sandbox, GINT_TO_POINTER (TRUE),
              sandbox_set_up, of_descriptors (test_rules), sandbox_tear_down);
  add_test ("/planted-links/unknown-users", of_descriptors (test_unknown_users));
  add_test ("/planted-links/behind-own", of_descriptors (test_behind_own));
  add_test ("/planted-links/exchanged", of_descriptors (test_exchanged));
  add_test ("/planted-links/as-the-kernel", of_descriptors (test_as_the_kernel));
  add_test ("/planted-links/dead-ends", of_descriptors (test_dead_ends));
  add_test ("/planted-links/many", of_descriptors (test_many_links));

  return g_test_run ();
}
