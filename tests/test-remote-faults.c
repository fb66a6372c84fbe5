/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Remote files whose server fails, is cancelled, or is used by somebody else as well, at each of
 * the requests that are made of it. */

#include "support/progress.h"
#include "support/served-file.h"
#include "support/support.h"

#include <tempman.h>

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What is done to the requests of one operation. */
typedef struct
{
  guint nth;                 /* the first one that it is done to */
  gboolean lasts;            /* and all that follow */
  int code;                  /* of the error that they fail with, unless: */
  GCancellable *cancellable; /* (unowned) (nullable): cancelled instead */
  guint n_requests;          /* until now */
} Trouble;

static gboolean
make_trouble (Request request, const char *path, gpointer data, GError **error)
{
  Trouble *trouble = data;
  guint n = trouble->n_requests++;

  if (n != trouble->nth && !(trouble->lasts && n > trouble->nth))
    return TRUE;

  if (trouble->cancellable != NULL)
    {
      g_cancellable_cancel (trouble->cancellable);
      return TRUE;
    }

  g_set_error_literal (error, G_IO_ERROR, trouble->code, "the connection is broken");
  return FALSE;
}

typedef struct
{
  Sandbox *sandbox;
  GFile *base;                     /* (owned): the sandbox, as it is served */
  TmTemporaryDirectory *directory; /* (owned) (nullable) */
  char *path;                      /* (owned) (nullable): where that is */
  GCancellable *cancellable;       /* (owned) */
} Scene;

/* One that an operation of each kind has something to do with: a tree to be deleted, in a temporary
 * directory or as an entry of a root. */
static void
scene_set_up (Scene *scene, Sandbox *sandbox, gboolean has_directory)
{
  g_autofree char *old = NULL;

  *scene = (Scene){ .sandbox = sandbox,
                    .base = served_file_new (sandbox->path),
                    .cancellable = g_cancellable_new () };
  if (has_directory)
    {
      g_autofree char *name = NULL;

      scene->directory = tm_temporary_directory_new (scene->base, "t", NULL, NULL);
      g_assert_nonnull (scene->directory);
      name = g_file_get_basename (tm_temporary_directory_get_file (scene->directory));
      scene->path = sandbox_path (sandbox, name);
      make_tree (scene->path);
    }
  else
    old = make_old_directory (sandbox, "old", 2 * HOUR);
}

static void
scene_clear (Scene *scene)
{
  served_file_watch (NULL, NULL);
  if (scene->directory != NULL)
    {
      g_autoptr (GError) error = NULL;

      tm_temporary_directory_close (scene->directory, NULL, &error);
      g_assert_no_error (error);
      g_assert_true (tm_temporary_directory_is_closed (scene->directory));
      g_object_unref (scene->directory);
    }

  g_object_unref (scene->base);
  g_object_unref (scene->cancellable);
  g_free (scene->path);
}

/* Returns whether it succeeded, with everything as it has to be in that case. */
typedef gboolean (*Operation) (Scene *scene, GError **error);

static gboolean
create (Scene *scene, GError **error)
{
  g_autoptr (TmTemporaryDirectory) directory =
      tm_temporary_directory_new (scene->base, "t", scene->cancellable, error);

  served_file_watch (NULL, NULL);
  g_assert_cmpuint (count_entries (scene->sandbox->path), ==, directory != NULL ? 2 : 1);
  return directory != NULL && tm_temporary_directory_close (directory, NULL, NULL);
}

static gboolean
close_directory (Scene *scene, GError **error)
{
  gboolean closed = tm_temporary_directory_close (scene->directory, scene->cancellable, error);

  g_assert_cmpint (tm_temporary_directory_is_closed (scene->directory), ==, closed);
  g_assert_false (closed && path_exists (scene->path));
  return closed;
}

