/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "tm-root.h"

#include "core/tm-backend-private.h"
#include "core/tm-error-private.h"
#include "core/tm-fork-mutex-private.h"
#include "core/tm-i18n-private.h"
#include "core/tm-log-private.h"
#include "core/tm-outcomes-private.h"
#include "core/tm-task-private.h"
#include "tm-root-entry-private.h"
#include "tm-temporary-directory-private.h"

#include <math.h>

/**
 * TmRoot:
 *
 * A directory for many temporary directories, with a cleanup of the expired and abandoned ones.
 *
 * ```c
 * g_autoptr (GFile) cache = g_file_new_for_path ("/var/tmp/photos");
 * g_autoptr (TmRoot) root =
 *   tm_root_new (cache, 24 * 60 * 60,
 *                TM_ROOT_FLAGS_CREATE_DIRECTORY | TM_ROOT_FLAGS_RECLAIM_ABANDONED,
 *                NULL, &error);
 * g_autoptr (TmTemporaryDirectory) directory =
 *   tm_root_create_temp_dir (root, NULL, &error);
 * ```
 *
 * ## Cleanup
 *
 * The sub-directories of the root are its entries. With [flags@Tempman.RootFlags.INCLUDE_FILES],
 * files, links and all other files in the root are entries as well. A cleanup deletes the entries
 * that have not been used for longer than the timeout, and, if the root has limits, the least
 * recently used ones. It runs before the root creates a directory, and on demand with
 * [method@Root.cleanup]. The age of an entry is the time since its last access or modification,
 * whichever is later, unless [method@Root.set_age_basis] selects another basis.
 * [method@Root.list_entries] shows the decisions of a cleanup without running one.
 *
 * A cleanup never deletes an entry in use, unless the root has
 * [flags@Tempman.RootFlags.EXPIRE_LIVE]. If the owner of an entry has exited without closing it,
 * the next cleanup with [flags@Tempman.RootFlags.RECLAIM_ABANDONED] deletes it at any age. Without
 * this flag, a cleanup deletes it when it has expired. A cleanup keeps mount points in the root
 * and, unless the root has [flags@Tempman.RootFlags.INCLUDE_FILES], everything that is not a
 * directory. With this flag, it also keeps each file on which a process holds a BSD lock.
 *
 * ## Limits
 *
 * A root can also keep within limits, all of which can be set at any time and combined:
 *
 * - [property@Root:max-entries], a number of entries;
 * - [property@Root:max-size], the size of all entries together;
 * - [property@Root:min-free-space], the free space of the file system.
 *
 * ```c
 * tm_root_set_max_entries (root, 20);
 * tm_root_set_max_size (root, G_GUINT64_CONSTANT (2) << 30);
 * ```
 *
 * A cleanup first deletes the expired entries and, if the root reclaims, the abandoned ones. If the
 * root is still over a limit, the cleanup deletes the entry that was used least recently, by the
 * age basis of the root, and continues until the limits hold. It stops early if only entries are
 * left that it has to keep. [enum@Tempman.RemovalReason] distinguishes the limits.
 *
 * - Live entries count, and the limits never remove one, not even with
 *   [flags@Tempman.RootFlags.EXPIRE_LIVE]. It is no error if the live entries alone exceed a limit.
 * - Every entry counts, including those that a cleanup keeps for another reason: excluded entries,
 *   mount points, and entries of other users.
 * - Sizes are allocated bytes, as in [method@RootEntry.get_size]. A file with several links counts
 *   once for each entry that contains one of them.
 * - The free space is what unprivileged users can still allocate. If other programs fill the file
 *   system, this limit can remove every entry that is not live. A cleanup looks at the free space
 *   after each deletion; a list predicts it from the sizes. Some file systems, such as btrfs and
 * ZFS, show freed space only later. There a cleanup measures each entry before it deletes it, and
 * counts the measured space as free.
 * - If nothing can be removed from the root, because the process may not write to it, a cleanup
 * fails for each entry over a limit, as it does for an expired one.
 *
 * [method@Root.create_temp_dir] applies the timeout, `max-entries` and `min-free-space`. It makes
 * room for the new directory, so that the root then has at most `max-entries` entries. It does not
 * apply `max-size`: measuring reads every directory in the root, which would delay each creation.
 * A program with a limit of size calls [method@Root.cleanup_async] from time to time, such as after
 * its start.
 *
 * Several processes can clean up the same root at the same time. An entry that another cleanup is
 * deleting counts as live: for each such entry, a cleanup can delete one more than necessary.
 * Otherwise, the cleanups together delete no more entries for a limit than one alone would.
 *
 * Several processes can also find enough free space at the same moment, and then write. To be sure
 * that none of them runs out of space, set `min-free-space` to at least what all of them together
 * write after a creation.
 *
 * ## Signals
 *
 * A cleanup emits [signal@Root::entry-removed] for each entry that it has deleted, and
 * [signal@Root::entry-failed] for each entry that it could not delete. It emits them while it runs,
 * in the order in which the deletions end:
 *
 * ```c
 * static void
 * entry_removed_cb (TmRoot *root, TmRootEntry *entry, gpointer user_data)
 * {
 *   g_print ("deleted %s\n", tm_root_entry_get_name (entry));
 * }
 *
 * static gssize
 * clean_up (TmRoot *root, GError **error)
 * {
 *   g_signal_connect (root, "entry-removed", G_CALLBACK (entry_removed_cb), NULL);
 *   return tm_root_cleanup (root, NULL, error);
 * }
 * ```
 *
 * A blocking call emits the signals in the calling thread, before it returns. An asynchronous call
 * emits them in the thread-default main context of its caller, before its callback. A handler may
 * call methods of the root, cancel the cleanup, and release the root. If a handler runs the main
 * loop, the next signal of this cleanup and the callback wait until the handler returns.
 *
 * Connect handlers before the call: a cleanup that starts without a handler for a signal does not
 * emit it.
 *
 * ## The directory
 *
 * A root opens its directory once, when it is initialised, and keeps it open. A later change of its
 * path, such as a rename or a replaced link, never leads the root to another directory. In a sticky
 * directory that other users may write to, such as `/tmp`, the root follows a link in the path only
 * if the link belongs to the user of the process or to the owner of that directory.
 *
 * A remote directory, such as one that GVfs serves, is looked up by name each time, and has no
 * locks. If its GIO backend can set times, as that of SFTP can, its entries have heartbeats.
 * Otherwise a cleanup uses the age alone. Most backends store no marks, so that their entries are
 * never abandoned.
 *
 * ## Shared file systems
 *
 * Locks reach one machine only. A directory that is created on a file system that other machines
 * can use, such as NFS, therefore has a heartbeat: as long as it is open, its owner sets its
 * modification time to the present every 30 seconds.
 *
 * A cleanup takes the owner of such an entry for dead only if all of these hold:
 *
 * - The last heartbeat is older than the lease, by the clock of the file system. The lease is 10
 *   minutes unless [method@Root.set_lease] sets another one.
 * - This root has watched the entry for 90 seconds, and the heartbeat did not change. Cleanups do
 *   not wait: [method@Root.get_watch_time] returns the time after which another one can decide.
 * - The lock of the entry is free on this machine.
 *
 * A machine that sleeps or loses its connection for longer than the lease loses its directories
 * there: another machine may delete them. The page [Shared file systems](shared-file-systems.html)
 * states the conditions, helps to choose the lease, and has tables of file systems.
 *
 * ## Threads
 *
 * An object can be used from any thread.
 *
 * An object that is constructed without being initialised, with `g_object_new()`, has only its
 * properties: its other methods fail with %G_IO_ERROR_NOT_INITIALIZED.
 *
 * Since: 1.0
 */

