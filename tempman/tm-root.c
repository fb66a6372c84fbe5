/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "tm-root.h"

#include "tm-dirfd-private.h"
#include "tm-sweep-private.h"
#include "tm-temporary-directory-private.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <unistd.h>

/**
 * TmRoot:
 *
 * A factory of temporary directories that all live under one fixed directory.
 *
 * With a timeout, its cleanup deletes the sub-directories that have not been used
 * for longer than that. It runs by itself before every directory that the root
 * creates, and on demand. The age of a sub-directory runs from its access time or
 * its modification time, whichever is later.
 *
 * A directory in use is never deleted, by whatever process it is used, unless
 * [flags@RootFlags.EXPIRE_LIVE] asks for it. One whose owner died without closing
 * it is deleted at once with [flags@RootFlags.RECLAIM_ABANDONED], else when it has
 * expired. Files, links and mount points under the root are left alone.
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
 * The directory is looked up once, when the root is initialised, and held from then
 * on: renaming it or replacing a link on the way to it does not lead the root
 * anywhere else.
 *
 * An object can be used from any thread. One that was constructed but not
 * initialised, with `g_object_new()` alone, fails with
 * %G_IO_ERROR_NOT_INITIALIZED.
 *
 * Since: 1.0
 */

struct _TmRoot
{
  GObject parent_instance;

  GMutex mutex;       /* guards directory and fd until they are set */
  GFile *directory;   /* (owned) (nullable): with its links resolved once fd is set */
  int fd;             /* (owned): open for reading; -1 until initialised, then never changed */
  gboolean is_remote; /* on a remote file system; set with fd */
  double timeout;     /* set once, when constructed */
  TmRootFlags flags;  /* likewise */
  const char *prefix; /* (nullable): interned, so that one that was got stays valid when another
                       * thread sets the next; atomic */
};

typedef enum
{
  PROP_DIRECTORY = 1,
  PROP_TIMEOUT,
  PROP_FLAGS,
  PROP_PREFIX,
} TmRootProperty;

static GParamSpec *properties[PROP_PREFIX + 1];

