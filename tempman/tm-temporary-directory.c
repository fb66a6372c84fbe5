/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "tm-temporary-directory-private.h"

#include "core/tm-error-private.h"
#include "core/tm-file-private.h"
#include "core/tm-fork-mutex-private.h"
#include "core/tm-i18n-private.h"
#include "core/tm-log-private.h"
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
 * ## Creating
 *
 * [ctor@TemporaryDirectory.new] creates a directory with a prefix in its name and the mode `0700`.
 * `g_initable_new()` takes the other properties as well: a [property@TemporaryDirectory:suffix],
 * and the [property@TemporaryDirectory:mode] of a directory that other users will read:
 *
 * ```c
 * g_initable_new (TM_TYPE_TEMPORARY_DIRECTORY, cancellable, &error,
 *                 "parent", folder, "suffix", ".build", "mode", 0755, NULL);
 * ```
 *
 * [method@Root.create_temp_dir] creates a directory in a [class@Root], which cleans up first.
 *
 * An object that is constructed without being initialised, with `g_object_new()`, has no
 * directory: its getters return %NULL, -1 or %FALSE, and its other methods fail with
 * %G_IO_ERROR_NOT_INITIALIZED.
 *
 * ## Closing
 *
 * [method@TemporaryDirectory.close] deletes the directory and reports errors. The release of the
 * last reference deletes it as well, but cannot report errors: it writes them to the debug log.
 *
 * After an error or a cancellation, the object is still open, and can be used or closed again.
 * After it is closed, it still returns its file and its path.
 *
 * As long as the directory is open, it is locked. No program of this machine that respects BSD
 * locks deletes it: neither a cleanup of a [class@Root], unless
 * [flags@Tempman.RootFlags.EXPIRE_LIVE] is set, nor systemd-tmpfiles.
 *
 * ## Keeping and publishing
 *
 * [method@TemporaryDirectory.keep] closes the object without deleting the directory.
 * [method@TemporaryDirectory.persist] moves the directory to another name in one step, and can
 * replace the file or directory that has this name. The directory then has the mode that it was
 * created with.
 *
 * ## Threads and forks
 *
 * An object can be used from any thread. If several threads close, keep or publish a directory,
 * one of them does, and the others wait for it.
 *
 * A forked child has copies of the objects of its parent, but does not own their directories:
 * there, a close or the release of the last reference leaves the disk unchanged. With
 * [method@TemporaryDirectory.adopt], the child becomes the owner, as a daemon does after its last
 * fork.
 *
 * ## Shared file systems
 *
 * On a file system that other machines can use, such as NFS, the directory has a heartbeat besides
 * its lock: a thread of the library sets its modification time every 30 seconds, until the
 * directory is closed, kept or published. The class page of [class@Root] describes what cleanups
 * make of it. A process that stops, or whose machine sleeps, for longer than the lease of a root
 * can lose the directory to a cleanup on another machine.
 *
 * ## Remote files
 *
 * The parent can be a remote file, such as one that GVfs serves. Then the directory has no
 * descriptor, and [method@TemporaryDirectory.get_fd] returns -1. It is not locked. If its GIO
 * backend can set times, as that of SFTP can, it has a heartbeat, like a directory on a shared file
 * system. Otherwise, other processes cannot see that it is in use.
 *
 * ## Debugging
 *
 * With `TEMPMAN_DEBUG=keep` in the environment, a close and the release of the last reference keep
 * the directory, and log its path as a message. [func@delete_recursively] and the cleanup of a
 * root delete as always.
 *
 * Since: 1.0
 */

typedef enum
{
  STATE_UNINITIALIZED,
  STATE_OPEN,
  STATE_CLOSING, /* a thread closes, keeps or publishes it, and then wakes waiting threads */
  STATE_CLOSED,
} State;

/* The bits of a mode that a caller can set. The library sets the sticky bit itself. */
#define PERMISSIONS (guint) (S_IRWXU | S_IRWXG | S_IRWXO)

struct _TmTemporaryDirectory
{
  GObject parent_instance;

  GFile *parent; /* (owned): set once, when constructed */
  char *prefix;  /* (owned) (nullable): likewise */
  char *suffix;  /* (owned) (nullable): likewise */
  guint mode;    /* likewise */

  TmForkMutex lock; /* guards the fields below; released during disk access, except in init */
  State state;
  TmProcessToken closing_process; /* that of closing_thread; a forked child does not wait for a
                                   * thread of its parent */
  GThread *closing_thread;        /* (unowned): the thread that closes, keeps or publishes */
  /* (owned) (nullable): set while open or closing; closing_thread uses it without the lock */
  TmBackendDirectory *directory;
  GFile *file; /* (owned) (nullable): of a local directory, made on first use */
  char *path;  /* (owned) (nullable): set when initialised and when published, if it is local */
  /* (owned) (nullable): the file and the path before the publication; callers may still use them */
  GFile *former_file;
  char *former_path;
  GError *close_error; /* (owned) (nullable): that of the last close, for waiting threads */
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

/* Returns (transfer full): the program's name, without the directories of a path, or “tempman”. */
static char *
get_default_prefix (void)
{
  const char *program = g_get_prgname ();
  g_autofree char *name = NULL;

  if (program == NULL)
    return g_strdup ("tempman");
  if (strchr (program, G_DIR_SEPARATOR) == NULL && *program != '.')
    return g_strdup (program);

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
                    _ ("a prefix is the beginning of a name, not a path"));
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
                _ ("a suffix has no “/”, does not begin with a letter or a digit, and does "
                   "not contain the random part of a name"));
  return FALSE;
}

