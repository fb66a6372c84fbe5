/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The debug messages: each of them once, and none unless they are shown. */

#include "support/directories.h"
#include "support/interpose.h"
#include "support/persist.h"
#include "support/roots.h"
#include "support/served-file.h"
#include "support/second-user.h"
#include "support/support.h"
#include "support/threads.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

/* The messages since log_begin(). They may come from several threads. */
static GMutex mutex;
static GPtrArray *messages;

/* Called with each message of the library instead, where it is set. */
static void (*handler) (const char *message, gpointer user_data);
static gpointer handler_data;

static const char *
get_field (const char *key, const GLogField *fields, gsize n_fields)
{
  for (gsize i = 0; i < n_fields; i++)
    if (g_str_equal (fields[i].key, key))
      return fields[i].value;
  return "";
}

static GLogWriterOutput
write_cb (GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer user_data)
{
  const char *message = get_field ("MESSAGE", fields, n_fields);

  if ((level & (G_LOG_LEVEL_DEBUG | G_LOG_LEVEL_INFO)) == 0)
    return g_log_writer_default (level, fields, n_fields, user_data);
  if (!g_str_equal (get_field ("GLIB_DOMAIN", fields, n_fields), "Tempman"))
    return G_LOG_WRITER_HANDLED;

  if (handler != NULL)
    handler (message, handler_data);
  g_mutex_lock (&mutex);
  if (messages != NULL)
    g_ptr_array_add (messages, g_strdup (message));
  g_mutex_unlock (&mutex);
  return G_LOG_WRITER_HANDLED;
}

static void
log_begin (gboolean is_shown)
{
  g_log_set_debug_enabled (is_shown);
  messages = g_ptr_array_new_with_free_func (g_free);
}

static void
log_end (void)
{
  g_log_set_debug_enabled (FALSE);
  g_clear_pointer (&messages, g_ptr_array_unref);
}

static void
show_messages (void)
{
  for (guint i = 0; i < messages->len; i++)
    g_test_message ("Logged: %s", (const char *) g_ptr_array_index (messages, i));
}

/* Asserts that one message matches a glob, and forgets it. */
static void G_GNUC_PRINTF (1, 2) assert_logged (const char *format, ...)
{
  g_autofree char *pattern = NULL;
  guint n_found = 0;
  va_list arguments;

  va_start (arguments, format);
  pattern = g_strdup_vprintf (format, arguments);
  va_end (arguments);

  for (guint i = messages->len; i > 0; i--)
    if (g_pattern_match_simple (pattern, g_ptr_array_index (messages, i - 1)))
      {
        g_ptr_array_remove_index (messages, i - 1);
        n_found++;
      }

  if (n_found != 1)
    {
      g_test_message ("Found %u times: %s", n_found, pattern);
      show_messages ();
    }
  g_assert_cmpuint (n_found, ==, 1);
}

static void
assert_nothing_else_logged (void)
{
  show_messages ();
  g_assert_cmpuint (messages->len, ==, 0);
}

static void
test_life (Sandbox *sandbox, gconstpointer data)
{
  g_autoptr (TmTemporaryDirectory) directory = NULL;

  log_begin (TRUE);
  directory = create_in (sandbox->path);
  assert_logged ("Created “%s”: %s", tm_temporary_directory_get_path (directory),
                 library_has_descriptors ()
                     ? "locked, on a local file system; marked"
                     : "not locked, since the file system or GIO has no locks; marked; with a "
                       "heartbeat every 30 s");
  assert_nothing_else_logged ();

  close_successfully (directory);
  assert_logged ("Closed “%s”: the deletion took *.? ms",
                 tm_temporary_directory_get_path (directory));
  close_successfully (directory);
  assert_nothing_else_logged ();
  log_end ();
}

/* Where group or others may write, the sticky bit is no mark. */
static void
test_unmarked (Sandbox *sandbox, gconstpointer data)
{
  g_autoptr (GFile) parent = sandbox_file (sandbox, NULL);
  g_autoptr (GObject) directory = NULL;

  log_begin (TRUE);
  directory = g_initable_new (TM_TYPE_TEMPORARY_DIRECTORY, NULL, NULL, "parent", parent, "mode",
                              0770, NULL);
  assert_logged ("Created “*”: locked, on a local file system; not marked");
  log_end ();
}