struct _TmRoot
{
  GObject parent_instance;

  TmForkMutex lock;    /* guards exclude, lease and limits, and directory and root until they are
                        * set */
  GFile *directory;    /* (owned) (nullable): with its links resolved once it is opened */
  TmBackendRoot *root; /* (owned) (nullable): until initialised, then never changed */
  double timeout;      /* set once, when constructed */
  TmRootFlags flags;   /* likewise */
  const char *prefix;  /* (nullable): interned, so that one that was got stays valid when another
                        * thread sets the next; atomic */
  gint age_basis;      /* a TmAgeBasis; atomic */
  GStrv exclude;       /* (owned) (nullable): guarded by the lock */
  double lease;        /* guarded by the lock */
  TmLimits limits;     /* guarded by the lock */
};

typedef enum
{
  PROP_DIRECTORY = 1,
  PROP_TIMEOUT,
  PROP_FLAGS,
  PROP_PREFIX,
  PROP_AGE_BASIS,
  PROP_EXCLUDE,
  PROP_LEASE,
  PROP_MAX_ENTRIES,
  PROP_MAX_SIZE,
  PROP_MIN_FREE_SPACE,
} TmRootProperty;

static GParamSpec *properties[PROP_MIN_FREE_SPACE + 1];

typedef enum
{
  SIGNAL_ENTRY_REMOVED,
  SIGNAL_ENTRY_FAILED,
} TmRootSignal;

static guint signals[SIGNAL_ENTRY_FAILED + 1];

static void initable_iface_init (GInitableIface *iface);
static void async_initable_iface_init (GAsyncInitableIface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (TmRoot,
                               tm_root,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (G_TYPE_INITABLE, initable_iface_init)
                                   G_IMPLEMENT_INTERFACE (G_TYPE_ASYNC_INITABLE,
                                                          async_initable_iface_init))

static gboolean
initialize_locked (TmRoot *self, GCancellable *cancellable, GError **error)
{
  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return FALSE;

  if (self->directory == NULL)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                           _ ("Could not open a root: no directory was given"));
      return FALSE;
    }

  if (isnan (self->timeout))
    {
      tm_error_set_for_file (error, TM_ACTION_OPEN_ROOT, self->directory,
                             G_IO_ERROR_INVALID_ARGUMENT, _ ("the timeout is not a number"));
      return FALSE;
    }

  self->root = tm_backend_open_root (self->directory, self->flags, cancellable, error);
  if (self->root == NULL)
    return FALSE;

  g_set_object (&self->directory, self->root->file);
  return TRUE;
}

static gboolean
tm_root_init_sync (GInitable *initable, GCancellable *cancellable, GError **error)
{
  TmRoot *self = TM_ROOT (initable);
  gboolean is_new, is_initialized;

  tm_fork_mutex_lock (&self->lock);
  is_new = self->root == NULL;
  is_initialized = !is_new || initialize_locked (self, cancellable, error);
  tm_fork_mutex_unlock (&self->lock);

  if (is_new && is_initialized && tm_log_is_shown ())
    tm_log_root_opened (self->root, self->flags, self->timeout);
  return is_initialized;
}

