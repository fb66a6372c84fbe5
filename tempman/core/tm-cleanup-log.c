/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "core/tm-cleanup-log-private.h"

#include "core/tm-file-private.h"
#include "core/tm-heartbeat-intervals-private.h"
#include "core/tm-log-private.h"

/* The debug messages about a cleanup and each of its entries: removed or kept, and why. See
 * tm-log.c. */

struct _TmCleanupLog
{
  GFile *root;            /* (owned) */
  const TmPolicy *policy; /* (unowned) */
  const char *basis;      /* (unowned): the nick of the age basis */
  gint64 start;
  TmTimestamp now; /* by the clock of the file system */

  /* atomic; each entry counts in one of these */
  gint n_removed;
  gint n_kept;
  gint n_failed;
};

static const char *
get_nick (TmAgeBasis basis)
{
  g_autoptr (GEnumClass) type = g_type_class_ref (TM_TYPE_AGE_BASIS);
  const GEnumValue *value = g_enum_get_value (type, (int) basis);

  /* Strings of an enumeration are static: they outlive the reference to its class. */
  return value != NULL ? value->value_nick : "unknown";
}

/* Returns (transfer full): the limits that a cleanup applies, or an empty string. */
static char *
describe_limits (const TmLimits *limits)
{
  GString *text = g_string_new (NULL);

  if (limits->max_entries > 0)
    g_string_append_printf (text, "; at most %u entries", limits->max_entries);
  if (limits->max_size > 0)
    g_string_append_printf (text, "; at most %" G_GUINT64_FORMAT " bytes", limits->max_size);
  if (limits->min_free_space > 0)
    g_string_append_printf (text, "; at least %" G_GUINT64_FORMAT " bytes free",
                            limits->min_free_space);
  return g_string_free (text, FALSE);
}

/*
 * tm_cleanup_log_new:
 * @root: the root
 * @policy: the policy of the cleanup, which outlives the log
 *
 * Logs that a cleanup begins, or why it does nothing.
 *
 * Returns: (transfer full) (nullable): a log, or %NULL if there is nothing to log
 */
TmCleanupLog *
tm_cleanup_log_new (GFile *root, const TmPolicy *policy)
{
  g_autofree char *name = NULL;
  g_autofree char *timeout = NULL;
  g_autofree char *limits = NULL;
  TmCleanupLog *log;
  gboolean reclaims;

  if (!tm_log_is_shown ())
    return NULL;

  name = tm_file_get_display_name (root);
  reclaims = (policy->flags & TM_ROOT_FLAGS_RECLAIM_ABANDONED) != 0;
  if (!tm_policy_may_remove_any (policy))
    {
      g_debug (
          "No cleanup of “%s”: it has no timeout and no limits, and does not reclaim abandoned "
          "entries",
          name);
      return NULL;
    }

  log = g_new0 (TmCleanupLog, 1);
  log->root = g_object_ref (root);
  log->policy = policy;
  log->basis = get_nick (policy->age.basis);
  log->start = g_get_monotonic_time ();
  log->now = policy->age.now;

  timeout = tm_log_describe_timeout (policy->age.timeout);
  limits = describe_limits (&policy->limits);
  g_debug ("Cleaning up “%s”: %s (age basis %s); abandoned entries %s%s", name, timeout, log->basis,
           reclaims ? "are removed at any age" : "expire like others", limits);
  return log;
}

/* Logs that a cleanup has ended. @error: (nullable): the error that it returns: that of an entry,
 * which is already logged, or one about the whole root. */
void
tm_cleanup_log_free (TmCleanupLog *log, const GError *error)
{
  g_autofree char *name = NULL;
  guint n_removed, n_kept, n_failed;

  if (log == NULL)
    return;

  name = tm_file_get_display_name (log->root);
  n_removed = (guint) g_atomic_int_get (&log->n_removed);
  n_kept = (guint) g_atomic_int_get (&log->n_kept);
  n_failed = (guint) g_atomic_int_get (&log->n_failed);
  if (error != NULL && n_failed == 0)
    tm_log_error (error);
  g_debug ("Cleaned up “%s” in %s ms: %u names; %u removed, %u kept, %u failed", name,
           tm_log_number ("%.1f", tm_log_get_milliseconds_since (log->start)).text,
           n_removed + n_kept + n_failed, n_removed, n_kept, n_failed);

  g_object_unref (log->root);
  g_free (log);
}

