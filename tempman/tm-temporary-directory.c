/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "tm-temporary-directory-private.h"

#include "core/tm-error-private.h"
#include "core/tm-file-private.h"
#include "core/tm-lock-private.h"
#include "core/tm-name-private.h"
#include "core/tm-process-private.h"
#include "core/tm-task-private.h"

#include <string.h>
#include <sys/stat.h>

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
  STATE_UNINITIALIZED,
  STATE_OPEN,
  STATE_CLOSING, /* one thread deletes or publishes it, and wakes those that wait */
  STATE_CLOSED,
} State;

/* What can be asked for as a mode. The library sets the sticky bit itself. */
#define PERMISSIONS (guint) (S_IRWXU | S_IRWXG | S_IRWXO)

struct _TmTemporaryDirectory
{
  GObject parent_instance;

  GFile *parent; /* (owned): set once, when constructed */
  char *prefix;  /* (owned) (nullable): likewise */
  char *suffix;  /* (owned) (nullable): likewise */
  guint mode;    /* likewise */

  TmLock lock; /* guards what follows; not held while the disk is waited for, but by init */
  State state;
  TmProcessToken closing_process; /* of that thread; a forked child does not wait for a thread of
                                   * its parent */
  /* (owned) (nullable): while open or closing; used by the thread that closes */
  TmBackendDirectory *directory;
  GFile *file; /* (owned) (nullable): set when initialised and when published */
  char *path;  /* (owned) (nullable): likewise */
  GFile
      *former_file; /* (owned) (nullable): from before it was published; callers may still use it */
  char *former_path;   /* (owned) (nullable): likewise */
  GError *close_error; /* (owned) (nullable): of the last attempt, for those who waited for it */
};

typedef enum
{
  PROP_PARENT = 1,
  PROP_PREFIX,
  PROP_SUFFIX,
  PROP_MODE,
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
      tm_error_set (error, TM_ACTION_CREATE_WITH_PREFIX, prefix, G_IO_ERROR_INVALID_FILENAME,
                    "a prefix is the beginning of a name, not a path");
      return NULL;
    }

  return g_strdup (prefix);
}

static gboolean
check_suffix (const char *suffix, GError **error)
{
  if (suffix == NULL ||
      (strchr (suffix, G_DIR_SEPARATOR) == NULL && tm_name_suffix_is_valid (suffix)))
    return TRUE;

  tm_error_set (error, TM_ACTION_CREATE_WITH_SUFFIX, suffix, G_IO_ERROR_INVALID_FILENAME,
                "a suffix has no “/” and does not begin with a letter or a digit");
  return FALSE;
}

/* Other bits are refused, so that 755 in place of 0755 is an error, and no other mode. */
static gboolean
check_mode (guint mode, GError **error)
{
  g_autofree char *text = NULL;

  if ((mode & ~PERMISSIONS) == 0)
    return TRUE;

  text = g_strdup_printf ("%#o", mode);
  tm_error_set (error, TM_ACTION_CREATE_WITH_MODE, text, G_IO_ERROR_INVALID_ARGUMENT,
                "only the bits of 0777 can be set");
  return FALSE;
}

/* Takes over the directory that was created, if it was. */
static gboolean
hold (TmTemporaryDirectory *self, TmBackendDirectory *directory)
{
  if (directory == NULL)
    return FALSE;

  self->directory = directory;
  self->file = g_object_ref (directory->file);
  self->path = tm_file_get_path (self->file);
  self->state = STATE_OPEN;
  return TRUE;
}

/* Called with the lock held, or before another thread knows of the object. @root: (nullable): the
 * root to create the directory in, instead of its parent. */
static gboolean
create (TmTemporaryDirectory *self, TmBackendRoot *root, GCancellable *cancellable, GError **error)
{
  g_autofree char *prefix = check_prefix (self->prefix, error);
  TmCreation creation = {
    .prefix = prefix,
    .suffix = self->suffix != NULL ? self->suffix : "",
    .mode = self->mode,
  };

  if (prefix == NULL || !check_suffix (self->suffix, error) || !check_mode (self->mode, error))
    return FALSE;

  return hold (self, root != NULL
                         ? tm_backend_root_create (root, &creation, cancellable, error)
                         : tm_backend_create (self->parent, &creation, cancellable, error));
}

