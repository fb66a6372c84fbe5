/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* TEMPMAN_DEBUG=keep in the environment of a process: closing keeps the directory, and all other
 * operations are unchanged. The variable is read once: each test sets it in a child, and this
 * process never closes a directory. */

#include "support/directories.h"
#include "support/results.h"
#include "support/roots.h"
#include "support/served-file.h"
#include "support/support.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static GString *messages; /* (owned): of a child */

static GLogWriterOutput
record_cb (GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer user_data)
{
  for (gsize i = 0; (level & G_LOG_LEVEL_MESSAGE) != 0 && i < n_fields; i++)
    if (g_str_equal (fields[i].key, "MESSAGE"))
      g_string_append_printf (messages, "%s\n", (const char *) fields[i].value);
  return G_LOG_WRITER_HANDLED;
}

static void
ask_for (const char *value)
{
  child_assert (value == NULL ? (g_unsetenv ("TEMPMAN_DEBUG"), TRUE)
                              : g_setenv ("TEMPMAN_DEBUG", value, TRUE));
  messages = g_string_new ("");
  g_log_set_writer_func (record_cb, NULL, NULL);
}

static void
assert_told_of (const char *path)
{
  child_assert (strstr (messages->str, path) != NULL);
  child_assert (strstr (messages->str, "TEMPMAN_DEBUG") != NULL);
  g_string_truncate (messages, 0);
}

static void
close_child (gpointer data)
{
  Sandbox *sandbox = data;
  g_autoptr (TmTemporaryDirectory) directory = NULL;
  g_autoptr (TmTemporaryDirectory) other = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  const char *path;

  ask_for ("keep");
  directory = create_in (sandbox->path);
  path = tm_temporary_directory_get_path (directory);
  make_tree (path);
  child_assert (tm_temporary_directory_close (directory, NULL, NULL));
  child_assert (tm_temporary_directory_is_closed (directory));
  child_assert (is_whole (path) || count_entries (path) > 0);
  assert_told_of (path);
  if (library_has_descriptors ())
    child_assert (get_mode (path) == 0700);
  /* It is closed, and a second call logs nothing. */
  child_assert (tm_temporary_directory_close (directory, NULL, NULL));
  child_assert (messages->len == 0);

  other = create_in (sandbox->path);
  path = tm_temporary_directory_get_path (other);
  tm_temporary_directory_close_async (other, G_PRIORITY_DEFAULT, NULL, keep_result_cb, &result);
  child_assert (tm_temporary_directory_close_finish (other, wait_for_result (&result), NULL));
  child_assert (path_exists (path));
  assert_told_of (path);
}

static void
last_reference_child (gpointer data)
{
  Sandbox *sandbox = data;
  TmTemporaryDirectory *directory;
  g_autofree char *path = NULL;

  ask_for ("keep");
  directory = create_in (sandbox->path);
  path = g_strdup (tm_temporary_directory_get_path (directory));
  make_tree (path);
  g_object_unref (directory);
  child_assert (count_entries (path) > 0);
  assert_told_of (path);
}

/* A directory that was kept has no owner: no cleanup takes it for abandoned. */
static void
others_child (gpointer data)
{
  Sandbox *sandbox = data;
  g_autofree char *tree = sandbox_path (sandbox, "tree");
  g_autofree char *old = sandbox_path (sandbox, "old");
  g_autofree char *kept = NULL;
  g_autoptr (GFile) file = g_file_new_for_path (tree);
  g_autoptr (TmRoot) root = NULL;
  TmTemporaryDirectory *directory;

  ask_for ("keep");
  directory = create_in (sandbox->path);
  kept = g_strdup (tm_temporary_directory_get_path (directory));
  g_object_unref (directory);
  g_string_truncate (messages, 0);

  make_tree (tree);
  child_assert (tm_delete_recursively (file, TM_DELETE_FLAGS_NONE, NULL, NULL, NULL, NULL));
  child_assert (!path_exists (tree));
  make_directory (old);
  make_old (old, 2 * HOUR);
  root = open_reclaiming_root (sandbox->path);
  child_assert (tm_root_cleanup (root, NULL, NULL) == 1);
  child_assert (!path_exists (old) && path_exists (kept));
  child_assert (messages->len == 0);
}