static gboolean
publish (Scene *scene, GError **error)
{
  g_autofree char *path = sandbox_path (scene->sandbox, "published");
  g_autoptr (GFile) destination = g_file_get_child (scene->base, "published");
  gboolean published = tm_temporary_directory_persist (
      scene->directory, destination, TM_PERSIST_FLAGS_NONE, scene->cancellable, error);

  g_assert_cmpint (tm_temporary_directory_is_closed (scene->directory), ==, published);
  g_assert_cmpint (path_exists (path), ==, published);
  g_assert_cmpint (path_exists (scene->path), ==, !published);
  if (published)
    {
      served_file_watch (NULL, NULL);
      tm_delete_recursively (destination, TM_DELETE_FLAGS_NONE, NULL, NULL, NULL, NULL);
    }
  return published;
}

static gboolean
open_new_root (Scene *scene, GError **error)
{
  g_autoptr (GFile) file = g_file_resolve_relative_path (scene->base, "one/two");
  g_autoptr (TmRoot) root =
      tm_root_new (file, HOUR, TM_ROOT_FLAGS_CREATE_DIRECTORY, scene->cancellable, error);
  g_autofree char *path = sandbox_path (scene->sandbox, "one/two");

  g_assert_false (root != NULL && !path_exists (path));
  g_rmdir (path);
  *strrchr (path, '/') = '\0';
  g_rmdir (path);
  return root != NULL;
}

/* Opened without trouble. */
static TmRoot *
get_root (Scene *scene)
{
  g_autoptr (GFile) plain = g_file_dup (scene->base);

  return tm_root_new (plain, HOUR, TM_ROOT_FLAGS_NONE, NULL, NULL);
}

static gboolean
clean_up (Scene *scene, TmRoot *root, GError **error)
{
  g_autofree char *old = sandbox_path (scene->sandbox, "old");
  gssize n_deleted = tm_root_cleanup (root, scene->cancellable, error);

  g_assert_false (n_deleted >= 0 && path_exists (old));
  return n_deleted >= 0;
}

static gboolean
list (Scene *scene, TmRoot *root, GError **error)
{
  g_autofree char *old = sandbox_path (scene->sandbox, "old");
  g_autoptr (GListModel) entries =
      tm_root_list_entries (root, TM_LIST_FLAGS_NONE, scene->cancellable, error);

  g_assert_false (entries != NULL && g_list_model_get_n_items (entries) < 1);
  g_assert_true (path_exists (old));
  return entries != NULL;
}

static gboolean
delete_old_tree (Scene *scene, GError **error)
{
  g_autofree char *path = sandbox_path (scene->sandbox, "old");
  g_autoptr (GFile) file = g_file_get_child (scene->base, "old");
  gboolean deleted =
      tm_delete_recursively (file, TM_DELETE_FLAGS_NONE, scene->cancellable, NULL, NULL, error);

  g_assert_false (deleted && path_exists (path));
  return deleted;
}

typedef struct
{
  const char *name;
  Operation run;
  gboolean (*run_on_root) (Scene *scene, TmRoot *root, GError **error);
  gboolean has_directory;
} Case;

static const Case cases[] = {
  { "create", create, NULL, FALSE },          { "close", close_directory, NULL, TRUE },
  { "publish", publish, NULL, TRUE },         { "root", open_new_root, NULL, FALSE },
  { "cleanup", NULL, clean_up, FALSE },       { "list", NULL, list, FALSE },
  { "delete", delete_old_tree, NULL, FALSE },
};

/* A connection that breaks after a cleanup has created a directory to read the clock leaves it to
 * later cleanups. */
static void
delete_clocks (const char *path)
{
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  const char *name;

  while ((name = g_dir_read_name (dir)) != NULL)
    if (g_str_has_prefix (name, ".tempman-clock-0"))
      {
        g_autofree char *clock = g_build_filename (path, name, NULL);

        g_assert_no_errno (g_rmdir (clock));
      }
}

