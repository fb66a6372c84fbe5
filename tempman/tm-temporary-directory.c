/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "tm-temporary-directory-private.h"

#include "core/tm-file-private.h"
#include "core/tm-task-private.h"

#include <string.h>

/**
 * TmTemporaryDirectory:
 *
 * A directory that is deleted, with everything in it, when it is closed.
 *
 * It is closed with [method@TemporaryDirectory.close] or its asynchronous form,
 * or when the last reference goes. [method@TemporaryDirectory.keep] lets it live on,
 * and [method@TemporaryDirectory.persist] publishes it under another name. As long as it is open no
 * other program that respects BSD locks deletes it: neither a cleanup of a [class@Root] nor
 * systemd-tmpfiles.
 *
 * It can also be created in a directory that is not local, such as one that GVfs serves.
 * Then nothing is locked: nobody else knows that it is in use.
 *
 * ```c
 * g_autoptr (GError) error = NULL;
 * g_autoptr (TmTemporaryDirectory) directory =
 *   tm_temporary_directory_new (NULL, NULL, NULL, &error);
 *
 * if (directory == NULL)
 *   return FALSE;
 *
 * work_in (tm_temporary_directory_get_path (directory));
 *
 * return tm_temporary_directory_close (directory, NULL, &error);
 * ```
 *
 * An object can be used from any thread. After an error it can be used or closed
 * again; after it was closed it still tells its file and its path.
 *
 * An object that was constructed but not initialised, with `g_object_new()` alone,
 * has no directory: its getters return %NULL, -1 or %FALSE, and its other methods
 * fail with %G_IO_ERROR_NOT_INITIALIZED.
 *
 * A forked child has copies of the objects of its parent, but does not own their directories:
 * there, closing one or dropping the last reference leaves everything on the disk as it is.
 * With [method@TemporaryDirectory.adopt] the child takes a directory over, as a daemon does after
 * it has forked.
 *
 * Since: 1.0
 */

typedef enum
{
  PROP_PARENT = 1,
  PROP_PREFIX,
  PROP_FILE,
  PROP_PATH,
  PROP_FD,
  PROP_CLOSED,
} TmTemporaryDirectoryProperty;

static GParamSpec *properties[PROP_CLOSED + 1];

static void initable_iface_init (GInitableIface *iface);
static void async_initable_iface_init (GAsyncInitableIface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (TmTemporaryDirectory,
                               tm_temporary_directory,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (G_TYPE_INITABLE, initable_iface_init)
                                   G_IMPLEMENT_INTERFACE (G_TYPE_ASYNC_INITABLE,
                                                          async_initable_iface_init))

/* The program's name, which can be a path, or tempman. */
static char *
get_default_prefix (void)
{
  const char *program = g_get_prgname ();
  g_autofree char *name = NULL;

  if (program == NULL)
    return g_strdup ("tempman");

  name = g_path_get_basename (program);
  if (strchr (name, G_DIR_SEPARATOR) != NULL || strcmp (name, ".") == 0 || strcmp (name, "..") == 0)
    return g_strdup ("tempman");

  return g_steal_pointer (&name);
}

static char *
check_prefix (const char *prefix, GError **error)
{
  if (prefix == NULL)
    return get_default_prefix ();

  if (strchr (prefix, G_DIR_SEPARATOR) != NULL || strcmp (prefix, ".") == 0 ||
      strcmp (prefix, "..") == 0)
    {
      g_autofree char *display_name = g_filename_display_name (prefix);

      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_FILENAME,
                   "Creating a temporary directory with the prefix “%s”: "
                   "a prefix is the beginning of a name, not a path",
                   display_name);
      return NULL;
    }

  return g_strdup (prefix);
}

/* Called with the lock held, or before anybody else knows of the object. Takes over what has been
 * created, if anything. */