static gpointer
use_shared_thread (gpointer user_data)
{
  Sandbox *sandbox = user_data;
  g_autoptr (TmTemporaryDirectory) directory = NULL;
  g_autoptr (TmRoot) root = NULL;

  log_begin (TRUE);
  root = open_root (sandbox->path, 1.5, TM_ROOT_FLAGS_NONE);
  assert_logged ("Opened the root “%s” on a shared file system, where heartbeats tell which "
                 "entries are live; timeout 1.5 s; flags TM_ROOT_FLAGS_NONE",
                 sandbox->path);
  directory = create_in (sandbox->path);
  assert_logged ("Created “%s”: locked, on a shared file system, where other machines do not "
                 "see the lock; marked; with a heartbeat every 30 s",
                 tm_temporary_directory_get_path (directory));
  log_end ();
  return NULL;
}

/* In a new thread: each remembers what it knows of file systems. */
static void
test_shared (Sandbox *sandbox, gconstpointer data)
{
  pretend_shared (TRUE);
  g_thread_join (g_thread_new ("shared", use_shared_thread, sandbox));
  pretend_shared (FALSE);
}

static void
test_served (Sandbox *sandbox, gconstpointer data)
{
  g_autoptr (GFile) parent = served_file_new (sandbox->path);
  g_autoptr (TmTemporaryDirectory) directory = NULL;
  g_autoptr (TmRoot) root = NULL;
  g_autoptr (GError) error = NULL;

  log_begin (TRUE);
  root = open_root_of_file (parent, 60, TM_ROOT_FLAGS_NONE);
  assert_logged ("Opened the root “*” through GIO, which has no locks: heartbeats tell which "
                 "entries are live, where the back end keeps modes and times; timeout 60 s; flags "
                 "TM_ROOT_FLAGS_NONE");
  directory = tm_temporary_directory_new (parent, NULL, NULL, &error);
  g_assert_no_error (error);
  assert_logged ("Created “*”: not locked, since the file system or GIO has no locks; marked; with "
                 "a heartbeat every 30 s");
  close_successfully (directory);
  assert_logged ("Closed “*”: the deletion took *.? ms");
  assert_nothing_else_logged ();
  log_end ();
}

static void
test_last_reference (Sandbox *sandbox, gconstpointer data)
{
  g_autofree char *path = NULL;
  TmTemporaryDirectory *directory = create_in (sandbox->path);

  path = g_strdup (tm_temporary_directory_get_path (directory));
  log_begin (TRUE);
  g_object_unref (directory);
  assert_logged ("Closed “%s”: the deletion took *.? ms", path);
  assert_nothing_else_logged ();
  log_end ();
}

/* Nobody else is told of an error then. */
static void
test_last_reference_fails (Sandbox *sandbox, gconstpointer data)
{
  g_autofree char *path = NULL;
  TmTemporaryDirectory *directory = create_in (sandbox->path);

  path = g_strdup (tm_temporary_directory_get_path (directory));
  log_begin (TRUE);
  fail_call ("unlinkat", EBUSY, G_MAXUINT);
  g_object_unref (directory);
  fail_end ();
  assert_logged ("Could not delete “%s”: *", path);
  assert_nothing_else_logged ();
  log_end ();
  delete_tree (path);
}

static void
test_keep (Sandbox *sandbox, gconstpointer data)
{
  g_autoptr (TmTemporaryDirectory) directory = create_in (sandbox->path);
  g_autoptr (GError) error = NULL;

  log_begin (TRUE);
  tm_temporary_directory_keep (directory, NULL, &error);
  g_assert_no_error (error);
  assert_logged ("Kept “%s”: it has no lock and no mark any more",
                 tm_temporary_directory_get_path (directory));
  assert_nothing_else_logged ();
  log_end ();
}

static void
test_persist (Sandbox *sandbox, gconstpointer data)
{
  g_autofree char *destination = sandbox_path (sandbox, "published");

  log_begin (TRUE);
  for (guint i = 0; i < 2; i++)
    {
      g_autoptr (TmTemporaryDirectory) directory = create_in (sandbox->path);
      g_autofree char *former = g_strdup (tm_temporary_directory_get_path (directory));
      g_autoptr (GFile) file = sandbox_file (sandbox, "published");
      g_autoptr (GError) error = NULL;

      if (i > 0 && !library_has_descriptors ())
        break;
      tm_temporary_directory_persist (
          directory, file, i > 0 ? TM_PERSIST_FLAGS_REPLACE : TM_PERSIST_FLAGS_NONE, NULL, &error);
      g_assert_no_error (error);
      assert_logged ("Published “%s” as “%s”%s", former, destination,
                     i > 0 ? ", in place of the file that had this name" : "");
    }
  log_end ();
}