static gboolean
run_case (const Case *c, Sandbox *sandbox, Trouble *trouble, GError **error)
{
  g_autofree char *old = sandbox_path (sandbox, "old");
  g_autoptr (GFile) old_file = g_file_new_for_path (old);
  g_autoptr (TmRoot) root = NULL;
  gboolean succeeded;
  Scene scene;

  scene_set_up (&scene, sandbox, c->has_directory);
  root = c->run_on_root != NULL ? get_root (&scene) : NULL;
  if (trouble->cancellable != NULL)
    g_set_object (&scene.cancellable, trouble->cancellable);

  trouble->n_requests = 0;
  served_file_watch (make_trouble, trouble);
  succeeded =
      c->run_on_root != NULL ? c->run_on_root (&scene, root, error) : c->run (&scene, error);
  served_file_watch (NULL, NULL);

  /* What could not be done then can be done now. */
  g_clear_object (&scene.cancellable);
  scene.cancellable = g_cancellable_new ();
  if (path_exists (old))
    make_old (old, 2 * HOUR);
  if (!succeeded)
    g_assert_true (c->run_on_root != NULL ? c->run_on_root (&scene, root, NULL)
                                          : c->run (&scene, NULL));

  tm_delete_recursively (old_file, TM_DELETE_FLAGS_NONE, NULL, NULL, NULL, NULL);
  scene_clear (&scene);
  delete_clocks (sandbox->path);
  g_assert_cmpuint (count_entries (sandbox->path), ==, 0);
  return succeeded;
}

static void
test_broken (Sandbox *sandbox, gconstpointer data)
{
  static const int codes[] = { G_IO_ERROR_FAILED, G_IO_ERROR_TIMED_OUT,
                               G_IO_ERROR_CONNECTION_CLOSED, G_IO_ERROR_NOT_MOUNTED,
                               G_IO_ERROR_PERMISSION_DENIED };
  const Case *c = data;
  guint n_failed = 0;

  for (guint i = 0; i < G_N_ELEMENTS (codes); i++)
    for (gboolean lasts = FALSE; lasts <= TRUE; lasts++)
      for (guint nth = 0;; nth++)
        {
          Trouble trouble = { .nth = nth, .lasts = lasts, .code = codes[i] };
          g_autoptr (GError) error = NULL;
          gboolean succeeded = run_case (c, sandbox, &trouble, &error);

          g_assert_cmpint (succeeded, ==, error == NULL);
          if (trouble.n_requests <= nth)
            {
              g_assert_true (succeeded);
              g_assert_cmpuint (nth, >, 1);
              break;
            }
          if (succeeded)
            continue;

          n_failed++;
          g_assert_error (error, G_IO_ERROR, codes[i]);
          g_assert_nonnull (strstr (error->message, "“served:///"));
          g_assert_nonnull (strstr (error->message, "the connection is broken"));
        }

  g_assert_cmpuint (n_failed, >=, G_N_ELEMENTS (codes));
}

static void
test_cancelled (Sandbox *sandbox, gconstpointer data)
{
  const Case *c = data;
  guint n_cancelled = 0;

  for (guint nth = 0;; nth++)
    {
      g_autoptr (GCancellable) cancellable = g_cancellable_new ();
      Trouble trouble = { .nth = nth, .cancellable = cancellable };
      g_autoptr (GError) error = NULL;

      if (!run_case (c, sandbox, &trouble, &error))
        {
          g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
          n_cancelled++;
        }
      if (trouble.n_requests <= nth)
        {
          g_assert_cmpuint (nth, >, 1);
          break;
        }
    }

  /* What makes or moves one thing is done or not, once it was asked for. */
  g_assert_cmpint (n_cancelled > 0, ==, c->run != create && c->run != publish);
}

/* Somebody who puts a file into a directory each time that it is about to be removed. */
typedef struct
{
  const char *path;
  guint n_left;
  guint n_removals;
} Filler;

static gboolean
fill (Request request, const char *path, gpointer data, GError **error)
{
  Filler *filler = data;
  g_autofree char *file = g_build_filename (filler->path, "file", NULL);

  if (request != REQUEST_DELETE || !g_str_equal (path, filler->path))
    return TRUE;

  filler->n_removals++;
  if (filler->n_left > 0)
    {
      filler->n_left--;
      make_file (file);
    }
  return TRUE;
}