static void
tm_root_get_property (GObject *object, guint property_id, GValue *value, GParamSpec *pspec)
{
  TmRoot *self = TM_ROOT (object);

  switch ((TmRootProperty) property_id)
    {
    case PROP_DIRECTORY:
      g_value_set_object (value, tm_root_get_directory (self));
      break;
    case PROP_TIMEOUT:
      g_value_set_double (value, self->timeout);
      break;
    case PROP_FLAGS:
      g_value_set_flags (value, self->flags);
      break;
    case PROP_PREFIX:
      g_value_set_string (value, tm_root_get_prefix (self));
      break;
    case PROP_AGE_BASIS:
      g_value_set_enum (value, tm_root_get_age_basis (self));
      break;
    case PROP_EXCLUDE:
      g_value_take_boxed (value, tm_root_get_exclude (self));
      break;
    case PROP_LEASE:
      g_value_set_double (value, tm_root_get_lease (self));
      break;
    case PROP_MAX_ENTRIES:
      g_value_set_uint (value, tm_root_get_max_entries (self));
      break;
    case PROP_MAX_SIZE:
      g_value_set_uint64 (value, tm_root_get_max_size (self));
      break;
    case PROP_MIN_FREE_SPACE:
      g_value_set_uint64 (value, tm_root_get_min_free_space (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
      break;
    }
}

static void
tm_root_set_property (GObject *object, guint property_id, const GValue *value, GParamSpec *pspec)
{
  TmRoot *self = TM_ROOT (object);

  switch ((TmRootProperty) property_id)
    {
    case PROP_DIRECTORY:
      self->directory = g_value_dup_object (value);
      break;
    case PROP_TIMEOUT:
      self->timeout = g_value_get_double (value);
      break;
    case PROP_FLAGS:
      self->flags = g_value_get_flags (value);
      break;
    case PROP_PREFIX:
      tm_root_set_prefix (self, g_value_get_string (value));
      break;
    case PROP_AGE_BASIS:
      tm_root_set_age_basis (self, g_value_get_enum (value));
      break;
    case PROP_EXCLUDE:
      tm_root_set_exclude (self, g_value_get_boxed (value));
      break;
    case PROP_LEASE:
      tm_root_set_lease (self, g_value_get_double (value));
      break;
    case PROP_MAX_ENTRIES:
      tm_root_set_max_entries (self, g_value_get_uint (value));
      break;
    case PROP_MAX_SIZE:
      tm_root_set_max_size (self, g_value_get_uint64 (value));
      break;
    case PROP_MIN_FREE_SPACE:
      tm_root_set_min_free_space (self, g_value_get_uint64 (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
      break;
    }
}

static void
tm_root_finalize (GObject *object)
{
  TmRoot *self = TM_ROOT (object);

  g_clear_pointer (&self->root, tm_backend_root_free);
  g_clear_object (&self->directory);
  g_clear_pointer (&self->exclude, g_strfreev);
  tm_fork_mutex_clear (&self->lock);

  G_OBJECT_CLASS (tm_root_parent_class)->finalize (object);
}

static void
tm_root_class_init (TmRootClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->finalize = tm_root_finalize;
  object_class->get_property = tm_root_get_property;
  object_class->set_property = tm_root_set_property;

  /**
   * TmRoot:directory: (getter get_directory)
   *
   * The directory in which the root creates temporary directories.
   *
   * The initialisation resolves the links in its path.
   *
   * Since: 1.0
   */
  properties[PROP_DIRECTORY] =
      g_param_spec_object ("directory", NULL, NULL, G_TYPE_FILE,
                           G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);

  /**
   * TmRoot:timeout: (getter get_timeout)
   *
   * The time without use after which an entry expires, in seconds.
   *
   * If it is negative, like [const@NO_TIMEOUT], entries never expire. If it is 0, an entry expires
   * as soon as it is not in use.
   *
   * Since: 1.0
   */
  /* Lax, so that what is not a number arrives, and is refused with a GError. */
  properties[PROP_TIMEOUT] = g_param_spec_double (
      "timeout", NULL, NULL, -INFINITY, INFINITY, TM_NO_TIMEOUT,
      G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_LAX_VALIDATION | G_PARAM_STATIC_STRINGS);

  /**
   * TmRoot:flags: (getter get_flags)
   *
   * The options for the directory and for cleanups.
   *
   * Since: 1.0
   */
  properties[PROP_FLAGS] =
      g_param_spec_flags ("flags", NULL, NULL, TM_TYPE_ROOT_FLAGS, TM_ROOT_FLAGS_NONE,
                          G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);

  /**
   * TmRoot:prefix: (getter get_prefix) (setter set_prefix)
   *
   * The beginning of the names of new temporary directories.
   *
   * %NULL selects the name of the program, or `tempman` if it has none.
   *
   * Since: 1.0
   */
  properties[PROP_PREFIX] =
      g_param_spec_string ("prefix", NULL, NULL, NULL,
                           G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);

  /**
   * TmRoot:age-basis: (getter get_age_basis) (setter set_age_basis)
   *
   * The timestamps that determine the age of an entry.
   *
   * Since: 1.0
   */
  properties[PROP_AGE_BASIS] = g_param_spec_enum (
      "age-basis", NULL, NULL, TM_TYPE_AGE_BASIS, TM_AGE_BASIS_ACCESSED_OR_MODIFIED,
      G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);

  /**
   * TmRoot:exclude: (getter get_exclude) (setter set_exclude)
   *
   * The patterns for the names of entries that a cleanup always keeps.
   *
   * Since: 1.0
   */
  properties[PROP_EXCLUDE] =
      g_param_spec_boxed ("exclude", NULL, NULL, G_TYPE_STRV,
                          G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);

  /**
   * TmRoot:lease: (getter get_lease) (setter set_lease)
   *
   * The time without a heartbeat after which the owner of an entry counts as dead, in seconds.
   *
   * The lease applies to directories on shared file systems.
   *
   * Since: 1.0
   */
  properties[PROP_LEASE] =
      g_param_spec_double ("lease", NULL, NULL, 0, INFINITY, TM_DEFAULT_LEASE,
                           G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);

  /**
   * TmRoot:max-entries: (getter get_max_entries) (setter set_max_entries)
   *
   * The number of entries that the root keeps at most, or 0 for no limit.
   *
   * Since: 1.0
   */
  properties[PROP_MAX_ENTRIES] =
      g_param_spec_uint ("max-entries", NULL, NULL, 0, G_MAXUINT, 0,
                         G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);

  /**
   * TmRoot:max-size: (getter get_max_size) (setter set_max_size)
   *
   * The size that the entries have at most together, in bytes, or 0 for no limit.
   *
   * Since: 1.0
   */
  properties[PROP_MAX_SIZE] =
      g_param_spec_uint64 ("max-size", NULL, NULL, 0, G_MAXUINT64, 0,
                           G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);

  /**
   * TmRoot:min-free-space: (getter get_min_free_space) (setter set_min_free_space)
   *
   * The free space that the file system has at least, in bytes, or 0 for no limit.
   *
   * Since: 1.0
   */
  properties[PROP_MIN_FREE_SPACE] =
      g_param_spec_uint64 ("min-free-space", NULL, NULL, 0, G_MAXUINT64, 0,
                           G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);

  g_object_class_install_properties (object_class, G_N_ELEMENTS (properties), properties);

  /**
   * TmRoot::entry-removed:
   * @self: the root that emits the signal
   * @entry: the entry, as it was before the deletion
   *
   * Emitted after a cleanup has deleted an entry.
   *
   * If the cleanup has measured the entry, [property@RootEntry:size] is the size before the
   * deletion.
   *
   * The cleanup that [method@Root.create_temp_dir] runs emits it as well. The section “Signals” of
   * the class page names the thread.
   *
   * Since: 1.0
   */
  signals[SIGNAL_ENTRY_REMOVED] =
      g_signal_new ("entry-removed", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                    NULL, G_TYPE_NONE, 1, TM_TYPE_ROOT_ENTRY);

  /**
   * TmRoot::entry-failed:
   * @self: the root that emits the signal
   * @entry: the entry, as it was before the attempt
   * @error: the error that prevented the deletion
   *
   * Emitted when a cleanup could not delete an entry, or has deleted only a part of it.
   *
   * If the cleanup could not decide whether to delete the entry, the reason of the entry is
   * [enum@Tempman.RemovalReason.NONE], and its state is [enum@Tempman.RootEntryState.LIVE] unless
   * the cleanup knows the state.
   *
   * The signal is also emitted with %G_IO_ERROR_CANCELLED for an entry whose deletion was
   * interrupted: the rest of its content still exists. It is not emitted if the directory of the
   * root cannot be read.
   *
   * The cleanup that [method@Root.create_temp_dir] runs emits it as well. The section “Signals” of
   * the class page names the thread.
   *
   * Since: 1.0
   */
  signals[SIGNAL_ENTRY_FAILED] =
      g_signal_new ("entry-failed", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                    NULL, G_TYPE_NONE, 2, TM_TYPE_ROOT_ENTRY, G_TYPE_ERROR);
}

static void
tm_root_init (TmRoot *self)
{
  tm_fork_mutex_init (&self->lock);
  self->lease = TM_DEFAULT_LEASE;
}

static void
initable_iface_init (GInitableIface *iface)
{
  iface->init = tm_root_init_sync;
}

static void
async_initable_iface_init (GAsyncInitableIface *iface)
{
  tm_task_implement_async_initable (iface);
}

/**
 * tm_root_new:
 * @directory: the directory for the temporary directories
 * @timeout: the time without use after which an entry expires, in seconds, or a negative number
 *   such as [const@NO_TIMEOUT] if entries never expire
 * @flags: options for the directory and for cleanups
 * @cancellable: (nullable): a cancellable
 * @error: return location for an error
 *
 * Opens a directory for many temporary directories.
 *
 * The path of @directory is resolved once: later changes to a link in it have no effect.
 * `g_file_new_for_path()` has already removed `..` from the text of a path: `link/..` becomes the
 * directory that contains the link, and a cleanup then deletes entries there. A program that
 * accepts the path from its user should refuse paths with `..`, or resolve them with `realpath()`
 * first. This function follows every link, including one that another user has planted: if other
 * users may write to a directory on the path, such as `/tmp`, the program should refuse these
 * paths.
 *
 * Fails with %G_IO_ERROR_NOT_FOUND if @directory does not exist, unless @flags contain
 * [flags@Tempman.RootFlags.CREATE_DIRECTORY]; with %G_IO_ERROR_NOT_DIRECTORY if it is a file; with
 * %G_IO_ERROR_INVALID_ARGUMENT if it is the home directory or a directory above it, or if @timeout
 * is not a number; with %G_IO_ERROR_PERMISSION_DENIED if it cannot be read, if another user could
 * have planted a link in its path, or, with [flags@Tempman.RootFlags.CREATE_DIRECTORY], if it
 * belongs to another user (where the file system decides to whom files belong: only if that user
 * could have placed it there); and with %G_IO_ERROR_CANCELLED.
 *
 * For a remote directory, the call also fails with the errors of GIO, such as
 * %G_IO_ERROR_NOT_MOUNTED. The user that a remote directory belongs to is unknown, and the home
 * directory of another machine can be recognised only by its name.
 *
 * If the home directory is on the file system of a server, which may never answer, the call sends a
 * request to this server only if @directory is on the same file system, or on one that is mounted
 * in it. It therefore does not detect a link on such a server that leads to a home directory
 * elsewhere.
 *
 * Returns: (transfer full): a new root, or %NULL with @error set
 *
 * Since: 1.0
 */
TmRoot *
tm_root_new (GFile *directory,
             double timeout,
             TmRootFlags flags,
             GCancellable *cancellable,
             GError **error)
{
  g_return_val_if_fail (G_IS_FILE (directory), NULL);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  return g_initable_new (TM_TYPE_ROOT, cancellable, error, "directory", directory, "timeout",
                         timeout, "flags", flags, NULL);
}

/**
 * tm_root_new_async:
 * @directory: the directory for the temporary directories
 * @timeout: the time without use after which an entry expires, in seconds, or a negative number
 * @flags: options for the directory and for cleanups
 * @io_priority: the priority of the request, such as %G_PRIORITY_DEFAULT
 * @cancellable: (nullable): a cancellable
 * @callback: (nullable) (scope async): the callback for the result, called in the thread-default
 *   main context of the caller
 * @user_data: data for @callback
 *
 * Opens a directory for many temporary directories, without blocking the caller.
 *
 * See [ctor@Root.new].
 *
 * If no thread can be started, the work is done before this function returns, and @callback is
 * called later.
 *
 * Since: 1.0
 */
void
tm_root_new_async (GFile *directory,
                   double timeout,
                   TmRootFlags flags,
                   int io_priority,
                   GCancellable *cancellable,
                   GAsyncReadyCallback callback,
                   gpointer user_data)
{
  g_return_if_fail (G_IS_FILE (directory));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  g_async_initable_new_async (TM_TYPE_ROOT, io_priority, cancellable, callback, user_data,
                              "directory", directory, "timeout", timeout, "flags", flags, NULL);
}

/**
 * tm_root_new_finish:
 * @result: the result that the callback received
 * @error: return location for an error
 *
 * Gets the result of [func@Root.new_async].
 *
 * Fails like [ctor@Root.new].
 *
 * Returns: (transfer full): a new root, or %NULL with @error set
 *
 * Since: 1.0
 */
TmRoot *
tm_root_new_finish (GAsyncResult *result, GError **error)
{
  g_autoptr (GObject) source = NULL;

  g_return_val_if_fail (G_IS_ASYNC_RESULT (result), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  source = g_async_result_get_source_object (result);
  g_return_val_if_fail (TM_IS_ROOT (source), NULL);

  return (gpointer) g_async_initable_new_finish (G_ASYNC_INITABLE (source), result, error);
}

/**
 * tm_root_get_directory: (get-property directory)
 * @self: a root
 *
 * Gets the directory in which the root creates temporary directories.
 *
 * Returns: (transfer none) (nullable): the directory, with the links in its path resolved; %NULL
 *   only if @self was constructed without a directory and never initialised
 *
 * Since: 1.0
 */
GFile *
tm_root_get_directory (TmRoot *self)
{
  g_autoptr (TmForkMutexLocker) G_GNUC_UNUSED locker = NULL;

  g_return_val_if_fail (TM_IS_ROOT (self), NULL);

  locker = tm_fork_mutex_locker_new (&self->lock);
  return self->directory;
}

/**
 * tm_root_get_timeout: (get-property timeout)
 * @self: a root
 *
 * Gets the time without use after which an entry expires.
 *
 * Returns: the time in seconds; negative if entries never expire
 *
 * Since: 1.0
 */
double
tm_root_get_timeout (TmRoot *self)
{
  g_return_val_if_fail (TM_IS_ROOT (self), TM_NO_TIMEOUT);

  return self->timeout;
}

/**
 * tm_root_get_flags: (get-property flags)
 * @self: a root
 *
 * Gets the options for the directory and for cleanups.
 *
 * Returns: the flags
 *
 * Since: 1.0
 */
TmRootFlags
tm_root_get_flags (TmRoot *self)
{
  g_return_val_if_fail (TM_IS_ROOT (self), TM_ROOT_FLAGS_NONE);

  return self->flags;
}

/**
 * tm_root_get_prefix: (get-property prefix)
 * @self: a root
 *
 * Gets the beginning of the names of new temporary directories.
 *
 * Returns: (transfer none) (nullable) (type filename): the prefix, or %NULL for the name of the
 *   program
 *
 * Since: 1.0
 */
const char *
tm_root_get_prefix (TmRoot *self)
{
  g_return_val_if_fail (TM_IS_ROOT (self), NULL);

  return g_atomic_pointer_get (&self->prefix);
}

/**
 * tm_root_set_prefix: (set-property prefix)
 * @self: a root
 * @prefix: (nullable) (type filename): a prefix, or %NULL for the name of the program
 *
 * Sets the beginning of the names of new temporary directories.
 *
 * The prefix is checked when a directory is created: the creation fails with
 * %G_IO_ERROR_INVALID_FILENAME if no name can begin with it.
 *
 * Since: 1.0
 */
void
tm_root_set_prefix (TmRoot *self, const char *prefix)
{
  const char *interned = g_intern_string (prefix);

  g_return_if_fail (TM_IS_ROOT (self));

  if (g_atomic_pointer_exchange (&self->prefix, interned) != interned)
    g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_PREFIX]);
}

/**
 * tm_root_get_age_basis: (get-property age-basis)
 * @self: a root
 *
 * Gets the timestamps that determine the age of an entry.
 *
 * Returns: the age basis
 *
 * Since: 1.0
 */
TmAgeBasis
tm_root_get_age_basis (TmRoot *self)
{
  g_return_val_if_fail (TM_IS_ROOT (self), TM_AGE_BASIS_ACCESSED_OR_MODIFIED);

  return (TmAgeBasis) g_atomic_int_get (&self->age_basis);
}

/**
 * tm_root_set_age_basis: (set-property age-basis)
 * @self: a root
 * @basis: an age basis
 *
 * Sets the timestamps that determine the age of an entry.
 *
 * A cleanup that is running continues with the basis that it started with.
 *
 * Since: 1.0
 */
void
tm_root_set_age_basis (TmRoot *self, TmAgeBasis basis)
{
  gint previous;

  g_return_if_fail (TM_IS_ROOT (self));
  g_return_if_fail (basis <= TM_AGE_BASIS_NEWEST_CONTENT);

  previous = g_atomic_int_get (&self->age_basis);
  while (previous != (gint) basis &&
         !g_atomic_int_compare_and_exchange (&self->age_basis, previous, (gint) basis))
    previous = g_atomic_int_get (&self->age_basis);

  if (previous != (gint) basis)
    g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_AGE_BASIS]);
}

/**
 * tm_root_get_exclude: (get-property exclude)
 * @self: a root
 *
 * Gets the patterns for the names of entries that a cleanup always keeps.
 *
 * Returns: (transfer full) (nullable) (array zero-terminated=1): the patterns, or %NULL if there
 *   are none
 *
 * Since: 1.0
 */
char **
tm_root_get_exclude (TmRoot *self)
{
  g_autoptr (TmForkMutexLocker) G_GNUC_UNUSED locker = NULL;

  g_return_val_if_fail (TM_IS_ROOT (self), NULL);

  /* A copy: another thread may set others. */
  locker = tm_fork_mutex_locker_new (&self->lock);
  return g_strdupv (self->exclude);
}

static gboolean
patterns_are_equal (const char *const *a, const char *const *b)
{
  return a == NULL || b == NULL ? a == b : g_strv_equal (a, b);
}

/**
 * tm_root_set_exclude: (set-property exclude)
 * @self: a root
 * @exclude: (nullable) (array zero-terminated=1): patterns, or %NULL for none
 *
 * Sets the patterns for the names of entries that a cleanup always keeps.
 *
 * A cleanup never deletes an entry whose name matches a pattern, even if the entry has expired or
 * is abandoned. A list shows the entry as not removable. These are shell patterns, as for
 * `fnmatch()`: `*`, `?` and `[…]`, which match a leading dot as well. A name has no separator: a
 * pattern with a `/` matches no name.
 *
 * In a directory that every user may write to, such as `/tmp`, these names are always excluded:
 * `.X11-unix`, `.ICE-unix`, `.XIM-unix`, `.font-unix`, `.Test-unix`, `systemd-private-*` and
 * `snap-private-*`. Display servers, services and snaps use the directories with these names
 * without a lock.
 *
 * A cleanup that is running continues with the patterns that it started with.
 *
 * Since: 1.0
 */
void
tm_root_set_exclude (TmRoot *self, const char *const *exclude)
{
  GStrv old = NULL;
  gboolean is_changed;

  g_return_if_fail (TM_IS_ROOT (self));

  if (exclude != NULL && *exclude == NULL)
    exclude = NULL;

  tm_fork_mutex_lock (&self->lock);
  is_changed = !patterns_are_equal ((const char *const *) self->exclude, exclude);
  if (is_changed)
    {
      old = self->exclude;
      self->exclude = g_strdupv ((GStrv) exclude);
    }
  tm_fork_mutex_unlock (&self->lock);
  g_strfreev (old);

  if (is_changed)
    g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_EXCLUDE]);
}