/* Sets the present time by the clock of the file system. */
void
tm_cleanup_log_set_now (TmCleanupLog *log, TmTimestamp now)
{
  if (log != NULL)
    log->now = now;
}

/* Called before the deletion of an entry. Returns its start, for tm_cleanup_log_removed(). */
gint64
tm_cleanup_log_start (TmCleanupLog *log)
{
  return log != NULL ? g_get_monotonic_time () : 0;
}

/* Returns (transfer full): the path of an entry, for messages. */
static char *
get_entry_name (TmCleanupLog *log, const char *name)
{
  g_autoptr (GFile) file = g_file_get_child (log->root, name);

  return tm_file_get_display_name (file);
}

/* Returns (transfer full): the last use of an entry, its age, and the timeout. */
static char *
describe_age (TmCleanupLog *log, const TmVerdict *verdict)
{
  g_autoptr (GDateTime) time = g_date_time_new_from_unix_local (verdict->last_used.seconds);
  g_autofree char *last_used = time != NULL ? g_date_time_format_iso8601 (time) : NULL;
  double age = tm_timestamp_subtract (log->now, verdict->last_used);

  return g_strdup_printf ("last used %s, %s s ago (age basis %s); the timeout is %s s",
                          last_used != NULL ? last_used : "before all calendars",
                          tm_log_number ("%.1f", age).text, log->basis,
                          tm_log_number ("%g", log->policy->age.timeout).text);
}

static const char *
describe_state (TmRootEntryState state)
{
  switch (state)
    {
    case TM_ROOT_ENTRY_STATE_LIVE:
      return "live, although a process holds its lock";
    case TM_ROOT_ENTRY_STATE_ABANDONED:
      return "abandoned";
    case TM_ROOT_ENTRY_STATE_UNOWNED:
    default:
      return "unowned";
    }
}

/* Returns (transfer full): the reason for removing an entry. */
static char *
describe_removal (TmCleanupLog *log, const TmVerdict *verdict)
{
  g_autofree char *age = NULL;

  switch (verdict->reason)
    {
    case TM_REMOVAL_REASON_ABANDONED:
      if (verdict->heartbeat_age < 0)
        return g_strdup ("abandoned: marked, and no process holds its lock");
      return g_strdup_printf ("abandoned: marked, no process holds its lock, and its heartbeat is "
                              "%s s old; the lease is %s s",
                              tm_log_number ("%.0f", verdict->heartbeat_age).text,
                              tm_log_number ("%g", log->policy->lease).text);
    case TM_REMOVAL_REASON_OVER_COUNT:
      return g_strdup_printf ("the least recently used entry of more than %u entries",
                              log->policy->limits.max_entries);
    case TM_REMOVAL_REASON_OVER_SIZE:
      return g_strdup_printf ("the least recently used entry of more than %" G_GUINT64_FORMAT
                              " bytes",
                              log->policy->limits.max_size);
    case TM_REMOVAL_REASON_LOW_SPACE:
      return g_strdup_printf ("the least recently used entry, and less than %" G_GUINT64_FORMAT
                              " bytes are free",
                              log->policy->limits.min_free_space);
    case TM_REMOVAL_REASON_EXPIRED:
    case TM_REMOVAL_REASON_NONE:
    default:
      age = describe_age (log, verdict);
      return g_strdup_printf ("expired: %s; %s", age, describe_state (verdict->state));
    }
}

