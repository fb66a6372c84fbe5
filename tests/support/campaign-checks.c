/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "campaign.h"
#include "directories.h"
#include "support.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What holds after every round of a campaign. */

/* Returns TRUE also if the directory was moved away: then it is not deleted. */
static gboolean
is_gone_or_moved (Round *round)
{
  struct stat status;

  return fstat (round->top_fd, &status) < 0 || status.st_nlink == 0 ||
         round->world->has_moved_top || !path_exists (round->top);
}

static gboolean
was_undisturbed (Round *round)
{
  return round->n_attacks == 0 && round->n_faults == 0;
}

/* Closes the directory after an error: the faults have ended. */
static void
check_can_be_closed (Round *round, const GError *error)
{
  g_autoptr (GError) local_error = NULL;

  round_check (round, !tm_temporary_directory_is_closed (round->directory), error);
  /* Unless another file has its name. */
  if (!tm_temporary_directory_close (round->directory, NULL, &local_error))
    round_check (round,
                 round->world->has_moved_top &&
                     g_error_matches (local_error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND),
                 local_error);
  round_check (round, local_error != NULL || is_gone_or_moved (round), error);
}

static void
check_close (Round *round, gboolean ok, const GError *error)
{
  if (!ok)
    {
      check_can_be_closed (round, error);
      return;
    }

  round_check (round, tm_temporary_directory_is_closed (round->directory), error);
  round_check (round, is_gone_or_moved (round), error);
}

static void
check_keep (Round *round, gboolean ok, const GError *error)
{
  struct stat status;

  round_check (round, world_has_treasure (round->top_fd), error);
  if (!ok)
    {
      check_can_be_closed (round, error);
      return;
    }

  round_check (round, tm_temporary_directory_is_closed (round->directory), error);
  round_check (round, fstat (round->top_fd, &status) == 0, error);
  round_check (round, (status.st_mode & S_ISVTX) == 0, error);
}

static void
check_persist (Round *round, gboolean ok, const GError *error)
{
  struct stat by_path, by_fd;

  round_check (round, world_has_treasure (round->top_fd), error);
  round_check (round, !g_atomic_int_get (&round->is_missing), error);
  if (!ok)
    {
      check_can_be_closed (round, error);
      return;
    }

  round_check (round, tm_temporary_directory_is_closed (round->directory), error);
  round_check (round, lstat (round->destination, &by_path) == 0, error);
  round_check (round, fstat (round->top_fd, &by_fd) == 0 && by_path.st_ino == by_fd.st_ino, error);
  round_check (round, (by_fd.st_mode & S_ISVTX) == 0 || round->n_faults > 0, error);
}

static void
check_delete (Round *round, gboolean ok, const GError *error)
{
  gboolean keeps = (round->delete_flags & TM_DELETE_FLAGS_KEEP_DIRECTORY) != 0;
  g_autoptr (GFile) top = g_file_new_for_path (round->top);
  g_autoptr (GError) local_error = NULL;
  struct stat status;

  /* The attacker removes only what is in it. */
  if (keeps)
    round_check (round, fstat (round->top_fd, &status) == 0 && status.st_nlink > 0, error);
  if (ok && keeps)
    /* With ESTALE, a server says that another machine has removed the entry. */
    round_check (round,
                 round->world->has_moved_top || round->is_stale ||
                     !world_has_treasure (round->top_fd),
                 error);
  else if (ok)
    round_check (round, is_gone_or_moved (round), error);
  else if (!tm_delete_recursively (top, TM_DELETE_FLAGS_NONE, NULL, NULL, NULL, &local_error))
    round_check (round, !path_exists (round->top), local_error);
}

static void
check_deletion (Round *round, gboolean ok, const GError *error)
{
  double fraction = tm_deletion_get_fraction (round->deletion);
  gboolean was_cancelled = g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);

  round_check (round,
               tm_deletion_get_n_deleted (round->deletion) <=
                   tm_deletion_get_n_found (round->deletion),
               error);
  round_check (round, fraction >= 0 && fraction <= 1, error);
  round_check (round, !ok || fraction == 1, error);
  round_check (round, !ok || round->n_failure_signals == 0, error);
  round_check (round, ok || was_cancelled || round->n_failure_signals > 0, error);
  check_delete (round, ok, error);
}

