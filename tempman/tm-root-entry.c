/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "tm-root-entry-private.h"

#include "core/tm-file-private.h"

#include <math.h>

/**
 * TmRootEntry:
 *
 * An entry of a [class@Root], with the decision of a cleanup about it.
 *
 * An entry is a sub-directory, or a file or link if the root has
 * [flags@Tempman.RootFlags.INCLUDE_FILES].
 *
 * ```c
 * g_autoptr (GListModel) entries =
 *   tm_root_list_entries (root, TM_LIST_FLAGS_NONE, NULL, &error);
 *
 * for (guint i = 0; entries != NULL && i < g_list_model_get_n_items (entries); i++)
 *   {
 *     g_autoptr (TmRootEntry) entry = g_list_model_get_item (entries, i);
 *
 *     if (tm_root_entry_get_removable (entry))
 *       g_print ("%s\n", tm_root_entry_get_name (entry));
 *   }
 * ```
 *
 * ## Lists and cleanups
 *
 * [method@Root.list_entries] returns a list of entries, which shows the decisions that a cleanup
 * would have made at that moment. The signals [signal@Root::entry-removed] and
 * [signal@Root::entry-failed] of a cleanup have an entry as an argument, which shows the state
 * before the deletion.
 *
 * ## Lifetime and threads
 *
 * An entry never changes, and can be used from any thread. It does not prevent other processes from
 * using or deleting the file or directory.
 *
 * Since: 1.0
 */

/* The range of a GDateTime: the years 1 to 9999. */
#define MIN_UNIX_SECONDS G_GINT64_CONSTANT (-62135596800)
#define MAX_UNIX_SECONDS G_GINT64_CONSTANT (253402300799)

#define NO_HEARTBEAT (-1.0)

struct _TmRootEntry
{
  GObject parent_instance;

  /* All set once, by tm_root_entry_new(). */
  GFile *file;          /* (owned) (nullable) */
  char *path;           /* (owned) (nullable) */
  GDateTime *last_used; /* (owned) (nullable) */
  GFileInfo *info;      /* (owned) (nullable) */
  TmRootEntryState state;
  TmRemovalReason reason;
  double heartbeat_age; /* in seconds; negative without a heartbeat */
  guint64 size;         /* in bytes allocated; 0 if it was not measured */
};

typedef enum
{
  PROP_FILE = 1,
  PROP_NAME,
  PROP_PATH,
  PROP_LAST_USED,
  PROP_STATE,
  PROP_REMOVABLE,
  PROP_REASON,
  PROP_INFO,
  PROP_HEARTBEAT_AGE,
  PROP_SIZE,
} TmRootEntryProperty;

static GParamSpec *properties[PROP_SIZE + 1];

G_DEFINE_FINAL_TYPE (TmRootEntry, tm_root_entry, G_TYPE_OBJECT)

static void
tm_root_entry_get_property (GObject *object, guint property_id, GValue *value, GParamSpec *pspec)
{
  TmRootEntry *self = TM_ROOT_ENTRY (object);

  switch ((TmRootEntryProperty) property_id)
    {
    case PROP_FILE:
      g_value_set_object (value, self->file);
      break;
    case PROP_NAME:
      g_value_set_string (value, tm_root_entry_get_name (self));
      break;
    case PROP_PATH:
      g_value_set_string (value, self->path);
      break;
    case PROP_LAST_USED:
      g_value_set_boxed (value, self->last_used);
      break;
    case PROP_STATE:
      g_value_set_enum (value, self->state);
      break;
    case PROP_REMOVABLE:
      g_value_set_boolean (value, tm_root_entry_get_removable (self));
      break;
    case PROP_REASON:
      g_value_set_enum (value, self->reason);
      break;
    case PROP_INFO:
      g_value_set_object (value, self->info);
      break;
    case PROP_HEARTBEAT_AGE:
      g_value_set_double (value, self->heartbeat_age);
      break;
    case PROP_SIZE:
      g_value_set_uint64 (value, self->size);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
      break;
    }
}

