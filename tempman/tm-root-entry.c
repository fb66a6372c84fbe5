/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "tm-root-entry-private.h"

/**
 * TmRootEntry:
 *
 * What a cleanup of a [class@Root] would do with one sub-directory, and why.
 *
 * [method@Root.list_entries] makes a list of them. An entry says what was found then;
 * it never changes, and can be used from any thread.
 *
 * ```c
 * g_autoptr (GListModel) entries = tm_root_list_entries (root, NULL, &error);
 *
 * for (guint i = 0; entries != NULL && i < g_list_model_get_n_items (entries); i++)
 *   {
 *     g_autoptr (TmRootEntry) entry = g_list_model_get_item (entries, i);
 *
 *     if (tm_root_entry_get_expired (entry))
 *       g_print ("%s\n", g_file_info_get_name (tm_root_entry_get_info (entry)));
 *   }
 * ```
 *
 * Since: 1.0
 */

/* What a GDateTime can hold: the years 1 to 9999. */
#define MIN_UNIX_SECONDS G_GINT64_CONSTANT (-62135596800)
#define MAX_UNIX_SECONDS G_GINT64_CONSTANT (253402300799)

struct _TmRootEntry
{
  GObject parent_instance;

  /* All set once, by tm_root_entry_new(). */
  GFile *file;          /* (owned) (nullable) */
  GDateTime *last_used; /* (owned) (nullable) */
  GFileInfo *info;      /* (owned) (nullable) */
  TmEntryState state;
  gboolean expired;
};

typedef enum
{
  PROP_FILE = 1,
  PROP_LAST_USED,
  PROP_STATE,
  PROP_EXPIRED,
  PROP_INFO,
} TmRootEntryProperty;

