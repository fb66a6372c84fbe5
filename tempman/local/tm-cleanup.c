/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "local/tm-cleanup-private.h"

#include "core/tm-error-private.h"
#include "local/tm-entry-private.h"
#include "local/tm-locked-directory-private.h"
#include "local/tm-dirfd-private.h"
#include "core/tm-thread-private.h"

#include <errno.h>
#include <string.h>

/* One pass over a root, which deletes its entries or lists them. Passes need no lock on the root:
 * the locks of the entries coordinate them with other passes and with creators.
 *
 * Names are read in runs of bounded size. In a large root a second thread reads runs of its own
 * from the same descriptor, whose position the kernel synchronizes. */

/* The number of entries from which a second thread pays. */
#define N_ENTRIES_FOR_A_SECOND_THREAD 10000

typedef struct _Pass Pass;

typedef void (*PassFunc) (Pass *pass, const char *name);

struct _Pass
{
  const TmCleanupOptions *options;
  TmPolicy policy;           /* (unowned): of the options, plus removal_error */
  GCancellable *cancellable; /* (unowned) (nullable) */
  PassFunc visit;            /* called for every sub-directory, in two threads at a time */
  TmOutcomes *outcomes;      /* (unowned) (nullable) */
  TmCleanupLog *log;         /* (unowned) (nullable) */
  TmParent *scan;            /* (owned): the root, with a position of its own */

  GMutex mutex; /* guards what follows */
  gboolean at_end;
  gssize n_deleted;
  GArray *entries; /* (owned) (nullable) (element-type TmListedEntry): of a list */
  GError *error;   /* (owned) (nullable): the first one */
};

/* Takes ownership of @error. */
static void
pass_report (Pass *pass, GError *error)
{
  g_autoptr (GMutexLocker) G_GNUC_UNUSED locker = g_mutex_locker_new (&pass->mutex);

  if (pass->error == NULL)
    pass->error = error;
  else
    g_error_free (error);
}

/* Reports that the entry is not removed. */
static void
pass_fail (Pass *pass,
           TmAction action,
           const char *name,
           const TmVerdict *verdict,
           int error_number)
{
  g_autofree char *path = g_build_filename (pass->options->path, name, NULL);
  GError *error = NULL;

  tm_error_set_from_errno (&error, action, path, error_number);
  /* A cancellation is a failure of the call, not of the entry. */
  if (error_number != ECANCELED)
    tm_outcomes_add_failed (pass->outcomes, name, verdict, error, pass->cancellable);
  tm_cleanup_log_failed (pass->log, error);
  pass_report (pass, error);
}

/* Reports an error for the entry if a cleanup would delete it, but nothing can be removed from the
 * root. */
static void
pass_refuse (Pass *pass, const char *name)
{
  TmPolicy policy = pass->policy;
  TmVerdict verdict;

  policy.removal_error = 0;
  if (!tm_entry_examine (&policy, pass->scan, name, pass->cancellable, &verdict))
    verdict = (TmVerdict){ .keep_reason = TM_KEEP_REASON_NO_DIRECTORY };

  if (verdict.reason == TM_REMOVAL_REASON_NONE)
    tm_cleanup_log_kept (pass->log, name, &verdict);
  else
    pass_fail (pass, TM_ACTION_DELETE, name, &verdict, pass->policy.removal_error);
}