static void
test_root (Sandbox *sandbox, gconstpointer data)
{
  g_autofree char *link = sandbox_path (sandbox, "link");
  g_autofree char *target = sandbox_path (sandbox, "target");
  g_autoptr (TmRoot) root = NULL;

  make_directory (target);
  g_assert_no_errno (symlink (target, link));
  log_begin (TRUE);
  root = open_root (link, -1, TM_ROOT_FLAGS_CREATE_DIRECTORY | TM_ROOT_FLAGS_RECLAIM_ABANDONED);
  assert_logged ("Opened the root “%s” on a local file system, where locks tell which entries are "
                 "live; no timeout; flags TM_ROOT_FLAGS_CREATE_DIRECTORY | "
                 "TM_ROOT_FLAGS_RECLAIM_ABANDONED",
                 target);
  assert_nothing_else_logged ();
  log_end ();
}

static void
clean_cb (gpointer user_data)
{
  TmRoot *root = user_data;

  tm_root_cleanup (root, NULL, NULL);
}

/* A cleaner is faster than a creator. */
static void
test_lost (Sandbox *sandbox, gconstpointer data)
{
  g_autoptr (TmRoot) root = open_reclaiming_root (sandbox->path);
  g_autoptr (TmTemporaryDirectory) directory = NULL;

  log_begin (TRUE);
  attack_before ("flock", 0, clean_cb, root);
  directory = create_in (sandbox->path);
  g_assert_cmpuint (attack_end (), >, 0);
  assert_logged ("Created “%s”: locked, on a local file system; marked; attempt 2, since cleaners "
                 "deleted the new directory before it was locked",
                 tm_temporary_directory_get_path (directory));
  log_end ();
}

static int
count_calls_cb (const SystemCall *call, gpointer user_data)
{
  g_atomic_int_inc ((gint *) user_data);
  return 0;
}

static guint
count_calls_of_life (Sandbox *sandbox, gboolean is_shown)
{
  g_autoptr (TmTemporaryDirectory) directory = NULL;
  gint n_calls = 0;

  log_begin (is_shown);
  interpose (count_calls_cb, &n_calls);
  directory = create_in (sandbox->path);
  close_successfully (directory);
  interpose_end ();
  if (!is_shown)
    assert_nothing_else_logged ();
  log_end ();
  return (guint) n_calls;
}

/* The one call that is made for a message is not made either. */
static void
test_not_shown (Sandbox *sandbox, gconstpointer data)
{
  /* The first one finds out which system calls there are. */
  count_calls_of_life (sandbox, FALSE);
  g_assert_cmpuint (count_calls_of_life (sandbox, FALSE) + 1, ==,
                    count_calls_of_life (sandbox, TRUE));
}

#define AGE "last used *-*-*T*:*, *.? s ago (age basis accessed-or-modified); the timeout is 3600 s"

/* The file system seems to have another one mounted at one name, and another to vanish. */
static int
mount_and_remove (const SystemCall *call, gpointer user_data)
{
  if (g_strcmp0 (call->path, "mounted") == 0)
    return EXDEV;
  return g_strcmp0 (call->path, "vanished") == 0 ? ENOENT : 0;
}

static TmRoot *
fill_root (Sandbox *sandbox)
{
  static const char *const patterns[] = { "excl*", NULL };
  static const char *const names[] = { "expired",  "excluded", ".X11-unix",
                                       "vanished", "mounted",  OUR_NAME ("expired") };
  g_autofree char *young = sandbox_path (sandbox, "young");
  g_autofree char *file = sandbox_path (sandbox, "file");
  g_autofree char *abandoned G_GNUC_UNUSED =
      make_old_with_mode (sandbox, OUR_NAME ("abandoned"), 01700, 2 * HOUR);
  TmRoot *root = open_root (sandbox->path, HOUR, TM_ROOT_FLAGS_RECLAIM_ABANDONED);

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    g_free (make_old_directory (sandbox, names[i], 2 * HOUR));
  make_directory (young);
  make_file (file);
  g_assert_no_errno (chmod (sandbox->path, 0777));
  tm_root_set_exclude (root, patterns);
  return root;
}

