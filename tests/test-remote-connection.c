/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Remote files to whose server there is no connection, or one that is lost: GVfs serves them by
 * SFTP, from a server of our own. What is looked at is looked at behind the library's back. */

#include "support/servers.h"
#include "support/support.h"

#include <tempman.h>

#include <signal.h>
#include <string.h>
#include <sys/stat.h>

typedef struct
{
  Sandbox sandbox;
  GFile *base;                     /* (owned) (nullable): the sandbox, as it is served */
  GFile *published;                /* (owned) (nullable): below that */
  GFile *old;                      /* (owned) (nullable): likewise */
  TmRoot *root;                    /* (owned) (nullable): in it */
  TmTemporaryDirectory *directory; /* (owned) (nullable): likewise */
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  g_autofree char *uri = NULL;

  sandbox_set_up (&fixture->sandbox, NULL);
  if (!servers_have (SERVER_SFTP))
    return;

  uri = servers_get_uri (SERVER_SFTP, fixture->sandbox.path);
  fixture->base = g_file_new_for_uri (uri);
  fixture->published = g_file_get_child (fixture->base, "published");
  fixture->old = g_file_get_child (fixture->base, "old");
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_clear_object (&fixture->directory);
  g_clear_object (&fixture->root);
  g_clear_object (&fixture->old);
  g_clear_object (&fixture->published);
  g_clear_object (&fixture->base);
  sandbox_tear_down (&fixture->sandbox, NULL);
}

static gboolean
skip_unless_served (Fixture *fixture)
{
  if (fixture->base != NULL)
    return FALSE;

  g_test_skip ("needs GVfs and an SSH server");
  return TRUE;
}

/* Returns (transfer full): the path under which it really is. */
static char *
create_directory (Fixture *fixture)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *name = NULL;

  g_clear_object (&fixture->directory);
  fixture->directory = tm_temporary_directory_new (fixture->base, "t", NULL, &error);
  g_assert_no_error (error);
  name = g_file_get_basename (tm_temporary_directory_get_file (fixture->directory));
  return sandbox_path (&fixture->sandbox, name);
}

/* The client library of GVfs warns of a connection that it has lost. */
static gboolean
is_fatal_cb (const char *domain, GLogLevelFlags level, const char *message, gpointer user_data)
{
  return g_strcmp0 (domain, "GVFS") != 0;
}

static void
log_of_gvfs_cb (const char *domain, GLogLevelFlags level, const char *message, gpointer user_data)
{
  g_test_message ("%s", message);
}

/* Returns once files are served again: it takes a moment until GVfs has noticed that the old
 * connection is gone, and the client library learns of it in the main loop. */
static void
reconnect (Fixture *fixture)
{
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < 100; i++)
    {
      g_autoptr (GFileInfo) info = NULL;

      servers_mount (SERVER_SFTP);
      while (g_main_context_iteration (NULL, FALSE))
        ;
      g_clear_error (&error);
      info = g_file_query_info (fixture->base, G_FILE_ATTRIBUTE_STANDARD_TYPE,
                                G_FILE_QUERY_INFO_NONE, NULL, &error);
      if (info != NULL)
        return;
      g_usleep (50 * 1000);
    }
  g_assert_no_error (error);
}

/* What was attempted comes first, and with what. */
static void
assert_says (const GError *error, const char *action)
{
  g_autofree char *beginning = g_strconcat (action, " “sftp://", NULL);

  g_test_message ("%s", error->message);
  g_assert_cmpuint (error->domain, ==, G_IO_ERROR);
  g_assert_true (g_str_has_prefix (error->message, beginning));
}

static void
create_start (Fixture *fixture, GAsyncResult **result)
{
  tm_temporary_directory_new_async (fixture->base, "t", G_PRIORITY_DEFAULT, NULL, keep_result_cb,
                                    result);
}

static gboolean
create_finish (Fixture *fixture, GAsyncResult *result, GError **error)
{
  g_autoptr (TmTemporaryDirectory) directory = tm_temporary_directory_new_finish (result, error);

  return directory != NULL;
}

static void
publish_start (Fixture *fixture, GAsyncResult **result)
{
  tm_temporary_directory_persist_async (fixture->directory, fixture->published,
                                        TM_PERSIST_FLAGS_NONE, G_PRIORITY_DEFAULT, NULL,
                                        keep_result_cb, result);
}

static gboolean
publish_finish (Fixture *fixture, GAsyncResult *result, GError **error)
{
  g_autofree char *path = sandbox_path (&fixture->sandbox, "published");
  gboolean published = tm_temporary_directory_persist_finish (fixture->directory, result, error);

  g_assert_cmpint (path_exists (path), ==, published);
  g_assert_cmpint (tm_temporary_directory_is_closed (fixture->directory), ==, published);
  return published;
}