static void
test_filled (Sandbox *sandbox, gconstpointer data)
{
  static const char *const filled[] = { ".", "a", "a/b/c" };

  for (guint i = 0; i < G_N_ELEMENTS (filled); i++)
    {
      g_autofree char *path = NULL;
      g_autofree char *canonical = NULL;
      g_autoptr (GError) error = NULL;
      Filler filler;
      Scene scene;

      scene_set_up (&scene, sandbox, TRUE);
      path = g_build_filename (scene.path, filled[i], NULL);
      canonical = g_canonicalize_filename (path, NULL);

      filler = (Filler){ .path = canonical, .n_left = G_MAXUINT };
      served_file_watch (fill, &filler);
      g_assert_false (tm_temporary_directory_close (scene.directory, NULL, &error));
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_BUSY);
      g_assert_cmpuint (filler.n_removals, <, 20);
      g_clear_error (&error);

      filler = (Filler){ .path = canonical, .n_left = 5 };
      tm_temporary_directory_close (scene.directory, NULL, &error);
      g_assert_no_error (error);
      g_assert_cmpuint (filler.n_left, ==, 0);
      scene_clear (&scene);
      g_assert_cmpuint (count_entries (sandbox->path), ==, 0);
    }
}

/* Somebody else deletes the same tree. */
static gboolean
delete_behind (Request request, const char *path, gpointer data, GError **error)
{
  Trouble *trouble = data;
  g_autoptr (GFile) file = g_file_new_for_path (path);

  /* An enumeration that is under way goes on where it was. */
  if (trouble->n_requests++ != trouble->nth || request == REQUEST_NEXT)
    return TRUE;

  tm_delete_recursively (file, TM_DELETE_FLAGS_NONE, NULL, NULL, NULL, NULL);
  return TRUE;
}

static void
test_two_deleters (Sandbox *sandbox, gconstpointer data)
{
  for (guint nth = 0;; nth++)
    {
      Trouble trouble = { .nth = nth };
      g_autoptr (GError) error = NULL;
      Scene scene;

      scene_set_up (&scene, sandbox, TRUE);
      served_file_watch (delete_behind, &trouble);
      tm_temporary_directory_close (scene.directory, NULL, &error);
      g_assert_no_error (error);
      scene_clear (&scene);
      g_assert_cmpuint (count_entries (sandbox->path), ==, 0);

      if (trouble.n_requests <= nth)
        {
          g_assert_cmpuint (nth, >, 20);
          break;
        }
    }
}

/* It is not empty when it is to be removed, and gone when it is read again. */
static gboolean
fill_and_delete (Request request, const char *path, gpointer data, GError **error)
{
  Filler *filler = data;
  g_autoptr (GFile) file = g_file_new_for_path (path);

  fill (request, path, data, error);
  if (request == REQUEST_ENUMERATE && g_str_equal (path, filler->path) && filler->n_removals > 0)
    tm_delete_recursively (file, TM_DELETE_FLAGS_NONE, NULL, NULL, NULL, NULL);
  return TRUE;
}

static void
test_gone_when_read_again (Sandbox *sandbox, gconstpointer data)
{
  static const char *const filled[] = { "old", "old/a" };

  for (guint i = 0; i < G_N_ELEMENTS (filled); i++)
    {
      g_autofree char *path = sandbox_path (sandbox, filled[i]);
      Filler filler = { .path = path, .n_left = 1 };
      g_autoptr (GFile) file = NULL;
      g_autoptr (GError) error = NULL;
      Progress progress = { 0 };
      Scene scene;

      scene_set_up (&scene, sandbox, FALSE);
      file = g_file_get_child (scene.base, "old");
      served_file_watch (fill_and_delete, &filler);
      tm_delete_recursively (file, TM_DELETE_FLAGS_NONE, NULL, record_progress_cb, &progress,
                             &error);
      g_assert_no_error (error);
      g_assert_cmpuint (filler.n_removals, >, 0);
      g_assert_cmpuint (progress.n_found, >, 0);
      g_assert_cmpuint (progress.n_deleted, ==, progress.n_found);
      g_assert_cmpuint (count_entries (sandbox->path), ==, 0);
      scene_clear (&scene);
    }
}

