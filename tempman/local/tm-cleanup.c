/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "local/tm-cleanup-private.h"

#include "core/tm-error-private.h"
#include "core/tm-limits-private.h"
#include "local/tm-entry-private.h"
#include "local/tm-file-entry-private.h"
#include "local/tm-locked-directory-private.h"
#include "local/tm-dirfd-private.h"
#include "local/tm-file-system-private.h"
#include "local/tm-last-use-private.h"
#include "local/tm-measure-private.h"
#include "core/tm-thread-private.h"

#include <errno.h>
#include <string.h>

/* One scan of a root, which deletes its entries or lists them. Scans need no lock on the root:
 * the locks of the entries coordinate them with other scans and with creators.
 *
 * Names are read in runs of bounded size. In a large root a second thread reads runs of its own
 * from the same descriptor, whose position the kernel synchronizes. */

/* The number of entries from which a second thread pays. */
#define N_ENTRIES_FOR_A_SECOND_THREAD 10000

typedef struct _Scan Scan;

typedef void (*ScanVisitFunc) (Scan *scan, const char *name);

struct _Scan
{
  const TmCleanupOptions *options;
  TmPolicy policy;           /* (unowned): of the options, plus removal_error */
  GCancellable *cancellable; /* (unowned) (nullable) */
  ScanVisitFunc visit;       /* called for every sub-directory, in two threads at a time */
  TmOutcomes *outcomes;      /* (unowned) (nullable) */
  TmCleanupLog *log;         /* (unowned) (nullable) */
  TmParent *reading;         /* (owned): the root, with a position of its own */
  gboolean is_list;
  gboolean measures;       /* the sizes of the entries */
  gboolean predicts_space; /* that deletions free, since the file system shows it late */

  GMutex mutex; /* guards what follows */
  gboolean at_end;
  TmFreedSpace space; /* if predicts_space */
  gssize n_deleted;
  GArray *entries; /* (unowned) (nullable) (element-type TmListedEntry): of a list, or those that a
                    * cleanup keeps, to apply the limits */
  GError *error;   /* (owned) (nullable): the first one */
};

/* Takes ownership of @error. */
static void
scan_report (Scan *scan, GError *error)
{
  g_autoptr (GMutexLocker) G_GNUC_UNUSED locker = g_mutex_locker_new (&scan->mutex);

  if (scan->error == NULL)
    scan->error = error;
  else
    g_error_free (error);
}

/* Reports that the entry is not removed. */
static void
scan_fail (Scan *scan,
           TmAction action,
           const char *name,
           const TmVerdict *verdict,
           int error_number)
{
  g_autofree char *path = g_build_filename (scan->options->path, name, NULL);
  GError *error = NULL;

  tm_error_set_from_errno (&error, action, path, error_number);
  /* A cancellation is a failure of the call, not of the entry. */
  if (error_number != ECANCELED)
    tm_outcomes_add_failed (scan->outcomes, name, verdict, error, scan->cancellable);
  tm_cleanup_log_failed (scan->log, error);
  scan_report (scan, error);
}

/* Applies the policy to the entry, and changes nothing. Returns FALSE if it is not an entry of the
 * root, or does not exist any more. */
static gboolean
examine (Scan *scan, const TmPolicy *policy, const char *name, TmVerdict *verdict)
{
  return tm_entry_examine (policy, scan->reading, name, scan->cancellable, verdict) ||
         (tm_policy_includes_files (policy) &&
          tm_file_entry_examine (policy, scan->reading, name, verdict));
}

/* Reports an error for the entry if a cleanup would delete it, but nothing can be removed from the
 * root. */
static void
scan_refuse (Scan *scan, const char *name, TmVerdict *verdict)
{
  TmPolicy policy = scan->policy;

  policy.removal_error = 0;
  if (!examine (scan, &policy, name, verdict))
    *verdict = (TmVerdict){ .heartbeat_age = -1, .keep_reason = TM_KEEP_REASON_NO_DIRECTORY };

  if (verdict->reason == TM_REMOVAL_REASON_NONE)
    tm_cleanup_log_kept (scan->log, name, verdict);
  else
    scan_fail (scan, TM_ACTION_DELETE, name, verdict, scan->policy.removal_error);
}