static void
open_root_start (Fixture *fixture, GAsyncResult **result)
{
  tm_root_new_async (fixture->base, HOUR, TM_ROOT_FLAGS_CREATE_DIRECTORY, G_PRIORITY_DEFAULT, NULL,
                     keep_result_cb, result);
}

static gboolean
open_root_finish (Fixture *fixture, GAsyncResult *result, GError **error)
{
  g_autoptr (TmRoot) root = tm_root_new_finish (result, error);

  return root != NULL;
}

static void
clean_up_start (Fixture *fixture, GAsyncResult **result)
{
  tm_root_cleanup_async (fixture->root, G_PRIORITY_DEFAULT, NULL, keep_result_cb, result);
}

static gboolean
clean_up_finish (Fixture *fixture, GAsyncResult *result, GError **error)
{
  g_autofree char *old = sandbox_path (&fixture->sandbox, "old");
  gssize n_deleted = tm_root_cleanup_finish (fixture->root, result, error);

  g_assert_cmpint (n_deleted, ==, path_exists (old) ? -1 : 1);
  return n_deleted == 1;
}

static void
list_start (Fixture *fixture, GAsyncResult **result)
{
  tm_root_list_entries_async (fixture->root, TM_LIST_FLAGS_NONE, G_PRIORITY_DEFAULT, NULL,
                              keep_result_cb, result);
}

static gboolean
list_finish (Fixture *fixture, GAsyncResult *result, GError **error)
{
  g_autoptr (GListModel) entries = tm_root_list_entries_finish (fixture->root, result, error);

  g_assert_true (entries == NULL || g_list_model_get_n_items (entries) == 2);
  return entries != NULL;
}

static void
delete_start (Fixture *fixture, GAsyncResult **result)
{
  tm_delete_recursively_async (fixture->old, TM_DELETE_FLAGS_NONE, G_PRIORITY_DEFAULT, NULL, NULL,
                               NULL, NULL, keep_result_cb, result);
}

static gboolean
delete_finish (Fixture *fixture, GAsyncResult *result, GError **error)
{
  g_autofree char *old = sandbox_path (&fixture->sandbox, "old");
  gboolean deleted = tm_delete_recursively_finish (result, error);

  g_assert_cmpint (path_exists (old), ==, !deleted);
  return deleted;
}

/* Each tells by its end whether it has done all of what it is for, or nothing. */
static const struct Operation
{
  const char *name;
  const char *action; /* as an error begins */
  void (*start) (Fixture *fixture, GAsyncResult **result);
  gboolean (*finish) (Fixture *fixture, GAsyncResult *result, GError **error);
} operations[] = {
  { "create", "Could not create a temporary directory in", create_start, create_finish },
  { "publish", "Could not publish", publish_start, publish_finish },
  { "root", "Could not open the root", open_root_start, open_root_finish },
  { "cleanup", "Could not read the root", clean_up_start, clean_up_finish },
  { "list", "Could not read the root", list_start, list_finish },
  { "delete", "Could not delete", delete_start, delete_finish },
};

/* The connection is lost while it waits for what it has requested first. */
static void
test_broken (Fixture *fixture, gconstpointer data)
{
  const struct Operation *operation = data;
  g_autoptr (GAsyncResult) broken = NULL;
  g_autoptr (GAsyncResult) again = NULL;
  g_autofree char *old = NULL;
  g_autofree char *path = NULL;
  g_autoptr (GError) error = NULL;
  pid_t connection;

  if (skip_unless_served (fixture))
    return;

  g_test_log_set_fatal_handler (is_fatal_cb, NULL);
  old = make_old_directory (&fixture->sandbox, "old", 2 * HOUR);
  path = create_directory (fixture);
  fixture->root = tm_root_new (fixture->base, HOUR, TM_ROOT_FLAGS_NONE, NULL, &error);
  g_assert_no_error (error);

  connection = servers_find_ssh_connection ();
  g_assert_cmpint (connection, >, 0);
  g_assert_no_errno (kill (connection, SIGSTOP));
  operation->start (fixture, &broken);
  g_usleep (100 * 1000);
  g_assert_null (broken);
  g_assert_no_errno (kill (connection, SIGKILL));
  wait_for_result (&broken);
  g_assert_false (operation->finish (fixture, broken, &error));
  assert_says (error, operation->action);
  g_clear_error (&error);
  g_assert_true (path_exists (path));
  g_assert_true (path_exists (old));
  g_assert_cmpuint (count_entries (fixture->sandbox.path), ==, 2);

  /* Whoever connects again can go on. */
  reconnect (fixture);
  operation->start (fixture, &again);
  operation->finish (fixture, wait_for_result (&again), &error);
  g_assert_no_error (error);

  tm_temporary_directory_close (fixture->directory, NULL, &error);
  g_assert_no_error (error);
}

