/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "gio/tm-cleanup-gio-private.h"

#include "gio/tm-last-use-gio-private.h"
#include "core/tm-error-private.h"
#include "core/tm-limits-private.h"
#include "core/tm-file-private.h"
#include "core/tm-name-private.h"
#include "gio/tm-heartbeat-gio-private.h"
#include "gio/tm-measure-gio-private.h"
#include "gio/tm-delete-tree-gio-private.h"

#include <sys/stat.h>

/* One scan of a root that GIO serves, which deletes its entries or lists them.
 *
 * GIO does not show locks: the name, the mark and the heartbeat of an entry tell whether it has an
 * owner. Without them, only the age counts. An entry is examined once more right before it is
 * deleted, since a back end returns a long list at once, and the deletions take time. */

typedef struct
{
  GFile *directory;           /* (unowned): the root */
  TmPolicy policy;            /* (unowned): with what GIO tells of the file system */
  TmOutcomes *outcomes;       /* (unowned) (nullable) */
  TmCleanupLog *log;          /* (unowned) (nullable) */
  GCancellable *cancellable;  /* (unowned) (nullable) */
  char *file_system;          /* (owned) (nullable): of the root */
  gboolean is_world_writable; /* every user may write to it, as far as that is told */
  gint64 asked_at;            /* monotonic time of the last request for an entry */
  gboolean is_list;
  gboolean measures;       /* the sizes of the entries */
  gboolean predicts_space; /* that deletions free, since a server may show it late */
  TmFreedSpace space;      /* if predicts_space */
  GArray *entries; /* (unowned) (nullable) (element-type TmListedEntry): of a list, or those that a
                    * cleanup keeps, to apply the limits */
  gssize n_deleted;
  GError *error; /* (owned) (nullable): the first one */
} Scan;

/* Takes @error over. */
static void
scan_report (Scan *scan, GError *error)
{
  if (scan->error == NULL)
    scan->error = error;
  else
    g_error_free (error);
}

/* The entry cannot be examined: it is not known whether it is to be removed. Takes @error over. */
static void
scan_report_unknown (Scan *scan, GFile *file, const TmVerdict *verdict, GError *error)
{
  g_autofree char *name = g_file_get_basename (file);

  tm_cleanup_log_failed (scan->log, error);
  /* The cancellation is a failure of the call. */
  if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    tm_outcomes_add_failed (scan->outcomes, name, verdict, error, scan->cancellable);
  scan_report (scan, error);
}

/* What cannot be told of the root is taken for the worst. */
static gboolean
is_world_writable (GFileInfo *root_info)
{
  return !g_file_info_has_attribute (root_info, G_FILE_ATTRIBUTE_UNIX_MODE) ||
         (g_file_info_get_attribute_uint32 (root_info, G_FILE_ATTRIBUTE_UNIX_MODE) & S_IWOTH) != 0;
}

/* A sub-directory that is the root of another file system is never taken. */
static gboolean
scan_may_take (Scan *scan, GFileInfo *info)
{
  const char *file_system = g_file_info_get_attribute_string (info, G_FILE_ATTRIBUTE_ID_FILESYSTEM);

  return file_system == NULL || scan->file_system == NULL ||
         g_strcmp0 (file_system, scan->file_system) == 0;
}

/* Finds the state of an entry by its name, its mode and its heartbeat: GIO does not show locks. */
static void
scan_find_state (Scan *scan, GFileInfo *info, TmVerdict *verdict)
{
  const char *name = g_file_info_get_name (info);
  TmOwnerSigns signs = {
    .name = tm_name_get_kind (name),
    .mode = g_file_info_get_attribute_uint32 (info, G_FILE_ATTRIBUTE_UNIX_MODE),
    .lock = TM_LOCK_SIGN_NONE,
  };

  if (tm_policy_needs_heartbeat (&scan->policy, signs.name, signs.mode) &&
      (verdict->times.mask & TM_TIMES_MODIFIED) != 0)
    {
      TmTimestamp last_used = tm_age_rule_own_last_use (&scan->policy.age, &verdict->times);

      signs.heartbeat = tm_watch_look_at (scan->policy.watch, name, verdict->times.modified,
                                          scan->asked_at, scan->policy.age.now, scan->policy.lease,
                                          tm_policy_could_remove (&scan->policy, name, last_used));
      verdict->heartbeat_age = MAX (signs.heartbeat.age, 0);
    }

  verdict->state = tm_policy_find_state (&scan->policy, &signs, &verdict->live_reason);
}

/* Judges a directory by what @info says. Returns FALSE with an error when its age cannot be found
 * out: then it stays. */
