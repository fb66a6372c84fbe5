/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Names that a cleanup never touches. */

#include "support/directories.h"
#include "support/roots.h"
#include "support/support.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

static char *
make_entry (Sandbox *sandbox, const char *name)
{
  char *path = sandbox_path (sandbox, name);

  make_directory (path);
  make_old (path, 2 * HOUR);
  return path;
}

static gboolean
is_removable (TmRoot *root, const char *name)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GListModel) entries = tm_root_list_entries (root, TM_LIST_FLAGS_NONE, NULL, &error);

  g_assert_no_error (error);
  for (guint i = 0; i < g_list_model_get_n_items (entries); i++)
    {
      g_autoptr (TmRootEntry) entry = g_list_model_get_item (entries, i);

      if (g_str_equal (g_file_info_get_name (tm_root_entry_get_info (entry)), name))
        return tm_root_entry_get_removable (entry);
    }
  g_assert_not_reached ();
}

static void
test_property (Sandbox *sandbox, gconstpointer data)
{
  static const char *const patterns[] = { "a*", "b/c", NULL };
  static const char *const none[] = { NULL };
  g_autoptr (TmRoot) root = open_root (sandbox->path, HOUR, TM_ROOT_FLAGS_NONE);
  g_auto (GStrv) got = NULL;
  g_auto (GStrv) got_by_name = NULL;
  guint n_notified = 0;

  g_assert_null (tm_root_get_exclude (root));
  g_signal_connect_swapped (root, "notify::exclude", G_CALLBACK (g_atomic_int_inc), &n_notified);

  tm_root_set_exclude (root, patterns);
  tm_root_set_exclude (root, patterns);
  g_assert_cmpuint (n_notified, ==, 1);
  got = tm_root_get_exclude (root);
  g_assert_cmpstrv (got, patterns);
  g_object_get (root, "exclude", &got_by_name, NULL);
  g_assert_cmpstrv (got_by_name, patterns);

  g_object_set (root, "exclude", none, NULL);
  g_assert_cmpuint (n_notified, ==, 2);
  g_assert_null (tm_root_get_exclude (root));
  tm_root_set_exclude (root, NULL);
  g_assert_cmpuint (n_notified, ==, 2);
}

static void
test_patterns (Sandbox *sandbox, gconstpointer data)
{
  static const struct
  {
    const char *pattern;
    const char *name;
    gboolean matches;
  } cases[] = {
    { "entry", "entry", TRUE },     { "entry", "entry2", FALSE },
    { "*", "entry", TRUE },         { "*", ".entry", TRUE },
    { "?ntr?", "entry", TRUE },     { "e[m-o]try", "entry", TRUE },
    { "e[!n]try", "entry", FALSE }, { "Entry", "entry", FALSE },
    { "", "entry", FALSE },         { "/", "entry", FALSE },
    { "*/entry", "entry", FALSE },  { "bad *", "bad \377 utf-8", TRUE },
    { "[", "entry", FALSE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      const char *const patterns[] = { "other", cases[i].pattern, NULL };
      g_autoptr (TmRoot) root = open_root (sandbox->path, HOUR, TM_ROOT_FLAGS_NONE);
      g_autofree char *path = make_entry (sandbox, cases[i].name);
      /* The report is UTF-8, which not every name is. */
      g_autofree char *printable_name = g_strescape (cases[i].name, NULL);

      g_test_message ("%s, %s", cases[i].pattern, printable_name);
      tm_root_set_exclude (root, patterns);
      g_assert_cmpint (is_removable (root, cases[i].name), !=, cases[i].matches);
      assert_cleanup (root, cases[i].matches ? 0 : 1);
      g_assert_cmpint (path_exists (path), ==, cases[i].matches);

      tm_root_set_exclude (root, NULL);
      assert_cleanup (root, cases[i].matches ? 1 : 0);
    }
}

/* Nor when it is abandoned, or in use with EXPIRE_LIVE; nor by a creation. */
static void
test_whatever_it_is (Sandbox *sandbox, gconstpointer data)
{
  static const char *const patterns[] = { "t-*", NULL };
  g_autoptr (TmRoot) root =
      open_root (sandbox->path, 0, TM_ROOT_FLAGS_RECLAIM_ABANDONED | TM_ROOT_FLAGS_EXPIRE_LIVE);
  g_autofree char *abandoned = make_entry (sandbox, "t-aaaaaaaaaaaaaaaaaaaa");
  g_autoptr (TmTemporaryDirectory) directory = NULL;

  g_assert_no_errno (g_chmod (abandoned, 01700));
  tm_root_set_exclude (root, patterns);
  directory = create_under (root);
  assert_cleanup (root, 1);
  g_assert_false (path_exists (tm_temporary_directory_get_path (directory)));
  g_assert_true (path_exists (abandoned));
  tm_root_set_exclude (root, NULL);
  assert_cleanup (root, 1);
}

static void
test_well_known (Sandbox *sandbox, gconstpointer data)
{
  static const struct
  {
    const char *name;
    gboolean stays;
  } cases[] = {
    { ".X11-unix", TRUE },
    { ".ICE-unix", TRUE },
    { ".XIM-unix", TRUE },
    { ".font-unix", TRUE },
    { ".Test-unix", TRUE },
    { "systemd-private-0123456789abcdef-colord.service-AbCdEf", TRUE },
    { "snap-private-tmp", TRUE },
    { "snap.firefox", FALSE },
    { "systemd", FALSE },
    { ".X11-unix.old", FALSE },
  };
  g_autoptr (TmRoot) root = open_reclaiming_root (sandbox->path);

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = make_entry (sandbox, cases[i].name);

      /* As /tmp; only the mode says that the root is one of those. */
      g_test_message ("%s", cases[i].name);
      g_assert_no_errno (g_chmod (sandbox->path, 01777));
      g_assert_cmpint (is_removable (root, cases[i].name), !=, cases[i].stays);
      assert_cleanup (root, cases[i].stays ? 0 : 1);
      g_assert_cmpint (path_exists (path), ==, cases[i].stays);

      g_assert_no_errno (g_chmod (sandbox->path, 0700));
      assert_cleanup (root, cases[i].stays ? 1 : 0);
    }
}

static gint is_over;

static gpointer
set_thread (gpointer data)
{
  static const char *const one[] = { "entry", NULL };
  static const char *const two[] = { "nothing", "entry", NULL };

  while (!g_atomic_int_get (&is_over))
    {
      tm_root_set_exclude (data, one);
      tm_root_set_exclude (data, two);
    }
  return NULL;
}

/* Set in one thread while another cleans up: the entry is excluded throughout. */
static void
test_threads (Sandbox *sandbox, gconstpointer data)
{
  static const char *const patterns[] = { "entry", NULL };
  g_autoptr (TmRoot) root = open_root (sandbox->path, HOUR, TM_ROOT_FLAGS_NONE);
  g_autofree char *path = make_entry (sandbox, "entry");
  GThread *thread;

  tm_root_set_exclude (root, patterns);
  g_atomic_int_set (&is_over, FALSE);
  thread = g_thread_new ("setter", set_thread, root);
  for (guint i = 0; i < 500; i++)
    assert_cleanup (root, 0);
  g_atomic_int_set (&is_over, TRUE);
  g_thread_join (thread);
  g_assert_true (path_exists (path));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  add_test ("/exclude/property", test_property);
  add_test ("/exclude/patterns", test_patterns);
  add_test ("/exclude/whatever-it-is", of_descriptors (test_whatever_it_is));
  add_test ("/exclude/well-known", test_well_known);
  add_test ("/exclude/threads", test_threads);

  return g_test_run ();
}