static void
test_cleanup (Sandbox *sandbox, gconstpointer data)
{
  g_autoptr (TmRoot) root = fill_root (sandbox);
  g_autoptr (TmTemporaryDirectory) live = create_in (sandbox->path);
  const char *path = sandbox->path;

  log_begin (TRUE);
  interpose (mount_and_remove, NULL);
  assert_cleanup (root, 3);
  interpose_end ();

  assert_logged (
      "Cleaning up “%s”: timeout 3600 s (age basis accessed-or-modified); abandoned entries "
      "are removed at any age",
      path);
  assert_logged ("Kept “%s”: live: a process holds its lock",
                 tm_temporary_directory_get_path (live));
  assert_logged ("Removed “%s/expired” in *.? ms: expired: " AGE "; unowned", path);
  assert_logged ("Removed “%s/" OUR_NAME ("expired") "” in *.? ms: expired: " AGE "; unowned",
                 path);
  assert_logged ("Removed “%s/" OUR_NAME (
                     "abandoned") "” in *.? ms: abandoned: marked, and no process holds its lock",
                 path);
  assert_logged ("Kept “%s/young”: young: " AGE, path);
  assert_logged ("Kept “%s/file”: not a directory", path);
  assert_logged ("Kept “%s/excluded”: a pattern of the root excludes its name", path);
  assert_logged (
      "Kept “%s/.X11-unix”: a well-known name in a directory that every user may write to", path);
  assert_logged ("Kept “%s/mounted”: a mount point", path);
  assert_logged ("Kept “%s/vanished”: it vanished meanwhile, or another file took its name", path);
  assert_logged ("Cleaned up “%s” in *.? ms: 10 names; 3 removed, 7 kept, 0 failed", path);
  assert_nothing_else_logged ();
  log_end ();
}

/* The limits, and an entry that is evicted counts once. */
static void
test_limits (Sandbox *sandbox, gconstpointer data)
{
  g_autoptr (TmRoot) root = open_root (sandbox->path, TM_NO_TIMEOUT, TM_ROOT_FLAGS_NONE);
  g_autofree char *G_GNUC_UNUSED old = make_old_directory (sandbox, "old", 2 * HOUR);
  g_autofree char *G_GNUC_UNUSED young = make_old_directory (sandbox, "young", HOUR);

  tm_root_set_max_entries (root, 1);
  tm_root_set_max_size (root, G_MAXINT64);
  tm_root_set_min_free_space (root, 1);
  log_begin (TRUE);
  assert_cleanup (root, 1);
  assert_logged ("Cleaning up “%s”: no timeout (age basis accessed-or-modified); abandoned entries "
                 "expire like others; at most 1 entries; at most 9223372036854775807 bytes; at "
                 "least 1 bytes free",
                 sandbox->path);
  assert_logged ("Kept “%s/old”: not abandoned, *", sandbox->path);
  assert_logged ("Kept “%s/young”: not abandoned, *", sandbox->path);
  assert_logged ("Removed “%s/old” in *.? ms: the least recently used entry of more than 1 entries",
                 sandbox->path);
  assert_logged ("Cleaned up “%s” in *.? ms: 2 names; 1 removed, 1 kept, 0 failed", sandbox->path);
  assert_nothing_else_logged ();
  log_end ();
}

static void
test_cleanup_fails (Sandbox *sandbox, gconstpointer data)
{
  g_autoptr (TmRoot) root = open_root (sandbox->path, HOUR, TM_ROOT_FLAGS_NONE);
  g_autofree char *path = make_old_directory (sandbox, "old", 2 * HOUR);

  log_begin (TRUE);
  fail_call ("unlinkat", EBUSY, G_MAXUINT);
  g_assert_cmpint (tm_root_cleanup (root, NULL, NULL), ==, -1);
  fail_end ();
  assert_logged (
      "Cleaning up “%s”: timeout 3600 s (age basis accessed-or-modified); abandoned entries "
      "expire like others",
      sandbox->path);
  assert_logged ("Could not delete “%s”: *", path);
  assert_logged ("Cleaned up “%s” in *.? ms: 1 names; 0 removed, 0 kept, 1 failed", sandbox->path);
  assert_nothing_else_logged ();

  /* Of the root as a whole. */
  fail_call ("getdents64", EIO, G_MAXUINT);
  g_assert_cmpint (tm_root_cleanup (root, NULL, NULL), ==, -1);
  fail_end ();
  assert_logged ("Cleaning up “%s”: *", sandbox->path);
  /* After the message, which can be translated, the code. */
  assert_logged ("Could not read the root “%s”: * (failed)", sandbox->path);
  assert_logged ("Cleaned up “%s” in *.? ms: 0 names; 0 removed, 0 kept, 0 failed", sandbox->path);
  assert_nothing_else_logged ();
  log_end ();
}