static void initable_iface_init (GInitableIface *iface);
static void async_initable_iface_init (GAsyncInitableIface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (TmRoot,
                               tm_root,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (G_TYPE_INITABLE, initable_iface_init)
                                   G_IMPLEMENT_INTERFACE (G_TYPE_ASYNC_INITABLE,
                                                          async_initable_iface_init))

static gboolean
fail (GError **error, GIOErrorEnum code, const char *path, const char *reason)
{
  g_autofree char *display_name = g_filename_display_name (path);

  g_set_error (error, G_IO_ERROR, code, "Opening the root “%s”: %s", display_name, reason);
  return FALSE;
}

static gboolean
fail_with_errno (GError **error, const char *path, int error_number)
{
  tm_dirfd_set_error (error, "Opening the root", path, error_number);
  return FALSE;
}

/* Whether @directory is the home directory or one of those above it, the root of the file system
 * among them. Looked at by identity: a link or a bind mount hides nothing. */
static gboolean
is_home_or_above (TmFileIdentity directory)
{
  int fd = tm_dirfd_open (g_get_home_dir (), O_RDONLY | O_DIRECTORY);
  TmFileIdentity previous = { 0, 0 };
  gboolean found = FALSE;
  struct stat status;

  while (fd >= 0 && !found && tm_dirfd_stat (fd, &status) == 0)
    {
      TmFileIdentity current = tm_file_identity (&status);
      int above;

      found = tm_file_identity_equal (current, directory);

      /* The parent of the root of the file system is itself. */
      if (tm_file_identity_equal (current, previous))
        break;

      previous = current;
      above = tm_dirfd_open_parent (fd);
      tm_dirfd_close (fd);
      fd = above;
    }
  tm_dirfd_close (fd);

  /* The home directory may be missing. */
  return found || (tm_dirfd_stat_child (AT_FDCWD, "/", &status) == 0 &&
                   tm_file_identity_equal (tm_file_identity (&status), directory));
}

static gboolean
is_on_remote_file_system (GFile *directory, GCancellable *cancellable)
{
  g_autoptr (GFileInfo) info = g_file_query_filesystem_info (
      directory, G_FILE_ATTRIBUTE_FILESYSTEM_REMOTE, cancellable, NULL);

  return info != NULL &&
         g_file_info_get_attribute_boolean (info, G_FILE_ATTRIBUTE_FILESYSTEM_REMOTE);
}

/* With CREATE_DIRECTORY the path was never there for anybody else to make: what stands there has
 * to be ours, and so has a link. */
static gboolean
check_owner (TmRoot *self, const char *path, const struct stat *status, GError **error)
{
  if ((self->flags & TM_ROOT_FLAGS_CREATE_DIRECTORY) == 0 || status->st_uid == geteuid ())
    return TRUE;

  return fail (error, G_IO_ERROR_PERMISSION_DENIED, path, "it belongs to another user");
}

/* Opens what stands under @path: itself first, to see whether it is a link, and whose. Returns an
 * O_PATH descriptor, or -1. */
static int
open_as_it_stands (TmRoot *self, const char *path, GError **error)
{
  int fd = tm_dirfd_open (path, O_PATH | O_NOFOLLOW);
  struct stat status;

  if (fd < 0 && errno == ENOENT && (self->flags & TM_ROOT_FLAGS_CREATE_DIRECTORY) != 0)
    {
      if (g_mkdir_with_parents (path, S_IRWXU) == 0)
        fd = tm_dirfd_open (path, O_PATH | O_NOFOLLOW);
    }

  if (fd < 0 || tm_dirfd_stat (fd, &status) < 0)
    {
      fail_with_errno (error, path, errno);
      tm_dirfd_close (fd);
      return -1;
    }

  if (!check_owner (self, path, &status, error))
    {
      tm_dirfd_close (fd);
      return -1;
    }

  if (S_ISLNK (status.st_mode))
    {
      tm_dirfd_close (fd);
      fd = tm_dirfd_open (path, O_PATH);
      if (fd < 0)
        fail_with_errno (error, path, errno);
    }

  return fd;
}

/* Returns a descriptor for reading, or -1. */
static int
open_root (TmRoot *self, const char *path, GError **error)
{
  int pin = open_as_it_stands (self, path, error);
  struct stat status;
  int fd = -1;

  if (pin < 0)
    return -1;

  if (tm_dirfd_stat (pin, &status) < 0)
    fail_with_errno (error, path, errno);
  else if (!S_ISDIR (status.st_mode))
    fail_with_errno (error, path, ENOTDIR);
  else if (is_home_or_above (tm_file_identity (&status)))
    fail (error, G_IO_ERROR_INVALID_ARGUMENT, path,
          "the home directory and those above it are never cleaned up");
  else if (check_owner (self, path, &status, error))
    {
      fd = tm_dirfd_reopen (pin);
      if (fd < 0)
        fail_with_errno (error, path, errno);
    }

  tm_dirfd_close (pin);
  return fd;
}

/* The path that leads to @fd without a link, so that the paths that are handed out go on leading
 * there when a link is changed. */
static GFile *
resolve (GFile *directory, int fd)
{
  char *resolved = realpath (g_file_peek_path (directory), NULL);
  struct stat by_path, by_fd;
  GFile *file;

  if (resolved != NULL && tm_dirfd_stat_child (AT_FDCWD, resolved, &by_path) == 0 &&
      tm_dirfd_stat (fd, &by_fd) == 0 &&
      tm_file_identity_equal (tm_file_identity (&by_path), tm_file_identity (&by_fd)))
    file = g_file_new_for_path (resolved);
  else
    file = g_object_ref (directory);

  free (resolved);
  return file;
}

static gboolean
tm_root_init_sync (GInitable *initable, GCancellable *cancellable, GError **error)
{
  TmRoot *self = TM_ROOT (initable);
  g_autoptr (GMutexLocker) G_GNUC_UNUSED locker = g_mutex_locker_new (&self->mutex);
  g_autoptr (GFile) resolved = NULL;
  g_autofree char *name = NULL;
  int fd;

  if (self->fd >= 0)
    return TRUE;

  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return FALSE;

  if (self->directory == NULL)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                           "Opening a root: no directory was given");
      return FALSE;
    }

  name = g_file_get_parse_name (self->directory);
  if (isnan (self->timeout))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                   "Opening the root “%s”: the timeout is not a number", name);
      return FALSE;
    }

  if (!g_file_is_native (self->directory))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                   "Opening the root “%s”: not a local file", name);
      return FALSE;
    }

  fd = open_root (self, g_file_peek_path (self->directory), error);
  if (fd < 0)
    return FALSE;

  resolved = resolve (self->directory, fd);
  g_set_object (&self->directory, resolved);
  self->is_remote = is_on_remote_file_system (resolved, cancellable);
  self->fd = fd;
  return TRUE;
}