static void
published_child (gpointer data)
{
  Sandbox *sandbox = data;
  g_autoptr (GFile) destination = sandbox_file (sandbox, "published");
  g_autofree char *published = sandbox_path (sandbox, "published");
  TmTemporaryDirectory *directory;

  ask_for ("keep");
  /* Through GIO alone nothing is replaced. */
  if (library_has_descriptors ())
    make_directory (published);
  directory = create_in (sandbox->path);
  child_assert (tm_temporary_directory_persist (directory, destination, TM_PERSIST_FLAGS_REPLACE,
                                                NULL, NULL));
  g_object_unref (directory);
  /* The replaced directory is deleted as always. */
  child_assert (path_exists (published) && count_entries (sandbox->path) == 1);
  child_assert (messages->len == 0);
}

static void
remote_child (gpointer data)
{
  Sandbox *sandbox = data;
  g_autoptr (GFile) parent = served_file_new (sandbox->path);
  g_autoptr (TmTemporaryDirectory) directory = NULL;
  g_autofree char *uri = NULL;

  ask_for ("keep");
  directory = tm_temporary_directory_new (parent, "t", NULL, NULL);
  uri = g_file_get_uri (tm_temporary_directory_get_file (directory));
  child_assert (tm_temporary_directory_close (directory, NULL, NULL));
  child_assert (count_entries (sandbox->path) == 1);
  assert_told_of (uri);
}

/* A forked child has no directory of its own to keep. */
static void
fork_child (gpointer data)
{
  g_object_unref (data);
  child_assert (messages->len == 0);
}

static void
forking_child (gpointer data)
{
  Sandbox *sandbox = data;
  TmTemporaryDirectory *directory;

  ask_for ("keep");
  directory = create_in (sandbox->path);
  child_assert (run_in_child (fork_child, directory) == 0);
  child_assert (get_mode (tm_temporary_directory_get_path (directory)) == 01700);
  child_assert (tm_temporary_directory_close (directory, NULL, NULL));
}

static void
test_in_child (Sandbox *sandbox, gconstpointer data)
{
  assert_success_in_child (run_in_child (*(const ChildFunc *) data, sandbox));
  g_assert_cmpuint (count_entries (sandbox->path), >, 0);
}

static void
deleting_child (gpointer data)
{
  gpointer *values = data;
  Sandbox *sandbox = values[0];
  TmTemporaryDirectory *directory;

  ask_for (values[1]);
  directory = create_in (sandbox->path);
  child_assert (tm_temporary_directory_close (directory, NULL, NULL));
  g_object_unref (directory);
  child_assert (count_entries (sandbox->path) == 0);
  child_assert (messages->len == 0);
}

/* The control. */
static void
test_other_values (Sandbox *sandbox, gconstpointer data)
{
  static const char *const values[] = { NULL, "", "keeper", "0" };

  for (guint i = 0; i < G_N_ELEMENTS (values); i++)
    {
      gpointer arguments[] = { sandbox, (gpointer) values[i] };

      assert_success_in_child (run_in_child (deleting_child, arguments));
    }
}

#define add_test_in_child(name, function)                                                          \
  G_STMT_START                                                                                     \
  {                                                                                                \
    static const ChildFunc child = function;                                                       \
                                                                                                   \
    g_test_add (name, Sandbox, &child, sandbox_set_up, on_this_platform (name, test_in_child),     \
                sandbox_tear_down);                                                                \
  }                                                                                                \
  G_STMT_END

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  add_test_in_child ("/debugging/close", close_child);
  add_test_in_child ("/debugging/last-reference", last_reference_child);
  add_test_in_child ("/debugging/deletion-and-cleanup", others_child);
  add_test_in_child ("/debugging/published", published_child);
  add_test_in_child ("/debugging/remote", remote_child);
  if (library_has_descriptors ())
    add_test_in_child ("/debugging/fork", forking_child);
  add_test ("/debugging/other-values", test_other_values);

  return g_test_run ();
}