static gboolean
scan_decide (Scan *scan, GFile *file, GFileInfo *info, TmVerdict *verdict, GError **error)
{
  *verdict = (TmVerdict){
    .times = tm_times_from_info (info),
    .size = -1,
    .type = g_file_info_get_file_type (info),
    .heartbeat_age = -1,
    .state = TM_ROOT_ENTRY_STATE_UNOWNED,
    .keep_reason = TM_KEEP_REASON_UNKNOWN,
  };
  if (scan_may_take (scan, info))
    scan_find_state (scan, info, verdict);
  else
    verdict->state = TM_ROOT_ENTRY_STATE_LIVE;

  if (!tm_last_use_gio_find (&scan->policy.age, file, info, scan->entries != NULL,
                             scan->cancellable, &verdict->last_used, error))
    return FALSE;

  verdict->keep_reason = scan_may_take (scan, info)
                             ? tm_policy_find_exclusion (&scan->policy, g_file_info_get_name (info),
                                                         scan->is_world_writable)
                             : TM_KEEP_REASON_MOUNT_POINT;
  if (verdict->keep_reason != TM_KEEP_REASON_NONE)
    return TRUE;

  tm_policy_decide (&scan->policy, verdict);
  return TRUE;
}

static const char *const modification_times[] = { G_FILE_ATTRIBUTE_TIME_MODIFIED,
                                                  G_FILE_ATTRIBUTE_TIME_MODIFIED_USEC, NULL };

static const char *const access_times[] = { G_FILE_ATTRIBUTE_TIME_ACCESS,
                                            G_FILE_ATTRIBUTE_TIME_ACCESS_USEC, NULL };

/* Not every back end can do that. */
static void
set_times (GFile *file, GFileInfo *info, const char *const *attributes)
{
  g_autoptr (GFileInfo) times = g_file_info_new ();

  for (guint i = 0; attributes[i] != NULL; i++)
    {
      GFileAttributeType type;
      gpointer value;

      if (g_file_info_get_attribute_data (info, attributes[i], &type, &value, NULL))
        g_file_info_set_attribute (times, attributes[i], type, value);
    }

  g_file_set_attributes_from_info (file, times, G_FILE_QUERY_INFO_NOFOLLOW_SYMLINKS, NULL, NULL);
}

/* Whether anything in the directory was written or put there since, as far as the clock of the
 * server goes like ours. */
static gboolean
has_newer (GFile *file, TmTimestamp begin)
{
  g_autoptr (GFileEnumerator) enumerator = g_file_enumerate_children (
      file, TM_TIMES_GIO_ATTRIBUTES, G_FILE_QUERY_INFO_NOFOLLOW_SYMLINKS, NULL, NULL);

  if (enumerator == NULL)
    return TRUE;

  for (guint n_entries = 0; n_entries < TM_AGE_MAX_ENTRIES; n_entries++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GFileInfo) info = g_file_enumerator_next_file (enumerator, NULL, &error);
      TmTimes times;

      if (info == NULL)
        return error != NULL;

      times = tm_times_from_info (info);
      if (tm_age_is_newer (&times, g_file_info_get_file_type (info) == G_FILE_TYPE_DIRECTORY,
                           begin))
        return TRUE;
    }

  return TRUE;
}

/* What was deleted in it must not make it look used; what another process has done in it since
 * @begin must: as tm_restore_times(). Where it might be another directory, the times are left
 * alone: nobody else's may be made to look old. */
static void
restore_times (GFile *file, GFileInfo *info, TmTimestamp begin)
{
  const char *identity = g_file_info_get_attribute_string (info, G_FILE_ATTRIBUTE_ID_FILE);
  g_autoptr (GFileInfo) found = g_file_query_info (file, TM_TIMES_GIO_ATTRIBUTES,
                                                   G_FILE_QUERY_INFO_NOFOLLOW_SYMLINKS, NULL, NULL);

  if (identity == NULL || found == NULL ||
      g_strcmp0 (g_file_info_get_attribute_string (found, G_FILE_ATTRIBUTE_ID_FILE), identity) != 0)
    return;

  /* The look into it may set the access time: that comes last. */
  set_times (file, info, modification_times);
  if (has_newer (file, begin))
    set_times (file, found, modification_times);
  else
    set_times (file, info, access_times);
}

/* Adds the entry to those that the scan has found. */
static void
scan_add_entry (Scan *scan, GFile *file, const TmVerdict *verdict)
{
  TmListedEntry entry = { .name = g_file_get_basename (file),
                          .verdict = *verdict,
                          .last_seen = verdict->last_used };

  if (scan->measures && verdict->keep_reason != TM_KEEP_REASON_MOUNT_POINT)
    entry.verdict.size =
        (gint64) MIN (tm_measure_gio (file, scan->cancellable, &entry.freeable), G_MAXINT64);
  g_array_append_val (scan->entries, entry);
}