/* Returns FALSE with an error unless the object was initialised; what init has set may be read
 * without the mutex from then on. */
static gboolean
check_initialized (TmRoot *self, const char *action, GError **error)
{
  g_autoptr (GMutexLocker) G_GNUC_UNUSED locker = g_mutex_locker_new (&self->mutex);

  if (self->fd >= 0)
    return TRUE;

  g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_INITIALIZED, "%s: the root was never initialized",
               action);
  return FALSE;
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
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
      break;
    }
}

static void
tm_root_finalize (GObject *object)
{
  TmRoot *self = TM_ROOT (object);

  tm_dirfd_close (self->fd);
  g_clear_object (&self->directory);
  g_mutex_clear (&self->mutex);

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
   * TmRoot:prefix: (getter get_prefix) (setter set_prefix) (type filename)
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

  g_object_class_install_properties (object_class, G_N_ELEMENTS (properties), properties);
}

static void
tm_root_init (TmRoot *self)
{
  g_mutex_init (&self->mutex);
  self->fd = -1;
}

static void
initable_iface_init (GInitableIface *iface)
{
  iface->init = tm_root_init_sync;
}

static void
async_initable_iface_init (GAsyncInitableIface *iface)
{
  /* The default runs the synchronous initialisation in a thread. */
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
 * Fails with %G_IO_ERROR_NOT_FOUND when @directory is missing, unless @flags ask
 * for it to be made; with %G_IO_ERROR_NOT_DIRECTORY when it is a file; with
 * %G_IO_ERROR_INVALID_ARGUMENT when it is the home directory or one above it, or
 * when @timeout is not a number; with %G_IO_ERROR_PERMISSION_DENIED when it cannot
 * be read or, with [flags@RootFlags.CREATE_DIRECTORY], belongs to somebody else;
 * with %G_IO_ERROR_NOT_SUPPORTED when it is not a local file; and with
 * %G_IO_ERROR_CANCELLED.
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
  g_autoptr (GMutexLocker) locker = NULL;

  g_return_val_if_fail (TM_IS_ROOT (self), NULL);

  locker = g_mutex_locker_new (&self->mutex);
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

static gssize
sweep (TmRoot *self, GCancellable *cancellable, GError **error)
{
  TmSweepOptions options = {
    .directory = self->fd,
    .path = g_file_peek_path (self->directory),
    .timeout = self->timeout,
    .flags = self->flags,
    .lock_reaches_all = !self->is_remote,
  };

  return tm_sweep (&options, cancellable, error);
}

/**
 * tm_root_create_temp_dir:
 * @self: a root
 * @cancellable: (nullable): to cancel it with
 * @error: return location for an error
 *
 * Cleans the root up, and creates a temporary directory under it.
 *
 * That something could not be cleaned up does not make it fail; see
 * [method@Root.cleanup] for that.
 *
 * Fails with %G_IO_ERROR_NOT_FOUND when the directory of the root has been removed,
 * moved or replaced; with %G_IO_ERROR_PERMISSION_DENIED; with
 * %G_IO_ERROR_INVALID_FILENAME when the prefix is not the beginning of a name; with
 * %G_IO_ERROR_CANCELLED; and with %G_IO_ERROR_NOT_INITIALIZED. Then nothing is left
 * behind.
 *
 * Returns: (transfer full): a new temporary directory, or %NULL with @error set
 *
 * Since: 1.0
 */
TmTemporaryDirectory *
tm_root_create_temp_dir (TmRoot *self, GCancellable *cancellable, GError **error)
{
  g_autoptr (GError) local_error = NULL;

  g_return_val_if_fail (TM_IS_ROOT (self), NULL);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  if (!check_initialized (self, "Creating a temporary directory", error))
    return NULL;

  if (sweep (self, cancellable, &local_error) < 0)
    g_info ("%s", local_error->message);

  return tm_temporary_directory_new_in (self->directory, self->fd, tm_root_get_prefix (self),
                                        cancellable, error);
}

/* In a thread of the pool. */
static void
create_temp_dir_thread_cb (GTask *task,
                           gpointer source,
                           gpointer task_data,
                           GCancellable *cancellable)
{
  GError *local_error = NULL;
  TmTemporaryDirectory *directory = tm_root_create_temp_dir (source, cancellable, &local_error);

  if (directory != NULL)
    g_task_return_pointer (task, directory, g_object_unref);
  else
    g_task_return_error (task, local_error);
}

/**
 * tm_root_create_temp_dir_async:
 * @self: a root
 * @io_priority: the priority of the request, such as %G_PRIORITY_DEFAULT
 * @cancellable: (nullable): to cancel it with
 * @callback: (nullable) (scope async): called when it is done, in the thread-default
 *   main context of the caller
 * @user_data: data for @callback
 *
 * Cleans the root up and creates a temporary directory under it, without blocking
 * the caller.
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
  g_autoptr (GTask) task = NULL;

  g_return_if_fail (TM_IS_ROOT (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, tm_root_create_temp_dir_async);
  g_task_set_priority (task, io_priority);
  /* What has been created by the time it is cancelled is handed out. */
  g_task_set_check_cancellable (task, FALSE);
  g_task_run_in_thread (task, create_temp_dir_thread_cb);
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

  return g_task_propagate_pointer (G_TASK (result), error);
}