static void
test_missing (Sandbox *sandbox, gconstpointer data)
{
  g_autofree char *elsewhere = sandbox_path (sandbox, "elsewhere");
  g_autoptr (TmTemporaryDirectory) directory = create_in (sandbox->path);
  g_autoptr (GFile) file = g_object_ref (tm_temporary_directory_get_file (directory));
  const char *path = tm_temporary_directory_get_path (directory);
  g_autoptr (GError) error = NULL;

  g_assert_no_errno (rename (path, elsewhere));
  log_begin (TRUE);
  close_successfully (directory);
  assert_logged ("Nothing to delete: “%s” does not exist any more, or was renamed", path);
  assert_logged ("Closed “%s”: *", path);

  tm_delete_recursively (file, TM_DELETE_FLAGS_ALLOW_MISSING, NULL, NULL, NULL, &error);
  g_assert_no_error (error);
  assert_logged ("Nothing to delete: “%s” does not exist any more, or was renamed", path);
  assert_nothing_else_logged ();
  log_end ();
}

static int
slow_down_cb (const SystemCall *call, gpointer user_data)
{
  if (g_str_equal (call->name, "unlinkat"))
    g_usleep (50);
  return 0;
}

static void
test_threads (Sandbox *sandbox, gconstpointer data)
{
  g_autofree char *path = sandbox_path (sandbox, "tree");
  g_autoptr (GFile) file = g_file_new_for_path (path);
  g_autoptr (GError) error = NULL;
  guint n_started;

  for (guint i = 0; i < 2000; i++)
    {
      g_autofree char *folder = g_strdup_printf ("%s/%u", path, i % 40);
      g_autofree char *name = g_strdup_printf ("%s/%u", folder, i);

      if (i < 40)
        make_directory (folder);
      make_file (name);
    }

  log_begin (TRUE);
  n_started = thread_starts_count ();
  interpose (slow_down_cb, NULL);
  tm_delete_recursively (file, TM_DELETE_FLAGS_KEEP_DIRECTORY, NULL, NULL, NULL, &error);
  interpose_end ();
  n_started = thread_starts_count () - n_started;
  g_assert_no_error (error);
  assert_logged ("Emptied “%s” with %u threads", path, n_started + 1);
  assert_logged ("Deleted everything in “%s” in *.? ms", path);
  assert_nothing_else_logged ();

  /* What is left is small. */
  tm_delete_recursively (file, TM_DELETE_FLAGS_NONE, NULL, NULL, NULL, &error);
  g_assert_no_error (error);
  assert_logged ("Deleted “%s” in *.? ms", path);
  assert_nothing_else_logged ();
  log_end ();
}

/* Before a creation. */
static void
test_no_timeout (Sandbox *sandbox, gconstpointer data)
{
  g_autoptr (TmRoot) root = open_root (sandbox->path, TM_NO_TIMEOUT, TM_ROOT_FLAGS_NONE);
  g_autoptr (TmRoot) reclaiming =
      open_root (sandbox->path, TM_NO_TIMEOUT, TM_ROOT_FLAGS_RECLAIM_ABANDONED);
  g_autofree char *old = make_old_directory (sandbox, "old", 2 * HOUR);
  g_autoptr (TmTemporaryDirectory) directory = NULL;

  log_begin (TRUE);
  directory = create_under (root);
  assert_logged ("No cleanup of “%s”: it has no timeout and no limits, and does not reclaim "
                 "abandoned entries",
                 sandbox->path);
  assert_logged ("Created “*”: *");
  assert_nothing_else_logged ();
  close_successfully (directory);

  if (library_has_descriptors ())
    {
      assert_cleanup (reclaiming, 0);
      assert_logged ("Kept “%s”: not abandoned, and without a timeout nothing expires", old);
    }
  log_end ();
}

