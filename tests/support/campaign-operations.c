/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "campaign.h"
#include "directories.h"
#include "support.h"

#include <glib/gstdio.h>

/* What each operation of a campaign works on, and how it is called. */

/* More than any machine has. */
#define MUCH_SPACE (G_MAXUINT64 / 2)

/* As the library leaves it if its owner is killed. */
static char *
make_abandoned (const char *root)
{
  char *path = g_build_filename (root, "t-abcdefghij234567abcd", NULL);

  g_assert_no_errno (g_mkdir (path, 0700));
  g_assert_no_errno (g_chmod (path, 01700));
  return path;
}

static void
removed_cb (TmRoot *root, TmRootEntry *entry, gpointer user_data)
{
  Round *round = user_data;

  round->n_removal_signals++;
}

static void
failed_cb (TmRoot *root, TmRootEntry *entry, const GError *error, gpointer user_data)
{
  Round *round = user_data;

  round->n_failure_signals++;
}

static void
deletion_failed_cb (TmDeletion *deletion, GFile *file, const GError *error, gpointer user_data)
{
  Round *round = user_data;

  round->n_failure_signals++;
}

/* Opens the root with random rules, of which the first one of each kind is the usual one. */
static void
open_root_with_rules (Round *round, GFile *directory)
{
  static const double timeouts[] = { 3600, TM_NO_TIMEOUT, 0 };
  static const char *const patterns[][3] = {
    { NULL }, { "young", NULL }, { "t-*", NULL }, { "x", "*", NULL }, { "?[!a]*", "/", NULL }
  };
  static const gboolean excludes_young[] = { FALSE, TRUE, FALSE, TRUE, TRUE };
  static const gboolean excludes_top[] = { FALSE, FALSE, TRUE, TRUE, TRUE };
  Chance *scene = round->world->chance;
  g_autoptr (GError) error = NULL;
  gboolean reclaims = chance_pick (scene, 4) != 1;
  double timeout = timeouts[chance_pick (scene, G_N_ELEMENTS (timeouts))];
  guint excluded = chance_pick (scene, G_N_ELEMENTS (patterns));
  guint limit = chance_pick (scene, 12);
  TmRootFlags flags = reclaims ? TM_ROOT_FLAGS_RECLAIM_ABANDONED : TM_ROOT_FLAGS_NONE;
  gboolean is_in_use = round->directory != NULL;
  gboolean is_old = chance_pick (scene, 2) == 1;

  if (chance_pick (scene, 4) == 1)
    flags |= TM_ROOT_FLAGS_INCLUDE_FILES;
  /* The live directories are young. */
  if (timeout != 0 && chance_pick (scene, 4) == 1)
    flags |= TM_ROOT_FLAGS_EXPIRE_LIVE;

  round->root = tm_root_new (directory, timeout, flags, NULL, &error);
  g_assert_no_error (error);
  tm_root_set_age_basis (round->root, (TmAgeBasis) chance_pick (scene, 4));
  tm_root_set_exclude (round->root, patterns[excluded]);
  tm_root_set_max_entries (round->root, limit == 1 ? 1 : limit == 2 ? 100 : 0);
  tm_root_set_max_size (round->root, limit == 3 ? 1 : limit == 4 ? MUCH_SPACE : 0);
  tm_root_set_min_free_space (round->root, limit == 5 ? MUCH_SPACE : limit == 6 ? 1 : 0);
  g_signal_connect (round->root, "entry-removed", G_CALLBACK (removed_cb), round);
  g_signal_connect (round->root, "entry-failed", G_CALLBACK (failed_cb), round);
  if (is_old && !is_in_use)
    make_old (round->top, 7200);

  round->young_must_stay =
      excludes_young[excluded] || (timeout != 0 && limit != 1 && limit != 3 && limit != 5);
  round->top_must_stay = is_in_use || round->operation == OPERATION_LIST ||
                         excludes_top[excluded] ||
                         (!reclaims && (timeout < 0 || (timeout > 0 && !is_old)) && limit != 1 &&
                          limit != 3 && limit != 5);
  round->top_must_go = reclaims && !excludes_top[excluded];
}

/* Creates the files of a round, and the objects that it works with. */
void
round_prepare (Round *round)
{
  World *world = round->world;
  g_autoptr (GFile) root = g_file_new_for_path (world->root);
  g_autofree char *kept = NULL;

  round->live = create_in (world->root);
  kept = child_path (round->live, "file");
  make_file (kept);
  round->young = g_build_filename (world->root, "young", NULL);
  make_directory (round->young);

  switch (round->operation)
    {
    case OPERATION_REPLACE:
      make_directory (round->destination);
      make_tree (round->destination);
      G_GNUC_FALLTHROUGH;
    case OPERATION_CLOSE:
    case OPERATION_PERSIST:
    case OPERATION_KEEP:
    case OPERATION_UNREF:
      round->directory = create_in (world->root);
      round->top = g_strdup (tm_temporary_directory_get_path (round->directory));
      break;
    case OPERATION_DELETE:
    case OPERATION_DELETION:
      round->top = g_build_filename (world->base, "tree", NULL);
      make_directory (round->top);
      break;
    case OPERATION_CLEANUP:
    case OPERATION_LIST:
    case OPERATION_CREATE:
      round->top = make_abandoned (world->root);
      break;
    case N_OPERATIONS:
    default:
      g_assert_not_reached ();
    }

  /* Between the last check of a directory and its rename, the name is unprotected. */
  world->may_move_top =
      round->operation != OPERATION_PERSIST && round->operation != OPERATION_REPLACE;
  world_fill (world, round->top);
  round->delete_flags = (TmDeleteFlags) chance_pick (world->chance, 8);
  round->list_flags = (TmListFlags) chance_pick (world->chance, 2);
  open_root_with_rules (round, root);
  round->n_entries = count_entries (world->root);
}