static gboolean
hold (TmTemporaryDirectory *self, TmBackendDirectory *directory)
{
  if (directory == NULL)
    return FALSE;

  self->directory = directory;
  self->file = g_object_ref (directory->file);
  self->path = tm_file_get_path (self->file);
  self->state = TM_TEMPORARY_DIRECTORY_STATE_OPEN;
  return TRUE;
}

static gboolean
tm_temporary_directory_init_sync (GInitable *initable, GCancellable *cancellable, GError **error)
{
  TmTemporaryDirectory *self = TM_TEMPORARY_DIRECTORY (initable);
  g_autoptr (TmLocker) G_GNUC_UNUSED locker = tm_locker_new (&self->lock);
  g_autofree char *prefix = NULL;

  if (self->state != TM_TEMPORARY_DIRECTORY_STATE_UNINITIALIZED)
    return TRUE;

  prefix = check_prefix (self->prefix, error);
  return prefix != NULL &&
         hold (self, tm_backend_create (self->parent, prefix, cancellable, error));
}

static void
tm_temporary_directory_get_property (GObject *object,
                                     guint property_id,
                                     GValue *value,
                                     GParamSpec *pspec)
{
  TmTemporaryDirectory *self = TM_TEMPORARY_DIRECTORY (object);

  switch ((TmTemporaryDirectoryProperty) property_id)
    {
    case PROP_PARENT:
      g_value_set_object (value, self->parent);
      break;
    case PROP_PREFIX:
      g_value_set_string (value, self->prefix);
      break;
    case PROP_FILE:
      g_value_set_object (value, tm_temporary_directory_get_file (self));
      break;
    case PROP_PATH:
      g_value_set_string (value, tm_temporary_directory_get_path (self));
      break;
    case PROP_FD:
      g_value_set_int (value, tm_temporary_directory_get_fd (self));
      break;
    case PROP_CLOSED:
      g_value_set_boolean (value, tm_temporary_directory_is_closed (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
      break;
    }
}

static void
tm_temporary_directory_set_property (GObject *object,
                                     guint property_id,
                                     const GValue *value,
                                     GParamSpec *pspec)
{
  TmTemporaryDirectory *self = TM_TEMPORARY_DIRECTORY (object);

  switch ((TmTemporaryDirectoryProperty) property_id)
    {
    case PROP_PARENT:
      self->parent = g_value_dup_object (value);
      break;
    case PROP_PREFIX:
      self->prefix = g_value_dup_string (value);
      break;
    case PROP_FILE:
    case PROP_PATH:
    case PROP_FD:
    case PROP_CLOSED:
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
      break;
    }
}

static void
tm_temporary_directory_constructed (GObject *object)
{
  TmTemporaryDirectory *self = TM_TEMPORARY_DIRECTORY (object);

  G_OBJECT_CLASS (tm_temporary_directory_parent_class)->constructed (object);

  /* $TMPDIR can be relative; from here on it does not depend on the working directory. */
  if (self->parent == NULL)
    self->parent = g_file_new_for_path (g_get_tmp_dir ());
}

/* Not dispose(): that can run while somebody still holds a reference. */
static void
tm_temporary_directory_finalize (GObject *object)
{
  TmTemporaryDirectory *self = TM_TEMPORARY_DIRECTORY (object);

  if (self->directory != NULL)
    {
      g_autoptr (GError) local_error = NULL;

      if (!tm_backend_directory_is_of_this_process (self->directory))
        tm_temporary_directory_log_not_ours (self);
      else if (!tm_backend_directory_delete (self->directory, NULL, &local_error))
        g_debug ("%s", local_error->message);
      tm_backend_directory_release (self->directory);
    }

  g_clear_object (&self->parent);
  g_clear_object (&self->file);
  g_clear_object (&self->former_file);
  g_clear_error (&self->close_error);
  g_free (self->prefix);
  g_free (self->path);
  g_free (self->former_path);
  tm_lock_clear (&self->lock);

  G_OBJECT_CLASS (tm_temporary_directory_parent_class)->finalize (object);
}

static void
tm_temporary_directory_class_init (TmTemporaryDirectoryClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->constructed = tm_temporary_directory_constructed;
  object_class->finalize = tm_temporary_directory_finalize;
  object_class->get_property = tm_temporary_directory_get_property;
  object_class->set_property = tm_temporary_directory_set_property;

  /**
   * TmTemporaryDirectory:parent:
   *
   * The directory in which it is created.
   *
   * %NULL when constructed stands for the system's directory for temporary files,
   * `g_get_tmp_dir()`, and is replaced with it.
   *
   * Since: 1.0
   */
  properties[PROP_PARENT] =
      g_param_spec_object ("parent", NULL, NULL, G_TYPE_FILE,
                           G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);

  /**
   * TmTemporaryDirectory:prefix:
   *
   * What the name of the directory begins with, before a dash and the random part.
   *
   * %NULL stands for the name of the program, or `tempman` if it has none.
   *
   * Since: 1.0
   */
  properties[PROP_PREFIX] =
      g_param_spec_string ("prefix", NULL, NULL, NULL,
                           G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);

  /**
   * TmTemporaryDirectory:file: (getter get_file)
   *
   * The directory: where it was created or, once published, where it is then.
   *
   * Since: 1.0
   */
  properties[PROP_FILE] = g_param_spec_object ("file", NULL, NULL, G_TYPE_FILE,
                                               G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  /**
   * TmTemporaryDirectory:path: (getter get_path)
   *
   * The absolute path of the directory, in the file name encoding, if it is a local file.
   *
   * Since: 1.0
   */
  properties[PROP_PATH] =
      g_param_spec_string ("path", NULL, NULL, NULL, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  /**
   * TmTemporaryDirectory:fd: (getter get_fd)
   *
   * A descriptor of the directory, or -1 when it is closed or not a local file.
   *
   * Since: 1.0
   */
  properties[PROP_FD] = g_param_spec_int ("fd", NULL, NULL, -1, G_MAXINT, -1,
                                          G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  /**
   * TmTemporaryDirectory:closed: (getter is_closed)
   *
   * Whether the directory has been deleted, kept or published.
   *
   * A change is notified in the thread that closed it, and after an asynchronous
   * call in the main context of the caller, after its callback.
   *
   * Since: 1.0
   */
  properties[PROP_CLOSED] =
      g_param_spec_boolean ("closed", NULL, NULL, FALSE, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  g_object_class_install_properties (object_class, G_N_ELEMENTS (properties), properties);
}

static void
tm_temporary_directory_init (TmTemporaryDirectory *self)
{
  tm_lock_init (&self->lock);
}

static void
initable_iface_init (GInitableIface *iface)
{
  iface->init = tm_temporary_directory_init_sync;
}

static void
async_initable_iface_init (GAsyncInitableIface *iface)
{
  tm_task_implement_async_initable (iface);
}

/**
 * tm_temporary_directory_new:
 * @parent: (nullable): the directory to create it in, or %NULL for `g_get_tmp_dir()`
 * @prefix: (nullable) (type filename): what its name begins with, or %NULL for the
 *   name of the program; empty for a name of the random part alone
 * @cancellable: (nullable): to cancel it with
 * @error: return location for an error
 *
 * Creates a temporary directory.
 *
 * Only its owner has access to it, whatever the umask. Its name cannot be foreseen
 * and is never used a second time. In a @parent that is not a local file it has no
 * lock, and is closed to others only as far as whoever serves it can do that, and from
 * a moment after it was made.
 *
 * Its path has no links in it, also if the one of @parent has: it tells where the
 * directory is, wherever a link on the way leads to later.
 *
 * Fails with %G_IO_ERROR_INVALID_FILENAME when @prefix contains a directory
 * separator, is `.` or `..`, or is too long for the file system; with
 * %G_IO_ERROR_NOT_FOUND, %G_IO_ERROR_NOT_DIRECTORY or
 * %G_IO_ERROR_PERMISSION_DENIED when nothing can be created in @parent, another user
 * could have planted a link on the way to it, or keeps putting something in the place of the new
 * directory; and with %G_IO_ERROR_CANCELLED. Then nothing is left behind. When @parent is not a
 * local file, also with whatever GIO reports of it, such as %G_IO_ERROR_NOT_MOUNTED.
 *
 * Returns: (transfer full): a new temporary directory, or %NULL with @error set
 *
 * Since: 1.0
 */
TmTemporaryDirectory *
tm_temporary_directory_new (GFile *parent,
                            const char *prefix,
                            GCancellable *cancellable,
                            GError **error)
{
  g_return_val_if_fail (parent == NULL || G_IS_FILE (parent), NULL);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  return g_initable_new (TM_TYPE_TEMPORARY_DIRECTORY, cancellable, error, "parent", parent,
                         "prefix", prefix, NULL);
}

/* For a root, which holds its directory. */
TmTemporaryDirectory *
tm_temporary_directory_new_in (TmBackendRoot *parent,
                               const char *prefix,
                               GCancellable *cancellable,
                               GError **error)
{
  g_autoptr (TmTemporaryDirectory) self =
      g_object_new (TM_TYPE_TEMPORARY_DIRECTORY, "parent", parent->file, "prefix", prefix, NULL);
  g_autofree char *checked = check_prefix (self->prefix, error);

  if (checked == NULL || !hold (self, tm_backend_root_create (parent, checked, cancellable, error)))
    return NULL;

  return g_steal_pointer (&self);
}

/**
 * tm_temporary_directory_new_async:
 * @parent: (nullable): the directory to create it in, or %NULL for `g_get_tmp_dir()`
 * @prefix: (nullable) (type filename): what its name begins with, or %NULL for the
 *   name of the program
 * @io_priority: the priority of the request, such as %G_PRIORITY_DEFAULT
 * @cancellable: (nullable): to cancel it with
 * @callback: (nullable) (scope async): called when it is done, in the thread-default
 *   main context of the caller
 * @user_data: data for @callback
 *
 * Creates a temporary directory without blocking the caller.
 *
 * When it is cancelled, either nothing is left behind, or the directory was there
 * already and is what is returned.
 *
 * Where no thread can be started for it, the work is done before this function returns;
 * @callback is called later all the same.
 *
 * Since: 1.0
 */
void
tm_temporary_directory_new_async (GFile *parent,
                                  const char *prefix,
                                  int io_priority,
                                  GCancellable *cancellable,
                                  GAsyncReadyCallback callback,
                                  gpointer user_data)
{
  g_return_if_fail (parent == NULL || G_IS_FILE (parent));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  g_async_initable_new_async (TM_TYPE_TEMPORARY_DIRECTORY, io_priority, cancellable, callback,
                              user_data, "parent", parent, "prefix", prefix, NULL);
}

/**
 * tm_temporary_directory_new_finish:
 * @result: the result that the callback was given
 * @error: return location for an error
 *
 * Takes the result of [func@TemporaryDirectory.new_async].
 *
 * Fails as [ctor@TemporaryDirectory.new] does.
 *
 * Returns: (transfer full): a new temporary directory, or %NULL with @error set
 *
 * Since: 1.0
 */
TmTemporaryDirectory *
tm_temporary_directory_new_finish (GAsyncResult *result, GError **error)
{
  g_autoptr (GObject) source = NULL;

  g_return_val_if_fail (G_IS_ASYNC_RESULT (result), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  source = g_async_result_get_source_object (result);
  g_return_val_if_fail (TM_IS_TEMPORARY_DIRECTORY (source), NULL);

  return (TmTemporaryDirectory *) g_async_initable_new_finish (G_ASYNC_INITABLE (source), result,
                                                               error);
}

/**
 * tm_temporary_directory_get_file: (get-property file)
 * @self: a temporary directory
 *
 * The directory: where it was created or, after [method@TemporaryDirectory.persist],
 * the destination.
 *
 * Returns: (transfer none) (nullable): the directory, also after it was closed; %NULL
 *   only when @self was never initialised
 *
 * Since: 1.0
 */
GFile *
tm_temporary_directory_get_file (TmTemporaryDirectory *self)
{
  g_autoptr (TmLocker) locker = NULL;

  g_return_val_if_fail (TM_IS_TEMPORARY_DIRECTORY (self), NULL);

  locker = tm_locker_new (&self->lock);
  return self->file;
}

/**
 * tm_temporary_directory_get_path: (get-property path)
 * @self: a temporary directory
 *
 * The absolute path of the directory, in the file name encoding.
 *
 * What was returned stays valid as long as @self, but is not where the directory is
 * after [method@TemporaryDirectory.persist].
 *
 * Returns: (transfer none) (nullable) (type filename): the path, also after it was
 *   closed; %NULL when @self was never initialised, or the directory is not a local file
 *
 * Since: 1.0
 */
const char *
tm_temporary_directory_get_path (TmTemporaryDirectory *self)
{
  g_autoptr (TmLocker) locker = NULL;

  g_return_val_if_fail (TM_IS_TEMPORARY_DIRECTORY (self), NULL);

  locker = tm_locker_new (&self->lock);
  return self->path;
}

/**
 * tm_temporary_directory_get_fd: (get-property fd)
 * @self: a temporary directory
 *
 * A descriptor of the directory, for `openat()` and its kin.
 *
 * It belongs to @self, which closes it when it is closed itself. It carries the
 * lock that marks the directory as being in use: a child process that inherits it
 * keeps the directory in use, and nobody may unlock it.
 *
 * Returns: the descriptor, or -1 when @self is closed or was never initialised, or the
 *   directory is not a local file
 *
 * Since: 1.0
 */
int
tm_temporary_directory_get_fd (TmTemporaryDirectory *self)
{
  g_autoptr (TmLocker) locker = NULL;

  g_return_val_if_fail (TM_IS_TEMPORARY_DIRECTORY (self), -1);

  locker = tm_locker_new (&self->lock);
  return self->directory != NULL ? tm_backend_directory_get_fd (self->directory) : -1;
}

/**
 * tm_temporary_directory_get_child:
 * @self: a temporary directory
 * @name: (type filename): the name of a file in it; not an absolute path
 *
 * A file in the directory, which need not exist.
 *
 * See also `g_file_get_child()`.
 *
 * Returns: (transfer full) (nullable): the file; %NULL only when @self was never
 *   initialised
 *
 * Since: 1.0
 */
GFile *
tm_temporary_directory_get_child (TmTemporaryDirectory *self, const char *name)
{
  GFile *file;

  g_return_val_if_fail (TM_IS_TEMPORARY_DIRECTORY (self), NULL);
  g_return_val_if_fail (name != NULL && !g_path_is_absolute (name), NULL);

  file = tm_temporary_directory_get_file (self);
  return file != NULL ? g_file_get_child (file, name) : NULL;
}

/**
 * tm_temporary_directory_is_closed: (get-property closed)
 * @self: a temporary directory
 *
 * Whether the directory has been deleted, kept or published.
 *
 * Returns: %TRUE when it is closed
 *
 * Since: 1.0
 */
gboolean
tm_temporary_directory_is_closed (TmTemporaryDirectory *self)
{
  g_autoptr (TmLocker) locker = NULL;

  g_return_val_if_fail (TM_IS_TEMPORARY_DIRECTORY (self), FALSE);

  locker = tm_locker_new (&self->lock);
  return self->state == TM_TEMPORARY_DIRECTORY_STATE_CLOSED;
}