static gpointer
clean_shared_thread (gpointer user_data)
{
  Sandbox *sandbox = user_data;
  g_autoptr (TmRoot) root = open_root (sandbox->path, HOUR, TM_ROOT_FLAGS_NONE);
  g_autofree char *path = make_old_with_mode (sandbox, OUR_NAME ("marked"), 01700, 2 * HOUR);

  log_begin (TRUE);
  assert_cleanup (root, 0);
  assert_logged ("Kept “%s”: it is marked, and the lock of an owner on another machine is not seen "
                 "here",
                 path);
  log_end ();
  return NULL;
}

static void
test_cleanup_shared (Sandbox *sandbox, gconstpointer data)
{
  pretend_shared (TRUE);
  g_thread_join (g_thread_new ("shared", clean_shared_thread, sandbox));
  pretend_shared (FALSE);
}

static void
clean_as_ordinary_user_child (gpointer data)
{
  TmRoot *root;

  child_assert (become_ordinary_user ());
  root = open_root (data, HOUR, TM_ROOT_FLAGS_NONE);
  log_begin (TRUE);
  child_assert (tm_root_cleanup (root, NULL, NULL) == 0);
  assert_logged ("Kept “%s/closed”: another user's, and this one may remove nothing from it",
                 (const char *) data);
  assert_logged ("Kept “%s/open”: another user's, in a root with the sticky bit",
                 (const char *) data);
  assert_logged ("Kept “%s/unreadable”: another user's, and this one may not open it to try its "
                 "lock",
                 (const char *) data);
  assert_logged ("Cleaned up “%s” in *.? ms: 3 names; 0 removed, 3 kept, 0 failed",
                 (const char *) data);
}

static void
test_other_user (Sandbox *sandbox, gconstpointer data)
{
  g_autofree char *closed = NULL;
  g_autofree char *open = NULL;
  g_autofree char *unreadable = NULL;

  if (skip_unless_root ())
    return;

  closed = make_old_with_mode (sandbox, "closed", 0755, 2 * HOUR);
  open = make_old_with_mode (sandbox, "open", 0777, 2 * HOUR);
  unreadable = make_old_with_mode (sandbox, "unreadable", 0733, 2 * HOUR);
  g_assert_no_errno (chmod (sandbox->path, 01777));
  assert_success_in_child (run_in_child (clean_as_ordinary_user_child, sandbox->path));
}

/* The server fails to delete one directory, and another vanishes after it was listed. */
static gboolean
refuse_and_remove (Request request, const char *path, gpointer data, GError **error)
{
  if (request == REQUEST_DELETE && g_str_has_suffix (path, "/refused"))
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_BUSY, "busy");
      return FALSE;
    }
  if (request == REQUEST_QUERY && g_str_has_suffix (path, "/vanished") && path_exists (path))
    delete_tree (path);
  return TRUE;
}

static void
test_cleanup_served (Sandbox *sandbox, gconstpointer data)
{
  static const char *const patterns[] = { "excl*", NULL };
  g_autofree char *marked G_GNUC_UNUSED =
      make_old_with_mode (sandbox, OUR_NAME ("marked"), 01700, 2 * HOUR);
  g_autofree char *young = sandbox_path (sandbox, "young");
  g_autofree char *file_path = sandbox_path (sandbox, "file");
  g_autoptr (GFile) file = served_file_new (sandbox->path);
  g_autoptr (TmRoot) root = open_root_of_file (file, HOUR, TM_ROOT_FLAGS_NONE);
  g_autoptr (GError) error = NULL;

  make_directory (young);
  make_file (file_path);
  g_free (make_old_directory (sandbox, "expired", 2 * HOUR));
  g_free (make_old_directory (sandbox, "excluded", 2 * HOUR));
  g_free (make_old_directory (sandbox, "refused", 2 * HOUR));
  g_free (make_old_directory (sandbox, "vanished", 2 * HOUR));
  tm_root_set_exclude (root, patterns);

  log_begin (TRUE);
  served_file_watch (refuse_and_remove, NULL);
  g_assert_cmpint (tm_root_cleanup (root, NULL, &error), ==, -1);
  served_file_watch (NULL, NULL);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_BUSY);

  assert_logged ("Cleaning up “*”: *");
  assert_logged ("Removed “*/expired” in *.? ms: expired: " AGE "; unowned");
  assert_logged ("Kept “*/young”: young: " AGE);
  assert_logged ("Kept “*/file”: not a directory");
  assert_logged ("Kept “*/excluded”: a pattern of the root excludes its name");
  assert_logged ("Kept “*/vanished”: it vanished meanwhile, or another file took its name");
  assert_logged ("Kept “*/" OUR_NAME ("marked") "”: it is marked, and the lock of an owner on "
                                                "another machine is not seen here");
  assert_logged ("Could not delete “*/refused”: *");
  assert_logged ("Cleaned up “*” in *.? ms: 7 names; 1 removed, 5 kept, 1 failed");
  /* By the test. */
  assert_logged ("Deleted “%s/vanished” in *.? ms", sandbox->path);
  assert_nothing_else_logged ();
  log_end ();
}

