/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "served-file.h"

#define SCHEME "served"

typedef struct
{
  RequestFunc function; /* (nullable) */
  gpointer data;
  const char *hidden; /* (nullable) */
} Settings;

/* The mutex protects the settings: the thread of the heartbeats makes requests at any time. */
static GMutex mutex;
static Settings settings;

static Settings
get_settings (void)
{
  Settings copy;

  g_mutex_lock (&mutex);
  copy = settings;
  g_mutex_unlock (&mutex);
  return copy;
}

/* Calls @function before each request; with %NULL no longer. A request of another thread may still
 * be in @function on return. */
void
served_file_watch (RequestFunc function, gpointer data)
{
  g_mutex_lock (&mutex);
  settings.function = function;
  settings.data = data;
  g_mutex_unlock (&mutex);
}

/* From now on the backend does not support these attributes, separated by commas. */
void
served_file_hide (const char *attributes)
{
  g_mutex_lock (&mutex);
  settings.hidden = attributes;
  g_mutex_unlock (&mutex);
}

static gboolean
may_go_on (Request request, GFile *local, GCancellable *cancellable, GError **error)
{
  Settings current = get_settings ();

  return !g_cancellable_set_error_if_cancelled (cancellable, error) &&
         (current.function == NULL ||
          current.function (request, g_file_peek_path (local), current.data, error));
}

static void
hide_attributes (GFileInfo *info)
{
  const char *hidden = get_settings ().hidden;
  g_auto (GStrv) names = NULL;

  if (info == NULL || hidden == NULL)
    return;

  names = g_strsplit (hidden, ",", -1);
  for (guint i = 0; names[i] != NULL; i++)
    g_file_info_remove_attribute (info, names[i]);
}

#define SERVED_TYPE_ENUMERATOR (served_enumerator_get_type ())
G_DECLARE_FINAL_TYPE (ServedEnumerator, served_enumerator, SERVED, ENUMERATOR, GFileEnumerator)

struct _ServedEnumerator
{
  GFileEnumerator parent_instance;
  GFileEnumerator *local; /* (owned) */
};

G_DEFINE_FINAL_TYPE (ServedEnumerator, served_enumerator, G_TYPE_FILE_ENUMERATOR)

static GFileInfo *
served_enumerator_next_file (GFileEnumerator *enumerator, GCancellable *cancellable, GError **error)
{
  ServedEnumerator *self = SERVED_ENUMERATOR (enumerator);
  GFileInfo *info = NULL;

  if (may_go_on (REQUEST_NEXT, g_file_enumerator_get_container (self->local), cancellable, error))
    info = g_file_enumerator_next_file (self->local, cancellable, error);

  hide_attributes (info);
  return info;
}

static gboolean
served_enumerator_close (GFileEnumerator *enumerator, GCancellable *cancellable, GError **error)
{
  return g_file_enumerator_close (SERVED_ENUMERATOR (enumerator)->local, cancellable, error);
}

static void
served_enumerator_finalize (GObject *object)
{
  GFileEnumerator *local = SERVED_ENUMERATOR (object)->local;

  /* The finalizer of the parent class closes the enumerator, which uses @local. */
  G_OBJECT_CLASS (served_enumerator_parent_class)->finalize (object);
  g_object_unref (local);
}

static void
served_enumerator_class_init (ServedEnumeratorClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = served_enumerator_finalize;
  G_FILE_ENUMERATOR_CLASS (klass)->next_file = served_enumerator_next_file;
  G_FILE_ENUMERATOR_CLASS (klass)->close_fn = served_enumerator_close;
}

static void
served_enumerator_init (ServedEnumerator *self)
{
}

#define SERVED_TYPE_FILE (served_file_get_type ())
G_DECLARE_FINAL_TYPE (ServedFile, served_file, SERVED, FILE, GObject)

struct _ServedFile
{
  GObject parent_instance;
  GFile *local; /* (owned) */
};