/* Measures the entry if a limit or the caller needs that. An entry that cannot be measured counts
 * as empty. */
static void
scan_measure (Scan *scan, TmListedEntry *entry)
{
  TmMeasurement found;

  if (!scan->measures || tm_measure_entry (tm_parent_get_fd (scan->reading), entry->name,
                                           scan->cancellable, &found) < 0)
    return;

  entry->verdict.size = (gint64) MIN (found.size, G_MAXINT64);
  entry->freeable = found.freeable;
}

/* Returns the space that the deletion of the entry frees, or 0 if the file system will tell. Its
 * size is then known as well. */
static guint64
scan_measure_before_deletion (Scan *scan, const char *name, TmVerdict *verdict)
{
  TmMeasurement found;

  if (!scan->predicts_space ||
      tm_measure_entry (tm_parent_get_fd (scan->reading), name, scan->cancellable, &found) < 0)
    return 0;

  verdict->size = (gint64) MIN (found.size, G_MAXINT64);
  return found.freeable;
}

/* Returns the last use of an entry that was measured. Reading a directory sets its access time,
 * unless tm_dirfd_keeps_atime(): such a directory must not look used and be kept. */
static TmTimestamp
scan_find_last_seen (Scan *scan, const char *name, const TmVerdict *verdict)
{
  TmFileStatus status;

  if (!scan->measures || scan->is_list ||
      tm_dirfd_stat_times (tm_parent_get_fd (scan->reading), name, scan->policy.is_shared,
                           &status) < 0 ||
      tm_dirfd_keeps_atime (status.owner))
    return verdict->last_used;

  return tm_timestamp_equal (status.times.modified, verdict->times.modified)
             ? tm_timestamp_max (verdict->last_used,
                                 tm_age_rule_own_last_use (&scan->policy.age, &status.times))
             : verdict->last_used;
}

/* Adds the entry to those that the scan has found. */
static void
scan_add_entry (Scan *scan, const char *name, const TmVerdict *verdict)
{
  TmListedEntry entry = { .name = g_strdup (name), .verdict = *verdict };

  scan_measure (scan, &entry);
  entry.last_seen = scan_find_last_seen (scan, name, &entry.verdict);
  g_mutex_lock (&scan->mutex);
  g_array_append_val (scan->entries, entry);
  g_mutex_unlock (&scan->mutex);
}

/* Whether the entry is one of the root, and still exists. */
static gboolean
counts (const TmVerdict *verdict)
{
  return verdict->keep_reason != TM_KEEP_REASON_NO_DIRECTORY &&
         verdict->keep_reason != TM_KEEP_REASON_VANISHED;
}

/* As counts(), for an entry that may have been kept before its type was known. */
static gboolean
scan_counts (Scan *scan, const char *name, const TmVerdict *verdict)
{
  TmFileStatus status;

  switch (verdict->keep_reason)
    {
    case TM_KEEP_REASON_EXCLUDED:
    case TM_KEEP_REASON_WELL_KNOWN:
    case TM_KEEP_REASON_MOUNT_POINT:
      return tm_policy_includes_files (&scan->policy) ||
             tm_dirfd_get_child_status (tm_parent_get_fd (scan->reading), name, &status) < 0 ||
             S_ISDIR (status.mode);
    default:
      return counts (verdict);
    }
}

static void
scan_report_deleted (Scan *scan,
                     const char *name,
                     const TmVerdict *verdict,
                     guint64 freed,
                     gint64 start)
{
  g_mutex_lock (&scan->mutex);
  scan->n_deleted++;
  scan->space.freed += freed;
  g_mutex_unlock (&scan->mutex);
  tm_cleanup_log_removed (scan->log, name, verdict, start);
  tm_outcomes_add_removed (scan->outcomes, name, verdict, scan->cancellable);
}