static void
check_create (Round *round, gboolean ok, const GError *error)
{
  g_autoptr (GError) local_error = NULL;

  if (!ok)
    return;

  round_check (round, path_exists (tm_temporary_directory_get_path (round->directory)), error);
  round_check (round, tm_temporary_directory_close (round->directory, NULL, &local_error),
               local_error);
}

static void
check_cleanup (Round *round, gboolean ok, const GError *error)
{
  /* A fault may have made it appear missing or in use. */
  round_check (round, !ok || !round->top_must_go || is_gone_or_moved (round) || round->n_faults > 0,
               error);
  round_check (round, !ok || round->n_removed == (gssize) round->n_removal_signals, error);
  round_check (round, !ok || round->n_failure_signals == 0, error);
  if (ok && was_undisturbed (round))
    round_check (round,
                 count_entries (round->world->root) + (guint) round->n_removed == round->n_entries,
                 error);
}

static void
check_entry (Round *round, TmRootEntry *entry)
{
  const char *path = tm_root_entry_get_path (entry);
  gboolean is_live = g_str_equal (path, tm_temporary_directory_get_path (round->live));

  round_check (round, g_str_has_prefix (path, round->world->root), NULL);
  round_check (round, !is_live || !tm_root_entry_get_removable (entry), NULL);
  round_check (round,
               !is_live || tm_root_entry_get_state (entry) == TM_ROOT_ENTRY_STATE_LIVE ||
                   round->n_faults > 0,
               NULL);
  round_check (round,
               !round->young_must_stay || !g_str_equal (path, round->young) ||
                   !tm_root_entry_get_removable (entry),
               NULL);
  round_check (round,
               tm_root_entry_get_removable (entry) ==
                   (tm_root_entry_get_reason (entry) != TM_REMOVAL_REASON_NONE),
               NULL);
}

static void
check_list (Round *round, gboolean ok, const GError *error)
{
  guint n = ok ? g_list_model_get_n_items (round->entries) : 0;

  for (guint i = 0; i < n; i++)
    {
      g_autoptr (TmRootEntry) entry = g_list_model_get_item (round->entries, i);

      check_entry (round, entry);
    }

  round_check (round, !ok || !was_undisturbed (round) || n == round->n_entries, error);
}

static void
check_error (Round *round, gboolean ok, const GError *error)
{
  gboolean was_cancelled = g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);

  round_check (round, ok == (error == NULL), error);
  if (error == NULL)
    return;

  round_check (round, error->domain == G_IO_ERROR, error);
  round_check (round, was_cancelled || strstr (error->message, round->world->base) != NULL, error);
  round_check (round, round->cancel_at >= 0 || !was_cancelled, error);
}

static void
check_unharmed (Round *round, const GError *error)
{
  const char *damage = world_find_damage (round->world);
  g_autofree char *kept = child_path (round->live, "file");

  if (damage != NULL)
    g_printerr ("%s\n", damage);
  round_check (round, damage == NULL, error);
  round_check (round, path_exists (kept), error);
  round_check (round, !round->young_must_stay || path_exists (round->young), error);
}

void
round_check_outcome (Round *round, gboolean ok, const GError *error)
{
  check_unharmed (round, error);
  check_error (round, ok, error);

  switch (round->operation)
    {
    case OPERATION_CLOSE:
      check_close (round, ok, error);
      break;
    case OPERATION_DELETE:
      check_delete (round, ok, error);
      break;
    case OPERATION_DELETION:
      check_deletion (round, ok, error);
      break;
    case OPERATION_PERSIST:
    case OPERATION_REPLACE:
      check_persist (round, ok, error);
      break;
    case OPERATION_KEEP:
      check_keep (round, ok, error);
      break;
    case OPERATION_CREATE:
      check_create (round, ok, error);
      round_check (round, !round->top_must_stay || world_has_treasure (round->top_fd), error);
      break;
    case OPERATION_CLEANUP:
      check_cleanup (round, ok, error);
      round_check (round, !round->top_must_stay || world_has_treasure (round->top_fd), error);
      break;
    case OPERATION_LIST:
      check_list (round, ok, error);
      round_check (round, world_has_treasure (round->top_fd), error);
      break;
    case OPERATION_UNREF:
      round_check (round, !was_undisturbed (round) || is_gone_or_moved (round), error);
      break;
    case N_OPERATIONS:
    default:
      break;
    }

  check_unharmed (round, error);
}