static guint
count_calls_of_cleanup (TmRoot *root, gboolean is_shown)
{
  gint n_calls = 0;

  log_begin (is_shown);
  interpose (count_calls_cb, &n_calls);
  assert_cleanup (root, 0);
  interpose_end ();
  if (is_shown)
    g_assert_cmpuint (messages->len, >, 2);
  else
    assert_nothing_else_logged ();
  log_end ();
  return (guint) n_calls;
}

static void
test_cleanup_not_shown (Sandbox *sandbox, gconstpointer data)
{
  g_autoptr (TmRoot) root = fill_root (sandbox);
  guint n_calls;

  g_assert_cmpint (tm_root_cleanup (root, NULL, NULL), >, 0);
  n_calls = count_calls_of_cleanup (root, FALSE);
  g_assert_cmpuint (n_calls, ==, count_calls_of_cleanup (root, FALSE));
  g_assert_cmpuint (n_calls, ==, count_calls_of_cleanup (root, TRUE));
}

/* Lists and cleans the root that the message is about. */
static void
clean_again (const char *message, gpointer user_data)
{
  TmRoot *root = user_data;
  g_autoptr (GListModel) entries = NULL;

  g_log_set_debug_enabled (FALSE);
  entries = tm_root_list_entries (root, TM_LIST_FLAGS_NONE, NULL, NULL);
  g_assert_nonnull (entries);
  g_assert_cmpint (tm_root_cleanup (root, NULL, NULL), >=, 0);
  g_log_set_debug_enabled (TRUE);
}

static void
test_cleanup_reentry (Sandbox *sandbox, gconstpointer data)
{
  g_autoptr (TmRoot) root = fill_root (sandbox);

  log_begin (TRUE);
  handler_data = root;
  handler = clean_again;
  /* The first message of it has the entries removed. */
  assert_cleanup (root, 0);
  handler = NULL;
  assert_logged ("Cleaned up “*” in *.? ms: *");
  log_end ();
}

typedef struct
{
  TmTemporaryDirectory *directory;
  TmRoot *root;
  guint n_calls;
} Reentry;

/* Calls the library for the object that the message is about. */
static void
reenter (const char *message, gpointer user_data)
{
  Reentry *reentry = user_data;

  /* GLib itself would write a message from within, amid the report of the test. */
  g_log_set_debug_enabled (FALSE);
  reentry->n_calls++;
  if (reentry->root != NULL)
    g_assert_nonnull (tm_root_get_directory (reentry->root));
  if (reentry->directory != NULL)
    tm_temporary_directory_close (reentry->directory, NULL, NULL);
}