static gboolean
run_delete (Round *round, GFile *top, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;

  if (!round->is_async)
    return tm_delete_recursively (top, round->delete_flags, round->cancellable, NULL, NULL, error);

  tm_delete_recursively_async (top, round->delete_flags, G_PRIORITY_DEFAULT, round->cancellable,
                               NULL, NULL, NULL, keep_result_cb, &result);
  return tm_delete_recursively_finish (wait_for_result (&result), error);
}

static gboolean
run_deletion (Round *round, GFile *top, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;

  round->deletion = tm_deletion_new (top, round->delete_flags);
  g_signal_connect (round->deletion, "failed", G_CALLBACK (deletion_failed_cb), round);
  if (!round->is_async)
    return tm_deletion_run (round->deletion, round->cancellable, error);

  tm_deletion_run_async (round->deletion, G_PRIORITY_DEFAULT, round->cancellable, keep_result_cb,
                         &result);
  return tm_deletion_run_finish (round->deletion, wait_for_result (&result), error);
}

static gboolean
run_close (Round *round, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;

  if (!round->is_async)
    return tm_temporary_directory_close (round->directory, round->cancellable, error);

  tm_temporary_directory_close_async (round->directory, G_PRIORITY_DEFAULT, round->cancellable,
                                      keep_result_cb, &result);
  return tm_temporary_directory_close_finish (round->directory, wait_for_result (&result), error);
}

static gboolean
run_keep (Round *round, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;

  if (!round->is_async)
    return tm_temporary_directory_keep (round->directory, round->cancellable, error);

  tm_temporary_directory_keep_async (round->directory, G_PRIORITY_DEFAULT, round->cancellable,
                                     keep_result_cb, &result);
  return tm_temporary_directory_keep_finish (round->directory, wait_for_result (&result), error);
}

static gboolean
run_persist (Round *round, TmPersistFlags flags, GError **error)
{
  g_autoptr (GFile) destination = g_file_new_for_path (round->destination);
  g_autoptr (GAsyncResult) result = NULL;

  if (!round->is_async)
    return tm_temporary_directory_persist (round->directory, destination, flags, round->cancellable,
                                           error);

  tm_temporary_directory_persist_async (round->directory, destination, flags, G_PRIORITY_DEFAULT,
                                        round->cancellable, keep_result_cb, &result);
  return tm_temporary_directory_persist_finish (round->directory, wait_for_result (&result), error);
}

static gboolean
run_cleanup (Round *round, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;

  if (!round->is_async)
    {
      round->n_removed = tm_root_cleanup (round->root, round->cancellable, error);
    }
  else
    {
      tm_root_cleanup_async (round->root, G_PRIORITY_DEFAULT, round->cancellable, keep_result_cb,
                             &result);
      round->n_removed = tm_root_cleanup_finish (round->root, wait_for_result (&result), error);
    }

  return round->n_removed >= 0;
}

static gboolean
run_list (Round *round, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;

  if (!round->is_async)
    {
      round->entries =
          tm_root_list_entries (round->root, round->list_flags, round->cancellable, error);
    }
  else
    {
      tm_root_list_entries_async (round->root, round->list_flags, G_PRIORITY_DEFAULT,
                                  round->cancellable, keep_result_cb, &result);
      round->entries = tm_root_list_entries_finish (round->root, wait_for_result (&result), error);
    }

  return round->entries != NULL;
}

static gboolean
run_create (Round *round, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;

  if (!round->is_async)
    {
      round->directory = tm_root_create_temp_dir (round->root, round->cancellable, error);
    }
  else
    {
      tm_root_create_temp_dir_async (round->root, G_PRIORITY_DEFAULT, round->cancellable,
                                     keep_result_cb, &result);
      round->directory =
          tm_root_create_temp_dir_finish (round->root, wait_for_result (&result), error);
    }

  return round->directory != NULL;
}

/* Returns FALSE with @error if the operation fails. */
gboolean
round_run_operation (Round *round, GError **error)
{
  g_autoptr (GFile) top = g_file_new_for_path (round->top);

  switch (round->operation)
    {
    case OPERATION_CLOSE:
      return run_close (round, error);
    case OPERATION_DELETE:
      return run_delete (round, top, error);
    case OPERATION_DELETION:
      return run_deletion (round, top, error);
    case OPERATION_PERSIST:
      return run_persist (round, TM_PERSIST_FLAGS_NONE, error);
    case OPERATION_REPLACE:
      return run_persist (round, TM_PERSIST_FLAGS_REPLACE, error);
    case OPERATION_CLEANUP:
      return run_cleanup (round, error);
    case OPERATION_LIST:
      return run_list (round, error);
    case OPERATION_CREATE:
      return run_create (round, error);
    case OPERATION_KEEP:
      return run_keep (round, error);
    case OPERATION_UNREF:
      g_clear_object (&round->directory);
      return TRUE;
    case N_OPERATIONS:
    default:
      g_assert_not_reached ();
    }
}