static gboolean
tm_temporary_directory_init_sync (GInitable *initable, GCancellable *cancellable, GError **error)
{
  TmTemporaryDirectory *self = TM_TEMPORARY_DIRECTORY (initable);
  g_autoptr (TmLocker) G_GNUC_UNUSED locker = tm_locker_new (&self->lock);

  if (self->state != STATE_UNINITIALIZED)
    return TRUE;

  return create (self, NULL, cancellable, error);
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
    case PROP_SUFFIX:
      g_value_set_string (value, self->suffix);
      break;
    case PROP_MODE:
      g_value_set_uint (value, self->mode);
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
    case PROP_SUFFIX:
      self->suffix = g_value_dup_string (value);
      break;
    case PROP_MODE:
      self->mode = g_value_get_uint (value);
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

/* Says why nothing is deleted. */
static void
log_not_ours (TmTemporaryDirectory *self)
{
  g_autofree char *display_name = tm_file_get_display_name (self->file);

  g_debug ("Leaving “%s” to the process that owns it: this one was forked and has not adopted it",
           display_name);
}

/* Whether TEMPMAN_DEBUG tells to keep what a close would delete, so that a developer can look at
 * it.
 */
static gboolean
keeps_for_debugging (void)
{
  static const GDebugKey keys[] = { { "keep", 1 } };
  static gsize flags = 0; /* 1: do not keep; 2: keep */

  if (g_once_init_enter (&flags))
    {
      const char *value = g_getenv ("TEMPMAN_DEBUG");

      g_once_init_leave (&flags, 1 + g_parse_debug_string (value, keys, G_N_ELEMENTS (keys)));
    }

  return flags == 2;
}

/* What a close does with the directory. */
static gboolean
delete_or_keep (TmTemporaryDirectory *self, GCancellable *cancellable, GError **error)
{
  g_autofree char *display_name = NULL;

  if (!keeps_for_debugging ())
    return tm_backend_directory_delete (self->directory, cancellable, error);

  if (!tm_backend_directory_keep (self->directory, error))
    return FALSE;

  display_name = tm_file_get_display_name (self->file);
  g_message ("Keeping “%s”, since TEMPMAN_DEBUG is set to “keep”", display_name);
  return TRUE;
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
        log_not_ours (self);
      else if (!delete_or_keep (self, NULL, &local_error))
        g_debug ("%s", local_error->message);
      tm_backend_directory_release (self->directory);
    }

  g_clear_object (&self->parent);
  g_clear_object (&self->file);
  g_clear_object (&self->former_file);
  g_clear_error (&self->close_error);
  g_free (self->prefix);
  g_free (self->suffix);
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
   * TmTemporaryDirectory:suffix:
   *
   * The end of the name of the directory, after the random part.
   *
   * It begins with a character that is neither a letter nor a digit, such as `.` or `-`. %NULL and
   * the empty string stand for no suffix.
   *
   * Since: 1.0
   */
  properties[PROP_SUFFIX] =
      g_param_spec_string ("suffix", NULL, NULL, NULL,
                           G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);

  /**
   * TmTemporaryDirectory:mode:
   *
   * The permissions of the directory, as for `chmod()`, whatever the umask.
   *
   * The owner has all permissions in any case. The directory has this mode as long as it is
   * temporary, and after [method@TemporaryDirectory.keep] and [method@TemporaryDirectory.persist];
   * until then the sticky bit is set as well. A program that wants to publish a directory that
   * other users can read asks for `0755` here, and does not change the mode afterwards.
   *
   * Where group or others may write, the sticky bit does not mark the directory: after a crash a
   * cleanup deletes it when it has expired, and not as abandoned. On a file system without modes
   * the directory has the permissions that the file system gives it.
   *
   * Only the bits of `0777` can be set: with others the creation fails with
   * %G_IO_ERROR_INVALID_ARGUMENT.
   *
   * Since: 1.0
   */
  properties[PROP_MODE] =
      g_param_spec_uint ("mode", NULL, NULL, 0, G_MAXUINT, 0700,
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

  if (!create (self, parent, cancellable, error))
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
  g_autoptr (TmLocker) G_GNUC_UNUSED locker = NULL;

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
  g_autoptr (TmLocker) G_GNUC_UNUSED locker = NULL;

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
  g_autoptr (TmLocker) G_GNUC_UNUSED locker = NULL;

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
  g_autoptr (TmLocker) G_GNUC_UNUSED locker = NULL;

  g_return_val_if_fail (TM_IS_TEMPORARY_DIRECTORY (self), FALSE);

  locker = tm_locker_new (&self->lock);
  return self->state == STATE_CLOSED;
}

/* The thread that calls is the one that uses the directory from now on. */
static void
set_closing_locked (TmTemporaryDirectory *self)
{
  self->closing_process = tm_process_get_token ();
  self->state = STATE_CLOSING;
}

/* Releases the lock while the descriptor is closed, for which the kernel may have to wait for the
 * disk. */
static void
set_closed_locked (TmTemporaryDirectory *self)
{
  TmBackendDirectory *directory = g_steal_pointer (&self->directory);

  if (directory != NULL)
    {
      /* Nobody else goes on before that. */
      set_closing_locked (self);
      tm_lock_release (&self->lock);
      tm_backend_directory_release (directory);
      tm_lock_acquire (&self->lock);
    }

  self->state = STATE_CLOSED;
  tm_lock_wake_all (&self->lock);
}

/* In the thread that cancels, without the lock. */
static void
wake_waiting_cb (GCancellable *cancellable, TmTemporaryDirectory *self)
{
  tm_lock_acquire (&self->lock);
  tm_lock_wake_all (&self->lock);
  tm_lock_release (&self->lock);
}

/*
 * wake_when_cancelled:
 * @self: a temporary directory
 * @cancellable: (nullable): its cancellation is to end a wait for another thread
 *
 * Has to be called, and g_cancellable_disconnect() with what it returns, without the lock.
 *
 * Returns: the handler
 */
static gulong
wake_when_cancelled (TmTemporaryDirectory *self, GCancellable *cancellable)
{
  return cancellable != NULL
             ? g_cancellable_connect (cancellable, G_CALLBACK (wake_waiting_cb), self, NULL)
             : 0;
}

static gboolean
fail_not_initialized (GError **error)
{
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_INITIALIZED,
                       "The temporary directory was never initialized");
  return FALSE;
}