static GParamSpec *properties[PROP_INFO + 1];

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
    case PROP_LAST_USED:
      g_value_set_boxed (value, self->last_used);
      break;
    case PROP_STATE:
      g_value_set_enum (value, self->state);
      break;
    case PROP_EXPIRED:
      g_value_set_boolean (value, self->expired);
      break;
    case PROP_INFO:
      g_value_set_object (value, self->info);
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
   * The sub-directory.
   *
   * Since: 1.0
   */
  properties[PROP_FILE] = g_param_spec_object ("file", NULL, NULL, G_TYPE_FILE,
                                               G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  /**
   * TmRootEntry:last-used: (getter get_last_used)
   *
   * When it was last used, on the age basis of the root.
   *
   * Since: 1.0
   */
  properties[PROP_LAST_USED] = g_param_spec_boxed ("last-used", NULL, NULL, G_TYPE_DATE_TIME,
                                                   G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  /**
   * TmRootEntry:state: (getter get_state)
   *
   * Who uses it.
   *
   * Since: 1.0
   */
  properties[PROP_STATE] =
      g_param_spec_enum ("state", NULL, NULL, TM_TYPE_ENTRY_STATE, TM_ENTRY_STATE_LIVE,
                         G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  /**
   * TmRootEntry:expired: (getter get_expired)
   *
   * Whether a cleanup would delete it.
   *
   * Since: 1.0
   */
  properties[PROP_EXPIRED] = g_param_spec_boolean ("expired", NULL, NULL, FALSE,
                                                   G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  /**
   * TmRootEntry:info: (getter get_info)
   *
   * Its name, type and times.
   *
   * Since: 1.0
   */
  properties[PROP_INFO] = g_param_spec_object ("info", NULL, NULL, G_TYPE_FILE_INFO,
                                               G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  g_object_class_install_properties (object_class, G_N_ELEMENTS (properties), properties);
}

static void
tm_root_entry_init (TmRootEntry *self)
{
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

/* As GIO stores the times of a local file: those before 1970 too, in an unsigned number. */
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
  g_file_info_set_file_type (info, G_FILE_TYPE_DIRECTORY);

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
 * @name: the name of a sub-directory of it
 * @verdict: what a cleanup would do with it
 *
 * Returns: (transfer full): a new entry
 */
TmRootEntry *
tm_root_entry_new (GFile *root, const char *name, const TmVerdict *verdict)
{
  TmRootEntry *self = g_object_new (TM_TYPE_ROOT_ENTRY, NULL);

  self->file = g_file_get_child (root, name);
  self->last_used = date_time_new (verdict->last_used);
  self->info = file_info_new (name, verdict);
  self->state = verdict->state;
  self->expired = verdict->reason != TM_REMOVAL_REASON_NONE;
  return self;
}

/**
 * tm_root_entry_get_file: (get-property file)
 * @self: an entry of a root
 *
 * The sub-directory.
 *
 * Returns: (transfer none) (nullable): the sub-directory; %NULL only when @self is not
 *   from [method@Root.list_entries]
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
 * tm_root_entry_get_last_used: (get-property last-used)
 * @self: an entry of a root
 *
 * When it was last used, on the age basis of the root: see [method@Root.get_age_basis].
 *
 * One whose times are not told, see [method@RootEntry.get_info], counts as used at the moment
 * of the list.
 *
 * To the microsecond, in UTC. A time before the year 1 or after the year 9999, which a
 * file system can store but a `GDateTime` cannot, is given as the first or the last
 * second of those years.
 *
 * Returns: (transfer none) (nullable): the time; %NULL only when @self is not from
 *   [method@Root.list_entries]
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
 * Who uses it.
 *
 * What cannot be told, such as that of a mount point, of a directory which another
 * user has closed, or of one that cannot even be looked at, is [enum@Tempman.EntryState.LIVE].
 *
 * If the user's own directory has a mode that bars its owner, a list cannot try the lock
 * without changing the mode, and looks for the lock in `/proc/locks` instead, which does not
 * tell of processes in other PID namespaces. A cleanup changes the mode, tries the lock, and
 * restores the mode if the directory stays.
 *
 * Returns: its state
 *
 * Since: 1.0
 */
TmEntryState
tm_root_entry_get_state (TmRootEntry *self)
{
  g_return_val_if_fail (TM_IS_ROOT_ENTRY (self), TM_ENTRY_STATE_LIVE);

  return self->state;
}

/**
 * tm_root_entry_get_expired: (get-property expired)
 * @self: an entry of a root
 *
 * Whether a cleanup would delete it.
 *
 * A cleanup at the moment of the list would have deleted the entries for which this is
 * %TRUE, and no others. It is %FALSE for every entry of a root in which the user may not write,
 * and for entries that a cleanup leaves alone: mount points, those that are immutable or
 * append-only, and directories of other users in which the user may not write.
 *
 * What nobody can know without trying is not foreseen: that something deep inside cannot be
 * deleted, that a process in another PID namespace uses a directory whose mode bars its own
 * user, see [method@RootEntry.get_state], that a security module or a sandbox forbids the
 * deletion, or, in a user namespace, that an entry belongs to a user whom the namespace does not
 * map.
 *
 * Returns: %TRUE when it would be deleted
 *
 * Since: 1.0
 */
gboolean
tm_root_entry_get_expired (TmRootEntry *self)
{
  g_return_val_if_fail (TM_IS_ROOT_ENTRY (self), FALSE);

  return self->expired;
}

/**
 * tm_root_entry_get_info: (get-property info)
 * @self: an entry of a root
 *
 * Its name, display name and type, and its own times of access and modification, whole
 * and with their fractions: `standard::name`, `standard::display-name`,
 * `standard::type`, `time::access`, `time::modified`, each of the two with `-usec` and
 * `-nsec`.
 *
 * The times are those of the sub-directory itself, whatever the age basis of the root;
 * of a file that is not local, as exactly as they are told. A time that is not told is
 * not there: neither is of a mount point, whose file system is not asked for anything, nor
 * of an entry that cannot be looked at. It must not be modified.
 *
 * Returns: (transfer none) (nullable): the information; %NULL only when @self is not
 *   from [method@Root.list_entries]
 *
 * Since: 1.0
 */
GFileInfo *
tm_root_entry_get_info (TmRootEntry *self)
{
  g_return_val_if_fail (TM_IS_ROOT_ENTRY (self), NULL);

  return self->info;
}
