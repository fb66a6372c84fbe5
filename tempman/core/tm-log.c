/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "core/tm-log-private.h"

#include "core/tm-file-private.h"
#include "core/tm-heartbeat-intervals-private.h"

/* The debug messages, which tell a developer why a directory was removed or kept. Those about a
 * cleanup are in tm-cleanup-log.c, and docs/debugging.md explains all. They are the same in
 * every locale, except for the message of an error, which is followed by its code.
 *
 * No message is written while a lock of the library is held: a log handler may call the library. */

static gint was_shown; /* atomic */

/*
 * tm_log_is_shown:
 *
 * Calls GLib, which makes no system call, but may wait for a lock of its own.
 *
 * Returns: whether debug messages of the library are shown
 */
gboolean
tm_log_is_shown (void)
{
  gboolean is_shown = !g_log_writer_default_would_drop (G_LOG_LEVEL_DEBUG, G_LOG_DOMAIN);

  g_atomic_int_set (&was_shown, is_shown);
  return is_shown;
}

/*
 * tm_log_was_shown:
 *
 * For a forked child, which does not call GLib: if another thread of the parent held GLib's lock
 * at the fork, no thread of the child releases it.
 *
 * Returns: the last return value of tm_log_is_shown()
 */
gboolean
tm_log_was_shown (void)
{
  return g_atomic_int_get (&was_shown);
}

/* printf() writes a decimal comma where the locale has one. @format: a format of one double */
TmLogNumber
tm_log_number (const char *format, double number)
{
  TmLogNumber formatted;

  g_ascii_formatd (formatted.text, sizeof formatted.text, format, number);
  return formatted;
}

/* @start: a return value of g_get_monotonic_time() */
double
tm_log_get_milliseconds_since (gint64 start)
{
  return (double) (g_get_monotonic_time () - start) / G_TIME_SPAN_MILLISECOND;
}

/* Returns (transfer full): the timeout of a root, in seconds. */
char *
tm_log_describe_timeout (double timeout)
{
  return timeout >= 0 ? g_strdup_printf ("timeout %s s", tm_log_number ("%g", timeout).text)
                      : g_strdup ("no timeout");
}

/* Writes a message that was composed while a lock was held. @message: (nullable) */
void
tm_log_message (const char *message)
{
  if (message != NULL)
    g_debug ("%s", message);
}

static const char *
describe_lock (TmLockScope scope)
{
  switch (scope)
    {
    case TM_LOCK_SCOPE_ALL:
      return "locked, on a local file system";
    case TM_LOCK_SCOPE_MACHINE:
      return "locked, on a shared file system, where other machines do not see the lock";
    case TM_LOCK_SCOPE_NONE:
    default:
      return "not locked, since the file system or GIO has no locks";
    }
}

/* Returns (transfer full): the message that a directory was created. */
char *
tm_log_describe_creation (TmBackendDirectory *directory)
{
  g_autofree char *name = tm_file_get_display_name (tm_backend_directory_get_file (directory));
  g_autoptr (GString) message = g_string_new (NULL);
  TmCreationResult result = { .lock_scope = TM_LOCK_SCOPE_NONE };

  tm_backend_directory_describe (directory, &result);
  g_string_printf (message, "Created “%s”: %s; %s", name, describe_lock (result.lock_scope),
                   result.is_marked ? "marked" : "not marked");
  if (result.has_heartbeat)
    g_string_append_printf (message, "; with a heartbeat every %d s",
                            TM_HEARTBEAT_INTERVAL_SECONDS);
  if (result.n_lost > 0)
    g_string_append_printf (
        message, "; attempt %u, since cleaners deleted the new directory before it was locked",
        result.n_lost + 1);
  return g_string_free (g_steal_pointer (&message), FALSE);
}

/* @start: the monotonic time at which the deletion began */
void
tm_log_closed (GFile *file, gint64 start)
{
  g_autofree char *name = tm_file_get_display_name (file);

  g_debug ("Closed “%s”: the deletion took %s ms", name,
           tm_log_number ("%.1f", tm_log_get_milliseconds_since (start)).text);
}

void
tm_log_kept (GFile *file)
{
  g_autofree char *name = tm_file_get_display_name (file);

  g_debug ("Kept “%s”: it has no lock and no mark any more", name);
}

