/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "core/tm-error-private.h"

#include <errno.h>
#include <string.h>

/* The messages of the errors of the library. Built with the source file that holds them. */

#define PATH "/tmp/a directory/ä"
#define DESTINATION "/srv/another"
#define REASON "it is closed"

static guint
count (const char *text, const char *part)
{
  guint n = 0;

  while ((text = strstr (text, part)) != NULL)
    {
      n++;
      text += strlen (part);
    }
  return n;
}

/* @end: the quoted path, the colon and the reason */
static void
assert_is_sentence (const char *message, const char *end, guint n_paths)
{
  g_test_message ("%s", message);
  g_assert_true (g_str_has_prefix (message, "Could not "));
  g_assert_true (g_str_has_suffix (message, end));
  g_assert_cmpuint (count (message, "“"), ==, n_paths);
  g_assert_cmpuint (count (message, "”"), ==, n_paths);
  g_assert_null (strchr (message, '%'));
}

/* What failed, the quoted path, the reason. No two actions have the same message. */
static void
test_sentences (void)
{
  g_autoptr (GHashTable) messages = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  for (TmAction action = 0; action < TM_N_ACTIONS; action++)
    {
      g_autoptr (GError) error = NULL;

      tm_error_set (&error, action, PATH, G_IO_ERROR_CLOSED, REASON);
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
      assert_is_sentence (error->message, " “" PATH "”: " REASON, 1);
      g_assert_true (g_hash_table_add (messages, g_strdup (error->message)));

      tm_error_set (NULL, action, PATH, G_IO_ERROR_CLOSED, REASON);
    }
}

/* A publication has two paths. */
static void
test_publication (void)
{
  g_autoptr (GFile) file = g_file_new_for_path (PATH);
  g_autoptr (GFile) destination = g_file_new_for_path (DESTINATION);
  g_autoptr (GError) error = NULL;
  g_autoptr (GError) file_error = NULL;

  tm_error_set_unpublished (&error, PATH, DESTINATION, G_IO_ERROR_EXISTS, REASON);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_EXISTS);
  assert_is_sentence (error->message, " “" PATH "” as “" DESTINATION "”: " REASON, 2);

  tm_error_set_unpublished_file (&file_error, file, destination, G_IO_ERROR_EXISTS, REASON);
  g_assert_error (file_error, G_IO_ERROR, G_IO_ERROR_EXISTS);
  g_assert_cmpstr (file_error->message, ==, error->message);
}

/* The path of a local file, and the URI of any other. */
static void
test_files (void)
{
  g_autoptr (GFile) local = g_file_new_for_path (PATH);
  g_autoptr (GFile) remote = g_file_new_for_uri ("sftp://server/tmp/x");
  g_autoptr (GError) local_error = NULL;
  g_autoptr (GError) remote_error = NULL;

  tm_error_set_for_file (&local_error, TM_ACTION_DELETE, local, G_IO_ERROR_BUSY, REASON);
  assert_is_sentence (local_error->message, " “" PATH "”: " REASON, 1);

  tm_error_set_for_file (&remote_error, TM_ACTION_DELETE, remote, G_IO_ERROR_BUSY, REASON);
  assert_is_sentence (remote_error->message, " “sftp://server/tmp/x”: " REASON, 1);
}

