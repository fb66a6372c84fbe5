/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "support/support.h"

#include <tempman.h>

#include <libintl.h>
#include <locale.h>
#include <math.h>
#include <string.h>

/* The errors of the library in German. The catalogues of a build are those of
 * TEMPMAN_TEST_CATALOGUES: this program binds their folder, as a program does that carries its own
 * copy of the library. */

#define N_THREADS 8

/* That of the build, or the one that every system has, in which newer C libraries do not translate.
 */
static const char *
get_locale (void)
{
  const char *locales = g_getenv ("TEMPMAN_TEST_LOCALES");

  if (locales == NULL)
    return "C.UTF-8";

  g_setenv ("LOCPATH", locales, TRUE);
  return "de_DE.UTF-8";
}

/* Selects German. Skips the test if there is no locale for it. */
static gboolean
use_german (void)
{
  const char *catalogues = g_getenv ("TEMPMAN_TEST_CATALOGUES");

  if (g_getenv ("TEMPMAN_TEST_NO_TRANSLATIONS") != NULL)
    {
      g_test_skip ("built without translations");
      return FALSE;
    }

  g_setenv ("LANGUAGE", "de", TRUE);
  if (setlocale (LC_ALL, get_locale ()) == NULL)
    {
      g_test_skip ("there is no locale with UTF-8");
      return FALSE;
    }

  if (catalogues != NULL)
    bindtextdomain (GETTEXT_PACKAGE, catalogues);
  if (g_str_equal (dgettext (GETTEXT_PACKAGE, "it is closed"), "it is closed"))
    {
      g_test_skip ("the C library does not translate in the locale C.UTF-8");
      return FALSE;
    }

  return TRUE;
}

static void
assert_message (GError *error, int code, const char *message)
{
  g_assert_error (error, G_IO_ERROR, code);
  g_assert_cmpstr (error->message, ==, message);
  g_clear_error (&error);
}

/* An error that needs no file. */
static char *
get_message (void)
{
  g_autoptr (TmDeletion) deletion = g_object_new (TM_TYPE_DELETION, NULL);
  g_autoptr (GError) error = NULL;

  g_assert_false (tm_deletion_run (deletion, NULL, &error));
  return g_strdup (error->message);
}

#define MESSAGE "Could not delete: no file was given"
#define GERMAN_MESSAGE "Löschen ist nicht möglich: es wurde keine Datei angegeben"

static void
test_messages (Sandbox *sandbox, gconstpointer data)
{
  g_autoptr (GFile) parent = g_file_new_for_path (sandbox->path);
  g_autoptr (GFile) missing = g_file_get_child (parent, "fehlt");
  g_autoptr (TmTemporaryDirectory) directory = NULL;
  g_autofree char *message = NULL;
  g_autofree char *missing_message = NULL;
  g_autofree char *reason = NULL;
  GError *error = NULL;

  if (!use_german ())
    return;

  g_assert_null (tm_temporary_directory_new (parent, "a/b", NULL, &error));
  assert_message (g_steal_pointer (&error), G_IO_ERROR_INVALID_FILENAME,
                  "Es konnte kein temporärer Ordner mit dem Präfix »a/b« erstellt werden: "
                  "ein Präfix ist der Anfang eines Namens, kein Pfad");

  directory = tm_temporary_directory_new (parent, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (tm_temporary_directory_close (directory, NULL, &error));
  g_assert_false (tm_temporary_directory_keep (directory, NULL, &error));
  message = g_strdup_printf ("»%s« konnte nicht behalten werden: der Ordner ist geschlossen",
                             tm_temporary_directory_get_path (directory));
  assert_message (g_steal_pointer (&error), G_IO_ERROR_CLOSED, message);

  /* The reason is that of the C library, or of GIO, which may have no catalogue here. */
  g_assert_null (tm_root_new (missing, 1, TM_ROOT_FLAGS_NONE, NULL, &error));
  missing_message =
      g_strdup_printf ("Der Wurzelordner »%s/fehlt« konnte nicht geöffnet werden: ", sandbox->path);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  g_assert_true (g_str_has_prefix (error->message, missing_message));
  g_clear_error (&error);

  g_assert_null (tm_root_new (parent, NAN, TM_ROOT_FLAGS_NONE, NULL, &error));
  reason = g_strdup_printf ("Der Wurzelordner »%s« konnte nicht geöffnet werden: "
                            "die Zeitgrenze ist keine Zahl",
                            sandbox->path);
  assert_message (g_steal_pointer (&error), G_IO_ERROR_INVALID_ARGUMENT, reason);
}

static void
got_result_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  *(GAsyncResult **) user_data = g_object_ref (result);
  g_main_context_wakeup (NULL);
}

