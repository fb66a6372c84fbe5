/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "tm-root.h"

#include "core/tm-backend-private.h"
#include "core/tm-error-private.h"
#include "core/tm-lock-private.h"
#include "core/tm-log-private.h"
#include "core/tm-outcomes-private.h"
#include "core/tm-task-private.h"
#include "tm-root-entry-private.h"
#include "tm-temporary-directory-private.h"

#include <math.h>

/**
 * TmRoot:
 *
 * A factory of temporary directories that all live under one fixed directory.
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
 * A cleanup deletes the sub-directories that have not been used for longer than the timeout. It
 * runs before the root creates a directory, and on demand with [method@Root.cleanup]. The age of a
 * sub-directory runs from its access time or its modification time, whichever is later, unless
 * [method@Root.set_age_basis] selects another basis. [method@Root.list_entries] shows what a
 * cleanup would do.
 *
 * A cleanup never deletes a directory in use, unless the root has
 * [flags@Tempman.RootFlags.EXPIRE_LIVE]. If the owner of a directory has exited without closing it,
 * a cleanup deletes it at once with [flags@Tempman.RootFlags.RECLAIM_ABANDONED], else when it has
 * expired. Files, links and mount points under the root are kept.
 *
 * ## What a cleanup did
 *
 * A cleanup emits [signal@Root::entry-removed] for each sub-directory that it has deleted, and
 * [signal@Root::entry-failed] for each one that it could not delete. Both report while the cleanup
 * goes on, in the order in which the deletions ended:
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
 * A blocking call emits them in the thread that called it, and before it returns. An asynchronous
 * call emits them in the thread-default main context of its caller, and before its callback. A
 * handler may call into the root, cancel the cleanup, and release the root. If a handler runs the
 * main loop, the next signal of this cleanup and the callback wait until the handler returns.
 *
 * Connect handlers before the call: a cleanup that begins without a handler for a signal does not
 * emit it.
 *
 * ## The directory
 *
 * The directory is looked up once, when the root is initialised, and held from then on: renaming it
 * or replacing a link on the way to it does not lead the root anywhere else. In a sticky directory
 * that other users may write to, such as `/tmp`, a link on the way is followed only if it belongs
 * to the user of the process or to the owner of that directory.
 *
 * A directory that is not a local file, such as one that GVfs serves, is looked up by its name each
 * time. There are no locks in it: no entry is known to be in use or abandoned, and a cleanup uses
 * the age alone.
 *
 * ## Threads
 *
 * An object can be used from any thread. An object that was constructed with `g_object_new()` and
 * not initialised fails with %G_IO_ERROR_NOT_INITIALIZED.
 *
 * Since: 1.0
 */

struct _TmRoot
{
  GObject parent_instance;

  TmLock lock;         /* guards exclude, and directory and root until they are set */
  GFile *directory;    /* (owned) (nullable): with its links resolved once it is opened */
  TmBackendRoot *root; /* (owned) (nullable): until initialised, then never changed */
  double timeout;      /* set once, when constructed */
  TmRootFlags flags;   /* likewise */
  const char *prefix;  /* (nullable): interned, so that one that was got stays valid when another
                        * thread sets the next; atomic */
  gint age_basis;      /* a TmAgeBasis; atomic */
  GStrv exclude;       /* (owned) (nullable): guarded by the lock */
};

typedef enum
{
  PROP_DIRECTORY = 1,
  PROP_TIMEOUT,
  PROP_FLAGS,
  PROP_PREFIX,
  PROP_AGE_BASIS,
  PROP_EXCLUDE,
} TmRootProperty;