/* Refuses other bits, so that 755 in place of 0755 is an error, and not a wrong mode. */
static gboolean
check_mode (guint mode, GError **error)
{
  g_autofree char *text = NULL;

  if ((mode & ~PERMISSIONS) == 0)
    return TRUE;

  text = g_strdup_printf ("%#o", mode);
  tm_error_set (error, TM_ACTION_CREATE_WITH_MODE, text, G_IO_ERROR_INVALID_ARGUMENT,
                _ ("only the bits of 0777 can be set"));
  return FALSE;
}

/* @directory: (transfer full): the new directory */
static void
set_open (TmTemporaryDirectory *self, TmBackendDirectory *directory)
{
  self->directory = directory;
  if (directory->path != NULL)
    self->path = g_strdup (directory->path);
  else
    {
      self->file = g_object_ref (directory->file);
      self->path = tm_file_get_path (self->file);
    }
  self->state = STATE_OPEN;
}

/* Returns: (transfer none) (nullable): the file, unless the object was never initialised */
static GFile *
get_file_locked (TmTemporaryDirectory *self)
{
  if (self->file == NULL && self->path != NULL)
    self->file = tm_file_new_for_local_path (self->path);

  return self->file;
}

/* Called with the lock held, or before other threads can use the object. @root: (nullable): the
 * root to create the directory in, instead of its parent. @message: (out) (nullable): a message for
 * tm_log_message() after the lock is released */
static gboolean
create (TmTemporaryDirectory *self,
        TmBackendRoot *root,
        char **message,
        GCancellable *cancellable,
        GError **error)
{
  g_autofree char *prefix = check_prefix (self->prefix, error);
  TmCreation creation = {
    .prefix = prefix,
    .suffix = self->suffix != NULL ? self->suffix : "",
    .mode = self->mode,
  };
  TmBackendDirectory *directory;

  if (prefix == NULL || !check_suffix (self->suffix, error) || !check_mode (self->mode, error))
    return FALSE;

  directory = root != NULL ? tm_backend_root_create (root, &creation, cancellable, error)
                           : tm_backend_create (self->parent, &creation, cancellable, error);
  if (directory == NULL)
    return FALSE;

  set_open (self, directory);
  if (tm_log_is_shown ())
    *message = tm_log_describe_creation (self->directory);
  return TRUE;
}