static void
test_errno (void)
{
  static const struct
  {
    int error_number;
    GIOErrorEnum code;
    const char *reason; /* (nullable): the reason of the C library */
  } cases[] = {
    { EACCES, G_IO_ERROR_PERMISSION_DENIED, NULL },
    { ENOENT, G_IO_ERROR_NOT_FOUND, NULL },
    { ENAMETOOLONG, G_IO_ERROR_INVALID_FILENAME, NULL },
    { EDQUOT, G_IO_ERROR_NO_SPACE, NULL },
    { EBUSY, G_IO_ERROR_BUSY, NULL },
    { EXDEV, G_IO_ERROR_BUSY, "a file system is mounted there" },
    { ENOTEMPTY, G_IO_ERROR_BUSY, "another process keeps adding files to it" },
    { EBADF, G_IO_ERROR_FAILED, "other code has closed its file descriptor" },
    { TM_ERROR_NUMBER_ATTRIBUTES, G_IO_ERROR_PERMISSION_DENIED,
      "it is immutable or append-only, and this process may not change that" },
    { TM_ERROR_NUMBER_LINKED, G_IO_ERROR_PERMISSION_DENIED,
      "it is immutable or append-only, and has other hard links" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      const char *reason =
          cases[i].reason != NULL ? cases[i].reason : g_strerror (cases[i].error_number);
      g_autofree char *end = g_strconcat (" “" PATH "”: ", reason, NULL);
      g_autoptr (GError) error = NULL;
      g_autoptr (GError) unopened = NULL;

      tm_error_set_from_errno (&error, TM_ACTION_DELETE, PATH, cases[i].error_number);
      g_assert_error (error, G_IO_ERROR, (int) cases[i].code);
      assert_is_sentence (error->message, end, 1);

      tm_error_set_unopened (&unopened, TM_ACTION_DELETE, PATH, NULL, cases[i].error_number);
      g_assert_error (unopened, G_IO_ERROR, (int) cases[i].code);
      g_assert_cmpstr (unopened->message, ==, error->message);
    }
}

static void
test_refused_link (void)
{
  g_autoptr (GError) error = NULL;

  tm_error_set_unopened (&error, TM_ACTION_OPEN_ROOT, PATH, "/tmp/link", EACCES);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED);
  assert_is_sentence (
      error->message,
      " “" PATH "”: the link “/tmp/link” belongs to another user and is not followed", 2);
}

static void
test_gio (void)
{
  g_autoptr (GFile) file = g_file_new_for_path (PATH);
  g_autoptr (GError) too_long =
      g_error_new_literal (G_IO_ERROR, G_IO_ERROR_FILENAME_TOO_LONG, "its name is too long");
  g_autoptr (GError) missing =
      g_error_new_literal (G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "it is missing");
  g_autoptr (GError) foreign =
      g_error_new_literal (G_OPTION_ERROR, G_OPTION_ERROR_FAILED, "it is of another domain");
  const struct
  {
    const GError *cause;
    GIOErrorEnum code;
  } cases[] = {
    { too_long, G_IO_ERROR_INVALID_FILENAME },
    { missing, G_IO_ERROR_NOT_FOUND },
    { foreign, G_IO_ERROR_FAILED },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *end = g_strconcat (" “" PATH "”: ", cases[i].cause->message, NULL);
      g_autoptr (GError) error = NULL;

      tm_error_set_from_gio (&error, TM_ACTION_DELETE, file, cases[i].cause);
      g_assert_error (error, G_IO_ERROR, (int) cases[i].code);
      assert_is_sentence (error->message, end, 1);
    }
}

/* A path can have any bytes, a message is UTF-8. */
static void
test_no_utf8 (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GError) unpublished = NULL;

  tm_error_set (&error, TM_ACTION_DELETE, "/tmp/\377", G_IO_ERROR_BUSY, REASON);
  g_assert_true (g_utf8_validate (error->message, -1, NULL));
  g_assert_true (g_str_has_prefix (error->message, "Could not delete “/tmp/"));

  tm_error_set_unpublished (&unpublished, "/tmp/\377", "/tmp/\376", G_IO_ERROR_BUSY, REASON);
  g_assert_true (g_utf8_validate (unpublished->message, -1, NULL));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/messages/sentences", test_sentences);
  g_test_add_func ("/messages/publication", test_publication);
  g_test_add_func ("/messages/files", test_files);
  g_test_add_func ("/messages/errno", test_errno);
  g_test_add_func ("/messages/refused-link", test_refused_link);
  g_test_add_func ("/messages/gio", test_gio);
  g_test_add_func ("/messages/no-utf8", test_no_utf8);

  return g_test_run ();
}