/* Deletes the entry unless the policy keeps it. */
static void
pass_take_cb (Pass *pass, const char *name)
{
  const TmCleanupOptions *options = pass->options;
  g_autofree char *path = NULL;
  g_autoptr (TmLockedDirectory) directory = NULL;
  TmVerdict verdict;
  gint64 start;
  int error_number;
  GError *error = NULL;

  /* Then nothing is deleted in an entry either. */
  if (pass->policy.removal_error != 0)
    {
      pass_refuse (pass, name);
      return;
    }

  switch (tm_entry_take (&pass->policy, pass->scan, name, pass->cancellable, &directory, &verdict,
                         &error_number))
    {
    case TM_ENTRY_FAILED:
      pass_fail (pass, TM_ACTION_EXAMINE, name, &verdict, error_number);
      return;
    case TM_ENTRY_KEPT:
      tm_cleanup_log_kept (pass->log, name, &verdict);
      return;
    case TM_ENTRY_TAKEN:
    default:
      break;
    }

  path = g_build_filename (options->path, name, NULL);
  start = tm_cleanup_log_start (pass->log);
  if (tm_locked_directory_delete (directory, path, NULL, pass->cancellable, &error))
    {
      g_mutex_lock (&pass->mutex);
      pass->n_deleted++;
      g_mutex_unlock (&pass->mutex);
      tm_cleanup_log_removed (pass->log, name, &verdict, start);
      tm_outcomes_add_removed (pass->outcomes, name, &verdict, pass->cancellable);
    }
  else
    {
      tm_locked_directory_restore_times (directory);
      tm_cleanup_log_failed (pass->log, error);
      tm_outcomes_add_failed (pass->outcomes, name, &verdict, error, pass->cancellable);
      pass_report (pass, error);
    }
}

/* Adds the entry to the list. */
static void
pass_look_cb (Pass *pass, const char *name)
{
  TmListedEntry entry;

  if (!tm_entry_examine (&pass->policy, pass->scan, name, pass->cancellable, &entry.verdict))
    return;

  entry.name = g_strdup (name);
  g_mutex_lock (&pass->mutex);
  g_array_append_val (pass->entries, entry);
  g_mutex_unlock (&pass->mutex);
}

/* Reads the next run of entries. Returns its length, or 0 at the end. */
static gssize
pass_read (Pass *pass, char *buffer)
{
  gssize length = 0;
  int error_number = 0;

  g_mutex_lock (&pass->mutex);
  if (!pass->at_end)
    {
      length = tm_dirfd_read (tm_parent_get_fd (pass->scan), buffer, TM_DIRFD_BUFFER_SIZE);
      error_number = errno;
      pass->at_end = length <= 0;
    }
  g_mutex_unlock (&pass->mutex);

  if (length < 0)
    {
      GError *error = NULL;

      tm_error_set_from_errno (&error, TM_ACTION_READ_ROOT, pass->options->path, error_number);
      pass_report (pass, error);
    }
  return MAX (length, 0);
}

/* Visits the next entries, up to about @max_entries: a run is always visited completely. Returns
 * FALSE when no entry is left. */
static gboolean
pass_visit_entries (Pass *pass, guint max_entries)
{
  g_autofree char *buffer = g_malloc (TM_DIRFD_BUFFER_SIZE);
  guint n_entries = 0;
  gssize length;

  while (n_entries < max_entries)
    {
      length = pass_read (pass, buffer);
      if (length == 0)
        return FALSE;

      TM_DIRFD_FOREACH_ENTRY (entry, buffer, length)
        {
          if (g_cancellable_is_cancelled (pass->cancellable))
            return FALSE;

          n_entries++;
          if (entry->d_type == DT_DIR || entry->d_type == DT_UNKNOWN)
            pass->visit (pass, entry->d_name);
          else
            tm_cleanup_log_kept_file (pass->log, entry->d_name);
          /* With no lock held: the caller's code runs. */
          tm_outcomes_deliver (pass->outcomes);
        }
    }

  return TRUE;
}

/* In the second thread. */
static void
pass_thread_cb (gpointer data)
{
  Pass *pass = data;

  pass_visit_entries (pass, G_MAXUINT);
  tm_outcomes_end_helper (pass->outcomes);
}

static TmThread *
pass_start_thread (Pass *pass)
{
  TmThread *thread;

  if (g_get_num_processors () == 1)
    return NULL;

  tm_outcomes_begin_helper (pass->outcomes);
  thread = tm_thread_try_start (pass_thread_cb, pass);
  if (thread == NULL)
    tm_outcomes_end_helper (pass->outcomes);
  return thread;
}