static GParamSpec *properties[PROP_EXCLUDE + 1];

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
                           "Could not open a root: no directory was given");
      return FALSE;
    }

  if (isnan (self->timeout))
    {
      tm_error_set_for_file (error, TM_ACTION_OPEN_ROOT, self->directory,
                             G_IO_ERROR_INVALID_ARGUMENT, "the timeout is not a number");
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

  tm_lock_acquire (&self->lock);
  is_new = self->root == NULL;
  is_initialized = !is_new || initialize_locked (self, cancellable, error);
  tm_lock_release (&self->lock);

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
  tm_lock_clear (&self->lock);

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
   * The directory under which the temporary directories live.
   *
   * Once the root is initialised, it is the path with its links resolved.
   *
   * Since: 1.0
   */
  properties[PROP_DIRECTORY] =
      g_param_spec_object ("directory", NULL, NULL, G_TYPE_FILE,
                           G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);

  /**
   * TmRoot:timeout: (getter get_timeout)
   *
   * After how many seconds without use a sub-directory expires.
   *
   * Negative, as [const@NO_TIMEOUT]: never. 0: as soon as nobody uses it.
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
   * How the directory is treated and what a cleanup may delete.
   *
   * Since: 1.0
   */
  properties[PROP_FLAGS] =
      g_param_spec_flags ("flags", NULL, NULL, TM_TYPE_ROOT_FLAGS, TM_ROOT_FLAGS_NONE,
                          G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);

  /**
   * TmRoot:prefix: (getter get_prefix) (setter set_prefix)
   *
   * What the names of the directories that it creates begin with.
   *
   * %NULL stands for the name of the program, or `tempman` if it has none.
   *
   * Since: 1.0
   */
  properties[PROP_PREFIX] =
      g_param_spec_string ("prefix", NULL, NULL, NULL,
                           G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);

  /**
   * TmRoot:age-basis: (getter get_age_basis) (setter set_age_basis)
   *
   * From when the age of a sub-directory runs.
   *
   * Since: 1.0
   */
  properties[PROP_AGE_BASIS] = g_param_spec_enum (
      "age-basis", NULL, NULL, TM_TYPE_AGE_BASIS, TM_AGE_BASIS_ACCESSED_OR_MODIFIED,
      G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);

  /**
   * TmRoot:exclude: (getter get_exclude) (setter set_exclude)
   *
   * Patterns of the names that a cleanup never touches.
   *
   * Since: 1.0
   */
  properties[PROP_EXCLUDE] =
      g_param_spec_boxed ("exclude", NULL, NULL, G_TYPE_STRV,
                          G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);

  g_object_class_install_properties (object_class, G_N_ELEMENTS (properties), properties);

  /**
   * TmRoot::entry-removed:
   * @self: the root that emits the signal
   * @entry: the entry, as it was before
   *
   * Emitted after a cleanup has deleted an entry.
   *
   * The cleanup that [method@Root.create_temp_dir] runs emits it as well. See the description of
   * the class for the thread.
   *
   * Since: 1.0
   */
  signals[SIGNAL_ENTRY_REMOVED] =
      g_signal_new ("entry-removed", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                    NULL, G_TYPE_NONE, 1, TM_TYPE_ROOT_ENTRY);

  /**
   * TmRoot::entry-failed:
   * @self: the root that emits the signal
   * @entry: the entry, as it was before
   * @error: why it could not be deleted
   *
   * Emitted when a cleanup could not delete an entry, or not all of it.
   *
   * If the cleanup could not even find out whether to delete it, the reason of the entry is
   * [enum@Tempman.RemovalReason.NONE], and its state is [enum@Tempman.RootEntryState.LIVE] unless
   * it is known.
   *
   * The signal is also emitted with %G_IO_ERROR_CANCELLED for an entry whose deletion was
   * interrupted: the rest of its content is still there. It is not emitted if the directory of the
   * root cannot be read.
   *
   * The cleanup that [method@Root.create_temp_dir] runs emits it as well. See the description of
   * the class for the thread.
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
  tm_lock_init (&self->lock);
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
 * @directory: the directory under which the temporary directories are to live
 * @timeout: after how many seconds without use a sub-directory expires; negative,
 *   as [const@NO_TIMEOUT], for never
 * @flags: how the directory is treated and what a cleanup may delete
 * @cancellable: (nullable): to cancel it with
 * @error: return location for an error
 *
 * Makes a factory of temporary directories under a directory.
 *
 * @directory is resolved once: a link to it may lead elsewhere afterwards. Where it was made of a
 * path, `g_file_new_for_path()` has taken `..` out of the text, so that `link/..` is the directory
 * that the link is in, which is what a cleanup then cleans up. A program that takes the path from
 * its user refuses paths with `..`, or resolves them with `realpath()` first. That function follows
 * every link, also one that another user has planted: where other users may write on the way to
 * the directory, such as in `/tmp`, refuse them.
 *
 * Fails with %G_IO_ERROR_NOT_FOUND when @directory is missing, unless @flags ask
 * for it to be made; with %G_IO_ERROR_NOT_DIRECTORY when it is a file; with
 * %G_IO_ERROR_INVALID_ARGUMENT when it is the home directory or one above it, or
 * when @timeout is not a number; with %G_IO_ERROR_PERMISSION_DENIED when it cannot
 * be read, when another user could have planted a link on the way to it, or, with
 * [flags@Tempman.RootFlags.CREATE_DIRECTORY], when it belongs to another user (where the
 * file system decides who owns a file: only if that user could have put it there);
 * and with %G_IO_ERROR_CANCELLED. When it is not a local file, also with whatever GIO
 * reports of it, such as %G_IO_ERROR_NOT_MOUNTED; whose it is cannot be told then, and
 * whether it is the home directory of another machine only by its name.
 *
 * Where the home directory is on the file system of a server, which may never answer, that server
 * is asked only if @directory is on it as well, or on a file system that is mounted in it. A link
 * on such a server that leads from there to a home directory elsewhere is therefore not seen.
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
 * @directory: the directory under which the temporary directories are to live
 * @timeout: after how many seconds without use a sub-directory expires
 * @flags: how the directory is treated and what a cleanup may delete
 * @io_priority: the priority of the request, such as %G_PRIORITY_DEFAULT
 * @cancellable: (nullable): to cancel it with
 * @callback: (nullable) (scope async): called when it is done, in the thread-default
 *   main context of the caller
 * @user_data: data for @callback
 *
 * Makes a factory of temporary directories without blocking the caller.
 *
 * Where no thread can be started for it, the work is done before this function returns;
 * @callback is called later all the same.
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
 * @result: the result that the callback was given
 * @error: return location for an error
 *
 * Takes the result of [func@Root.new_async].
 *
 * Fails as [ctor@Root.new] does.
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

  return (TmRoot *) g_async_initable_new_finish (G_ASYNC_INITABLE (source), result, error);
}

/**
 * tm_root_get_directory: (get-property directory)
 * @self: a root
 *
 * The directory under which the temporary directories live.
 *
 * Returns: (transfer none) (nullable): the directory, with the links on the way to it
 *   resolved; %NULL only when @self was constructed without one and never initialised
 *
 * Since: 1.0
 */
GFile *
tm_root_get_directory (TmRoot *self)
{
  g_autoptr (TmLocker) G_GNUC_UNUSED locker = NULL;

  g_return_val_if_fail (TM_IS_ROOT (self), NULL);

  locker = tm_locker_new (&self->lock);
  return self->directory;
}

/**
 * tm_root_get_timeout: (get-property timeout)
 * @self: a root
 *
 * After how many seconds without use a sub-directory expires.
 *
 * Returns: seconds; negative for never
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
 * How the directory is treated and what a cleanup may delete.
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
 * What the names of the directories that it creates begin with.
 *
 * Returns: (transfer none) (nullable) (type filename): the prefix, or %NULL for the
 *   name of the program
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
 * @prefix: (nullable) (type filename): what names are to begin with, or %NULL for
 *   the name of the program
 *
 * Sets what the names of the directories that it creates begin with.
 *
 * It is looked at when a directory is created, which then fails with
 * %G_IO_ERROR_INVALID_FILENAME if it is no beginning of a name.
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
 * From when the age of a sub-directory runs.
 *
 * Returns: the basis
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
 * @basis: from when the age of a sub-directory is to run
 *
 * Sets from when the age of a sub-directory runs.
 *
 * A cleanup that has begun goes on with the basis that it began with.
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
 * Gets the patterns of the names that a cleanup never touches.
 *
 * Returns: (transfer full) (nullable) (array zero-terminated=1): the patterns, or %NULL if
 *   there is none
 *
 * Since: 1.0
 */
char **
tm_root_get_exclude (TmRoot *self)
{
  g_autoptr (TmLocker) G_GNUC_UNUSED locker = NULL;

  g_return_val_if_fail (TM_IS_ROOT (self), NULL);

  /* A copy: another thread may set others. */
  locker = tm_locker_new (&self->lock);
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
 * Sets the patterns of the names that a cleanup never touches.
 *
 * A sub-directory whose name matches one of them is never deleted, whatever its age and
 * whether it is abandoned or not, and is listed as one that stays. The patterns are those
 * of the shell, as `fnmatch()` takes them: `*`, `?` and `[…]`, which match a leading dot
 * as well. A name has no separator in it, so that a pattern with a `/` matches none.
 *
 * In a directory that every user may write to, such as `/tmp`, these names are always
 * excluded: `.X11-unix`, `.ICE-unix`, `.XIM-unix`, `.font-unix`, `.Test-unix`,
 * `systemd-private-*` and `snap-private-*`. Display servers, services and snaps use what
 * has them without a lock.
 *
 * A cleanup that has begun goes on with the patterns that it began with.
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

  tm_lock_acquire (&self->lock);
  is_changed = !patterns_are_equal ((const char *const *) self->exclude, exclude);
  if (is_changed)
    {
      old = self->exclude;
      self->exclude = g_strdupv ((GStrv) exclude);
    }
  tm_lock_release (&self->lock);
  g_strfreev (old);

  if (is_changed)
    g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_EXCLUDE]);
}