/**
 * tm_root_get_lease: (get-property lease)
 * @self: a root
 *
 * Gets the time without a heartbeat after which the owner of an entry counts as dead.
 *
 * Returns: the time in seconds; infinity if no owner ever counts as dead
 *
 * Since: 1.0
 */
double
tm_root_get_lease (TmRoot *self)
{
  g_autoptr (TmForkMutexLocker) G_GNUC_UNUSED locker = NULL;

  g_return_val_if_fail (TM_IS_ROOT (self), TM_DEFAULT_LEASE);

  locker = tm_fork_mutex_locker_new (&self->lock);
  return self->lease;
}

/**
 * tm_root_set_lease: (set-property lease)
 * @self: a root
 * @lease: a time in seconds, 0 or more; infinity if no owner ever counts as dead
 *
 * Sets the time without a heartbeat after which the owner of an entry counts as dead.
 *
 * The lease applies to directories with a heartbeat, which are those on shared file systems. See
 * the section “Shared file systems” of the class page. The default is [const@DEFAULT_LEASE].
 *
 * Choose a lease that is longer than any time for which a machine with live directories sleeps or
 * is disconnected. With a longer lease, a cleanup deletes the directory of a dead owner later.
 *
 * A cleanup that is running continues with the lease that it started with. All cleanups of a root
 * should have the same lease, on all machines: the shortest one decides.
 *
 * Since: 1.0
 */