void
tm_log_published (GFile *former_file, GFile *file, gboolean replaced)
{
  g_autofree char *former_name = tm_file_get_display_name (former_file);
  g_autofree char *name = tm_file_get_display_name (file);

  g_debug ("Published “%s” as “%s”%s", former_name, name,
           replaced ? ", in place of the file that had this name" : "");
}

/* Called in a forked child that has not adopted the directory. */
void
tm_log_not_ours (GFile *file)
{
  g_autofree char *name = tm_file_get_display_name (file);

  g_debug ("Kept “%s”: it belongs to the parent of this process, which has not adopted it", name);
}

/* Called for a deletion that succeeded without deleting a file. @path: in the file name encoding */
void
tm_log_missing (const char *path)
{
  g_autofree char *name = g_filename_display_name (path);

  g_debug ("Nothing to delete: “%s” does not exist any more, or was renamed", name);
}

/* Called if a heartbeat ends early. @name: that of the directory, in the file name encoding */
void
tm_log_lost (const char *name)
{
  g_autofree char *display_name = g_filename_display_name (name);

  g_debug ("The heartbeat of “%s” ends: the directory was removed or renamed while the heartbeat "
           "was late",
           display_name);
}

/* @code: a member of GIOErrorEnum */
static const char *
get_nick (int code)
{
  g_autoptr (GEnumClass) type = g_type_class_ref (G_TYPE_IO_ERROR_ENUM);
  const GEnumValue *value = g_enum_get_value (type, code);

  /* Strings of an enumeration are static: they outlive the reference to its class. */
  return value != NULL ? value->value_nick : "unknown";
}

/* @name: the name of the directory, in the file name encoding */
void
tm_log_missed_beat (const char *name, int error_number)
{
  g_autofree char *display_name = g_filename_display_name (name);

  g_debug ("Could not make a heartbeat of “%s”: %s (%s)", display_name, g_strerror (error_number),
           get_nick ((int) g_io_error_from_errno (error_number)));
}

void
tm_log_missing_file (GFile *file)
{
  g_autofree char *name = tm_file_get_display_name (file);

  g_debug ("Nothing to delete: “%s” does not exist any more, or was renamed", name);
}

/* @start: the monotonic time at which the deletion began */
void
tm_log_deleted (GFile *file, gboolean keeps_directory, gint64 start)
{
  g_autofree char *name = tm_file_get_display_name (file);

  g_debug (keeps_directory ? "Deleted everything in “%s” in %s ms" : "Deleted “%s” in %s ms", name,
           tm_log_number ("%.1f", tm_log_get_milliseconds_since (start)).text);
}

/* @path: the path of a directory that was emptied, in the file name encoding */
void
tm_log_threads (const char *path, guint n_threads)
{
  g_autofree char *name = g_filename_display_name (path);

  g_debug ("Emptied “%s” with %u threads", name, n_threads);
}

/* Logs an error that the call may not return. Its message is in the language of the locale, and its
 * code can be searched for in every locale. */
void
tm_log_error (const GError *error)
{
  if (error->domain == G_IO_ERROR)
    g_debug ("%s (%s)", error->message, get_nick (error->code));
  else
    g_debug ("%s", error->message);
}

static const char *
describe_root (TmLockScope scope)
{
  switch (scope)
    {
    case TM_LOCK_SCOPE_ALL:
      return "on a local file system, where locks tell which entries are live";
    case TM_LOCK_SCOPE_MACHINE:
      return "on a shared file system, where heartbeats tell which entries are live";
    case TM_LOCK_SCOPE_NONE:
    default:
      return "through GIO, which has no locks: heartbeats tell which entries are live, where the "
             "back end "
             "keeps modes and times";
    }
}

void
tm_log_root_opened (TmBackendRoot *root, TmRootFlags flags, double timeout)
{
  g_autofree char *name = tm_file_get_display_name (root->file);
  g_autofree char *timeout_text = tm_log_describe_timeout (timeout);
  g_autofree char *flag_names = g_flags_to_string (TM_TYPE_ROOT_FLAGS, flags);

  g_debug ("Opened the root “%s” %s; %s; flags %s", name,
           describe_root (tm_backend_root_get_lock_scope (root)), timeout_text, flag_names);
}