/* It is not empty when it is to be removed, and cannot be read again. What it is in is not tried.
 */
static gboolean
fail_to_read_again (Request request, const char *path, gpointer data, GError **error)
{
  Filler *filler = data;

  fill (request, path, data, error);
  g_assert_false (request == REQUEST_DELETE && g_str_has_suffix (path, "/old"));
  if (request != REQUEST_ENUMERATE || !g_str_equal (path, filler->path) || filler->n_removals == 0)
    return TRUE;

  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED, "not again");
  return FALSE;
}

static void
test_unreadable_when_read_again (Sandbox *sandbox, gconstpointer data)
{
  g_autofree char *path = sandbox_path (sandbox, "old/a");
  Filler filler = { .path = path, .n_left = 1 };
  g_autoptr (GFile) file = NULL;
  g_autoptr (GError) error = NULL;
  Scene scene;

  scene_set_up (&scene, sandbox, FALSE);
  file = g_file_get_child (scene.base, "old");
  served_file_watch (fail_to_read_again, &filler);
  g_assert_false (tm_delete_recursively (file, TM_DELETE_FLAGS_NONE, NULL, NULL, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED);
  g_assert_cmpuint (filler.n_removals, ==, 1);
  g_clear_error (&error);
  served_file_watch (NULL, NULL);
  tm_delete_recursively (file, TM_DELETE_FLAGS_NONE, NULL, NULL, NULL, &error);
  g_assert_no_error (error);
  scene_clear (&scene);
}

/* Becomes young between the look at the root and its deletion. */
static gboolean
use (Request request, const char *path, gpointer data, GError **error)
{
  if (request == REQUEST_QUERY && g_str_equal (path, data))
    make_old (path, 0);
  return TRUE;
}

static void
test_used_meanwhile (Sandbox *sandbox, gconstpointer data)
{
  g_autofree char *old = sandbox_path (sandbox, "old");
  g_autoptr (TmRoot) root = NULL;
  g_autoptr (GError) error = NULL;
  Scene scene;

  scene_set_up (&scene, sandbox, FALSE);
  root = get_root (&scene);
  served_file_watch (use, old);
  g_assert_cmpint (tm_root_cleanup (root, NULL, &error), ==, 0);
  g_assert_no_error (error);
  g_assert_true (path_exists (old));
  scene_clear (&scene);
}

static gboolean
refuse_to_delete (Request request, const char *path, gpointer data, GError **error)
{
  if (request != REQUEST_DELETE || !g_str_has_suffix (path, "/plain"))
    return TRUE;

  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED, "not that one");
  return FALSE;
}

/* What was deleted in an entry does not make it look used if the rest could not be deleted. */
static void
test_still_old (Sandbox *sandbox, gconstpointer data)
{
  g_autofree char *old = sandbox_path (sandbox, "old");
  g_autofree char *plain = g_build_filename (old, "plain", NULL);
  g_autofree char *fifo = g_build_filename (old, "fifo", NULL);
  g_autoptr (TmRoot) root = NULL;
  g_autoptr (GError) error = NULL;
  struct stat before, after;
  Scene scene;

  scene_set_up (&scene, sandbox, FALSE);
  root = get_root (&scene);
  g_assert_no_errno (lstat (old, &before));
  wait_for_clock_tick ();
  served_file_watch (refuse_to_delete, NULL);
  g_assert_cmpint (tm_root_cleanup (root, NULL, &error), ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED);
  g_clear_error (&error);
  g_assert_no_errno (lstat (old, &after));
  g_assert_cmpint (after.st_mtim.tv_sec, ==, before.st_mtim.tv_sec);
  g_assert_cmpint (after.st_atim.tv_sec, ==, before.st_atim.tv_sec);
  g_assert_true (path_exists (plain));
  g_assert_false (path_exists (fifo));

  served_file_watch (NULL, NULL);
  g_assert_cmpint (tm_root_cleanup (root, NULL, &error), ==, 1);
  g_assert_no_error (error);
  scene_clear (&scene);
}