/* Returns (transfer full): the reason for keeping an entry. */
static char *
describe_keeping (TmCleanupLog *log, const TmVerdict *verdict)
{
  g_autofree char *age = NULL;

  switch (verdict->keep_reason)
    {
    case TM_KEEP_REASON_YOUNG:
      age = describe_age (log, verdict);
      return g_strdup_printf ("young: %s", age);
    case TM_KEEP_REASON_LIVE:
      return g_strdup ("live: a process holds its lock");
    case TM_KEEP_REASON_HEARTBEAT:
      return g_strdup_printf ("live: its heartbeat is %s s old; the lease is %s s",
                              tm_log_number ("%.0f", verdict->heartbeat_age).text,
                              tm_log_number ("%g", log->policy->lease).text);
    case TM_KEEP_REASON_WATCHED:
      return g_strdup_printf ("its heartbeat is %s s old, which is longer than the lease of %s s, "
                              "but the root has not watched it for %d s yet",
                              tm_log_number ("%.0f", verdict->heartbeat_age).text,
                              tm_log_number ("%g", log->policy->lease).text,
                              TM_HEARTBEAT_SILENCE_SECONDS);
    case TM_KEEP_REASON_UNSEEN_OWNER:
      return g_strdup (
          "it is marked, and the lock of an owner on another machine is not seen here");
    case TM_KEEP_REASON_NO_TIMEOUT:
      return g_strdup ("not abandoned, and without a timeout nothing expires");
    case TM_KEEP_REASON_EXCLUDED:
      return g_strdup ("a pattern of the root excludes its name");
    case TM_KEEP_REASON_WELL_KNOWN:
      return g_strdup ("a well-known name in a directory that every user may write to");
    case TM_KEEP_REASON_NO_DIRECTORY:
      return g_strdup ("not a directory");
    case TM_KEEP_REASON_MOUNT_POINT:
      return g_strdup ("a mount point");
    case TM_KEEP_REASON_IMMUTABLE:
      return g_strdup ("immutable or append-only");
    case TM_KEEP_REASON_OTHER_USER:
      return g_strdup ("another user's, in a root with the sticky bit");
    case TM_KEEP_REASON_NO_PERMISSION:
      return g_strdup ("another user's, and this one may remove nothing from it");
    case TM_KEEP_REASON_NO_LOCK:
      return g_strdup ("another user's, and this one may not open it to try its lock");
    case TM_KEEP_REASON_ROOT:
      return g_strdup ("nothing can be removed from the root");
    case TM_KEEP_REASON_VANISHED:
      return g_strdup ("it vanished meanwhile, or another file took its name");
    case TM_KEEP_REASON_UNKNOWN:
    case TM_KEEP_REASON_NONE:
    default:
      return g_strdup ("it cannot be examined");
    }
}

/*
 * tm_cleanup_log_removed:
 * @log: (nullable): a log
 * @name: the name of an entry
 * @verdict: the decision to remove it
 * @start: the return value of tm_cleanup_log_start()
 */
void
tm_cleanup_log_removed (TmCleanupLog *log, const char *name, const TmVerdict *verdict, gint64 start)
{
  g_autofree char *display_name = NULL;
  g_autofree char *reason = NULL;

  if (log == NULL)
    return;

  g_atomic_int_inc (&log->n_removed);
  display_name = get_entry_name (log, name);
  reason = describe_removal (log, verdict);
  g_debug ("Removed “%s” in %s ms: %s", display_name,
           tm_log_number ("%.1f", tm_log_get_milliseconds_since (start)).text, reason);
}

/*
 * tm_cleanup_log_kept:
 * @log: (nullable): a log
 * @name: the name of an entry
 * @verdict: the decision to keep it
 */
void
tm_cleanup_log_kept (TmCleanupLog *log, const char *name, const TmVerdict *verdict)
{
  g_autofree char *display_name = NULL;
  g_autofree char *reason = NULL;

  if (log == NULL)
    return;

  g_atomic_int_inc (&log->n_kept);
  display_name = get_entry_name (log, name);
  reason = describe_keeping (log, verdict);
  g_debug ("Kept “%s”: %s", display_name, reason);
}

/* Called before the decision about an entry again, for a limit: it was logged as kept, and counts
 * once. */
void
tm_cleanup_log_reconsider (TmCleanupLog *log)
{
  if (log != NULL)
    g_atomic_int_add (&log->n_kept, -1);
}

/* Like tm_cleanup_log_kept(), for an entry that is not a directory. */
void
tm_cleanup_log_kept_file (TmCleanupLog *log, const char *name)
{
  const TmVerdict verdict = { .keep_reason = TM_KEEP_REASON_NO_DIRECTORY };

  tm_cleanup_log_kept (log, name, &verdict);
}

/* @error: the error of an entry that could not be removed, with its path */
void
tm_cleanup_log_failed (TmCleanupLog *log, const GError *error)
{
  if (log == NULL)
    return;

  g_atomic_int_inc (&log->n_failed);
  tm_log_error (error);
}