void
tm_root_set_lease (TmRoot *self, double lease)
{
  gboolean is_changed;

  g_return_if_fail (TM_IS_ROOT (self));
  /* NaN fails this comparison as well. */
  g_return_if_fail (lease >= 0);

  tm_fork_mutex_lock (&self->lock);
  is_changed = self->lease < lease || self->lease > lease;
  self->lease = lease;
  tm_fork_mutex_unlock (&self->lock);

  if (is_changed)
    g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_LEASE]);
}

/**
 * tm_root_get_max_entries: (get-property max-entries)
 * @self: a root
 *
 * Gets the number of entries that the root keeps at most.
 *
 * Returns: the number, or 0 for no limit
 *
 * Since: 1.0
 */
guint
tm_root_get_max_entries (TmRoot *self)
{
  g_autoptr (TmForkMutexLocker) G_GNUC_UNUSED locker = NULL;

  g_return_val_if_fail (TM_IS_ROOT (self), 0);

  locker = tm_fork_mutex_locker_new (&self->lock);
  return self->limits.max_entries;
}

/**
 * tm_root_set_max_entries: (set-property max-entries)
 * @self: a root
 * @max_entries: a number of entries, or 0 for no limit
 *
 * Sets the number of entries that the root keeps at most.
 *
 * If the root has more entries, a cleanup deletes the least recently used ones that are not live.
 * [method@Root.create_temp_dir] makes room for the new directory: the root then has at most
 * @max_entries entries, unless more are live or cannot be deleted. See the section “Limits” of the
 * class page.
 *
 * A cleanup that is running continues with the limit that it started with.
 *
 * Since: 1.0
 */