/* No lock of the library is held while a message is written. */
static void
test_reentry (Sandbox *sandbox, gconstpointer data)
{
  g_autoptr (GFile) parent = sandbox_file (sandbox, NULL);
  g_autoptr (TmTemporaryDirectory) directory =
      g_object_new (TM_TYPE_TEMPORARY_DIRECTORY, "parent", parent, NULL);
  g_autoptr (TmRoot) root = g_object_new (TM_TYPE_ROOT, "directory", parent, NULL);
  Reentry reentry = { .root = root };
  g_autoptr (GError) error = NULL;

  g_log_set_debug_enabled (TRUE);
  handler_data = &reentry;
  handler = reenter;
  g_initable_init (G_INITABLE (root), NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (reentry.n_calls, ==, 1);

  /* The message of the creation closes it. */
  reentry.directory = directory;
  g_log_set_debug_enabled (TRUE);
  g_initable_init (G_INITABLE (directory), NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (reentry.n_calls, ==, 2);
  g_assert_true (tm_temporary_directory_is_closed (directory));
  g_assert_cmpuint (count_entries (sandbox->path), ==, 0);
  handler = NULL;
  g_log_set_debug_enabled (FALSE);
}

typedef struct
{
  TmTemporaryDirectory *directory;
  GError *error;
} Closer;

static void
close_again (const char *message, gpointer user_data)
{
  Closer *closer = user_data;

  if (g_str_has_prefix (message, "Nothing to delete"))
    g_assert_false (tm_temporary_directory_close (closer->directory, NULL, &closer->error));
}

/* A deletion that waited for itself would never end. */
static void
test_reentry_amid_closing (Sandbox *sandbox, gconstpointer data)
{
  g_autoptr (TmTemporaryDirectory) directory = create_in (sandbox->path);
  Closer closer = { .directory = directory };

  g_assert_no_errno (rmdir (tm_temporary_directory_get_path (directory)));
  log_begin (TRUE);
  handler_data = &closer;
  handler = close_again;
  close_successfully (directory);
  handler = NULL;
  log_end ();
  g_assert_error (closer.error, G_IO_ERROR, G_IO_ERROR_PENDING);
  g_clear_error (&closer.error);
}

/* Holds the lock of GLib's log for most of the time. */
static gpointer
change_handlers (gpointer user_data)
{
  gint *is_finished = user_data;

  while (!g_atomic_int_get (is_finished))
    g_log_remove_handler (
        "Other", g_log_set_handler ("Other", G_LOG_LEVEL_DEBUG, g_log_default_handler, NULL));
  return NULL;
}

static void
drop_child (gpointer data)
{
  /* A child that waits for a thread of its parent is ended by the signal. */
  alarm (20);
  child_assert (tm_temporary_directory_close (data, NULL, NULL));
}

/* GLib's log has a lock that another thread of the parent may have held at the fork: a child that
 * does not own the directory does not call it unless messages are shown. */
static void
test_fork (Sandbox *sandbox, gconstpointer data)
{
  g_autoptr (TmTemporaryDirectory) directory = create_in (sandbox->path);
  gint is_finished = FALSE;
  GThread *thread = g_thread_new ("handlers", change_handlers, &is_finished);
  int status = 0;

  for (guint i = 0; i < 100 && status == 0; i++)
    status = run_in_child (drop_child, directory);

  g_atomic_int_set (&is_finished, TRUE);
  g_thread_join (thread);
  assert_success_in_child (status);
}

int
main (int argc, char **argv)
{
  /* What the environment asks for would be shown as well. */
  g_unsetenv ("G_MESSAGES_DEBUG");
  g_test_init (&argc, &argv, NULL);
  g_log_set_writer_func (write_cb, NULL, NULL);

  add_test ("/log/life", test_life);
  add_test ("/log/unmarked", of_descriptors (test_unmarked));
  add_test ("/log/shared", of_descriptors (test_shared));
  add_test ("/log/served", test_served);
  add_test ("/log/last-reference", test_last_reference);
  add_test ("/log/last-reference-fails", of_descriptors (test_last_reference_fails));
  add_test ("/log/keep", test_keep);
  add_test ("/log/persist", test_persist);
  add_test ("/log/root", of_descriptors (test_root));
  add_test ("/log/lost", of_descriptors (test_lost));
  add_test ("/log/not-shown", of_descriptors (test_not_shown));
  add_test ("/log/cleanup", of_descriptors (test_cleanup));
  add_test ("/log/limits", of_descriptors (test_limits));
  add_test ("/log/cleanup-fails", of_descriptors (test_cleanup_fails));
  add_test ("/log/cleanup-shared", of_descriptors (test_cleanup_shared));
  add_test ("/log/cleanup-served", test_cleanup_served);
  add_test ("/log/cleanup-not-shown", of_descriptors (test_cleanup_not_shown));
  add_test ("/log/cleanup-reentry", test_cleanup_reentry);
  add_test ("/log/missing", test_missing);
  add_test_in_memory ("/log/threads", NULL, of_descriptors (test_threads));
  add_test ("/log/no-timeout", test_no_timeout);
  add_test ("/log/other-user", of_descriptors (test_other_user));
  add_test ("/log/reentry", test_reentry);
  add_test ("/log/reentry-amid-closing", test_reentry_amid_closing);
  add_test ("/log/fork", test_fork);

  return g_test_run ();
}