static void
make_files (const char *path, guint n_files)
{
  for (guint i = 0; i < n_files; i++)
    {
      g_autofree char *name = g_strdup_printf ("%u", i);
      g_autofree char *file = g_build_filename (path, name, NULL);

      make_file (file);
    }
}

/* Returns the connection that the directory was closed through, ended in the middle of that: the
 * server is stopped when it has deleted some, and only then ended. By then the directory has been
 * read, so few are its entries: the client library of GVfs waits a minute for more when it loses
 * the connection while it reads one. Returns FALSE if the server was faster. */
static gboolean
break_connection_amid (GAsyncResult **closed, const char *path)
{
  pid_t connection = servers_find_ssh_connection ();
  guint n_files = count_entries (path);
  gboolean is_amid;

  g_assert_cmpint (connection, >, 0);
  while (path_exists (path) && count_entries (path) == n_files)
    g_usleep (100);

  g_assert_no_errno (kill (connection, SIGSTOP));
  is_amid = path_exists (path) && count_entries (path) > 0;
  g_assert_no_errno (kill (connection, is_amid ? SIGKILL : SIGCONT));
  wait_for_result (closed);
  return is_amid;
}

static void
test_broken_amid (Fixture *fixture, gconstpointer data)
{
  g_autofree char *path = NULL;
  g_autoptr (GAsyncResult) closed = NULL;
  g_autoptr (GError) error = NULL;
  gboolean is_broken = FALSE;

  if (skip_unless_served (fixture))
    return;

  g_test_log_set_fatal_handler (is_fatal_cb, NULL);
  for (guint i = 0; i < 20 && !is_broken; i++)
    {
      g_clear_object (&closed);
      g_free (path);

      path = create_directory (fixture);
      make_files (path, 60);
      tm_temporary_directory_close_async (fixture->directory, G_PRIORITY_DEFAULT, NULL,
                                          keep_result_cb, &closed);
      is_broken = break_connection_amid (&closed, path);
    }
  g_assert_true (is_broken);

  g_assert_false (tm_temporary_directory_close_finish (fixture->directory, closed, &error));
  assert_says (error, "Could not delete");
  g_clear_error (&error);
  g_assert_false (tm_temporary_directory_is_closed (fixture->directory));
  g_assert_true (path_exists (path));

  reconnect (fixture);
  tm_temporary_directory_close (fixture->directory, NULL, &error);
  g_assert_no_error (error);
  g_assert_false (path_exists (path));
}

static void
test_not_mounted (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GFile) file = g_file_new_for_uri ("sftp://127.0.0.1:1/tmp/x");
  g_autoptr (TmTemporaryDirectory) directory = NULL;
  g_autoptr (TmRoot) root = NULL;
  g_autoptr (GError) error = NULL;

  if (skip_unless_served (fixture))
    return;

  directory = tm_temporary_directory_new (file, "t", NULL, &error);
  g_assert_null (directory);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_MOUNTED);
  assert_says (error, "Could not create a temporary directory in");
  g_clear_error (&error);

  root = tm_root_new (file, TM_NO_TIMEOUT, TM_ROOT_FLAGS_CREATE_DIRECTORY, NULL, &error);
  g_assert_null (root);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_MOUNTED);
  assert_says (error, "Could not open the root");
  g_clear_error (&error);

  g_assert_false (tm_delete_recursively (file, TM_DELETE_FLAGS_NONE, NULL, NULL, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_MOUNTED);
  assert_says (error, "Could not delete");
}

int
main (int argc, char *argv[])
{
  int status;

  g_test_init (&argc, &argv, NULL);
  g_log_set_handler ("GVFS", G_LOG_LEVEL_MASK | G_LOG_FLAG_FATAL, log_of_gvfs_cb, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (operations); i++)
    {
      g_autofree char *path = g_strconcat ("/remote-connection/broken/", operations[i].name, NULL);

      g_test_add (path, Fixture, &operations[i], set_up, test_broken, tear_down);
    }
  g_test_add ("/remote-connection/broken-amid", Fixture, NULL, set_up, test_broken_amid, tear_down);
  g_test_add ("/remote-connection/not-mounted", Fixture, NULL, set_up, test_not_mounted, tear_down);

  servers_start ();
  status = g_test_run ();
  servers_stop ();
  return status;
}