/* Whether the file is an entry of the root. */
static gboolean
scan_includes (Scan *scan, GFileInfo *info)
{
  return g_file_info_get_file_type (info) == G_FILE_TYPE_DIRECTORY ||
         tm_policy_includes_files (&scan->policy);
}

/* GIO cannot verify a file in the same step. */
static gboolean
delete_entry (GFile *file, GFileInfo *info, GCancellable *cancellable, GError **error)
{
  g_autoptr (GError) local_error = NULL;

  if (g_file_info_get_file_type (info) == G_FILE_TYPE_DIRECTORY)
    return tm_delete_tree_gio_delete_directory (
        file, g_file_info_get_attribute_string (info, G_FILE_ATTRIBUTE_ID_FILE), cancellable,
        error);

  if (g_file_delete (file, cancellable, &local_error) ||
      g_error_matches (local_error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND))
    return TRUE;

  tm_error_set_from_gio (error, TM_ACTION_DELETE, file, local_error);
  return FALSE;
}

/* Deletes an entry that is to be removed. Returns whether it is. */
static gboolean
scan_delete (Scan *scan, GFile *file, GFileInfo *info, TmVerdict *verdict, TmTimestamp begin)
{
  const char *name = g_file_info_get_name (info);
  guint64 freeable = 0;
  gint64 start;
  GError *error = NULL;

  if (scan->predicts_space)
    verdict->size = (gint64) MIN (tm_measure_gio (file, scan->cancellable, &freeable), G_MAXINT64);

  start = tm_cleanup_log_start (scan->log);
  if (delete_entry (file, info, scan->cancellable, &error))
    {
      scan->n_deleted++;
      scan->space.freed += freeable;
      tm_cleanup_log_removed (scan->log, name, verdict, start);
      tm_outcomes_add_removed (scan->outcomes, name, verdict, scan->cancellable);
      return TRUE;
    }

  restore_times (file, info, begin);
  tm_cleanup_log_failed (scan->log, error);
  tm_outcomes_add_failed (scan->outcomes, name, verdict, error, scan->cancellable);
  scan_report (scan, error);
  return FALSE;
}

typedef enum
{
  RESULT_DELETED,
  RESULT_KEPT,
  RESULT_VANISHED
} Result;

/* Logs that another file has the name of the entry, or none has. */
static Result
scan_keep_vanished (Scan *scan, GFile *file)
{
  g_autofree char *name = g_file_get_basename (file);
  const TmVerdict verdict = { .heartbeat_age = -1, .keep_reason = TM_KEEP_REASON_VANISHED };

  tm_cleanup_log_kept (scan->log, name, &verdict);
  return RESULT_VANISHED;
}

/* Deletes the entry if the policy still asks for that. @verdict: (inout): its decision. */
static Result
scan_delete_if_decided (Scan *scan, GFile *file, TmVerdict *verdict)
{
  TmTimestamp begin = tm_age_begin ();
  g_autoptr (GError) local_error = NULL;
  g_autoptr (GFileInfo) info = NULL;
  GError *error = NULL;

  scan->asked_at = g_get_monotonic_time ();
  info = g_file_query_info (file, TM_TIMES_GIO_ATTRIBUTES, G_FILE_QUERY_INFO_NOFOLLOW_SYMLINKS,
                            scan->cancellable, &local_error);
  if (info == NULL)
    {
      if (g_error_matches (local_error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND))
        return scan_keep_vanished (scan, file);

      verdict->reason = TM_REMOVAL_REASON_NONE;
      tm_error_set_from_gio (&error, TM_ACTION_EXAMINE, file, local_error);
      scan_report_unknown (scan, file, verdict, error);
      return RESULT_KEPT;
    }

  if (!scan_includes (scan, info))
    return scan_keep_vanished (scan, file);

  if (!scan_decide (scan, file, info, verdict, &error))
    scan_report_unknown (scan, file, verdict, error);
  else if (verdict->reason == TM_REMOVAL_REASON_NONE)
    tm_cleanup_log_kept (scan->log, g_file_info_get_name (info), verdict);
  else if (scan_delete (scan, file, info, verdict, begin))
    return RESULT_DELETED;

  return RESULT_KEPT;
}