/* The error is made in another thread. */
static void
test_asynchronous (void)
{
  g_autoptr (TmDeletion) deletion = g_object_new (TM_TYPE_DELETION, NULL);
  g_autoptr (GAsyncResult) result = NULL;
  GError *error = NULL;

  if (!use_german ())
    return;

  tm_deletion_run_async (deletion, G_PRIORITY_DEFAULT, NULL, got_result_cb, &result);
  while (result == NULL)
    g_main_context_iteration (NULL, TRUE);
  g_assert_false (tm_deletion_run_finish (deletion, result, &error));
  assert_message (error, G_IO_ERROR_INVALID_ARGUMENT, GERMAN_MESSAGE);
}

/* The library sets no locale: without setlocale() the messages are in English. */
static void
test_locale (void)
{
  g_autofree char *english = NULL;
  g_autofree char *german = NULL;
  g_autofree char *locale = NULL;

  if (!use_german ())
    return;

  g_assert_nonnull (setlocale (LC_ALL, "C"));
  english = get_message ();
  g_assert_cmpstr (english, ==, MESSAGE);
  g_assert_cmpstr (setlocale (LC_ALL, NULL), ==, "C");

  g_assert_nonnull (setlocale (LC_ALL, get_locale ()));
  locale = g_strdup (setlocale (LC_ALL, NULL));
  german = get_message ();
  g_assert_cmpstr (german, ==, GERMAN_MESSAGE);
  g_assert_cmpstr (setlocale (LC_ALL, NULL), ==, locale);
}

/* Binds the domain at the first message, unless the program has done so. */
static void
test_folder (void)
{
  if (g_getenv ("TEMPMAN_TEST_NO_TRANSLATIONS") != NULL)
    {
      g_test_skip ("built without translations");
      return;
    }

  g_test_trap_subprocess ("/translations/subprocess/default-folder", 0, 0);
  g_test_trap_assert_passed ();
  g_test_trap_subprocess ("/translations/subprocess/own-folder", 0, 0);
  g_test_trap_assert_passed ();
}

static void
test_default_folder (void)
{
  g_autofree char *before = g_strdup (bindtextdomain (GETTEXT_PACKAGE, NULL));
  g_autofree char *message = NULL;

  g_test_message ("The default of the C library is %s", before);
  message = get_message ();
  g_assert_cmpstr (bindtextdomain (GETTEXT_PACKAGE, NULL), ==, LOCALEDIR);
  g_assert_cmpstr (bind_textdomain_codeset (GETTEXT_PACKAGE, NULL), ==, "UTF-8");
}

static void
test_own_folder (void)
{
  g_autofree char *message = NULL;

  bindtextdomain (GETTEXT_PACKAGE, "/nowhere");
  message = get_message ();
  g_assert_cmpstr (bindtextdomain (GETTEXT_PACKAGE, NULL), ==, "/nowhere");
  g_assert_cmpstr (bind_textdomain_codeset (GETTEXT_PACKAGE, NULL), ==, "UTF-8");
}

static gpointer
get_message_cb (gpointer user_data)
{
  gint *n_ready = user_data;

  /* All at the same time. */
  g_atomic_int_inc (n_ready);
  while (g_atomic_int_get (n_ready) < N_THREADS)
    g_thread_yield ();
  return get_message ();
}

/* The first messages of a process, in several threads. */
static void
test_threads (void)
{
  if (!use_german ())
    return;

  g_test_trap_subprocess ("/translations/subprocess/threads", 0, 0);
  g_test_trap_assert_passed ();
}

static void
test_first_messages (void)
{
  GThread *threads[N_THREADS];
  gint n_ready = 0;

  if (!use_german ())
    return;

  for (guint i = 0; i < N_THREADS; i++)
    threads[i] = g_thread_new ("first", get_message_cb, &n_ready);
  for (guint i = 0; i < N_THREADS; i++)
    {
      g_autofree char *message = g_thread_join (threads[i]);

      g_assert_cmpstr (message, ==, GERMAN_MESSAGE);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  add_test ("/translations/messages", test_messages);
  g_test_add_func ("/translations/asynchronous", test_asynchronous);
  g_test_add_func ("/translations/locale", test_locale);
  g_test_add_func ("/translations/folder", test_folder);
  g_test_add_func ("/translations/threads", test_threads);
  g_test_add_func ("/translations/subprocess/default-folder", test_default_folder);
  g_test_add_func ("/translations/subprocess/own-folder", test_own_folder);
  g_test_add_func ("/translations/subprocess/threads", test_first_messages);

  return g_test_run ();
}