/* As scan_delete_entry(), for an entry that is not a directory. */
static gboolean
scan_delete_file (Scan *scan, const TmPolicy *policy, const char *name, TmVerdict *verdict)
{
  TmVerdict measured = { .size = -1 };
  guint64 freeable = scan_measure_before_deletion (scan, name, &measured);
  gint64 start = tm_cleanup_log_start (scan->log);
  int error_number;

  switch (tm_file_entry_remove (policy, scan->reading, name, verdict, &error_number))
    {
    case TM_ENTRY_ACQUIRED:
      if (verdict->size < 0)
        verdict->size = measured.size;
      scan_report_deleted (scan, name, verdict, freeable, start);
      return TRUE;
    case TM_ENTRY_FAILED:
      scan_fail (scan, TM_ACTION_DELETE, name, verdict, error_number);
      return FALSE;
    case TM_ENTRY_KEPT:
    default:
      tm_cleanup_log_kept (scan->log, name, verdict);
      return FALSE;
    }
}

/* Deletes the entry unless @policy keeps it. @verdict: (out): what is known of it. Returns whether
 * it is deleted. */
static gboolean
scan_delete_entry (Scan *scan, const TmPolicy *policy, const char *name, TmVerdict *verdict)
{
  g_autofree char *path = NULL;
  g_autoptr (TmLockedDirectory) directory = NULL;
  guint64 freeable;
  gint64 start;
  int error_number;
  GError *error = NULL;

  switch (tm_entry_acquire (policy, scan->reading, name, scan->cancellable, &directory, verdict,
                            &error_number))
    {
    case TM_ENTRY_FAILED:
      scan_fail (scan, TM_ACTION_EXAMINE, name, verdict, error_number);
      return FALSE;
    case TM_ENTRY_KEPT:
      if (verdict->keep_reason == TM_KEEP_REASON_NO_DIRECTORY && tm_policy_includes_files (policy))
        return scan_delete_file (scan, policy, name, verdict);
      tm_cleanup_log_kept (scan->log, name, verdict);
      return FALSE;
    case TM_ENTRY_ACQUIRED:
    default:
      break;
    }

  path = g_build_filename (scan->options->path, name, NULL);
  freeable = scan_measure_before_deletion (scan, name, verdict);
  start = tm_cleanup_log_start (scan->log);
  if (tm_locked_directory_delete (directory, path, TM_DELETE_FLAGS_NONE, NULL, scan->cancellable,
                                  &error))
    {
      scan_report_deleted (scan, name, verdict, freeable, start);
      return TRUE;
    }

  tm_locked_directory_restore_times (directory);
  tm_cleanup_log_failed (scan->log, error);
  tm_outcomes_add_failed (scan->outcomes, name, verdict, error, scan->cancellable);
  scan_report (scan, error);
  return FALSE;
}

/* Deletes the entry unless it is kept. With limits, remembers the entries that are left. If nothing
 * can be removed from the root, nothing is deleted in an entry either; the limits ask for the same
 * entries as if it could. */
static void
scan_clean_entry (Scan *scan, const char *name)
{
  TmVerdict verdict;

  if (scan->policy.removal_error != 0)
    scan_refuse (scan, name, &verdict);
  else if (scan_delete_entry (scan, &scan->policy, name, &verdict))
    return;
  else
    verdict.reason = TM_REMOVAL_REASON_NONE;

  if (scan->entries != NULL && scan_counts (scan, name, &verdict))
    scan_add_entry (scan, name, &verdict);
}

/* Adds the entry to the list. */
static void
scan_list_entry (Scan *scan, const char *name)
{
  TmVerdict verdict;

  if (examine (scan, &scan->policy, name, &verdict))
    scan_add_entry (scan, name, &verdict);
}