/* Deletes the entry unless it is kept. With limits, remembers the entries that are left. */
static void
scan_clean_entry (Scan *scan, GFile *file, GFileInfo *info)
{
  TmVerdict verdict;
  GError *error = NULL;
  Result result = RESULT_KEPT;

  if (!scan_decide (scan, file, info, &verdict, &error))
    scan_report_unknown (scan, file, &verdict, error);
  else if (verdict.reason != TM_REMOVAL_REASON_NONE)
    result = scan_delete_if_decided (scan, file, &verdict);
  else
    tm_cleanup_log_kept (scan->log, g_file_info_get_name (info), &verdict);

  if (result == RESULT_KEPT && scan->entries != NULL)
    {
      verdict.reason = TM_REMOVAL_REASON_NONE;
      scan_add_entry (scan, file, &verdict);
    }
}

static void
scan_visit (Scan *scan, GFile *file, GFileInfo *info)
{
  TmVerdict verdict;

  if (!scan_includes (scan, info))
    tm_cleanup_log_kept_file (scan->log, g_file_info_get_name (info));
  else if (!scan->is_list)
    scan_clean_entry (scan, file, info);
  else
    {
      /* An entry that cannot be examined is listed as kept. */
      scan_decide (scan, file, info, &verdict, NULL);
      scan_add_entry (scan, file, &verdict);
    }
}

static guint64
scan_get_free_space (gpointer data)
{
  const Scan *scan = data;
  guint64 reported = tm_measure_gio_get_free_space (scan->directory, scan->cancellable);

  return scan->predicts_space ? tm_limits_predict_free_space (&scan->space, reported) : reported;
}

/* Measuring each entry before its deletion takes many requests: only if space is low. GIO does not
 * tell which file system a server has. */
static void
scan_begin_to_predict_space (Scan *scan)
{
  guint64 min_free_space = scan->policy.limits.min_free_space;

  if (scan->is_list || min_free_space == 0)
    return;

  scan->space.first = tm_measure_gio_get_free_space (scan->directory, scan->cancellable);
  scan->predicts_space = scan->space.first < min_free_space;
}

/* GIO shows no locks, so no candidate is refused since another cleaner holds it. */
static gboolean
scan_exists_cb (gpointer data, const TmListedEntry *entry)
{
  return TRUE;
}

/* Evicts an entry. */
static gboolean
scan_evict_cb (gpointer data, TmListedEntry *entry, TmRemovalReason reason)
{
  Scan *scan = data;
  g_autoptr (GFile) file = g_file_get_child (scan->directory, entry->name);
  TmVerdict verdict = entry->verdict;
  Result result;

  if (g_cancellable_is_cancelled (scan->cancellable))
    return FALSE;

  tm_cleanup_log_reconsider (scan->log);
  scan->policy.eviction = reason;
  scan->policy.eviction_last_used = entry->last_seen;
  scan->policy.eviction_size = entry->verdict.size;
  result = scan_delete_if_decided (scan, file, &verdict);
  scan->policy.eviction = TM_REMOVAL_REASON_NONE;
  tm_outcomes_deliver (scan->outcomes);
  return result != RESULT_KEPT;
}

/* Measures ages and heartbeats by the clock of the server. */
static void
scan_read_file_system (Scan *scan)
{
  TmFileSystemSigns signs;

  if (!tm_watch_get_file_system (scan->policy.watch, &signs))
    {
      if (tm_heartbeat_gio_read_signs (scan->directory, scan->cancellable, &signs))
        tm_watch_set_file_system (scan->policy.watch, &signs);
      else
        tm_watch_add_estimate (scan->policy.watch, &signs);
    }
  scan->policy.has_marks = signs.has_marks;
  tm_age_rule_set_now (&scan->policy.age, signs.now);
  tm_cleanup_log_set_now (scan->log, signs.now);
}