static gboolean
fail_closed (TmTemporaryDirectory *self, TmAction action, GError **error)
{
  tm_error_set_for_file (error, action, self->file, G_IO_ERROR_CLOSED, "it is closed");
  return FALSE;
}

/* Whether another thread deletes or publishes the directory, and will be done some time. A thread
 * that a fork has left behind in the parent will not. */
static gboolean
is_being_closed_locked (TmTemporaryDirectory *self)
{
  return self->state == STATE_CLOSING && self->closing_process == tm_process_get_token ();
}

/* Waits, without the lock, until no other thread deletes or publishes the directory. Returns FALSE
 * with an error when it was cancelled before. */
static gboolean
wait_locked (TmTemporaryDirectory *self, GCancellable *cancellable, GError **error)
{
  while (is_being_closed_locked (self))
    {
      if (g_cancellable_set_error_if_cancelled (cancellable, error))
        return FALSE;
      tm_lock_wait (&self->lock);
    }

  return TRUE;
}

/* Called with the lock held. Returns with the state open, for the caller to go on, or else with
 * what the caller is to return. */
static gboolean
wait_for_other (TmTemporaryDirectory *self, GCancellable *cancellable, GError **error)
{
  if (!wait_locked (self, cancellable, error))
    return FALSE;

  /* The other's cancellation is not ours: the deletion is taken over. */
  if (self->state == STATE_OPEN && self->close_error != NULL &&
      !g_error_matches (self->close_error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    {
      if (error != NULL)
        *error = g_error_copy (self->close_error);
      return FALSE;
    }

  return TRUE;
}

/* Whether an initialised object that is not closed is for this process to close. After a fork that
 * happened while a thread of the parent was closing it, there may be no directory. */
static gboolean
is_ours_locked (TmTemporaryDirectory *self)
{
  return self->directory != NULL && tm_backend_directory_is_of_this_process (self->directory);
}

/* Sets @closed_now if it was this call that closed it, and a change has to be notified. */
static gboolean
close_once (TmTemporaryDirectory *self,
            GCancellable *cancellable,
            gboolean *closed_now,
            GError **error)
{
  g_autoptr (TmLocker) G_GNUC_UNUSED locker = tm_locker_new (&self->lock);
  GError *local_error = NULL;

  *closed_now = FALSE;

  if (is_being_closed_locked (self) && !wait_for_other (self, cancellable, error))
    return FALSE;

  if (self->state == STATE_UNINITIALIZED)
    return fail_not_initialized (error);

  if (self->state == STATE_CLOSED)
    return TRUE;

  if (!is_ours_locked (self))
    {
      log_not_ours (self);
      set_closed_locked (self);
      *closed_now = TRUE;
      return TRUE;
    }

  set_closing_locked (self);
  g_clear_error (&self->close_error);
  tm_lock_release (&self->lock);

  /* Only whoever set the state to closing uses the directory now. */
  delete_or_keep (self, cancellable, &local_error);

  tm_lock_acquire (&self->lock);
  if (local_error != NULL)
    {
      self->close_error = g_error_copy (local_error);
      self->state = STATE_OPEN;
      tm_lock_wake_all (&self->lock);
      g_propagate_error (error, local_error);
      return FALSE;
    }

  set_closed_locked (self);
  *closed_now = TRUE;
  return TRUE;
}

static gboolean
close_cancellably (TmTemporaryDirectory *self,
                   GCancellable *cancellable,
                   gboolean *closed_now,
                   GError **error)
{
  gulong handler;
  gboolean closed;

  *closed_now = FALSE;
  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return FALSE;

  handler = wake_when_cancelled (self, cancellable);
  closed = close_once (self, cancellable, closed_now, error);
  g_cancellable_disconnect (cancellable, handler);

  return closed;
}

/**
 * tm_temporary_directory_close:
 * @self: a temporary directory
 * @cancellable: (nullable): to cancel it with
 * @error: return location for an error
 *
 * Deletes the directory with everything in it.
 *
 * Symbolic links are deleted and not followed, and what is mounted inside is not
 * touched. Nothing but the directory that was created is ever deleted: if it has
 * been removed, or renamed, by somebody else, that is a success.
 *
 * Closing it once more succeeds and does nothing. If several threads close it, one
 * deletes it and all are told of the result. In a forked child that has not called
 * [method@TemporaryDirectory.adopt] it closes the descriptor, deletes nothing and succeeds.
 *
 * An error does not stop it: whatever can be deleted is, and the first error is
 * returned, with its path: %G_IO_ERROR_PERMISSION_DENIED; %G_IO_ERROR_BUSY when
 * something is mounted inside or it keeps being filled; %G_IO_ERROR_NOT_FOUND when
 * something else stands under its name; %G_IO_ERROR_CANCELLED;
 * %G_IO_ERROR_NOT_INITIALIZED. After an error the directory is still open and can
 * be closed again.
 *
 * Returns: %TRUE when it is closed, %FALSE with @error set
 *
 * Since: 1.0
 */
gboolean
tm_temporary_directory_close (TmTemporaryDirectory *self, GCancellable *cancellable, GError **error)
{
  gboolean closed, closed_now;

  g_return_val_if_fail (TM_IS_TEMPORARY_DIRECTORY (self), FALSE);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  closed = close_cancellably (self, cancellable, &closed_now, error);
  if (closed_now)
    g_object_notify (G_OBJECT (self), "closed");

  return closed;
}

static void
close_task_cb (TmTaskResult *result, gpointer source, gpointer task_data, GCancellable *cancellable)
{
  gboolean *closed_now = task_data;

  result->number = close_cancellably (source, cancellable, closed_now, &result->error);
}

/* In the main context of the caller, after its callback. */
static void
close_completed_cb (GTask *task, GParamSpec *pspec, gpointer user_data)
{
  const gboolean *closed_now = g_task_get_task_data (task);

  if (*closed_now)
    g_object_notify (g_task_get_source_object (task), "closed");
}

/**
 * tm_temporary_directory_close_async:
 * @self: a temporary directory
 * @io_priority: the priority of the request, such as %G_PRIORITY_DEFAULT
 * @cancellable: (nullable): to cancel it with
 * @callback: (nullable) (scope async): called when it is done, in the thread-default
 *   main context of the caller
 * @user_data: data for @callback
 *
 * Deletes the directory with everything in it, without blocking the caller.
 *
 * See [method@TemporaryDirectory.close].
 *
 * Where no thread can be started for it, the work is done before this function returns;
 * @callback is called later all the same.
 *
 * Since: 1.0
 */
void
tm_temporary_directory_close_async (TmTemporaryDirectory *self,
                                    int io_priority,
                                    GCancellable *cancellable,
                                    GAsyncReadyCallback callback,
                                    gpointer user_data)
{
  g_autoptr (GTask) task = NULL;

  g_return_if_fail (TM_IS_TEMPORARY_DIRECTORY (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = tm_task_new (self, tm_temporary_directory_close_async, io_priority, cancellable, callback,
                      user_data);
  g_task_set_task_data (task, g_new0 (gboolean, 1), g_free);
  g_signal_connect (task, "notify::completed", G_CALLBACK (close_completed_cb), NULL);
  tm_task_start (task, close_task_cb);
}

/**
 * tm_temporary_directory_close_finish:
 * @self: a temporary directory
 * @result: the result that the callback was given
 * @error: return location for an error
 *
 * Takes the result of [method@TemporaryDirectory.close_async].
 *
 * Fails as [method@TemporaryDirectory.close] does.
 *
 * Returns: %TRUE when it is closed, %FALSE with @error set
 *
 * Since: 1.0
 */
gboolean
tm_temporary_directory_close_finish (TmTemporaryDirectory *self,
                                     GAsyncResult *result,
                                     GError **error)
{
  g_return_val_if_fail (TM_IS_TEMPORARY_DIRECTORY (self), FALSE);
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, tm_temporary_directory_close_async),
                        FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  return tm_task_propagate_boolean (result, error);
}

/* Whether this process owns the directory. @action: what fails otherwise. */
static gboolean
check_ours_locked (TmTemporaryDirectory *self, TmAction action, GError **error)
{
  if (self->state == STATE_UNINITIALIZED)
    return fail_not_initialized (error);

  if (self->state == STATE_CLOSED)
    return fail_closed (self, action, error);

  if (!is_ours_locked (self))
    {
      tm_error_set_for_file (error, action, self->file, G_IO_ERROR_NOT_SUPPORTED,
                             "it belongs to the parent process and was not adopted");
      return FALSE;
    }

  return TRUE;
}

/**
 * tm_temporary_directory_adopt:
 * @self: a temporary directory
 * @error: return location for an error
 *
 * Makes this process the owner of a directory that it has inherited from its parent.
 *
 * A forked child has copies of the objects of its parent but does not own their directories. After
 * this call [method@TemporaryDirectory.close], [method@TemporaryDirectory.keep],
 * [method@TemporaryDirectory.persist] and the release of the last reference do in the child what
 * they do in the process that created the directory. A daemon calls it once it has forked for the
 * last time.
 *
 * The parent must neither close the object nor release its last reference afterwards, since its
 * copy does not know of the new owner: it ends with `_exit()`, or keeps the object until it ends.
 * Both processes hold the lock through the descriptor that the child has inherited: the directory
 * is live as long as either of them runs.
 *
 * In the process that owns the directory it succeeds and changes nothing.
 *
 * Fails with %G_IO_ERROR_CLOSED when the object is closed, with %G_IO_ERROR_BUSY when another
 * thread of the parent was closing or publishing it at the moment of the fork, and with
 * %G_IO_ERROR_NOT_INITIALIZED.
 *
 * Returns: %TRUE when this process owns the directory, %FALSE with @error set
 *
 * Since: 1.0
 */
gboolean
tm_temporary_directory_adopt (TmTemporaryDirectory *self, GError **error)
{
  g_autoptr (TmLocker) G_GNUC_UNUSED locker = NULL;

  g_return_val_if_fail (TM_IS_TEMPORARY_DIRECTORY (self), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  locker = tm_locker_new (&self->lock);

  switch (self->state)
    {
    case STATE_OPEN:
      if (!is_ours_locked (self))
        {
          g_clear_error (&self->close_error);
          tm_backend_directory_adopt (self->directory);
        }
      return TRUE;

    case STATE_CLOSING:
      /* By another thread of this process, which owns it then. */
      if (is_being_closed_locked (self))
        return TRUE;

      tm_error_set_for_file (error, TM_ACTION_ADOPT, self->file, G_IO_ERROR_BUSY,
                             "the parent process was closing it");
      return FALSE;

    case STATE_CLOSED:
      return fail_closed (self, TM_ACTION_ADOPT, error);

    case STATE_UNINITIALIZED:
    default:
      return fail_not_initialized (error);
    }
}

/* Waits for another thread, and makes this one the one that uses the directory. */
static gboolean
begin_using (TmTemporaryDirectory *self, TmAction action, GCancellable *cancellable, GError **error)
{
  g_autoptr (TmLocker) G_GNUC_UNUSED locker = tm_locker_new (&self->lock);

  if (!wait_locked (self, cancellable, error) || !check_ours_locked (self, action, error))
    return FALSE;

  set_closing_locked (self);
  g_clear_error (&self->close_error);
  return TRUE;
}

static void
end_using (TmTemporaryDirectory *self, gboolean is_closed)
{
  tm_lock_acquire (&self->lock);
  if (is_closed)
    set_closed_locked (self);
  else
    {
      self->state = STATE_OPEN;
      tm_lock_wake_all (&self->lock);
    }
  tm_lock_release (&self->lock);
}

static gboolean
keep_cancellably (TmTemporaryDirectory *self, GCancellable *cancellable, GError **error)
{
  gulong handler;
  gboolean is_begun, is_kept;

  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return FALSE;

  handler = wake_when_cancelled (self, cancellable);
  is_begun = begin_using (self, TM_ACTION_KEEP, cancellable, error);
  g_cancellable_disconnect (cancellable, handler);
  if (!is_begun)
    return FALSE;

  is_kept = tm_backend_directory_keep (self->directory, error);
  end_using (self, is_kept);
  return is_kept;
}

/**
 * tm_temporary_directory_keep:
 * @self: a temporary directory
 * @cancellable: (nullable): a cancellable
 * @error: return location for an error
 *
 * Closes the object, but does not delete the directory.
 *
 * From then on it is a directory like any other: a cleanup of its [class@Root]
 * deletes it when it has expired, and not before.
 *
 * The sticky bit, which marked the directory as temporary, is cleared, also if the mode
 * was changed meanwhile; the other bits stay. A program that wants the directory to have
 * the sticky bit sets it afterwards. Where the library has not set the bit, as on a file
 * system without such modes, the mode is not changed, nor does it have to be possible.
 *
 * Waits for another thread that closes the directory. Fails with
 * %G_IO_ERROR_CLOSED when the object is closed, with %G_IO_ERROR_NOT_SUPPORTED in
 * a forked child that has not called [method@TemporaryDirectory.adopt], with
 * %G_IO_ERROR_PERMISSION_DENIED, or another error of the file system, when the sticky bit cannot be
 * cleared, with %G_IO_ERROR_CANCELLED, and with %G_IO_ERROR_NOT_INITIALIZED.
 *
 * Returns: %TRUE when it is kept, %FALSE with @error set and the object as it was
 *
 * Since: 1.0
 */
gboolean
tm_temporary_directory_keep (TmTemporaryDirectory *self, GCancellable *cancellable, GError **error)
{
  g_return_val_if_fail (TM_IS_TEMPORARY_DIRECTORY (self), FALSE);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (!keep_cancellably (self, cancellable, error))
    return FALSE;

  g_object_notify (G_OBJECT (self), "closed");
  return TRUE;
}

static void
keep_task_cb (TmTaskResult *result, gpointer source, gpointer task_data, GCancellable *cancellable)
{
  gboolean *closed_now = task_data;

  *closed_now = keep_cancellably (source, cancellable, &result->error);
  result->number = *closed_now;
}

/**
 * tm_temporary_directory_keep_async:
 * @self: a temporary directory
 * @io_priority: the priority of the request, such as %G_PRIORITY_DEFAULT
 * @cancellable: (nullable): a cancellable
 * @callback: (nullable) (scope async): called when it is done, in the thread-default
 *   main context of the caller
 * @user_data: data for @callback
 *
 * Closes the object, but does not delete the directory, without blocking the caller.
 *
 * See [method@TemporaryDirectory.keep].
 *
 * Where no thread can be started for it, the work is done before this function returns;
 * @callback is called later all the same.
 *
 * Since: 1.0
 */
void
tm_temporary_directory_keep_async (TmTemporaryDirectory *self,
                                   int io_priority,
                                   GCancellable *cancellable,
                                   GAsyncReadyCallback callback,
                                   gpointer user_data)
{
  g_autoptr (GTask) task = NULL;

  g_return_if_fail (TM_IS_TEMPORARY_DIRECTORY (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = tm_task_new (self, tm_temporary_directory_keep_async, io_priority, cancellable, callback,
                      user_data);
  g_task_set_task_data (task, g_new0 (gboolean, 1), g_free);
  g_signal_connect (task, "notify::completed", G_CALLBACK (close_completed_cb), NULL);
  tm_task_start (task, keep_task_cb);
}

/**
 * tm_temporary_directory_keep_finish:
 * @self: a temporary directory
 * @result: the result that the callback was given
 * @error: return location for an error
 *
 * Gets the result of [method@TemporaryDirectory.keep_async].
 *
 * Fails as [method@TemporaryDirectory.keep] does.
 *
 * Returns: %TRUE when it is kept, %FALSE with @error set
 *
 * Since: 1.0
 */
gboolean
tm_temporary_directory_keep_finish (TmTemporaryDirectory *self,
                                    GAsyncResult *result,
                                    GError **error)
{
  g_return_val_if_fail (TM_IS_TEMPORARY_DIRECTORY (self), FALSE);
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, tm_temporary_directory_keep_async),
                        FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  return tm_task_propagate_boolean (result, error);
}

/* Releases the lock and the mark: the directory is one like any other now. */
static void
hand_over (TmTemporaryDirectory *self, GFile *destination)
{
  TmBackendDirectory *directory;

  tm_lock_acquire (&self->lock);
  self->former_file = self->file;
  self->former_path = self->path;
  self->file = g_object_ref (destination);
  self->path = tm_file_get_path (destination);
  directory = g_steal_pointer (&self->directory);
  tm_lock_release (&self->lock);

  tm_backend_directory_release (directory);
}

static gboolean
publish (TmTemporaryDirectory *self,
         GFile *destination,
         TmPersistFlags flags,
         GCancellable *cancellable,
         GError **error)
{
  const TmBackend *backend;
  TmReplaced *replaced = NULL;
  g_autoptr (GError) local_error = NULL;

  if (!begin_using (self, TM_ACTION_PUBLISH, cancellable, error))
    return FALSE;

  /* Only whoever set the state to closing uses the directory and changes the path now. */
  if (g_cancellable_set_error_if_cancelled (cancellable, error) ||
      !tm_backend_directory_publish (self->directory, destination,
                                     (flags & TM_PERSIST_FLAGS_REPLACE) != 0, &replaced, error))
    {
      end_using (self, FALSE);
      return FALSE;
    }

  backend = self->directory->backend;
  /* It is there, whatever becomes of what was there before. */
  hand_over (self, destination);
  if (replaced != NULL && !tm_backend_delete_replaced (backend, replaced, &local_error))
    g_info ("%s", local_error->message);

  end_using (self, TRUE);
  return TRUE;
}

static gboolean
publish_cancellably (TmTemporaryDirectory *self,
                     GFile *destination,
                     TmPersistFlags flags,
                     GCancellable *cancellable,
                     GError **error)
{
  gboolean published;
  gulong handler;

  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return FALSE;

  handler = wake_when_cancelled (self, cancellable);
  published = publish (self, destination, flags, cancellable, error);
  g_cancellable_disconnect (cancellable, handler);

  return published;
}

static void
notify_published (GObject *object)
{
  g_object_freeze_notify (object);
  g_object_notify (object, "file");
  g_object_notify (object, "path");
  g_object_notify (object, "closed");
  g_object_thaw_notify (object);
}

/**
 * tm_temporary_directory_persist:
 * @self: a temporary directory
 * @destination: its new name, on the same file system
 * @flags: what to do when there is something already
 * @cancellable: (nullable): to cancel it with
 * @error: return location for an error
 *
 * Publishes the directory under another name and closes the object.
 *
 * It happens in one step: there is never a moment at which the destination is missing or
 * is half of a directory. From then on the directory is one like any other, with the mode
 * that it was given while it was temporary, but without the sticky bit, which marked it as
 * temporary; [method@TemporaryDirectory.get_file] and
 * [method@TemporaryDirectory.get_path] tell its new name. Nothing is written out to the
 * disk: a program that has to find its data after a power failure calls `fsync()` on what
 * it wrote before, and on the directory of the destination afterwards.
 *
 * With [flags@Tempman.PersistFlags.REPLACE] it takes the place of whatever has the new name, and
 * that is deleted: a directory with everything in it, a file, or a symbolic link, which is
 * never followed. A directory on which somebody holds a BSD lock is not deleted: whoever
 * wants to go on reading what was published before takes a shared lock on it. What cannot
 * be deleted does not make it fail, since the directory is published by then; it is left
 * under the name that @self had before, where it counts as abandoned as soon as nobody
 * holds its lock.
 *
 * Some file systems can rename, but neither exchange two names nor make sure that the new
 * one is free: NFS, 9p, many FUSE file systems such as sshfs and ntfs-3g, older ZFS. On
 * these the library looks whether the new name is free, and then renames. If another
 * process makes an empty directory of that name just in between, it may be replaced;
 * nothing else is. With [flags@Tempman.PersistFlags.REPLACE] nothing that is there can be
 * replaced on these: that is %G_IO_ERROR_NOT_SUPPORTED. So it is on an overlay, where what is there
 * is a directory of a lower layer, unless the overlay is mounted with `redirect_dir=on`.
 *
 * Fails with %G_IO_ERROR_EXISTS when there is something under the new name, be it a
 * dangling link, and it is not to be replaced; with %G_IO_ERROR_NOT_SUPPORTED when
 * @destination is on another file system or mount, or when the file system cannot do it in
 * one step, and in a forked child that has not called [method@TemporaryDirectory.adopt]; with
 * %G_IO_ERROR_INVALID_ARGUMENT when @destination is in the directory itself, or the
 * directory in what it would replace; with %G_IO_ERROR_NOT_FOUND when there is no directory
 * to put it in, or it has been moved or removed itself; with %G_IO_ERROR_NOT_DIRECTORY;
 * with %G_IO_ERROR_BUSY when something is mounted at @destination; with
 * %G_IO_ERROR_PERMISSION_DENIED, also when another user could have planted a link on the
 * way to @destination; with %G_IO_ERROR_CLOSED; with %G_IO_ERROR_CANCELLED; and
 * with %G_IO_ERROR_NOT_INITIALIZED. Then everything is as it was, and @self can be used.
 * Once it is published it is not cancelled any more.
 *
 * What is not a local file is moved by whoever serves it, and never copied. Whether that
 * is one step, and whether it notices something that appears at the destination in the
 * same instant, is up to that one. What is there already is never replaced: with
 * [flags@Tempman.PersistFlags.REPLACE] that is %G_IO_ERROR_NOT_SUPPORTED.
 *
 * If several threads close, keep or publish a directory, one of them does.
 *
 * Returns: %TRUE when it is published, %FALSE with @error set
 *
 * Since: 1.0
 */
gboolean
tm_temporary_directory_persist (TmTemporaryDirectory *self,
                                GFile *destination,
                                TmPersistFlags flags,
                                GCancellable *cancellable,
                                GError **error)
{
  g_return_val_if_fail (TM_IS_TEMPORARY_DIRECTORY (self), FALSE);
  g_return_val_if_fail (G_IS_FILE (destination), FALSE);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (!publish_cancellably (self, destination, flags, cancellable, error))
    return FALSE;

  notify_published (G_OBJECT (self));
  return TRUE;
}

typedef struct
{
  GFile *destination; /* (owned) */
  TmPersistFlags flags;
  gboolean published;
} PersistData;

static void
persist_data_free (gpointer data)
{
  PersistData *persist = data;

  g_object_unref (persist->destination);
  g_free (persist);
}

static void
persist_task_cb (TmTaskResult *result,
                 gpointer source,
                 gpointer task_data,
                 GCancellable *cancellable)
{
  PersistData *persist = task_data;

  persist->published = publish_cancellably (source, persist->destination, persist->flags,
                                            cancellable, &result->error);
  result->number = persist->published;
}

/* In the main context of the caller, after its callback. */
static void
persist_completed_cb (GTask *task, GParamSpec *pspec, gpointer user_data)
{
  const PersistData *persist = g_task_get_task_data (task);

  if (persist->published)
    notify_published (g_task_get_source_object (task));
}

/**
 * tm_temporary_directory_persist_async:
 * @self: a temporary directory
 * @destination: its new name, on the same file system
 * @flags: what to do when there is something already
 * @io_priority: the priority of the request, such as %G_PRIORITY_DEFAULT
 * @cancellable: (nullable): to cancel it with
 * @callback: (nullable) (scope async): called when it is done, in the thread-default
 *   main context of the caller
 * @user_data: data for @callback
 *
 * Publishes the directory under another name, without blocking the caller.
 *
 * See [method@TemporaryDirectory.persist].
 *
 * Where no thread can be started for it, the work is done before this function returns;
 * @callback is called later all the same.
 *
 * Since: 1.0
 */
void
tm_temporary_directory_persist_async (TmTemporaryDirectory *self,
                                      GFile *destination,
                                      TmPersistFlags flags,
                                      int io_priority,
                                      GCancellable *cancellable,
                                      GAsyncReadyCallback callback,
                                      gpointer user_data)
{
  g_autoptr (GTask) task = NULL;
  PersistData *persist;

  g_return_if_fail (TM_IS_TEMPORARY_DIRECTORY (self));
  g_return_if_fail (G_IS_FILE (destination));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  persist = g_new0 (PersistData, 1);
  persist->destination = g_object_ref (destination);
  persist->flags = flags;

  task = tm_task_new (self, tm_temporary_directory_persist_async, io_priority, cancellable,
                      callback, user_data);
  g_task_set_task_data (task, persist, persist_data_free);
  g_signal_connect (task, "notify::completed", G_CALLBACK (persist_completed_cb), NULL);
  tm_task_start (task, persist_task_cb);
}

/**
 * tm_temporary_directory_persist_finish:
 * @self: a temporary directory
 * @result: the result that the callback was given
 * @error: return location for an error
 *
 * Takes the result of [method@TemporaryDirectory.persist_async].
 *
 * Fails as [method@TemporaryDirectory.persist] does.
 *
 * Returns: %TRUE when it is published, %FALSE with @error set
 *
 * Since: 1.0
 */
gboolean
tm_temporary_directory_persist_finish (TmTemporaryDirectory *self,
                                       GAsyncResult *result,
                                       GError **error)
{
  g_return_val_if_fail (TM_IS_TEMPORARY_DIRECTORY (self), FALSE);
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, tm_temporary_directory_persist_async),
                        FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  return tm_task_propagate_boolean (result, error);
}