/* Reads the next run of entries. Returns its length, or 0 at the end. */
static gssize
scan_read (Scan *scan, TmDirEntries *entries)
{
  gssize length = 0;
  int error_number = 0;

  entries->length = 0;
  g_mutex_lock (&scan->mutex);
  if (!scan->at_end)
    {
      length = tm_dirfd_read (tm_parent_get_fd (scan->reading), entries, TM_DIRFD_BUFFER_SIZE);
      error_number = errno;
      scan->at_end = length <= 0;
    }
  g_mutex_unlock (&scan->mutex);

  if (length < 0)
    {
      GError *error = NULL;

      tm_error_set_from_errno (&error, TM_ACTION_READ_ROOT, scan->options->path, error_number);
      tm_watch_interrupt (scan->policy.watch);
      scan_report (scan, error);
    }
  return MAX (length, 0);
}

/* Whether it may be an entry of the root: the type of a name can be unknown. */
static gboolean
is_entry (const TmPolicy *policy, const TmDirEntry *entry)
{
  return entry->type == DT_DIR || entry->type == DT_UNKNOWN || tm_policy_includes_files (policy);
}

/* Visits the next entries, up to about @max_entries: a run is always visited completely. Returns
 * FALSE when no entry is left. */
static gboolean
scan_visit_entries (Scan *scan, guint max_entries)
{
  g_auto (TmDirEntries) entries = { 0 };
  guint n_entries = 0;

  while (n_entries < max_entries)
    {
      if (scan_read (scan, &entries) == 0)
        return FALSE;

      TM_DIR_ENTRIES_FOREACH (entry, &entries)
      {
        if (g_cancellable_is_cancelled (scan->cancellable))
          return FALSE;

        n_entries++;
        if (is_entry (&scan->policy, entry))
          scan->visit (scan, entry->name);
        else
          tm_cleanup_log_kept_file (scan->log, entry->name);
        /* With no lock held: the caller's code runs. */
        tm_outcomes_deliver (scan->outcomes);
      }
    }

  return TRUE;
}

/* In the second thread. */
static void
scan_thread_cb (gpointer data)
{
  Scan *scan = data;

  scan_visit_entries (scan, G_MAXUINT);
  tm_outcomes_end_helper (scan->outcomes);
}

static TmThread *
scan_start_thread (Scan *scan)
{
  TmThread *thread;

  if (g_get_num_processors () == 1)
    return NULL;

  tm_outcomes_begin_helper (scan->outcomes);
  thread = tm_thread_try_start (scan_thread_cb, scan);
  if (thread == NULL)
    tm_outcomes_end_helper (scan->outcomes);
  return thread;
}

static void
scan_visit_all (Scan *scan)
{
  TmThread *thread;

  if (!scan->measures && !scan_visit_entries (scan, N_ENTRIES_FOR_A_SECOND_THREAD))
    return;

  thread = scan_start_thread (scan);
  scan_visit_entries (scan, G_MAXUINT);
  if (thread != NULL)
    {
      tm_outcomes_wait_for_helpers (scan->outcomes);
      tm_thread_join (thread);
    }
}

/* In bytes, or G_MAXUINT64 if it is unknown. */
static guint64
get_free_space (TmParent *root)
{
  guint64 free_space;

  return tm_dirfd_get_free_space (tm_parent_get_fd (root), &free_space) == 0 ? free_space
                                                                             : G_MAXUINT64;
}

static guint64
scan_get_free_space (gpointer data)
{
  const Scan *scan = data;
  guint64 reported = get_free_space (scan->reading);

  return scan->predicts_space ? tm_limits_predict_free_space (&scan->space, reported) : reported;
}

/* Measuring each entry before its deletion costs as much as half the deletion: only if space is
 * low, and the file system does not tell what is freed. */
static void
scan_begin_to_predict_space (Scan *scan)
{
  guint64 min_free_space = scan->policy.limits.min_free_space;

  if (scan->is_list || min_free_space == 0)
    return;

  scan->space.first = get_free_space (scan->reading);
  scan->predicts_space = scan->space.first < min_free_space &&
                         !tm_file_system_frees_at_once (tm_parent_get_fd (scan->reading));
}