static void served_file_iface_init (GFileIface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (ServedFile,
                               served_file,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (G_TYPE_FILE, served_file_iface_init))

static GFile *
get_local (GFile *file)
{
  return SERVED_FILE (file)->local;
}

/* Takes ownership of @local. */
static GFile *
wrap (GFile *local)
{
  ServedFile *self;

  if (local == NULL)
    return NULL;

  self = g_object_new (SERVED_TYPE_FILE, NULL);
  self->local = local;
  return G_FILE (self);
}

GFile *
served_file_new (const char *path)
{
  return wrap (g_file_new_for_path (path));
}

static GFile *
served_file_dup (GFile *file)
{
  return wrap (g_file_dup (get_local (file)));
}

static guint
served_file_hash (GFile *file)
{
  return g_file_hash (get_local (file));
}

static gboolean
served_file_equal (GFile *a, GFile *b)
{
  return g_file_equal (get_local (a), get_local (b));
}

static gboolean
served_file_is_native (GFile *file)
{
  return FALSE;
}

static gboolean
served_file_has_uri_scheme (GFile *file, const char *scheme)
{
  return g_str_equal (scheme, SCHEME);
}

static char *
served_file_get_uri_scheme (GFile *file)
{
  return g_strdup (SCHEME);
}

static char *
served_file_get_basename (GFile *file)
{
  return g_file_get_basename (get_local (file));
}

static char *
served_file_get_path (GFile *file)
{
  return NULL;
}

static char *
served_file_get_uri (GFile *file)
{
  g_autofree char *escaped = g_uri_escape_string (g_file_peek_path (get_local (file)),
                                                  G_URI_RESERVED_CHARS_ALLOWED_IN_PATH, FALSE);

  return g_strconcat (SCHEME "://", escaped, NULL);
}

static GFile *
served_file_get_parent (GFile *file)
{
  return wrap (g_file_get_parent (get_local (file)));
}

static gboolean
served_file_prefix_matches (GFile *prefix, GFile *file)
{
  return g_file_has_prefix (get_local (file), get_local (prefix));
}

static char *
served_file_get_relative_path (GFile *parent, GFile *descendant)
{
  return g_file_get_relative_path (get_local (parent), get_local (descendant));
}

static GFile *
served_file_resolve_relative_path (GFile *file, const char *relative_path)
{
  return wrap (g_file_resolve_relative_path (get_local (file), relative_path));
}

static GFileEnumerator *
served_file_enumerate_children (GFile *file,
                                const char *attributes,
                                GFileQueryInfoFlags flags,
                                GCancellable *cancellable,
                                GError **error)
{
  ServedEnumerator *enumerator;
  GFileEnumerator *local = NULL;

  if (may_go_on (REQUEST_ENUMERATE, get_local (file), cancellable, error))
    local = g_file_enumerate_children (get_local (file), attributes, flags, cancellable, error);
  if (local == NULL)
    return NULL;

  enumerator = g_object_new (SERVED_TYPE_ENUMERATOR, "container", file, NULL);
  enumerator->local = local;
  return G_FILE_ENUMERATOR (enumerator);
}

static GFileInfo *
served_file_query_info (GFile *file,
                        const char *attributes,
                        GFileQueryInfoFlags flags,
                        GCancellable *cancellable,
                        GError **error)
{
  GFileInfo *info = NULL;

  if (may_go_on (REQUEST_QUERY, get_local (file), cancellable, error))
    info = g_file_query_info (get_local (file), attributes, flags, cancellable, error);

  hide_attributes (info);
  return info;
}

static gboolean
served_file_set_attribute (GFile *file,
                           const char *attribute,
                           GFileAttributeType type,
                           gpointer value,
                           GFileQueryInfoFlags flags,
                           GCancellable *cancellable,
                           GError **error)
{
  return may_go_on (REQUEST_SET, get_local (file), cancellable, error) &&
         g_file_set_attribute (get_local (file), attribute, type, value, flags, cancellable, error);
}

static gboolean
served_file_make_directory (GFile *file, GCancellable *cancellable, GError **error)
{
  return may_go_on (REQUEST_MAKE, get_local (file), cancellable, error) &&
         g_file_make_directory (get_local (file), cancellable, error);
}

static gboolean
served_file_delete (GFile *file, GCancellable *cancellable, GError **error)
{
  return may_go_on (REQUEST_DELETE, get_local (file), cancellable, error) &&
         g_file_delete (get_local (file), cancellable, error);
}

static gboolean
served_file_move (GFile *source,
                  GFile *destination,
                  GFileCopyFlags flags,
                  GCancellable *cancellable,
                  GFileProgressCallback progress,
                  gpointer progress_data,
                  GError **error)
{
  return may_go_on (REQUEST_MOVE, get_local (source), cancellable, error) &&
         g_file_move (get_local (source), get_local (destination), flags, cancellable, progress,
                      progress_data, error);
}

static void
served_file_iface_init (GFileIface *iface)
{
  iface->dup = served_file_dup;
  iface->hash = served_file_hash;
  iface->equal = served_file_equal;
  iface->is_native = served_file_is_native;
  iface->has_uri_scheme = served_file_has_uri_scheme;
  iface->get_uri_scheme = served_file_get_uri_scheme;
  iface->get_basename = served_file_get_basename;
  iface->get_path = served_file_get_path;
  iface->get_uri = served_file_get_uri;
  iface->get_parse_name = served_file_get_uri;
  iface->get_parent = served_file_get_parent;
  iface->prefix_matches = served_file_prefix_matches;
  iface->get_relative_path = served_file_get_relative_path;
  iface->resolve_relative_path = served_file_resolve_relative_path;
  iface->enumerate_children = served_file_enumerate_children;
  iface->query_info = served_file_query_info;
  iface->set_attribute = served_file_set_attribute;
  iface->make_directory = served_file_make_directory;
  iface->delete_file = served_file_delete;
  iface->move = served_file_move;
}

static void
served_file_finalize (GObject *object)
{
  g_object_unref (SERVED_FILE (object)->local);
  G_OBJECT_CLASS (served_file_parent_class)->finalize (object);
}

static void
served_file_class_init (ServedFileClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = served_file_finalize;
}

static void
served_file_init (ServedFile *self)
{
}