/**
 * tm_root_cleanup:
 * @self: a root
 * @cancellable: (nullable): to cancel it with
 * @error: return location for an error
 *
 * Deletes the sub-directories that have expired and, with
 * [flags@RootFlags.RECLAIM_ABANDONED], those whose owner is gone.
 *
 * Several processes can clean the same root up at the same time, and create in it
 * meanwhile.
 *
 * One that cannot be deleted does not stop it; the first such error is returned at
 * the end, with its path: %G_IO_ERROR_PERMISSION_DENIED or %G_IO_ERROR_BUSY. Also
 * fails with %G_IO_ERROR_CANCELLED, and with %G_IO_ERROR_NOT_INITIALIZED.
 *
 * Returns: how many were deleted, or -1 with @error set
 *
 * Since: 1.0
 */
gssize
tm_root_cleanup (TmRoot *self, GCancellable *cancellable, GError **error)
{
  g_return_val_if_fail (TM_IS_ROOT (self), -1);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), -1);
  g_return_val_if_fail (error == NULL || *error == NULL, -1);

  if (!check_initialized (self, "Cleaning up", error))
    return -1;

  return sweep (self, cancellable, error);
}

/* In a thread of the pool. */
static void
cleanup_thread_cb (GTask *task, gpointer source, gpointer task_data, GCancellable *cancellable)
{
  GError *local_error = NULL;
  gssize n_deleted = tm_root_cleanup (source, cancellable, &local_error);

  if (n_deleted >= 0)
    g_task_return_int (task, n_deleted);
  else
    g_task_return_error (task, local_error);
}

/**
 * tm_root_cleanup_async:
 * @self: a root
 * @io_priority: the priority of the request, such as %G_PRIORITY_DEFAULT
 * @cancellable: (nullable): to cancel it with
 * @callback: (nullable) (scope async): called when it is done, in the thread-default
 *   main context of the caller
 * @user_data: data for @callback
 *
 * Deletes what has expired or been abandoned, without blocking the caller.
 *
 * See [method@Root.cleanup].
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
  g_autoptr (GTask) task = NULL;

  g_return_if_fail (TM_IS_ROOT (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, tm_root_cleanup_async);
  g_task_set_priority (task, io_priority);
  g_task_set_check_cancellable (task, FALSE);
  g_task_run_in_thread (task, cleanup_thread_cb);
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

  return g_task_propagate_int (G_TASK (result), error);
}