/* Returns FALSE with an error unless the object was initialised; what init has set may be read
 * without the lock from then on. */
static gboolean
check_initialized (TmRoot *self, GError **error)
{
  g_autoptr (TmLocker) G_GNUC_UNUSED locker = tm_locker_new (&self->lock);

  if (self->root != NULL)
    return TRUE;

  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_INITIALIZED,
                       "The root was never initialized");
  return FALSE;
}

static TmPolicy
get_policy (TmRoot *self)
{
  TmPolicy policy = { .flags = self->flags, .exclude = tm_root_get_exclude (self) };

  tm_age_rule_init (&policy.age, tm_root_get_age_basis (self), self->timeout);
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

static TmTemporaryDirectory *
create_temp_dir (TmRoot *self, TmOutcomes *outcomes, GCancellable *cancellable, GError **error)
{
  if (!check_initialized (self, error))
    return NULL;

  /* Its errors are in the log. */
  clean_up (self, outcomes, cancellable, NULL);

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
 * Runs a cleanup, then creates a temporary directory under the root.
 *
 * Errors during the cleanup do not make the call fail. [signal@Root::entry-failed] reports them.
 *
 * Fails with %G_IO_ERROR_NOT_FOUND if the directory of the root has been removed, moved or
 * replaced; with %G_IO_ERROR_PERMISSION_DENIED; with %G_IO_ERROR_INVALID_FILENAME if the prefix
 * cannot begin a name; with %G_IO_ERROR_CANCELLED; and with %G_IO_ERROR_NOT_INITIALIZED. After an
 * error no new directory is left behind.
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
 * @callback: (nullable) (scope async): called with the result, in the thread-default main context
 * of the caller
 * @user_data: data for @callback
 *
 * Runs a cleanup, then creates a temporary directory under the root, without blocking the caller.
 *
 * See [method@Root.create_temp_dir].
 *
 * If no thread can be started for the request, the work is done before this function returns;
 * @callback is still called later.
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
 * @result: the result that the callback was given
 * @error: return location for an error
 *
 * Takes the result of [method@Root.create_temp_dir_async].
 *
 * Fails as [method@Root.create_temp_dir] does.
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
 * Deletes the sub-directories that have expired and, with
 * [flags@Tempman.RootFlags.RECLAIM_ABANDONED], those that are abandoned.
 *
 * [signal@Root::entry-removed] reports each deleted sub-directory, and [signal@Root::entry-failed]
 * each one that could not be deleted.
 *
 * Several processes can clean up the same root at the same time, and create directories in it. In a
 * root with the sticky bit, such as `/tmp`, a cleanup skips the sub-directories of other users.
 *
 * An error does not stop the cleanup. It returns the first one at its end, with the path:
 * %G_IO_ERROR_PERMISSION_DENIED or %G_IO_ERROR_BUSY. Also fails with %G_IO_ERROR_CANCELLED, and
 * with %G_IO_ERROR_NOT_INITIALIZED.
 *
 * Returns: the number of deleted sub-directories, or -1 with @error set
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
 * @callback: (nullable) (scope async): called with the result, in the thread-default main context
 * of the caller
 * @user_data: data for @callback
 *
 * Deletes expired and abandoned sub-directories, without blocking the caller.
 *
 * See [method@Root.cleanup].
 *
 * If no thread can be started for the request, the work is done before this function returns;
 * @callback is still called later.
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
 * @result: the result that the callback was given
 * @error: return location for an error
 *
 * Takes the result of [method@Root.cleanup_async].
 *
 * Fails as [method@Root.cleanup] does.
 *
 * Returns: how many were deleted, or -1 with @error set
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
 * tm_root_list_entries:
 * @self: a root
 * @flags: options
 * @cancellable: (nullable): a cancellable
 * @error: return location for an error
 *
 * Lists the sub-directories, with the decision of a cleanup about each.
 *
 * The call changes nothing on the disk, not even an access time where the process may preserve it.
 * It acquires the lock of each sub-directory for an instant: a process that is creating the
 * directory at this moment retries, and another cleanup keeps it until the next one.
 *
 * With [enum@Tempman.AgeBasis.NEWEST_CONTENT] it reads the content of the sub-directories.
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
  result->object = tm_root_list_entries (source, TM_LIST_FLAGS_NONE, cancellable, &result->error);
}

/**
 * tm_root_list_entries_async:
 * @self: a root
 * @flags: options
 * @io_priority: the priority of the request, such as %G_PRIORITY_DEFAULT
 * @cancellable: (nullable): to cancel it with
 * @callback: (nullable) (scope async): called when it is done, in the thread-default
 *   main context of the caller
 * @user_data: data for @callback
 *
 * Lists the sub-directories, with the decision of a cleanup about each, without blocking the
 * caller.
 *
 * See [method@Root.list_entries].
 *
 * Where no thread can be started for it, the work is done before this function returns;
 * @callback is called later all the same.
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
 * @result: the result that the callback was given
 * @error: return location for an error
 *
 * Takes the result of [method@Root.list_entries_async].
 *
 * Fails as [method@Root.list_entries] does.
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