static gboolean
write_and_refuse_to_delete (Request request, const char *path, gpointer data, GError **error)
{
  if (request == REQUEST_DELETE && g_str_has_suffix (path, "/plain"))
    make_file (data);
  return refuse_to_delete (request, path, NULL, error);
}

/* Its owner puts a file into it after it was read: what was deleted afterwards does not make that
 * look old. */
static void
test_used_in_sweep (Sandbox *sandbox, gconstpointer data)
{
  g_autofree char *new = sandbox_path (sandbox, "old/new");
  g_autoptr (TmRoot) root = NULL;
  g_autoptr (GError) error = NULL;
  Scene scene;

  scene_set_up (&scene, sandbox, FALSE);
  root = get_root (&scene);
  wait_for_clock_tick ();
  served_file_watch (write_and_refuse_to_delete, new);
  g_assert_cmpint (tm_root_cleanup (root, NULL, &error), ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED);
  g_clear_error (&error);
  g_assert_true (path_exists (new));

  served_file_watch (NULL, NULL);
  g_assert_cmpint (tm_root_cleanup (root, NULL, &error), ==, 0);
  g_assert_no_error (error);
  g_assert_true (path_exists (new));
  scene_clear (&scene);
}

/* Puts another, young directory under the name before the nth request for it. */
static gboolean
take_name (Request request, const char *path, gpointer data, GError **error)
{
  Trouble *trouble = data;
  g_autofree char *moved = g_strconcat (path, "-moved", NULL);

  if (request == REQUEST_QUERY && g_str_has_suffix (path, "/old") &&
      trouble->n_requests++ == trouble->nth)
    {
      g_assert_no_errno (g_rename (path, moved));
      make_old (moved, 0);
      make_directory (path);
    }
  return TRUE;
}

/* It is judged at the first, and about to be deleted at the second. */
static void
test_name_taken_in_sweep (Sandbox *sandbox, gconstpointer data)
{
  g_autofree char *old = sandbox_path (sandbox, "old");
  g_autoptr (GFile) moved = g_file_new_build_filename (sandbox->path, "old-moved", NULL);

  for (guint nth = 0; nth < 2; nth++)
    {
      Trouble trouble = { .nth = nth };
      g_autoptr (TmRoot) root = NULL;
      g_autoptr (GError) error = NULL;
      Scene scene;

      scene_set_up (&scene, sandbox, FALSE);
      root = get_root (&scene);
      served_file_watch (take_name, &trouble);
      g_assert_cmpint (tm_root_cleanup (root, NULL, &error), ==, nth == 0 ? 0 : -1);
      if (nth == 1)
        g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
      g_clear_error (&error);
      served_file_watch (NULL, NULL);

      /* Nor does it look old now. */
      g_assert_cmpint (tm_root_cleanup (root, NULL, &error), ==, 0);
      g_assert_no_error (error);
      g_assert_no_errno (g_rmdir (old));
      tm_delete_recursively (moved, TM_DELETE_FLAGS_NONE, NULL, NULL, NULL, NULL);
      scene_clear (&scene);
    }
}