/* Returns FALSE when the scan was cancelled or something went wrong. */
static gboolean
scan_run (Scan *scan, GError **error)
{
  g_autoptr (GError) local_error = NULL;
  g_autoptr (GFileEnumerator) enumerator = NULL;
  g_autoptr (GFileInfo) root_info = NULL;
  gint64 begin;

  if (g_cancellable_set_error_if_cancelled (scan->cancellable, error))
    return FALSE;

  begin = tm_watch_begin_scan (scan->policy.watch);
  scan_read_file_system (scan);
  tm_watch_opened_root (scan->policy.watch, begin);
  scan->measures = tm_limits_need_sizes (&scan->policy, scan->is_list, scan_get_free_space, scan);
  scan_begin_to_predict_space (scan);

  root_info = g_file_query_info (scan->directory,
                                 G_FILE_ATTRIBUTE_ID_FILESYSTEM "," G_FILE_ATTRIBUTE_UNIX_MODE,
                                 G_FILE_QUERY_INFO_NONE, scan->cancellable, &local_error);
  if (root_info != NULL)
    {
      scan->is_world_writable = is_world_writable (root_info);
      scan->file_system =
          g_strdup (g_file_info_get_attribute_string (root_info, G_FILE_ATTRIBUTE_ID_FILESYSTEM));
      enumerator = g_file_enumerate_children (scan->directory, TM_TIMES_GIO_ATTRIBUTES,
                                              G_FILE_QUERY_INFO_NOFOLLOW_SYMLINKS,
                                              scan->cancellable, &local_error);
    }

  while (enumerator != NULL && !g_cancellable_is_cancelled (scan->cancellable))
    {
      g_autoptr (GFileInfo) info = NULL;
      g_autoptr (GFile) file = NULL;

      scan->asked_at = g_get_monotonic_time ();
      info = g_file_enumerator_next_file (enumerator, scan->cancellable, &local_error);
      if (info == NULL)
        break;

      file = g_file_enumerator_get_child (enumerator, info);
      scan_visit (scan, file, info);
      tm_outcomes_deliver (scan->outcomes);
    }

  if (enumerator != NULL && scan->entries != NULL &&
      !g_cancellable_is_cancelled (scan->cancellable))
    tm_limits_apply (&scan->policy, scan->is_list, scan->entries, scan_evict_cb, scan_exists_cb,
                     scan_get_free_space, scan);
  g_free (scan->file_system);

  if (g_cancellable_is_cancelled (scan->cancellable))
    {
      g_clear_error (&scan->error);
      g_cancellable_set_error_if_cancelled (scan->cancellable, &scan->error);
    }
  else if (local_error != NULL && scan->error == NULL)
    {
      tm_error_set_from_gio (&scan->error, TM_ACTION_READ_ROOT, scan->directory, local_error);
      tm_watch_interrupt (scan->policy.watch);
    }

  if (scan->error == NULL)
    {
      tm_watch_end_scan (scan->policy.watch, begin);
      return TRUE;
    }

  g_propagate_error (error, scan->error);
  return FALSE;
}

/* The policy with what is the same for all scans of a root. */
static TmPolicy
get_policy (TmBackendRoot *root, const TmPolicy *policy)
{
  TmPolicy result = *policy;

  result.watch = root->watch;
  result.is_shared = TRUE;
  result.age.is_shared = TRUE;
  return result;
}

/*
 * tm_cleanup_gio:
 * @root: a root
 * @policy: which entries to delete
 * @outcomes: (nullable): receives each entry that was removed or could not be removed
 * @log: (nullable): the log of the cleanup
 * @cancellable: (nullable): looked at between entries and while one is deleted
 * @error: where to put the first failure
 *
 * Deletes the sub-directories of a root that have expired, and goes on past one that cannot be
 * deleted.
 *
 * Returns: how many were deleted, or -1 when one could not be
 */
gssize
tm_cleanup_gio (TmBackendRoot *root,
                const TmPolicy *policy,
                TmOutcomes *outcomes,
                TmCleanupLog *log,
                GCancellable *cancellable,
                GError **error)
{
  g_autoptr (GArray) entries =
      tm_limits_are_set (&policy->limits) ? tm_listed_entries_new () : NULL;
  Scan scan = {
    .directory = root->file,
    .policy = get_policy (root, policy),
    .outcomes = outcomes,
    .log = log,
    .entries = entries,
    .cancellable = cancellable,
  };

  if (!tm_policy_may_remove_any (policy))
    return g_cancellable_set_error_if_cancelled (cancellable, error) ? -1 : 0;

  return scan_run (&scan, error) ? scan.n_deleted : -1;
}

/*
 * tm_cleanup_gio_list:
 * @root: a root
 * @policy: which entries to delete
 * @cancellable: (nullable): looked at between entries
 * @error: why the root could not be read
 *
 * Judges the sub-directories of a root as tm_cleanup_gio() would, and deletes nothing.
 *
 * Returns: (transfer full) (nullable) (element-type TmListedEntry): all of them, by name
 */
GArray *
tm_cleanup_gio_list (TmBackendRoot *root,
                     const TmPolicy *policy,
                     GCancellable *cancellable,
                     GError **error)
{
  g_autoptr (GArray) entries = tm_listed_entries_new ();
  Scan scan = {
    .directory = root->file,
    .policy = get_policy (root, policy),
    .cancellable = cancellable,
    .entries = entries,
    .is_list = TRUE,
  };

  if (!scan_run (&scan, error))
    return NULL;

  tm_listed_entries_sort (entries);
  return g_steal_pointer (&entries);
}
