/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "gio/tm-heartbeat-gio-private.h"

#include "core/tm-file-private.h"
#include "core/tm-log-private.h"
#include "core/tm-name-private.h"
#include "gio/tm-delete-tree-gio-private.h"
#include "gio/tm-last-use-gio-private.h"

/* A beat through GIO is one request, which sets the modification time to that of this machine: GIO
 * cannot ask for the present time of the server. Cleaners expect that clocks differ. */

struct _TmHeartbeatGio
{
  TmHeartbeat *heartbeat; /* (owned) */
  GFile *file;            /* (owned) */
  char *identity;         /* (owned) (nullable): its id::file */
};

/*
 * tm_heartbeat_gio_beat:
 * @file: a directory
 * @error: as g_file_set_attribute(): %G_IO_ERROR_NOT_SUPPORTED if the back end cannot set
 *   modification times
 *
 * Returns: %TRUE on success
 */
gboolean
tm_heartbeat_gio_beat (GFile *file, GError **error)
{
  guint64 now = (guint64) (g_get_real_time () / G_USEC_PER_SEC);

  return g_file_set_attribute_uint64 (file, G_FILE_ATTRIBUTE_TIME_MODIFIED, now,
                                      G_FILE_QUERY_INFO_NOFOLLOW_SYMLINKS, NULL, error);
}

/* Whether the name still refers to the directory; %TRUE if that is unknown. */
static gboolean
is_in_place (const TmHeartbeatGio *heartbeat)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GFileInfo) info = g_file_query_info (
      heartbeat->file, G_FILE_ATTRIBUTE_STANDARD_TYPE "," G_FILE_ATTRIBUTE_ID_FILE,
      G_FILE_QUERY_INFO_NOFOLLOW_SYMLINKS, NULL, &error);

  return info != NULL ? tm_file_info_is_directory_of (info, heartbeat->identity)
                      : !g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
}

static TmBeatResult
beat_cb (gpointer data, gboolean is_late)
{
  const TmHeartbeatGio *heartbeat = data;
  TmBeatResult result = TM_BEAT_DONE;

  if (is_late && !is_in_place (heartbeat))
    result = TM_BEAT_LOST;
  else if (!tm_heartbeat_gio_beat (heartbeat->file, NULL))
    result = TM_BEAT_FAILED;

  if (result != TM_BEAT_DONE && tm_log_is_shown ())
    {
      g_autofree char *name = g_file_get_basename (heartbeat->file);

      if (result == TM_BEAT_LOST)
        tm_log_lost (name);
      else
        tm_log_missed_beat (name, EIO);
    }

  return result;
}

/* Returns (transfer full): what a request for the file waits for: its scheme and its host. */
static char *
get_server (GFile *file)
{
  g_autofree char *uri = g_file_get_uri (file);
  g_autofree char *scheme = NULL;
  g_autofree char *host = NULL;
  int port = -1;

  g_uri_split (uri, G_URI_FLAGS_NON_DNS, &scheme, NULL, &host, &port, NULL, NULL, NULL, NULL);
  return g_strdup_printf ("%s:%s:%d", scheme != NULL ? scheme : "", host != NULL ? host : "", port);
}

static void
heartbeat_free_cb (gpointer data)
{
  TmHeartbeatGio *heartbeat = data;

  g_object_unref (heartbeat->file);
  g_free (heartbeat->identity);
  g_free (heartbeat);
}

/*
 * tm_heartbeat_gio_start:
 * @file: a directory that this process owns
 * @identity: (nullable): its `id::file`
 *
 * Returns: (transfer full) (nullable): its heartbeat, or %NULL if no thread can be started
 */
TmHeartbeatGio *
tm_heartbeat_gio_start (GFile *file, const char *identity)
{
  g_autofree char *server = get_server (file);
  TmHeartbeatGio *heartbeat = g_new0 (TmHeartbeatGio, 1);

  heartbeat->file = g_object_ref (file);
  heartbeat->identity = g_strdup (identity);
  heartbeat->heartbeat = tm_heartbeat_start (server, beat_cb, heartbeat);
  if (heartbeat->heartbeat == NULL)
    g_clear_pointer (&heartbeat, heartbeat_free_cb);
  return heartbeat;
}

void
tm_heartbeat_gio_stop (TmHeartbeatGio *heartbeat)
{
  tm_heartbeat_stop (heartbeat->heartbeat, heartbeat_free_cb, heartbeat);
}

/* Estimates the present time when nothing can be created: by the last change of the root, which is
 * never later. */
static void
estimate_signs (GFile *root, GCancellable *cancellable, TmFileSystemSigns *signs)
{
  g_autoptr (GFileInfo) info =
      g_file_query_info (root, TM_TIMES_GIO_ATTRIBUTES, G_FILE_QUERY_INFO_NONE, cancellable, NULL);
  TmTimes times = { 0 };

  *signs = (TmFileSystemSigns){ .now = { .seconds = G_MININT64 } };
  if (info != NULL)
    times = tm_times_from_info (info);
  if ((times.mask & TM_TIMES_MODIFIED) != 0)
    signs->now = times.modified;
  if ((times.mask & TM_TIMES_CHANGED) != 0)
    signs->now = times.changed;
}

/* On a full disk an empty file can often be created, which needs no block. Returns FALSE if not. */
static gboolean
make_file (GFile *file, GCancellable *cancellable)
{
  g_autoptr (GFileOutputStream) stream =
      g_file_create (file, G_FILE_CREATE_PRIVATE, cancellable, NULL);

  return stream != NULL && g_output_stream_close (G_OUTPUT_STREAM (stream), cancellable, NULL);
}

/*
 * tm_heartbeat_gio_read_signs:
 * @root: a directory
 * @cancellable: (nullable): a cancellable
 * @signs: (out caller-allocates): the present time of its clock, and whether it has marks
 *
 * As tm_file_system_read_signs().
 *
 * Returns: %FALSE if nothing can be created: then @signs is an estimate
 */
gboolean
tm_heartbeat_gio_read_signs (GFile *root, GCancellable *cancellable, TmFileSystemSigns *signs)
{
  g_autofree char *name = tm_name_new (TM_NAME_PREFIX_CLOCK, "", TM_NAME_BEATING);
  g_autoptr (GFile) file = name != NULL ? g_file_get_child (root, name) : NULL;
  g_autoptr (GFileInfo) info = NULL;
  TmTimes times = { 0 };

  /* Cancelled in between, the directory remains until a cleanup reclaims it: the server may hang.
   */
  if (file != NULL && (tm_delete_tree_gio_make_directory (file, TM_MARK, cancellable, NULL) ||
                       make_file (file, cancellable)))
    {
      info = g_file_query_info (file, TM_TIMES_GIO_ATTRIBUTES, G_FILE_QUERY_INFO_NOFOLLOW_SYMLINKS,
                                cancellable, NULL);
      g_file_delete (file, cancellable, NULL);
    }

  if (info != NULL)
    times = tm_times_from_info (info);
  if ((times.mask & TM_TIMES_MODIFIED) == 0)
    {
      estimate_signs (root, cancellable, signs);
      return FALSE;
    }

  *signs = (TmFileSystemSigns){
    .now = times.modified,
    .has_marks =
        (g_file_info_get_attribute_uint32 (info, G_FILE_ATTRIBUTE_UNIX_MODE) & TM_MARK) != 0,
  };
  return TRUE;
}