static gboolean
tm_temporary_directory_init_sync (GInitable *initable, GCancellable *cancellable, GError **error)
{
  TmTemporaryDirectory *self = TM_TEMPORARY_DIRECTORY (initable);
  g_autofree char *message = NULL;
  gboolean is_initialized;

  tm_fork_mutex_lock (&self->lock);
  is_initialized =
      self->state != STATE_UNINITIALIZED || create (self, NULL, &message, cancellable, error);
  tm_fork_mutex_unlock (&self->lock);

  tm_log_message (message);
  return is_initialized;
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

/* Returns (transfer full): the directory for temporary files. */
static GFile *
get_default_parent (void)
{
  static GFile *parent = NULL; /* atomic; of an absolute path, which does not change */
  GFile *file = g_atomic_pointer_get (&parent);

  if (file != NULL)
    return g_object_ref (file);

  /* GFile makes a relative $TMPDIR absolute: later changes of the working directory do not matter.
   */
  file = g_file_new_for_path (g_get_tmp_dir ());
  if (g_path_is_absolute (g_get_tmp_dir ()) &&
      g_atomic_pointer_compare_and_exchange (&parent, NULL, file))
    g_object_ref (file);
  return file;
}

static void
tm_temporary_directory_constructed (GObject *object)
{
  TmTemporaryDirectory *self = TM_TEMPORARY_DIRECTORY (object);

  G_OBJECT_CLASS (tm_temporary_directory_parent_class)->constructed (object);

  if (self->parent == NULL)
    self->parent = get_default_parent ();
}

/* Whether TEMPMAN_DEBUG=keep makes a close keep the directory, so that a developer can examine it.
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

/* Deletes the directory or, with TEMPMAN_DEBUG=keep, keeps it. */
static gboolean
delete_or_keep (TmTemporaryDirectory *self, GCancellable *cancellable, GError **error)
{
  return keeps_for_debugging () ? tm_backend_directory_keep (self->directory, error)
                                : tm_backend_directory_delete (self->directory, cancellable, error);
}

/* Logs the result of a close. Called without the lock. @start: its start, if @is_logged */
static void
report_closed (TmTemporaryDirectory *self, gboolean is_ours, gboolean is_logged, gint64 start)
{
  g_autofree char *display_name = NULL;

  if (is_ours && keeps_for_debugging ())
    {
      display_name = tm_file_get_display_name (tm_temporary_directory_get_file (self));
      g_message ("Kept “%s”: TEMPMAN_DEBUG is set to “keep”", display_name);
    }
  else if (is_logged && is_ours)
    tm_log_closed (tm_temporary_directory_get_file (self), start);
  else if (is_logged)
    tm_log_not_ours (tm_temporary_directory_get_file (self));
}

/* Not dispose(): that can run while another reference exists. */
static void
tm_temporary_directory_finalize (GObject *object)
{
  TmTemporaryDirectory *self = TM_TEMPORARY_DIRECTORY (object);

  if (self->directory != NULL)
    {
      g_autoptr (GError) local_error = NULL;

      gboolean is_ours = tm_backend_directory_is_of_this_process (self->directory);
      /* In a forked child, GLib could wait forever for a lock that a thread of the parent held. */
      gboolean is_logged = is_ours ? tm_log_is_shown () : tm_log_was_shown ();
      gint64 start = is_logged ? g_get_monotonic_time () : 0;

      if (is_ours)
        delete_or_keep (self, NULL, &local_error);
      tm_backend_directory_release (self->directory);

      if (local_error == NULL)
        report_closed (self, is_ours, is_logged, start);
      else if (is_logged)
        tm_log_error (local_error);
    }

  g_clear_object (&self->parent);
  g_clear_object (&self->file);
  g_clear_object (&self->former_file);
  g_clear_error (&self->close_error);
  g_free (self->prefix);
  g_free (self->suffix);
  g_free (self->path);
  g_free (self->former_path);
  tm_fork_mutex_clear (&self->lock);

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
   * The directory to create the temporary directory in.
   *
   * %NULL selects `g_get_tmp_dir()`, and the property then has this value.
   *
   * Since: 1.0
   */
  properties[PROP_PARENT] =
      g_param_spec_object ("parent", NULL, NULL, G_TYPE_FILE,
                           G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);

  /**
   * TmTemporaryDirectory:prefix:
   *
   * The beginning of the name of the directory, before a dash and the random part.
   *
   * %NULL selects the name of the program, or `tempman` if it has none. With an empty prefix, the
   * name begins with the random part.
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
   * A suffix does not begin with a letter or a digit, so that the random part ends where it
   * begins: `.build` or `-tmp`. It contains no `/`, and no dash with 20 letters or digits like
   * those of a random part. With another suffix, the creation fails with
   * %G_IO_ERROR_INVALID_FILENAME. %NULL and the empty string select no suffix.
   *
   * Since: 1.0
   */
  properties[PROP_SUFFIX] =
      g_param_spec_string ("suffix", NULL, NULL, NULL,
                           G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);

  /**
   * TmTemporaryDirectory:mode:
   *
   * The permissions of the directory, such as `0755`, whatever the umask.
   *
   * The owner always has all permissions. The directory keeps this mode after
   * [method@TemporaryDirectory.keep] and [method@TemporaryDirectory.persist]; until then, the
   * sticky bit is set as well, which marks it as temporary. A program that publishes a directory
   * for other users sets `0755` here: a later change of the mode may clear the mark.
   *
   * If the group or other users may write to the directory, the sticky bit does not mark it. After
   * a crash, a cleanup deletes such a directory when it has expired, and not earlier.
   *
   * Only the bits of `0777` can be set. With other bits, as in the decimal number 755, the
   * creation fails with %G_IO_ERROR_INVALID_ARGUMENT. A file system without modes gives the
   * directory the permissions that all its files have.
   *
   * Since: 1.0
   */
  properties[PROP_MODE] =
      g_param_spec_uint ("mode", NULL, NULL, 0, G_MAXUINT, 0700,
                         G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);

  /**
   * TmTemporaryDirectory:file: (getter get_file)
   *
   * The directory or, after [method@TemporaryDirectory.persist], the destination.
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
   * A file descriptor of the directory, or -1 if it is closed or not a local file.
   *
   * Since: 1.0
   */
  properties[PROP_FD] = g_param_spec_int ("fd", NULL, NULL, -1, G_MAXINT, -1,
                                          G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  /**
   * TmTemporaryDirectory:closed: (getter is_closed)
   *
   * Whether the directory is deleted, kept or published.
   *
   * A change is notified in the thread that made it. After an asynchronous call, it is notified in
   * the main context of the caller, after its callback.
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
  tm_fork_mutex_init (&self->lock);
}

/* As g_initable_new(), which takes as long as some system calls to collect the properties. @root:
 * as of create() */
static TmTemporaryDirectory *
create_new (GFile *parent,
            TmBackendRoot *root,
            const char *prefix,
            GCancellable *cancellable,
            GError **error)
{
  g_autoptr (TmTemporaryDirectory) self = g_object_new (TM_TYPE_TEMPORARY_DIRECTORY, NULL);
  g_autofree char *message = NULL;

  if (parent != NULL)
    g_set_object (&self->parent, parent);
  self->prefix = g_strdup (prefix);
  if (!create (self, root, &message, cancellable, error))
    return NULL;

  tm_log_message (message);
  return g_steal_pointer (&self);
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
 * @prefix: (nullable) (type filename): the beginning of its name, or %NULL for the name of the
 *   program; empty for a name that begins with the random part
 * @cancellable: (nullable): a cancellable
 * @error: return location for an error
 *
 * Creates a temporary directory.
 *
 * Only its owner has access to it, whatever the umask. Its name cannot be predicted, and is never
 * used again. [class@TemporaryDirectory] shows how to set a suffix or a mode.
 *
 * The path of the directory contains no symbolic links, even if the path of @parent does. It stays
 * correct if a link in that path is changed.
 *
 * The process keeps a descriptor of `g_get_tmp_dir()` after its first directory there, so the file
 * system of that directory cannot be unmounted while the process runs. Any other @parent is closed
 * with the last directory in it.
 *
 * In a @parent that is not a local file, the directory has no lock. It gets its mode after its
 * creation, if the file system has modes.
 *
 * Fails with %G_IO_ERROR_INVALID_FILENAME if @prefix contains a directory separator, is `.` or
 * `..`, or is too long for the file system; with %G_IO_ERROR_NOT_FOUND or
 * %G_IO_ERROR_NOT_DIRECTORY if @parent is not a directory; with %G_IO_ERROR_PERMISSION_DENIED if
 * @parent is not writable, if another user could have planted a symbolic link in its path, or if
 * another process replaces each new directory; with %G_IO_ERROR_BUSY if the heartbeat of a
 * directory on a shared file system needs a thread and none can be started; with
 * %G_IO_ERROR_CANCELLED; and, if @parent is not a local file, with the errors of GIO, such as
 * %G_IO_ERROR_NOT_MOUNTED. After an error, no new directory exists.
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

  return create_new (parent, NULL, prefix, cancellable, error);
}

/* Creates a directory in a root, without resolving the path of the root again. */
TmTemporaryDirectory *
tm_temporary_directory_new_in (TmBackendRoot *parent,
                               const char *prefix,
                               GCancellable *cancellable,
                               GError **error)
{
  return create_new (parent->file, parent, prefix, cancellable, error);
}

/**
 * tm_temporary_directory_new_async:
 * @parent: (nullable): the directory to create it in, or %NULL for `g_get_tmp_dir()`
 * @prefix: (nullable) (type filename): the beginning of its name, or %NULL for the name of the
 *   program
 * @io_priority: the priority of the request, such as %G_PRIORITY_DEFAULT
 * @cancellable: (nullable): a cancellable
 * @callback: (nullable) (scope async): the callback for the result, called in the thread-default
 *   main context of the caller
 * @user_data: data for @callback
 *
 * Creates a temporary directory without blocking the caller.
 *
 * A cancellation leaves no directory behind. If it comes too late, the call succeeds.
 *
 * If no thread can be started, the work is done before this function returns, and @callback is
 * called later.
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
 * @result: the result that the callback received
 * @error: return location for an error
 *
 * Gets the result of [func@TemporaryDirectory.new_async].
 *
 * Fails like [ctor@TemporaryDirectory.new].
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

  return (gpointer) g_async_initable_new_finish (G_ASYNC_INITABLE (source), result, error);
}

/**
 * tm_temporary_directory_get_file: (get-property file)
 * @self: a temporary directory
 *
 * Gets the directory or, after [method@TemporaryDirectory.persist], the destination.
 *
 * Returns: (transfer none) (nullable): the directory, even after it is closed; %NULL only if @self
 *   was never initialised
 *
 * Since: 1.0
 */
GFile *
tm_temporary_directory_get_file (TmTemporaryDirectory *self)
{
  g_autoptr (TmForkMutexLocker) G_GNUC_UNUSED locker = NULL;

  g_return_val_if_fail (TM_IS_TEMPORARY_DIRECTORY (self), NULL);

  locker = tm_fork_mutex_locker_new (&self->lock);
  return get_file_locked (self);
}

/**
 * tm_temporary_directory_get_path: (get-property path)
 * @self: a temporary directory
 *
 * Gets the absolute path of the directory, in the file name encoding.
 *
 * The string is valid as long as @self. After [method@TemporaryDirectory.persist], an earlier
 * string no longer names the directory.
 *
 * Returns: (transfer none) (nullable) (type filename): the path, even after it is closed; %NULL if
 *   @self was never initialised, or if the directory is not a local file
 *
 * Since: 1.0
 */
const char *
tm_temporary_directory_get_path (TmTemporaryDirectory *self)
{
  g_autoptr (TmForkMutexLocker) G_GNUC_UNUSED locker = NULL;

  g_return_val_if_fail (TM_IS_TEMPORARY_DIRECTORY (self), NULL);

  locker = tm_fork_mutex_locker_new (&self->lock);
  return self->path;
}

/**
 * tm_temporary_directory_get_fd: (get-property fd)
 * @self: a temporary directory
 *
 * Gets a file descriptor of the directory, for functions such as `openat()`.
 *
 * It belongs to @self, which closes it when the directory is closed. It holds the lock of the
 * directory: a child process that inherits it keeps the directory in use, and no process may
 * unlock it.
 *
 * Returns: the descriptor, or -1 if @self is closed or was never initialised, or if the directory
 *   is not a local file
 *
 * Since: 1.0
 */
int
tm_temporary_directory_get_fd (TmTemporaryDirectory *self)
{
  g_autoptr (TmForkMutexLocker) G_GNUC_UNUSED locker = NULL;

  g_return_val_if_fail (TM_IS_TEMPORARY_DIRECTORY (self), -1);

  locker = tm_fork_mutex_locker_new (&self->lock);
  return self->directory != NULL ? tm_backend_directory_get_fd (self->directory) : -1;
}

/**
 * tm_temporary_directory_get_child:
 * @self: a temporary directory
 * @name: (type filename): the name of a file in it; not an absolute path
 *
 * Gets a file in the directory, which does not have to exist.
 *
 * See also `g_file_get_child()`.
 *
 * Returns: (transfer full) (nullable): the file; %NULL only if @self was never initialised
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
 * Returns whether the directory is deleted, kept or published.
 *
 * Returns: %TRUE if it is closed
 *
 * Since: 1.0
 */
gboolean
tm_temporary_directory_is_closed (TmTemporaryDirectory *self)
{
  g_autoptr (TmForkMutexLocker) G_GNUC_UNUSED locker = NULL;

  g_return_val_if_fail (TM_IS_TEMPORARY_DIRECTORY (self), FALSE);

  locker = tm_fork_mutex_locker_new (&self->lock);
  return self->state == STATE_CLOSED;
}

/* Reserves the directory for the calling thread. */
static void
set_closing_locked (TmTemporaryDirectory *self)
{
  self->closing_process = tm_process_get_token ();
  self->closing_thread = g_thread_self ();
  self->state = STATE_CLOSING;
}

/* Releases the lock meanwhile: the close() of the descriptor may wait for the disk. */
static void
set_closed_locked (TmTemporaryDirectory *self)
{
  TmBackendDirectory *directory = g_steal_pointer (&self->directory);

  g_assert (self->state == STATE_OPEN || self->state == STATE_CLOSING);

  if (directory != NULL)
    {
      /* Other threads wait until the descriptor is closed. */
      set_closing_locked (self);
      tm_fork_mutex_unlock (&self->lock);
      tm_backend_directory_release (directory);
      tm_fork_mutex_lock (&self->lock);
    }

  self->state = STATE_CLOSED;
  tm_fork_mutex_wake_all (&self->lock);
}

/* Runs in the thread that cancels, without the lock. */
static void
wake_waiting_cb (GCancellable *cancellable, TmTemporaryDirectory *self)
{
  tm_fork_mutex_lock (&self->lock);
  tm_fork_mutex_wake_all (&self->lock);
  tm_fork_mutex_unlock (&self->lock);
}

/*
 * wake_when_cancelled:
 * @self: a temporary directory
 * @cancellable: (nullable): a cancellable that ends a wait for another thread
 *
 * Called without the lock, like g_cancellable_disconnect() for the handler.
 *
 * Returns: the handler, or 0 without @cancellable
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
                       _ ("The temporary directory was never initialized"));
  return FALSE;
}

static gboolean
fail_closed (TmTemporaryDirectory *self, TmAction action, GError **error)
{
  tm_error_set_for_file (error, action, get_file_locked (self), G_IO_ERROR_CLOSED,
                         _ ("it is closed"));
  return FALSE;
}

/* Whether a thread of this process closes, keeps or publishes the directory. If a thread of the
 * parent did so at the fork, it does not exist in this process, and must not be waited for. */
static gboolean
is_being_closed_locked (TmTemporaryDirectory *self)
{
  return self->state == STATE_CLOSING && self->closing_process == tm_process_get_token ();
}

/* Waits until no other thread closes, keeps or publishes the directory; releases the lock
 * meanwhile. Returns FALSE with an error if it is cancelled, or if it would wait for itself. */
static gboolean
wait_locked (TmTemporaryDirectory *self, TmAction action, GCancellable *cancellable, GError **error)
{
  while (is_being_closed_locked (self))
    {
      /* A log handler may call this from a message of the deletion. */
      if (self->closing_thread == g_thread_self ())
        {
          tm_error_set_for_file (error, action, get_file_locked (self), G_IO_ERROR_PENDING,
                                 _ ("this thread is already closing it"));
          return FALSE;
        }
      if (g_cancellable_set_error_if_cancelled (cancellable, error))
        return FALSE;
      tm_fork_mutex_wait (&self->lock);
    }

  return TRUE;
}

/* Waits for the thread that closes, keeps or publishes the directory. Returns FALSE with an error
 * if the caller has to return it: that of a failed wait, or that of the other thread. */
static gboolean
wait_for_close_locked (TmTemporaryDirectory *self, GCancellable *cancellable, GError **error)
{
  if (!wait_locked (self, TM_ACTION_DELETE, cancellable, error))
    return FALSE;

  /* If the other thread was cancelled, this one continues the deletion. */
  if (self->state == STATE_OPEN && self->close_error != NULL &&
      !g_error_matches (self->close_error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    {
      if (error != NULL)
        *error = g_error_copy (self->close_error);
      return FALSE;
    }

  return TRUE;
}

/* Whether this process owns the directory of an object that is not closed. If a thread of the
 * parent was closing it at the fork, the copy of the child may have no directory. */
static gboolean
is_ours_locked (TmTemporaryDirectory *self)
{
  return self->directory != NULL && tm_backend_directory_is_of_this_process (self->directory);
}

/* @closed_now: (out): whether this call closed the object, and the caller has to notify this */
static gboolean
close_once (TmTemporaryDirectory *self,
            GCancellable *cancellable,
            gboolean *closed_now,
            GError **error)
{
  g_autoptr (TmForkMutexLocker) G_GNUC_UNUSED locker = tm_fork_mutex_locker_new (&self->lock);
  GError *local_error = NULL;
  gboolean is_logged;
  gint64 start;

  *closed_now = FALSE;

  if (is_being_closed_locked (self) && !wait_for_close_locked (self, cancellable, error))
    return FALSE;

  if (self->state == STATE_UNINITIALIZED)
    return fail_not_initialized (error);

  if (self->state == STATE_CLOSED)
    return TRUE;

  if (!is_ours_locked (self))
    {
      set_closed_locked (self);
      *closed_now = TRUE;
      tm_fork_mutex_unlock (&self->lock);
      /* A forked child does not call GLib: see tm_temporary_directory_finalize(). */
      report_closed (self, FALSE, tm_log_was_shown (), 0);
      tm_fork_mutex_lock (&self->lock);
      return TRUE;
    }

  set_closing_locked (self);
  g_clear_error (&self->close_error);
  tm_fork_mutex_unlock (&self->lock);

  is_logged = tm_log_is_shown ();
  start = is_logged ? g_get_monotonic_time () : 0;
  /* Only the thread that set the state to closing uses the directory now. */
  delete_or_keep (self, cancellable, &local_error);

  tm_fork_mutex_lock (&self->lock);
  if (local_error != NULL)
    {
      self->close_error = g_error_copy (local_error);
      self->state = STATE_OPEN;
      tm_fork_mutex_wake_all (&self->lock);
      g_propagate_error (error, local_error);
      return FALSE;
    }

  set_closed_locked (self);
  *closed_now = TRUE;
  tm_fork_mutex_unlock (&self->lock);
  report_closed (self, TRUE, is_logged, start);
  tm_fork_mutex_lock (&self->lock);
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
 * @cancellable: (nullable): a cancellable
 * @error: return location for an error
 *
 * Deletes the directory with everything in it.
 *
 * Symbolic links are deleted and not followed, and mounted file systems are not touched. Only the
 * directory that was created is ever deleted: if another process has removed or renamed it, the
 * call succeeds.
 *
 * A second call succeeds and does nothing. If several threads close the directory, one of them
 * deletes it, and all get its result. In a forked child that has not called
 * [method@TemporaryDirectory.adopt], the call closes the descriptor, deletes nothing, and
 * succeeds.
 *
 * An error does not stop the deletion: the call deletes all it can, and returns the first error,
 * with its path. It fails with %G_IO_ERROR_PERMISSION_DENIED; with %G_IO_ERROR_BUSY if a file
 * system is mounted in the directory, or if other processes keep adding files; with
 * %G_IO_ERROR_NOT_FOUND if another file has its name; with %G_IO_ERROR_CANCELLED; and with
 * %G_IO_ERROR_NOT_INITIALIZED. After an error the directory is still open, and can be closed
 * again.
 *
 * Returns: %TRUE if it is closed, %FALSE with @error set
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
    g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_CLOSED]);

  return closed;
}

static void
close_task_cb (TmTaskResult *result, gpointer source, gpointer task_data, GCancellable *cancellable)
{
  gboolean *closed_now = task_data;

  result->number = close_cancellably (source, cancellable, closed_now, &result->error);
}

/* Runs in the main context of the caller, after its callback. */
static void
close_completed_cb (GTask *task, GParamSpec *pspec, gpointer user_data)
{
  const gboolean *closed_now = g_task_get_task_data (task);

  if (*closed_now)
    g_object_notify_by_pspec (g_task_get_source_object (task), properties[PROP_CLOSED]);
}

/**
 * tm_temporary_directory_close_async:
 * @self: a temporary directory
 * @io_priority: the priority of the request, such as %G_PRIORITY_DEFAULT
 * @cancellable: (nullable): a cancellable
 * @callback: (nullable) (scope async): the callback for the result, called in the thread-default
 *   main context of the caller
 * @user_data: data for @callback
 *
 * Deletes the directory with everything in it, without blocking the caller.
 *
 * See [method@TemporaryDirectory.close].
 *
 * If no thread can be started, the work is done before this function returns, and @callback is
 * called later.
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
 * @result: the result that the callback received
 * @error: return location for an error
 *
 * Gets the result of [method@TemporaryDirectory.close_async].
 *
 * Fails like [method@TemporaryDirectory.close].
 *
 * Returns: %TRUE if it is closed, %FALSE with @error set
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

/* Returns FALSE with an error unless this process owns the directory. @action: the action that
 * fails then */
static gboolean
check_ours_locked (TmTemporaryDirectory *self, TmAction action, GError **error)
{
  if (self->state == STATE_UNINITIALIZED)
    return fail_not_initialized (error);

  if (self->state == STATE_CLOSED)
    return fail_closed (self, action, error);

  if (!is_ours_locked (self))
    {
      tm_error_set_for_file (error, action, get_file_locked (self), G_IO_ERROR_NOT_SUPPORTED,
                             _ ("it belongs to the parent process and was not adopted"));
      return FALSE;
    }

  return TRUE;
}

/**
 * tm_temporary_directory_adopt:
 * @self: a temporary directory
 * @error: return location for an error
 *
 * Makes this process the owner of a directory that it inherited from its parent.
 *
 * A forked child has copies of the objects of its parent, but does not own their directories.
 * After this call, [method@TemporaryDirectory.close], [method@TemporaryDirectory.keep],
 * [method@TemporaryDirectory.persist] and the release of the last reference have the same effect
 * in the child as in the process that created the directory. A daemon calls it after its last
 * fork.
 *
 * Afterwards, the parent must neither close the object nor release its last reference, because its
 * copy does not know the new owner: it ends with `_exit()`, or keeps the object until it ends.
 * Both processes hold the lock through the inherited descriptor: the directory is live as long as
 * one of them runs.
 *
 * In the process that owns the directory, the call succeeds and changes nothing.
 *
 * Fails with %G_IO_ERROR_CLOSED if the object is closed; with %G_IO_ERROR_BUSY if another thread
 * of the parent was closing, keeping or publishing it at the moment of the fork; with
 * %G_IO_ERROR_BUSY if the heartbeat of a directory on a shared file system needs a thread and none
 * can be started; and with %G_IO_ERROR_NOT_INITIALIZED.
 *
 * Returns: %TRUE if this process owns the directory, %FALSE with @error set
 *
 * Since: 1.0
 */
gboolean
tm_temporary_directory_adopt (TmTemporaryDirectory *self, GError **error)
{
  g_autoptr (TmForkMutexLocker) G_GNUC_UNUSED locker = NULL;

  g_return_val_if_fail (TM_IS_TEMPORARY_DIRECTORY (self), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  locker = tm_fork_mutex_locker_new (&self->lock);

  switch (self->state)
    {
    case STATE_OPEN:
      if (is_ours_locked (self))
        return TRUE;

      g_clear_error (&self->close_error);
      return tm_backend_directory_adopt (self->directory, error);

    case STATE_CLOSING:
      /* Another thread of this process closes it: this process is its owner. */
      if (is_being_closed_locked (self))
        return TRUE;

      tm_error_set_for_file (error, TM_ACTION_ADOPT, get_file_locked (self), G_IO_ERROR_BUSY,
                             _ ("the parent process was closing it"));
      return FALSE;

    case STATE_CLOSED:
      return fail_closed (self, TM_ACTION_ADOPT, error);

    case STATE_UNINITIALIZED:
    default:
      return fail_not_initialized (error);
    }
}

/* Waits for other threads, and reserves the directory for this one until end_using(). */
static gboolean
begin_using (TmTemporaryDirectory *self, TmAction action, GCancellable *cancellable, GError **error)
{
  g_autoptr (TmForkMutexLocker) G_GNUC_UNUSED locker = tm_fork_mutex_locker_new (&self->lock);

  if (!wait_locked (self, action, cancellable, error) || !check_ours_locked (self, action, error))
    return FALSE;

  set_closing_locked (self);
  g_clear_error (&self->close_error);
  return TRUE;
}

static void
end_using (TmTemporaryDirectory *self, gboolean is_closed)
{
  tm_fork_mutex_lock (&self->lock);
  if (is_closed)
    set_closed_locked (self);
  else
    {
      self->state = STATE_OPEN;
      tm_fork_mutex_wake_all (&self->lock);
    }
  tm_fork_mutex_unlock (&self->lock);
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
  if (is_kept && tm_log_is_shown ())
    tm_log_kept (tm_temporary_directory_get_file (self));
  return is_kept;
}

/**
 * tm_temporary_directory_keep:
 * @self: a temporary directory
 * @cancellable: (nullable): a cancellable
 * @error: return location for an error
 *
 * Closes the object without deleting the directory.
 *
 * From then on, the directory has no owner: a cleanup of its [class@Root] deletes it when it has
 * expired, and not earlier.
 *
 * The sticky bit, which marks the directory as temporary, is cleared, even if the program has
 * changed the mode; the other bits do not change. A program that wants this bit on the directory
 * sets it afterwards. If the library has not set the bit, as on a file system without modes, the
 * mode is not changed.
 *
 * Waits for another thread that closes, keeps or publishes the directory. Fails with
 * %G_IO_ERROR_CLOSED if the object is closed; with %G_IO_ERROR_NOT_SUPPORTED in a forked child
 * that has not called [method@TemporaryDirectory.adopt]; with %G_IO_ERROR_PERMISSION_DENIED, or
 * another error of the file system, if the sticky bit cannot be cleared; with
 * %G_IO_ERROR_CANCELLED; and with %G_IO_ERROR_NOT_INITIALIZED. After an error, the object is
 * unchanged.
 *
 * Returns: %TRUE if it is kept, %FALSE with @error set
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
 * @callback: (nullable) (scope async): the callback for the result, called in the thread-default
 *   main context of the caller
 * @user_data: data for @callback
 *
 * Closes the object without deleting the directory, and without blocking the caller.
 *
 * See [method@TemporaryDirectory.keep].
 *
 * If no thread can be started, the work is done before this function returns, and @callback is
 * called later.
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
 * @result: the result that the callback received
 * @error: return location for an error
 *
 * Gets the result of [method@TemporaryDirectory.keep_async].
 *
 * Fails like [method@TemporaryDirectory.keep].
 *
 * Returns: %TRUE if it is kept, %FALSE with @error set
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

/* Sets the new file and path, and releases the descriptor and with it the lock of the directory. */
static void
set_published (TmTemporaryDirectory *self, GFile *destination)
{
  TmBackendDirectory *directory;

  tm_fork_mutex_lock (&self->lock);
  self->former_file = g_steal_pointer (&self->file);
  self->former_path = self->path;
  self->file = g_object_ref (destination);
  self->path = tm_file_get_path (destination);
  directory = g_steal_pointer (&self->directory);
  tm_fork_mutex_unlock (&self->lock);

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
  gboolean has_replaced;
  g_autoptr (GFile) former_file = NULL;
  g_autoptr (GError) local_error = NULL;

  if (!begin_using (self, TM_ACTION_PUBLISH, cancellable, error))
    return FALSE;

  /* Only the thread that set the state to closing uses the directory and changes the path. */
  if (g_cancellable_set_error_if_cancelled (cancellable, error) ||
      !tm_backend_directory_publish (self->directory, destination,
                                     (flags & TM_PERSIST_FLAGS_REPLACE) != 0, &replaced, error))
    {
      end_using (self, FALSE);
      return FALSE;
    }

  backend = self->directory->backend;
  former_file = g_object_ref (tm_temporary_directory_get_file (self));
  /* The directory is published, even if the deletion of the replaced one fails. */
  set_published (self, destination);
  has_replaced = replaced != NULL;
  if (has_replaced)
    tm_backend_delete_replaced (backend, replaced, &local_error);

  end_using (self, TRUE);
  if (tm_log_is_shown ())
    {
      tm_log_published (former_file, destination, has_replaced);
      if (local_error != NULL)
        tm_log_error (local_error);
    }
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
 * @flags: whether to replace a file or directory that has this name
 * @cancellable: (nullable): a cancellable
 * @error: return location for an error
 *
 * Publishes the directory under another name, and closes the object.
 *
 * The directory gets its new name in one step: at no moment is the destination missing or
 * incomplete. The directory then has no owner. It keeps its mode, without the sticky bit, which
 * marked it as temporary. [method@TemporaryDirectory.get_file] and
 * [method@TemporaryDirectory.get_path] return its new name. The library does not flush data to the
 * disk: a program that needs its data after a power failure calls `fsync()` on its files before,
 * and on the parent of the destination afterwards.
 *
 * With [flags@Tempman.PersistFlags.REPLACE], the directory replaces the file, link or directory
 * that has the new name, and this is deleted, a directory with everything in it. A link is not
 * followed. A directory with a BSD lock is not deleted: a program that continues to read the
 * former version holds a shared lock on it. An error of this deletion does not make the call fail,
 * because the directory is already published. The former version then has the former name of
 * @self, and counts as abandoned when its lock is released.
 *
 * Some file systems can neither exchange two names nor check in the same step that the new name is
 * free: NFS, 9p, many FUSE file systems such as sshfs and ntfs-3g, and older versions of ZFS.
 * There, the library checks that the name is free, and then renames. If another process creates an
 * empty directory with this name in between, it may be replaced; nothing else is. With
 * [flags@Tempman.PersistFlags.REPLACE], replacing fails there with %G_IO_ERROR_NOT_SUPPORTED. The
 * same holds for a directory of a lower layer of an overlay, unless the overlay is mounted with
 * `redirect_dir=on`.
 *
 * If @destination is not a local file, its back end moves the directory, and never copies it. The
 * back end determines whether this is one step, and whether it detects a file that appears at the
 * destination at the same moment. It never replaces: with [flags@Tempman.PersistFlags.REPLACE], an
 * existing destination is %G_IO_ERROR_NOT_SUPPORTED.
 *
 * Fails with %G_IO_ERROR_EXISTS if a file, even a dangling link, has the new name and is not to be
 * replaced; with %G_IO_ERROR_NOT_SUPPORTED if @destination is on another file system or mount, if
 * the file system cannot do it in one step, and in a forked child that has not called
 * [method@TemporaryDirectory.adopt]; with %G_IO_ERROR_INVALID_ARGUMENT if @destination is in the
 * directory itself, or the directory in the one that it would replace; with %G_IO_ERROR_NOT_FOUND
 * if the parent of @destination is missing, or if the directory was moved or removed; with
 * %G_IO_ERROR_NOT_DIRECTORY; with %G_IO_ERROR_BUSY if @destination is a mount point; with
 * %G_IO_ERROR_PERMISSION_DENIED, also if another user could have planted a link in the path of
 * @destination; with %G_IO_ERROR_CLOSED; with %G_IO_ERROR_CANCELLED; and with
 * %G_IO_ERROR_NOT_INITIALIZED. After an error, nothing has changed, and @self is open. A
 * cancellation after the directory is published has no effect.
 *
 * If several threads close, keep or publish a directory, one of them does.
 *
 * Returns: %TRUE if it is published, %FALSE with @error set
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

/* Runs in the main context of the caller, after its callback. */
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
 * @flags: whether to replace a file or directory that has this name
 * @io_priority: the priority of the request, such as %G_PRIORITY_DEFAULT
 * @cancellable: (nullable): a cancellable
 * @callback: (nullable) (scope async): the callback for the result, called in the thread-default
 *   main context of the caller
 * @user_data: data for @callback
 *
 * Publishes the directory under another name, without blocking the caller.
 *
 * See [method@TemporaryDirectory.persist].
 *
 * If no thread can be started, the work is done before this function returns, and @callback is
 * called later.
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
 * @result: the result that the callback received
 * @error: return location for an error
 *
 * Gets the result of [method@TemporaryDirectory.persist_async].
 *
 * Fails like [method@TemporaryDirectory.persist].
 *
 * Returns: %TRUE if it is published, %FALSE with @error set
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