void
tm_root_set_max_entries (TmRoot *self, guint max_entries)
{
  gboolean is_changed;

  g_return_if_fail (TM_IS_ROOT (self));

  tm_fork_mutex_lock (&self->lock);
  is_changed = self->limits.max_entries != max_entries;
  self->limits.max_entries = max_entries;
  tm_fork_mutex_unlock (&self->lock);

  if (is_changed)
    g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_MAX_ENTRIES]);
}

static guint64
get_size_limit (TmRoot *self, const guint64 *limit)
{
  g_autoptr (TmForkMutexLocker) G_GNUC_UNUSED locker = tm_fork_mutex_locker_new (&self->lock);

  return *limit;
}

static void
set_size_limit (TmRoot *self, guint64 *limit, guint64 bytes, TmRootProperty property)
{
  gboolean is_changed;

  tm_fork_mutex_lock (&self->lock);
  is_changed = *limit != bytes;
  *limit = bytes;
  tm_fork_mutex_unlock (&self->lock);

  if (is_changed)
    g_object_notify_by_pspec (G_OBJECT (self), properties[property]);
}

/**
 * tm_root_get_max_size: (get-property max-size)
 * @self: a root
 *
 * Gets the size that the entries have at most together.
 *
 * Returns: the size in bytes, or 0 for no limit
 *
 * Since: 1.0
 */
guint64
tm_root_get_max_size (TmRoot *self)
{
  g_return_val_if_fail (TM_IS_ROOT (self), 0);

  return get_size_limit (self, &self->limits.max_size);
}

/**
 * tm_root_set_max_size: (set-property max-size)
 * @self: a root
 * @max_size: a size in bytes, or 0 for no limit
 *
 * Sets the size that the entries have at most together.
 *
 * [method@Root.cleanup] measures all entries. If their sizes add up to more than @max_size, it
 * deletes the least recently used ones that are not live. [method@Root.create_temp_dir] does not
 * apply this limit, since measuring would delay each creation. See the section “Limits” of the
 * class page.
 *
 * A cleanup that is running continues with the limit that it started with.
 *
 * Since: 1.0
 */
void
tm_root_set_max_size (TmRoot *self, guint64 max_size)
{
  g_return_if_fail (TM_IS_ROOT (self));

  set_size_limit (self, &self->limits.max_size, max_size, PROP_MAX_SIZE);
}

/**
 * tm_root_get_min_free_space: (get-property min-free-space)
 * @self: a root
 *
 * Gets the free space that the file system of the root has at least.
 *
 * Returns: the space in bytes, or 0 for no limit
 *
 * Since: 1.0
 */
guint64
tm_root_get_min_free_space (TmRoot *self)
{
  g_return_val_if_fail (TM_IS_ROOT (self), 0);

  return get_size_limit (self, &self->limits.min_free_space);
}

/**
 * tm_root_set_min_free_space: (set-property min-free-space)
 * @self: a root
 * @min_free_space: a size in bytes, or 0 for no limit
 *
 * Sets the free space that the file system of the root has at least.
 *
 * If less space is free, a cleanup deletes the least recently used entries that are not live, until
 * enough is free. [method@Root.create_temp_dir] does the same before it creates a directory. The
 * free space is that which the users of the file system share, without the reserve of the root
 * user. If the GIO backend of a remote directory does not report it, the limit has no effect. See
 * the section “Limits” of the class page.
 *
 * A cleanup that is running continues with the limit that it started with.
 *
 * Since: 1.0
 */
void
tm_root_set_min_free_space (TmRoot *self, guint64 min_free_space)
{
  g_return_if_fail (TM_IS_ROOT (self));

  set_size_limit (self, &self->limits.min_free_space, min_free_space, PROP_MIN_FREE_SPACE);
}

/* Returns FALSE with an error unless the object was initialised; what init has set may be read
 * without the lock from then on. */
static gboolean
check_initialized (TmRoot *self, GError **error)
{
  g_autoptr (TmForkMutexLocker) G_GNUC_UNUSED locker = tm_fork_mutex_locker_new (&self->lock);

  if (self->root != NULL)
    return TRUE;

  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_INITIALIZED,
                       _ ("The root was never initialized"));
  return FALSE;
}

static TmPolicy
get_policy (TmRoot *self)
{
  TmPolicy policy = {
    .flags = self->flags,
    .exclude = tm_root_get_exclude (self),
    .lease = tm_root_get_lease (self),
  };

  tm_age_rule_init (&policy.age, tm_root_get_age_basis (self), self->timeout);

  tm_fork_mutex_lock (&self->lock);
  policy.limits = self->limits;
  tm_fork_mutex_unlock (&self->lock);
  return policy;
}

static void
emit_outcome_cb (const TmOutcome *outcome, gpointer user_data)
{
  TmRoot *self = user_data;
  g_autoptr (TmRootEntry) entry =
      tm_root_entry_new (self->directory, outcome->name, &outcome->verdict);

  if (outcome->error == NULL)
    g_signal_emit (self, signals[SIGNAL_ENTRY_REMOVED], 0, entry);
  else
    g_signal_emit (self, signals[SIGNAL_ENTRY_FAILED], 0, entry, outcome->error);
}

/* The outcomes of a cleanup, to be emitted in this thread or, for the task of an asynchronous call,
 * in its main context. Returns NULL when no handler is connected: then a cleanup creates no entry.
 */
static TmOutcomes *
outcomes_new (TmRoot *self, GTask *task)
{
  TmOutcomeKinds kinds = 0;

  if (g_signal_has_handler_pending (self, signals[SIGNAL_ENTRY_REMOVED], 0, TRUE))
    kinds |= TM_OUTCOME_REMOVED;
  if (g_signal_has_handler_pending (self, signals[SIGNAL_ENTRY_FAILED], 0, TRUE))
    kinds |= TM_OUTCOME_FAILED;

  /* With a reference: a handler may drop the last one of the caller. */
  return kinds != 0
             ? tm_outcomes_new (kinds, task, emit_outcome_cb, g_object_ref (self), g_object_unref)
             : NULL;
}

static gssize
clean_up (TmRoot *self, TmOutcomes *outcomes, GCancellable *cancellable, GError **error)
{
  g_auto (TmPolicy) policy = { 0 };

  if (!check_initialized (self, error))
    return -1;

  policy = get_policy (self);
  return tm_backend_root_cleanup (self->root, &policy, outcomes, cancellable, error);
}

/* The cleanup before a creation. Its errors are in the log. */
static void
make_room (TmRoot *self, TmOutcomes *outcomes, GCancellable *cancellable)
{
  g_auto (TmPolicy) policy = get_policy (self);

  policy.is_for_creation = TRUE;
  /* Measuring would make the cost of a creation depend on the content of all entries. */
  policy.limits.max_size = 0;
  tm_backend_root_cleanup (self->root, &policy, outcomes, cancellable, NULL);
}