static gboolean
scan_exists_cb (gpointer data, const TmListedEntry *entry)
{
  const Scan *scan = data;
  TmFileStatus status;

  return tm_dirfd_get_child_status (tm_parent_get_fd (scan->reading), entry->name, &status) == 0 ||
         errno != ENOENT;
}

/* Evicts an entry. */
static gboolean
scan_evict_cb (gpointer data, TmListedEntry *entry, TmRemovalReason reason)
{
  Scan *scan = data;
  TmPolicy policy = scan->policy;
  TmVerdict verdict;
  gboolean is_deleted;

  if (g_cancellable_is_cancelled (scan->cancellable))
    return FALSE;

  tm_cleanup_log_reconsider (scan->log);
  policy.eviction = reason;
  policy.eviction_last_used = entry->last_seen;
  policy.eviction_size = entry->verdict.size;
  is_deleted = scan_delete_entry (scan, &policy, entry->name, &verdict);
  tm_outcomes_deliver (scan->outcomes);
  /* Another cleaner may have deleted it. */
  return is_deleted || !counts (&verdict);
}

/* Applies the limits to the entries that the scan has found. */
static void
scan_apply_limits (Scan *scan)
{
  gboolean can_remove = scan->policy.removal_error == 0;

  tm_limits_apply (&scan->policy, scan->is_list || !can_remove, scan->entries, scan_evict_cb,
                   scan_exists_cb, scan_get_free_space, scan);
  if (scan->is_list || can_remove)
    return;

  for (guint i = 0; i < scan->entries->len && !g_cancellable_is_cancelled (scan->cancellable); i++)
    {
      const TmListedEntry *entry = &g_array_index (scan->entries, TmListedEntry, i);

      if (tm_limits_are_reason (entry->verdict.reason))
        {
          tm_cleanup_log_reconsider (scan->log);
          scan_fail (scan, TM_ACTION_DELETE, entry->name, &entry->verdict,
                     scan->policy.removal_error);
          tm_outcomes_deliver (scan->outcomes);
        }
    }
}

/* Measures ages and heartbeats by the clock of a shared file system: that of this machine may
 * differ. On a local file system it is the same clock. */
static void
scan_read_file_system (Scan *scan)
{
  TmFileSystemSigns signs;

  if (!scan->policy.is_shared)
    return;

  if (!tm_watch_get_file_system (scan->policy.watch, &signs))
    {
      if (tm_file_system_read_signs (tm_parent_get_fd (scan->reading), &signs))
        tm_watch_set_file_system (scan->policy.watch, &signs);
      else
        tm_watch_add_estimate (scan->policy.watch, &signs);
    }
  scan->policy.has_marks = signs.has_marks;
  tm_age_rule_set_now (&scan->policy.age, signs.now);
  tm_cleanup_log_set_now (scan->log, signs.now);
}

/* Returns FALSE with @error when the scan was cancelled or failed. */
static gboolean
scan_run (Scan *scan, GError **error)
{
  const TmCleanupOptions *options = scan->options;
  gint64 begin;

  if (g_cancellable_set_error_if_cancelled (scan->cancellable, error))
    return FALSE;

  begin = tm_watch_begin_scan (options->policy.watch);

  /* The access time of the root is kept: it may itself be an entry of another root. */
  if (tm_parent_check (options->directory) == 0)
    scan->reading =
        tm_parent_new (tm_dirfd_open_unchanged (tm_parent_get_fd (options->directory), "."));
  if (scan->reading == NULL)
    {
      tm_error_set_from_errno (error, TM_ACTION_READ_ROOT, options->path, errno);
      tm_watch_interrupt (options->policy.watch);
      return FALSE;
    }

  scan->policy = options->policy;
  scan->policy.removal_error = tm_dirfd_find_write_error (tm_parent_get_fd (scan->reading), ".");
  scan_read_file_system (scan);
  tm_watch_opened_root (scan->policy.watch, begin);
  scan->measures = tm_limits_need_sizes (
      &scan->policy, scan->is_list || scan->policy.removal_error != 0, scan_get_free_space, scan);
  scan_begin_to_predict_space (scan);
  g_mutex_init (&scan->mutex);
  scan_visit_all (scan);
  if (scan->entries != NULL && !g_cancellable_is_cancelled (scan->cancellable))
    scan_apply_limits (scan);
  g_mutex_clear (&scan->mutex);
  tm_parent_unref (scan->reading);

  if (g_cancellable_is_cancelled (scan->cancellable))
    {
      g_clear_error (&scan->error);
      g_cancellable_set_error_if_cancelled (scan->cancellable, &scan->error);
    }

  if (scan->error != NULL)
    {
      g_propagate_error (error, scan->error);
      return FALSE;
    }

  tm_watch_end_scan (scan->policy.watch, begin);
  return TRUE;
}