/* A back end that tells less. */
static void
test_nothing_told (Sandbox *sandbox, gconstpointer data)
{
  g_autofree char *old = sandbox_path (sandbox, "old");
  g_autofree char *moved = sandbox_path (sandbox, "moved");
  g_autoptr (TmRoot) root = NULL;
  g_autoptr (GError) error = NULL;
  Scene scene;

  served_file_hide ("id::file,id::filesystem,time::modified,time::modified-usec,"
                    "time::modified-nsec,time::access,time::access-usec,time::access-nsec");

  /* Of no known age: never old. */
  scene_set_up (&scene, sandbox, FALSE);
  root = get_root (&scene);
  for (TmAgeBasis basis = TM_AGE_BASIS_ACCESSED_OR_MODIFIED; basis <= TM_AGE_BASIS_NEWEST_CONTENT;
       basis++)
    {
      tm_root_set_age_basis (root, basis);
      g_assert_cmpint (tm_root_cleanup (root, NULL, &error), ==, 0);
      g_assert_no_error (error);
    }
  g_assert_true (path_exists (old));
  scene_clear (&scene);

  /* Of no known identity: what has its name is it, if it is a directory. */
  scene_set_up (&scene, sandbox, TRUE);
  g_assert_no_errno (g_rename (scene.path, moved));
  make_file (scene.path);
  g_assert_false (tm_temporary_directory_close (scene.directory, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  g_assert_true (path_exists (scene.path));
  g_assert_no_errno (g_unlink (scene.path));
  make_tree (scene.path);
  scene_clear (&scene);

  served_file_hide (NULL);
}

static gboolean
refuse_to_set (Request request, const char *path, gpointer data, GError **error)
{
  if (request != REQUEST_SET)
    return TRUE;

  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED, "there are no modes");
  return FALSE;
}

static void
test_no_modes (Sandbox *sandbox, gconstpointer data)
{
  g_autoptr (GFile) base = served_file_new (sandbox->path);
  g_autoptr (TmTemporaryDirectory) directory = NULL;
  g_autoptr (GError) error = NULL;

  served_file_watch (refuse_to_set, NULL);
  directory = tm_temporary_directory_new (base, "t", NULL, &error);
  g_assert_no_error (error);
  tm_temporary_directory_close (directory, NULL, &error);
  g_assert_no_error (error);
  served_file_watch (NULL, NULL);
}

/* Between the look at what is to be published and the move. */
static gboolean
take_destination (Request request, const char *path, gpointer data, GError **error)
{
  if (request == REQUEST_MOVE)
    make_tree (data);
  return TRUE;
}

static void
test_destination_taken (Sandbox *sandbox, gconstpointer data)
{
  g_autofree char *path = sandbox_path (sandbox, "published");
  g_autoptr (GFile) destination = NULL;
  g_autoptr (GError) error = NULL;
  Scene scene;

  scene_set_up (&scene, sandbox, TRUE);
  destination = g_file_get_child (scene.base, "published");
  served_file_watch (take_destination, path);
  g_assert_false (tm_temporary_directory_persist (scene.directory, destination,
                                                  TM_PERSIST_FLAGS_NONE, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_EXISTS);
  g_assert_true (path_exists (scene.path));
  scene_clear (&scene);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *broken = g_strconcat ("/remote-faults/broken/", cases[i].name, NULL);
      g_autofree char *cancelled = g_strconcat ("/remote-faults/cancelled/", cases[i].name, NULL);

      g_test_add (broken, Sandbox, &cases[i], sandbox_set_up, test_broken, sandbox_tear_down);
      g_test_add (cancelled, Sandbox, &cases[i], sandbox_set_up, test_cancelled, sandbox_tear_down);
    }
  add_test ("/remote-faults/filled", test_filled);
  add_test ("/remote-faults/two-deleters", test_two_deleters);
  add_test ("/remote-faults/gone-when-read-again", test_gone_when_read_again);
  add_test ("/remote-faults/unreadable-when-read-again", test_unreadable_when_read_again);
  add_test ("/remote-faults/used-meanwhile", test_used_meanwhile);
  add_test ("/remote-faults/still-old", test_still_old);
  add_test ("/remote-faults/used-in-sweep", test_used_in_sweep);
  add_test ("/remote-faults/name-taken-in-sweep", test_name_taken_in_sweep);
  add_test ("/remote-faults/nothing-told", test_nothing_told);
  add_test ("/remote-faults/no-modes", test_no_modes);
  add_test ("/remote-faults/destination-taken", test_destination_taken);

  return g_test_run ();
}