static TmTemporaryDirectory *
create_temp_dir (TmRoot *self, TmOutcomes *outcomes, GCancellable *cancellable, GError **error)
{
  if (!check_initialized (self, error))
    return NULL;

  make_room (self, outcomes, cancellable);
  return tm_temporary_directory_new_in (self->root, tm_root_get_prefix (self), cancellable, error);
}

/* Starts an asynchronous call with a cleanup in it, whose outcomes are the task data. */
static void
start_cleanup_task (TmRoot *self,
                    gpointer source_tag,
                    int io_priority,
                    GCancellable *cancellable,
                    GAsyncReadyCallback callback,
                    gpointer user_data,
                    TmTaskFunc function)
{
  g_autoptr (GTask) task =
      tm_task_new (self, source_tag, io_priority, cancellable, callback, user_data);
  TmOutcomes *outcomes = outcomes_new (self, task);

  if (outcomes != NULL)
    g_task_set_task_data (task, outcomes, (GDestroyNotify) tm_outcomes_free);
  tm_task_start (task, function);
}

/**
 * tm_root_create_temp_dir:
 * @self: a root
 * @cancellable: (nullable): a cancellable
 * @error: return location for an error
 *
 * Runs a cleanup, then creates a temporary directory in the root.
 *
 * The cleanup applies the timeout, [property@Root:max-entries] and [property@Root:min-free-space],
 * but not [property@Root:max-size]. It makes room for the new directory.
 *
 * Errors during the cleanup do not make the call fail. [signal@Root::entry-failed] reports them.
 *
 * Fails with %G_IO_ERROR_NOT_FOUND if the directory of the root has been removed, moved or
 * replaced; with %G_IO_ERROR_PERMISSION_DENIED; with %G_IO_ERROR_INVALID_FILENAME if no name can
 * begin with the prefix; with %G_IO_ERROR_BUSY if no thread can be started for the heartbeat of a
 * directory on a shared file system; with %G_IO_ERROR_CANCELLED; and with
 * %G_IO_ERROR_NOT_INITIALIZED. After an error, no new directory is left behind.
 *
 * Returns: (transfer full): a new temporary directory, or %NULL with @error set
 *
 * Since: 1.0
 */
TmTemporaryDirectory *
tm_root_create_temp_dir (TmRoot *self, GCancellable *cancellable, GError **error)
{
  g_autoptr (TmOutcomes) outcomes = NULL;

  g_return_val_if_fail (TM_IS_ROOT (self), NULL);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  outcomes = outcomes_new (self, NULL);
  return create_temp_dir (self, outcomes, cancellable, error);
}

static void
create_temp_dir_task_cb (TmTaskResult *result,
                         gpointer source,
                         gpointer task_data,
                         GCancellable *cancellable)
{
  result->object = create_temp_dir (source, task_data, cancellable, &result->error);
}

/**
 * tm_root_create_temp_dir_async:
 * @self: a root
 * @io_priority: the priority of the request, such as %G_PRIORITY_DEFAULT
 * @cancellable: (nullable): a cancellable
 * @callback: (nullable) (scope async): the callback for the result, called in the thread-default
 *   main context of the caller
 * @user_data: data for @callback
 *
 * Runs a cleanup, then creates a temporary directory in the root, without blocking the caller.
 *
 * See [method@Root.create_temp_dir].
 *
 * If no thread can be started, the work is done before this function returns, and @callback is
 * called later.
 *
 * Since: 1.0
 */
void
tm_root_create_temp_dir_async (TmRoot *self,
                               int io_priority,
                               GCancellable *cancellable,
                               GAsyncReadyCallback callback,
                               gpointer user_data)
{
  g_return_if_fail (TM_IS_ROOT (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  start_cleanup_task (self, tm_root_create_temp_dir_async, io_priority, cancellable, callback,
                      user_data, create_temp_dir_task_cb);
}

/**
 * tm_root_create_temp_dir_finish:
 * @self: a root
 * @result: the result that the callback received
 * @error: return location for an error
 *
 * Gets the result of [method@Root.create_temp_dir_async].
 *
 * Fails like [method@Root.create_temp_dir].
 *
 * Returns: (transfer full): a new temporary directory, or %NULL with @error set
 *
 * Since: 1.0
 */
TmTemporaryDirectory *
tm_root_create_temp_dir_finish (TmRoot *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (TM_IS_ROOT (self), NULL);
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, tm_root_create_temp_dir_async), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  return tm_task_propagate_object (result, error);
}

/**
 * tm_root_cleanup:
 * @self: a root
 * @cancellable: (nullable): a cancellable
 * @error: return location for an error
 *
 * Deletes expired entries and, with [flags@Tempman.RootFlags.RECLAIM_ABANDONED], abandoned ones.
 *
 * If the root is over a limit, the call then deletes the least recently used entries as well: see
 * the section “Limits” of the class page. With a [property@Root:max-size], it reads every directory
 * in the root to measure the entries.
 *
 * [signal@Root::entry-removed] reports each deleted entry, and [signal@Root::entry-failed] each
 * entry that could not be deleted.
 *
 * On a shared file system, a cleanup keeps an entry whose heartbeat is overdue until it has watched
 * the entry for a while. It does not wait: [method@Root.get_watch_time] returns the time after
 * which another cleanup can decide.
 *
 * Several processes can clean up the same root at the same time, and create directories in it. In a
 * root with the sticky bit, such as `/tmp`, a cleanup skips the entries that belong to other users.
 *
 * An error does not stop the cleanup: the call deletes all it can, and then returns the first
 * error, with its path: %G_IO_ERROR_PERMISSION_DENIED or %G_IO_ERROR_BUSY. The call also fails with
 * %G_IO_ERROR_CANCELLED, and with %G_IO_ERROR_NOT_INITIALIZED.
 *
 * Returns: the number of deleted entries, or -1 with @error set
 *
 * Since: 1.0
 */
gssize
tm_root_cleanup (TmRoot *self, GCancellable *cancellable, GError **error)
{
  g_autoptr (TmOutcomes) outcomes = NULL;

  g_return_val_if_fail (TM_IS_ROOT (self), -1);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), -1);
  g_return_val_if_fail (error == NULL || *error == NULL, -1);

  outcomes = outcomes_new (self, NULL);
  return clean_up (self, outcomes, cancellable, error);
}

static void
cleanup_task_cb (TmTaskResult *result,
                 gpointer source,
                 gpointer task_data,
                 GCancellable *cancellable)
{
  result->number = clean_up (source, task_data, cancellable, &result->error);
}

/**
 * tm_root_cleanup_async:
 * @self: a root
 * @io_priority: the priority of the request, such as %G_PRIORITY_DEFAULT
 * @cancellable: (nullable): a cancellable
 * @callback: (nullable) (scope async): the callback for the result, called in the thread-default
 *   main context of the caller
 * @user_data: data for @callback
 *
 * Deletes expired and, if the root reclaims, abandoned entries, without blocking the caller.
 *
 * See [method@Root.cleanup].
 *
 * If no thread can be started, the work is done before this function returns, and @callback is
 * called later.
 *
 * Since: 1.0
 */