/* Counts the entries of the root by their names, until they are more than @max_entries. Returns
 * FALSE if the root cannot be read. */
static gboolean
count_names (const TmCleanupOptions *options, guint max_entries, guint64 *n_entries_out)
{
  g_auto (TmDirEntries) entries = { 0 };
  int fd = tm_dirfd_open_unchanged (tm_parent_get_fd (options->directory), ".");
  guint64 n_entries = 0;
  gssize length;

  while ((length = tm_dirfd_read (fd, &entries, TM_DIRFD_BUFFER_SIZE)) > 0 &&
         n_entries <= max_entries)
    {
      TM_DIR_ENTRIES_FOREACH (entry, &entries)
      if (is_entry (&options->policy, entry))
        n_entries++;
      entries.length = 0;
    }

  tm_dirfd_close (fd);
  *n_entries_out = n_entries;
  return length >= 0;
}

/* Returns whether the root has no more than @max_entries entries. Reading the root would take as
 * long as half a creation. */
static gboolean
has_few_entries (const TmCleanupOptions *options, guint max_entries)
{
  int root_fd = tm_parent_get_fd (options->directory);
  guint64 n_entries;

  if ((tm_policy_includes_files (&options->policy) ||
       !tm_file_system_count_directories (root_fd, &n_entries)) &&
      !count_names (options, max_entries, &n_entries))
    return FALSE;

  return n_entries <= max_entries;
}

/* Whether nothing else than limits can ask for a removal, and they hold: most creations find that,
 * and need not examine the entries. */
static gboolean
limits_hold (const TmCleanupOptions *options)
{
  const TmPolicy *policy = &options->policy;
  const TmLimits *limits = &policy->limits;

  /* If the descriptor refers to another file, the scan fails. */
  if (policy->age.has_timeout || tm_policy_reclaims (policy) || limits->max_size > 0 ||
      tm_parent_check (options->directory) < 0)
    return FALSE;

  return (limits->min_free_space == 0 ||
          get_free_space (options->directory) >= limits->min_free_space) &&
         (limits->max_entries == 0 ||
          has_few_entries (options, limits->max_entries - (policy->is_for_creation ? 1 : 0)));
}

/*
 * tm_cleanup:
 * @options: the root, and the policy
 * @outcomes: (nullable): receives each entry that was removed or could not be removed
 * @log: (nullable): the log of the cleanup
 * @cancellable: (nullable): checked between entries and during a deletion
 * @error: return location for the first failure
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
  g_autoptr (GArray) entries =
      tm_limits_are_set (&options->policy.limits) ? tm_listed_entries_new () : NULL;
  Scan scan = {
    .options = options,
    .cancellable = cancellable,
    .visit = scan_clean_entry,
    .outcomes = outcomes,
    .log = log,
    .entries = entries,
  };

  if (!tm_policy_may_remove_any (&options->policy) || limits_hold (options))
    return g_cancellable_set_error_if_cancelled (cancellable, error) ? -1 : 0;

  return scan_run (&scan, error) ? scan.n_deleted : -1;
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
  Scan scan = {
    .options = options,
    .cancellable = cancellable,
    .visit = scan_list_entry,
    .entries = entries,
    .is_list = TRUE,
  };

  if (!scan_run (&scan, error))
    return NULL;

  tm_listed_entries_sort (entries);
  return g_steal_pointer (&entries);
}