static void
tm_root_entry_finalize (GObject *object)
{
  TmRootEntry *self = TM_ROOT_ENTRY (object);

  g_clear_object (&self->file);
  g_clear_pointer (&self->path, g_free);
  g_clear_pointer (&self->last_used, g_date_time_unref);
  g_clear_object (&self->info);

  G_OBJECT_CLASS (tm_root_entry_parent_class)->finalize (object);
}

static void
tm_root_entry_class_init (TmRootEntryClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->finalize = tm_root_entry_finalize;
  object_class->get_property = tm_root_entry_get_property;

  /**
   * TmRootEntry:file: (getter get_file)
   *
   * The file or directory.
   *
   * Since: 1.0
   */
  properties[PROP_FILE] = g_param_spec_object ("file", NULL, NULL, G_TYPE_FILE,
                                               G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  /**
   * TmRootEntry:name: (getter get_name)
   *
   * The name of the entry.
   *
   * Since: 1.0
   */
  properties[PROP_NAME] =
      g_param_spec_string ("name", NULL, NULL, NULL, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  /**
   * TmRootEntry:path: (getter get_path)
   *
   * The absolute path of the entry, if it is a local file.
   *
   * Since: 1.0
   */
  properties[PROP_PATH] =
      g_param_spec_string ("path", NULL, NULL, NULL, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  /**
   * TmRootEntry:last-used: (getter get_last_used)
   *
   * The time of the last use, according to the age basis of the root.
   *
   * Since: 1.0
   */
  properties[PROP_LAST_USED] = g_param_spec_boxed ("last-used", NULL, NULL, G_TYPE_DATE_TIME,
                                                   G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  /**
   * TmRootEntry:state: (getter get_state)
   *
   * The state of the entry: live, abandoned or unowned.
   *
   * Since: 1.0
   */
  properties[PROP_STATE] =
      g_param_spec_enum ("state", NULL, NULL, TM_TYPE_ROOT_ENTRY_STATE, TM_ROOT_ENTRY_STATE_LIVE,
                         G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  /**
   * TmRootEntry:removable: (getter get_removable)
   *
   * Whether a cleanup would delete the entry.
   *
   * Since: 1.0
   */
  properties[PROP_REMOVABLE] = g_param_spec_boolean ("removable", NULL, NULL, FALSE,
                                                     G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  /**
   * TmRootEntry:reason: (getter get_reason)
   *
   * The reason for which a cleanup would delete the entry.
   *
   * Since: 1.0
   */
  properties[PROP_REASON] =
      g_param_spec_enum ("reason", NULL, NULL, TM_TYPE_REMOVAL_REASON, TM_REMOVAL_REASON_NONE,
                         G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  /**
   * TmRootEntry:info: (getter get_info)
   *
   * The name, type and times of the entry.
   *
   * Since: 1.0
   */
  properties[PROP_INFO] = g_param_spec_object ("info", NULL, NULL, G_TYPE_FILE_INFO,
                                               G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  /**
   * TmRootEntry:heartbeat-age: (getter get_heartbeat_age)
   *
   * The time since the last heartbeat of its owner, in seconds, or -1.
   *
   * Since: 1.0
   */
  properties[PROP_HEARTBEAT_AGE] =
      g_param_spec_double ("heartbeat-age", NULL, NULL, NO_HEARTBEAT, INFINITY, NO_HEARTBEAT,
                           G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  /**
   * TmRootEntry:size: (getter get_size)
   *
   * The disk space of the entry and of everything in it, in bytes, if it was measured.
   *
   * Since: 1.0
   */
  properties[PROP_SIZE] = g_param_spec_uint64 ("size", NULL, NULL, 0, G_MAXUINT64, 0,
                                               G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  g_object_class_install_properties (object_class, G_N_ELEMENTS (properties), properties);
}

static void
tm_root_entry_init (TmRootEntry *self)
{
  self->heartbeat_age = NO_HEARTBEAT;
}

static GDateTime *
date_time_new (TmTimestamp time)
{
  g_autoptr (GDateTime) seconds = NULL;

  if (time.seconds < MIN_UNIX_SECONDS)
    return g_date_time_new_from_unix_utc (MIN_UNIX_SECONDS);
  if (time.seconds > MAX_UNIX_SECONDS)
    return g_date_time_new_from_unix_utc (MAX_UNIX_SECONDS);

  seconds = g_date_time_new_from_unix_utc (time.seconds);
  return g_date_time_add (seconds, time.nanoseconds / 1000);
}

/* Stores a time as GIO does for local files: one before 1970 becomes a large unsigned number. */
static void
set_time (GFileInfo *info,
          const char *attribute,
          const char *usec_attribute,
          const char *nsec_attribute,
          TmTimestamp time)
{
  g_file_info_set_attribute_uint64 (info, attribute, (guint64) time.seconds);
  g_file_info_set_attribute_uint32 (info, usec_attribute, time.nanoseconds / 1000);
  g_file_info_set_attribute_uint32 (info, nsec_attribute, time.nanoseconds);
}

static GFileInfo *
file_info_new (const char *name, const TmVerdict *verdict)
{
  g_autofree char *display_name = g_filename_display_name (name);
  GFileInfo *info = g_file_info_new ();

  g_file_info_set_name (info, name);
  g_file_info_set_display_name (info, display_name);
  /* Only where files are entries as well is the type of an entry looked at. */
  g_file_info_set_file_type (info, verdict->type != G_FILE_TYPE_UNKNOWN ? verdict->type
                                                                        : G_FILE_TYPE_DIRECTORY);

  if ((verdict->times.mask & TM_TIMES_MODIFIED) != 0)
    set_time (info, G_FILE_ATTRIBUTE_TIME_MODIFIED, G_FILE_ATTRIBUTE_TIME_MODIFIED_USEC,
              G_FILE_ATTRIBUTE_TIME_MODIFIED_NSEC, verdict->times.modified);
  if ((verdict->times.mask & TM_TIMES_ACCESSED) != 0)
    set_time (info, G_FILE_ATTRIBUTE_TIME_ACCESS, G_FILE_ATTRIBUTE_TIME_ACCESS_USEC,
              G_FILE_ATTRIBUTE_TIME_ACCESS_NSEC, verdict->times.accessed);
  return info;
}

/*
 * tm_root_entry_new:
 * @root: the directory of the root
 * @name: the name of an entry of it
 * @verdict: the decision of a cleanup about it
 *
 * Returns: (transfer full): a new entry
 */
TmRootEntry *
tm_root_entry_new (GFile *root, const char *name, const TmVerdict *verdict)
{
  TmRootEntry *self = g_object_new (TM_TYPE_ROOT_ENTRY, NULL);

  self->file = g_file_get_child (root, name);
  self->path = tm_file_get_path (self->file);
  self->last_used = date_time_new (verdict->last_used);
  self->info = file_info_new (name, verdict);
  self->state = verdict->state;
  self->reason = verdict->reason;
  self->heartbeat_age = verdict->heartbeat_age;
  self->size = (guint64) MAX (verdict->size, 0);
  return self;
}

/**
 * tm_root_entry_get_file: (get-property file)
 * @self: an entry of a root
 *
 * Gets the file or directory.
 *
 * Returns: (transfer none) (nullable): the file; %NULL only for an object that was created
 *   with `g_object_new()`
 *
 * Since: 1.0
 */
GFile *
tm_root_entry_get_file (TmRootEntry *self)
{
  g_return_val_if_fail (TM_IS_ROOT_ENTRY (self), NULL);

  return self->file;
}

/**
 * tm_root_entry_get_name: (get-property name)
 * @self: an entry of a root
 *
 * Gets the name of the entry.
 *
 * Returns: (transfer none) (nullable) (type filename): the name, in the encoding of the file
 *   system; %NULL only for an object that was created with `g_object_new()`
 *
 * Since: 1.0
 */
const char *
tm_root_entry_get_name (TmRootEntry *self)
{
  g_return_val_if_fail (TM_IS_ROOT_ENTRY (self), NULL);

  return self->info != NULL ? g_file_info_get_name (self->info) : NULL;
}

/**
 * tm_root_entry_get_path: (get-property path)
 * @self: an entry of a root
 *
 * Gets the absolute path of the entry.
 *
 * Returns: (transfer none) (nullable) (type filename): the path, or %NULL if the root is not a
 * local file
 *
 * Since: 1.0
 */
const char *
tm_root_entry_get_path (TmRootEntry *self)
{
  g_return_val_if_fail (TM_IS_ROOT_ENTRY (self), NULL);

  return self->path;
}

/**
 * tm_root_entry_get_last_used: (get-property last-used)
 * @self: an entry of a root
 *
 * Gets the time of the last use, according to the age basis of the root.
 *
 * See [method@Root.get_age_basis]. An entry whose times are unknown counts as just used, see
 * [method@RootEntry.get_info]. For an entry that a cleanup deleted as abandoned, the time is that
 * of the entry itself, without its content.
 *
 * The time has a resolution of a microsecond, and is in UTC. A file system can store times before
 * the year 1 or after the year 9999, which a `GDateTime` cannot represent. The first or the last
 * second of this range is returned instead.
 *
 * Returns: (transfer none) (nullable): the time; %NULL only for an object that was created with
 *   `g_object_new()`
 *
 * Since: 1.0
 */
GDateTime *
tm_root_entry_get_last_used (TmRootEntry *self)
{
  g_return_val_if_fail (TM_IS_ROOT_ENTRY (self), NULL);

  return self->last_used;
}

/**
 * tm_root_entry_get_state: (get-property state)
 * @self: an entry of a root
 *
 * Gets the state of the entry: live, abandoned or unowned.
 *
 * An entry whose state is unknown is [enum@Tempman.RootEntryState.LIVE]: a mount point, a directory
 * of another user that this process may not open, and an entry that cannot be examined at all.
 *
 * If a directory belongs to this user, but its mode denies the user access, a list cannot try the
 * lock, because it does not change the mode. It looks for the lock in `/proc/locks`, which does not
 * show processes in other PID namespaces. A cleanup changes the mode, tries the lock, and restores
 * the mode if it keeps the directory.
 *
 * Returns: the state
 *
 * Since: 1.0
 */
TmRootEntryState
tm_root_entry_get_state (TmRootEntry *self)
{
  g_return_val_if_fail (TM_IS_ROOT_ENTRY (self), TM_ROOT_ENTRY_STATE_LIVE);

  return self->state;
}

/**
 * tm_root_entry_get_removable: (get-property removable)
 * @self: an entry of a root
 *
 * Returns whether a cleanup would delete the entry.
 *
 * A cleanup at the time of the list would have deleted the removable entries, and no others. If the
 * process may not write to the root, no entry is removable. An entry that a cleanup skips is not
 * removable either: a mount point, an immutable or append-only directory, or a directory of another
 * user that the process may not write to.
 *
 * A list cannot predict that the deletion fails, or that the cleanup keeps the entry, because
 *
 * - a file or directory deep inside cannot be deleted;
 * - the mode of the directory denies the user access, and a process in another PID namespace uses
 *   the directory, see [method@RootEntry.get_state];
 * - a security module or a sandbox forbids the deletion;
 * - it frees more or less space than the size of the entry, see [property@Root:min-free-space];
 * - the process is in a user namespace that does not map the user to whom the entry belongs.
 *
 * For an entry from a signal of a cleanup, %TRUE means that the cleanup decided to delete it.
 *
 * Returns: %TRUE if [method@RootEntry.get_reason] is not [enum@Tempman.RemovalReason.NONE]
 *
 * Since: 1.0
 */
gboolean
tm_root_entry_get_removable (TmRootEntry *self)
{
  g_return_val_if_fail (TM_IS_ROOT_ENTRY (self), FALSE);

  return self->reason != TM_REMOVAL_REASON_NONE;
}

/**
 * tm_root_entry_get_reason: (get-property reason)
 * @self: an entry of a root
 *
 * Gets the reason for which a cleanup would delete the entry.
 *
 * Returns: the reason, or [enum@Tempman.RemovalReason.NONE] if a cleanup would keep it
 *
 * Since: 1.0
 */
TmRemovalReason
tm_root_entry_get_reason (TmRootEntry *self)
{
  g_return_val_if_fail (TM_IS_ROOT_ENTRY (self), TM_REMOVAL_REASON_NONE);

  return self->reason;
}

/**
 * tm_root_entry_get_info: (get-property info)
 * @self: an entry of a root
 *
 * Gets the name, type and times of the entry.
 *
 * The attributes are `standard::name`, `standard::display-name`, `standard::type`, `time::access`
 * and `time::modified`, the last two also with `-usec` and `-nsec`.
 *
 * The times are those of the entry itself, regardless of the age basis of the root. If the
 * root is a remote file, they have the resolution that its GIO backend provides. Unknown times are
 * not set: those of a mount point, since no request is sent to the file system that is mounted
 * there, and those of an entry that cannot be examined.
 *
 * The caller must not modify the information.
 *
 * Returns: (transfer none) (nullable): the information; %NULL only for an object that was created
 *   with `g_object_new()`
 *
 * Since: 1.0
 */
GFileInfo *
tm_root_entry_get_info (TmRootEntry *self)
{
  g_return_val_if_fail (TM_IS_ROOT_ENTRY (self), NULL);

  return self->info;
}

/**
 * tm_root_entry_get_heartbeat_age: (get-property heartbeat-age)
 * @self: an entry of a root
 *
 * Gets the time since the last heartbeat of its owner, by the clock of the file system.
 *
 * A directory that tempman created on a shared file system has a heartbeat until it is closed, kept
 * or published. See the section “Shared file systems” of [class@Root].
 *
 * Returns: the time in seconds, or -1 if the directory has no heartbeat
 *
 * Since: 1.0
 */
double
tm_root_entry_get_heartbeat_age (TmRootEntry *self)
{
  g_return_val_if_fail (TM_IS_ROOT_ENTRY (self), NO_HEARTBEAT);

  return self->heartbeat_age;
}

/**
 * tm_root_entry_get_size: (get-property size)
 * @self: an entry of a root
 *
 * Gets the disk space of the entry and of everything in it.
 *
 * [method@Root.list_entries] measures entries if it has the flag
 * [flags@Tempman.ListFlags.MEASURE], if the root has a [property@Root:max-size], or if less space
 * is free than its [property@Root:min-free-space]. For an entry from a signal, the size is known if
 * the cleanup measured the entry: [method@Root.cleanup] measures the entries that have neither
 * expired nor been reclaimed if the root has a `max-size`.
 *
 * The size is the number of allocated bytes: a file with holes can be longer, and a short file can
 * take a whole block. A file with several links in the entry counts once. A file with links in
 * several entries counts in each of them. File systems that are mounted in the entry do not count,
 * and neither do directories that the process may not read. If the root is a remote file, and its
 * GIO backend does not report allocated bytes, the lengths of the files count instead.
 *
 * Returns: the size in bytes, or 0 if it was not measured
 *
 * Since: 1.0
 */
guint64
tm_root_entry_get_size (TmRootEntry *self)
{
  g_return_val_if_fail (TM_IS_ROOT_ENTRY (self), 0);

  return self->size;
}