void
tm_root_cleanup_async (TmRoot *self,
                       int io_priority,
                       GCancellable *cancellable,
                       GAsyncReadyCallback callback,
                       gpointer user_data)
{
  g_return_if_fail (TM_IS_ROOT (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  start_cleanup_task (self, tm_root_cleanup_async, io_priority, cancellable, callback, user_data,
                      cleanup_task_cb);
}

/**
 * tm_root_cleanup_finish:
 * @self: a root
 * @result: the result that the callback received
 * @error: return location for an error
 *
 * Gets the result of [method@Root.cleanup_async].
 *
 * Fails like [method@Root.cleanup].
 *
 * Returns: the number of deleted entries, or -1 with @error set
 *
 * Since: 1.0
 */
gssize
tm_root_cleanup_finish (TmRoot *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (TM_IS_ROOT (self), -1);
  g_return_val_if_fail (g_task_is_valid (result, self), -1);
  g_return_val_if_fail (g_async_result_is_tagged (result, tm_root_cleanup_async), -1);
  g_return_val_if_fail (error == NULL || *error == NULL, -1);

  return tm_task_propagate_int (result, error);
}

/**
 * tm_root_get_watch_time:
 * @self: a root
 *
 * Gets the time after which another cleanup can decide about entries whose heartbeat is overdue.
 *
 * A cleanup or a list that finds an entry whose heartbeat is older than the lease watches it from
 * then on. A later cleanup with the same object takes its owner for dead if the heartbeat has not
 * changed for 90 seconds. No call waits for this. An entry that the root would keep even if its
 * owner were dead, such as one that has not expired in a root that does not reclaim, does not
 * count.
 *
 * Returns: the time in seconds, or 0 if the root watches no entry
 *
 * Since: 1.0
 */
double
tm_root_get_watch_time (TmRoot *self)
{
  g_return_val_if_fail (TM_IS_ROOT (self), 0);

  return check_initialized (self, NULL) ? tm_backend_root_get_watch_time (self->root) : 0;
}

/**
 * tm_root_list_entries:
 * @self: a root
 * @flags: options
 * @cancellable: (nullable): a cancellable
 * @error: return location for an error
 *
 * Lists the entries, with the decision of a cleanup about each.
 *
 * The call changes nothing on the disk, not even an access time where the process may preserve it.
 * It acquires the lock of each entry for an instant. At this instant, a process that is creating
 * the entry has to retry, and another cleanup keeps the entry until the next cleanup.
 *
 * With [enum@Tempman.AgeBasis.NEWEST_CONTENT], the call reads the content of the entries. With
 * [flags@Tempman.ListFlags.MEASURE], with a [property@Root:max-size], or if less space is free than
 * [property@Root:min-free-space], it reads every directory in them to measure their sizes: see
 * [method@RootEntry.get_size].
 *
 * A mount point is listed as live, without its times: no request is sent to the file system that is
 * mounted there, whose server may never answer.
 *
 * An entry that cannot be examined is listed as live, and the others are listed as usual. A cleanup
 * keeps such an entry, emits [signal@Root::entry-failed] with it, and fails at its end.
 *
 * The entries are sorted by name, byte by byte. The list is not updated.
 *
 * Fails if the directory of the root cannot be read, for example with
 * %G_IO_ERROR_PERMISSION_DENIED; with %G_IO_ERROR_CANCELLED; and with %G_IO_ERROR_NOT_INITIALIZED.
 *
 * Returns: (transfer full): a list of [class@RootEntry], or %NULL with @error set
 *
 * Since: 1.0
 */
GListModel *
tm_root_list_entries (TmRoot *self, TmListFlags flags, GCancellable *cancellable, GError **error)
{
  g_autoptr (GPtrArray) entries = NULL;
  g_autoptr (GArray) found = NULL;
  g_auto (TmPolicy) policy = { 0 };
  GListStore *store;

  g_return_val_if_fail (TM_IS_ROOT (self), NULL);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  if (!check_initialized (self, error))
    return NULL;

  policy = get_policy (self);
  policy.measures = (flags & TM_LIST_FLAGS_MEASURE) != 0;
  found = tm_backend_root_list (self->root, &policy, cancellable, error);
  if (found == NULL)
    return NULL;

  entries = g_ptr_array_new_full (found->len, g_object_unref);
  for (guint i = 0; i < found->len; i++)
    {
      const TmListedEntry *entry = &g_array_index (found, TmListedEntry, i);

      g_ptr_array_add (entries, tm_root_entry_new (self->directory, entry->name, &entry->verdict));
    }

  store = g_list_store_new (TM_TYPE_ROOT_ENTRY);
  g_list_store_splice (store, 0, 0, entries->pdata, entries->len);
  return G_LIST_MODEL (store);
}

static void
list_entries_task_cb (TmTaskResult *result,
                      gpointer source,
                      gpointer task_data,
                      GCancellable *cancellable)
{
  result->object = tm_root_list_entries (source, (TmListFlags) GPOINTER_TO_UINT (task_data),
                                         cancellable, &result->error);
}

/**
 * tm_root_list_entries_async:
 * @self: a root
 * @flags: options
 * @io_priority: the priority of the request, such as %G_PRIORITY_DEFAULT
 * @cancellable: (nullable): a cancellable
 * @callback: (nullable) (scope async): the callback for the result, called in the thread-default
 *   main context of the caller
 * @user_data: data for @callback
 *
 * Lists the entries, with the decision of a cleanup about each, without blocking the caller.
 *
 * See [method@Root.list_entries].
 *
 * If no thread can be started, the work is done before this function returns, and @callback is
 * called later.
 *
 * Since: 1.0
 */
void
tm_root_list_entries_async (TmRoot *self,
                            TmListFlags flags,
                            int io_priority,
                            GCancellable *cancellable,
                            GAsyncReadyCallback callback,
                            gpointer user_data)
{
  g_autoptr (GTask) task = NULL;

  g_return_if_fail (TM_IS_ROOT (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task =
      tm_task_new (self, tm_root_list_entries_async, io_priority, cancellable, callback, user_data);
  g_task_set_task_data (task, GUINT_TO_POINTER (flags), NULL);
  tm_task_start (task, list_entries_task_cb);
}

/**
 * tm_root_list_entries_finish:
 * @self: a root
 * @result: the result that the callback received
 * @error: return location for an error
 *
 * Gets the result of [method@Root.list_entries_async].
 *
 * Fails like [method@Root.list_entries].
 *
 * Returns: (transfer full): a list of [class@RootEntry], or %NULL with @error set
 *
 * Since: 1.0
 */
GListModel *
tm_root_list_entries_finish (TmRoot *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (TM_IS_ROOT (self), NULL);
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, tm_root_list_entries_async), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  return tm_task_propagate_object (result, error);
}
