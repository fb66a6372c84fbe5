/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "tm-sweep-private.h"

#include "tm-claim-private.h"
#include "tm-dirfd-private.h"

#include <errno.h>
#include <time.h>

/* One pass over a root. An entry that is young costs one statx(); only what is expired, or could
 * be abandoned, is opened and its lock tried. Passes need no lock on the root: they meet each
 * other, and creators, at the locks of the entries alone. */

typedef struct
{
  const TmSweepOptions *options;
  int scan;            /* (owned): a descriptor with a position of its own */
  struct timespec now; /* of the whole pass */
  gssize n_deleted;
  GError *error; /* (owned) (nullable): the first one */
} Sweep;

/* In doubles throughout: the times that a file system can store overflow any integer of
 * nanoseconds, and reach beyond the years in which a GDateTime or a GTimeSpan ends. */
static double
seconds_since (const struct timespec *now, const struct statx_timestamp *time)
{
  return ((double) now->tv_sec - (double) time->tv_sec) +
         ((double) now->tv_nsec - (double) time->tv_nsec) / 1e9;
}

/* Older means strictly older, and a time in the future counts as just used. */
static gboolean
sweep_is_expired (const Sweep *sweep, const struct statx *status)
{
  double age = MIN (seconds_since (&sweep->now, &status->stx_atime),
                    seconds_since (&sweep->now, &status->stx_mtime));

  return sweep->options->timeout >= 0 && age > sweep->options->timeout;
}

static gboolean
sweep_reclaims (const Sweep *sweep)
{
  return (sweep->options->flags & TM_ROOT_FLAGS_RECLAIM_ABANDONED) != 0 &&
         sweep->options->lock_reaches_all;
}

static gboolean
sweep_is_candidate (const Sweep *sweep, const struct statx *status)
{
  return S_ISDIR (status->stx_mode) &&
         (sweep_is_expired (sweep, status) ||
          (sweep_reclaims (sweep) && tm_claim_mode_is_marked (status->stx_mode)));
}

static void
sweep_report (Sweep *sweep, const char *action, const char *name, int error_number)
{
  if (sweep->error == NULL)
    {
      g_autofree char *path = g_build_filename (sweep->options->path, name, NULL);

      tm_dirfd_set_error (&sweep->error, action, path, error_number);
    }
}

static void
sweep_delete (Sweep *sweep, TmClaim *claim, GCancellable *cancellable)
{
  g_autofree char *path = g_build_filename (sweep->options->path, tm_claim_get_name (claim), NULL);
  g_autoptr (GError) local_error = NULL;

  if (tm_claim_delete (claim, path, NULL, cancellable, &local_error))
    sweep->n_deleted++;
  else if (sweep->error == NULL)
    sweep->error = g_steal_pointer (&local_error);
}

/* Opens and locks an entry that is to go by its looks, and decides again now that nobody else can
 * take it into use. */
static void
sweep_take (Sweep *sweep, const char *name, GCancellable *cancellable)
{
  g_autoptr (TmClaim) claim = tm_claim_open (sweep->scan, name);
  struct statx status;
  gboolean expired;
  TmOwner owner;

  if (claim == NULL)
    {
      /* Gone or exchanged meanwhile; a mount point, never taken; or somebody else's, whose lock
       * cannot be tried. */
      if (errno != ENOENT && errno != ENOTDIR && errno != EXDEV && errno != EACCES)
        sweep_report (sweep, "Opening", name, errno);
      return;
    }

  owner = tm_claim_try_lock (claim, sweep->options->lock_reaches_all);

  if (!tm_claim_is_current (claim, sweep->scan) ||
      tm_dirfd_stat_times (tm_claim_get_fd (claim), "", &status) < 0)
    return;

  expired = sweep_is_expired (sweep, &status);

  switch (owner)
    {
    case TM_OWNER_LIVE:
      if (expired && (sweep->options->flags & TM_ROOT_FLAGS_EXPIRE_LIVE) != 0)
        sweep_delete (sweep, claim, cancellable);
      break;

    case TM_OWNER_GONE:
      if (expired || sweep_reclaims (sweep))
        sweep_delete (sweep, claim, cancellable);
      break;

    case TM_OWNER_NONE:
      if (expired)
        sweep_delete (sweep, claim, cancellable);
      break;

    default:
      g_assert_not_reached ();
    }
}

static void
sweep_scan (Sweep *sweep, GCancellable *cancellable)
{
  g_autofree char *buffer = g_malloc (TM_DIRFD_BUFFER_SIZE);
  gssize length;

  while ((length = tm_dirfd_read (sweep->scan, buffer, TM_DIRFD_BUFFER_SIZE)) > 0)
    {
      TM_DIRFD_FOREACH_ENTRY (entry, buffer, length)
        {
          struct statx status;

          if (entry->d_type != DT_DIR && entry->d_type != DT_UNKNOWN)
            continue;

          if (tm_dirfd_stat_times (sweep->scan, entry->d_name, &status) < 0)
            {
              if (errno != ENOENT)
                sweep_report (sweep, "Looking at", entry->d_name, errno);
            }
          else if (sweep_is_candidate (sweep, &status))
            sweep_take (sweep, entry->d_name, cancellable);

          if (g_cancellable_is_cancelled (cancellable))
            return;
        }
    }

  if (length < 0 && sweep->error == NULL)
    tm_dirfd_set_error (&sweep->error, "Reading the root", sweep->options->path, errno);
}

/*
 * tm_sweep:
 * @options: the root, and what of it may go
 * @cancellable: (nullable): looked at between entries and while one is deleted
 * @error: where to put the first failure
 *
 * Deletes the sub-directories of a root that have expired or been abandoned, and goes on past one
 * that cannot be deleted.
 *
 * Returns: how many were deleted, or -1 when one could not be
 */
gssize
tm_sweep (const TmSweepOptions *options, GCancellable *cancellable, GError **error)
{
  Sweep sweep = { .options = options };

  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return -1;

  if (options->timeout < 0 && !sweep_reclaims (&sweep))
    return 0;

  sweep.scan = tm_dirfd_reopen (options->directory);
  if (sweep.scan < 0)
    {
      tm_dirfd_set_error (error, "Reading the root", options->path, errno);
      return -1;
    }

  /* Not g_get_real_time(): rounded down to microseconds, what has just been used would lie in the
   * future. */
  clock_gettime (CLOCK_REALTIME, &sweep.now);
  sweep_scan (&sweep, cancellable);
  tm_dirfd_close (sweep.scan);

  if (g_cancellable_is_cancelled (cancellable))
    {
      g_clear_error (&sweep.error);
      g_cancellable_set_error_if_cancelled (cancellable, &sweep.error);
    }

  if (sweep.error != NULL)
    {
      g_propagate_error (error, sweep.error);
      return -1;
    }

  return sweep.n_deleted;
}