static void
pass_visit_all (Pass *pass)
{
  TmThread *thread;

  if (!pass_visit_entries (pass, N_ENTRIES_FOR_A_SECOND_THREAD))
    return;

  thread = pass_start_thread (pass);
  pass_visit_entries (pass, G_MAXUINT);
  if (thread != NULL)
    {
      tm_outcomes_wait_for_helpers (pass->outcomes);
      tm_thread_join (thread);
    }
}

/* Returns FALSE with @error when the pass was cancelled or failed. */
static gboolean
pass_run (Pass *pass, GError **error)
{
  const TmCleanupOptions *options = pass->options;

  if (g_cancellable_set_error_if_cancelled (pass->cancellable, error))
    return FALSE;

  /* The access time of the root is kept: it may itself be an entry of another root. */
  if (tm_parent_check (options->directory) == 0)
    pass->scan =
        tm_parent_new (tm_dirfd_open_unchanged (tm_parent_get_fd (options->directory), "."));
  if (pass->scan == NULL)
    {
      tm_error_set_from_errno (error, TM_ACTION_READ_ROOT, options->path, errno);
      return FALSE;
    }

  pass->policy = options->policy;
  pass->policy.removal_error = tm_dirfd_find_write_error (tm_parent_get_fd (pass->scan), ".");
  g_mutex_init (&pass->mutex);
  pass_visit_all (pass);
  g_mutex_clear (&pass->mutex);
  tm_parent_unref (pass->scan);

  if (g_cancellable_is_cancelled (pass->cancellable))
    {
      g_clear_error (&pass->error);
      g_cancellable_set_error_if_cancelled (pass->cancellable, &pass->error);
    }

  if (pass->error != NULL)
    {
      g_propagate_error (error, pass->error);
      return FALSE;
    }

  return TRUE;
}

/*
 * tm_cleanup:
 * @options: the root, and the policy
 * @outcomes: (nullable): receives each entry that was removed or could not be removed
<<<<<<< HEAD
 * @cancellable: (nullable): checked between entries and during a deletion
 * @error: return location for the first failure
=======
 * @log: (nullable): the log of the cleanup
 * @cancellable: (nullable): looked at between entries and while one is deleted
 * @error: where to put the first failure
>>>>>>> 1089e7c (log: say for each entry why a cleanup removed or kept it)
 *
 * Deletes the sub-directories of a root that the policy does not keep. After a failure it continues
 * with the next one.
 *
 * Returns: the number of deleted sub-directories, or -1 if one could not be deleted
 */
gssize
tm_cleanup (const TmCleanupOptions *options,
            TmOutcomes *outcomes,
            TmCleanupLog *log,
            GCancellable *cancellable,
            GError **error)
{
  Pass pass = {
    .options = options,
    .cancellable = cancellable,
    .visit = pass_take_cb,
    .outcomes = outcomes,
    .log = log,
  };

  if (!tm_policy_may_remove_any (&options->policy))
    return g_cancellable_set_error_if_cancelled (cancellable, error) ? -1 : 0;

  return pass_run (&pass, error) ? pass.n_deleted : -1;
}

/*
 * tm_cleanup_list:
 * @options: the root, and the policy
 * @cancellable: (nullable): checked between entries
 * @error: return location for an error
 *
 * Applies the policy to the sub-directories of a root as tm_cleanup() would, and changes nothing.
 *
 * Returns: (transfer full) (nullable) (element-type TmListedEntry): the entries, sorted by name
 */
GArray *
tm_cleanup_list (const TmCleanupOptions *options, GCancellable *cancellable, GError **error)
{
  g_autoptr (GArray) entries = tm_listed_entries_new ();
  Pass pass = {
    .options = options, .cancellable = cancellable, .visit = pass_look_cb, .entries = entries
  };

  if (!pass_run (&pass, error))
    return NULL;

  tm_listed_entries_sort (entries);
  return g_steal_pointer (&entries);
}
