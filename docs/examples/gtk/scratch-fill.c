/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The work of the program: it writes many small files into a temporary directory. */

#include "scratch-fill.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILES_PER_FOLDER 500

typedef struct
{
  guint n_files;
  gint *n_written; /* (unowned): atomic */
} Order;

static gboolean
fail_to_create (GError **error, const char *name)
{
  int error_number = errno;

  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (error_number),
               _ ("Could not create “%s”: %s"), name, g_strerror (error_number));
  return FALSE;
}

static gboolean
fail_to_open (GError **error, const char *name)
{
  int error_number = errno;

  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (error_number),
               _ ("Could not open “%s”: %s"), name, g_strerror (error_number));
  return FALSE;
}

static gboolean
fail_to_write (GError **error, const char *name)
{
  int error_number = errno;

  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (error_number),
               _ ("Could not write “%s”: %s"), name, g_strerror (error_number));
  return FALSE;
}

static gboolean
write_file (int folder, const char *name, GError **error)
{
  int fd = openat (folder, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  gboolean written;

  if (fd < 0)
    return fail_to_create (error, name);

  written = write (fd, "scratch", 7) == 7 || fail_to_write (error, name);
  close (fd);
  return written;
}

static gboolean
write_folder (int parent, const char *name, guint n_files, GError **error)
{
  gboolean written = TRUE;
  int folder;

  if (mkdirat (parent, name, 0700) < 0)
    return fail_to_create (error, name);

  folder = openat (parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (folder < 0)
    return fail_to_open (error, name);

  for (guint i = 0; i < n_files && written; i++)
    {
      char file[16];

      g_snprintf (file, sizeof file, "%u.tmp", i);
      written = write_file (folder, file, error);
    }

  close (folder);
  return written;
}

/* Runs in a thread of GLib's pool. Files are accessed by the descriptor of the directory: it stays
 * correct even if the directory was renamed. */
static void
fill_thread_cb (GTask *task, gpointer source, gpointer task_data, GCancellable *cancellable)
{
  TmTemporaryDirectory *directory = source;
  Order *order = task_data;
  GError *error = NULL;
  int parent = tm_temporary_directory_get_fd (directory);

  if (mkdirat (parent, "work", 0700) < 0)
    {
      fail_to_create (&error, "work");
      g_task_return_error (task, error);
      return;
    }

  for (guint n = 0; n < order->n_files; n += FILES_PER_FOLDER)
    {
      guint n_files = MIN (order->n_files - n, FILES_PER_FOLDER);
      g_autofree char *name = g_strdup_printf ("work/%04u", n / FILES_PER_FOLDER);

      if (g_cancellable_set_error_if_cancelled (cancellable, &error) ||
          !write_folder (parent, name, n_files, &error))
        {
          g_task_return_error (task, error);
          return;
        }
      g_atomic_int_add (order->n_written, (gint) n_files);
    }

  g_task_return_boolean (task, TRUE);
}

/* n_written: counts the files while they are written; has to be valid until callback is called. */
void
scratch_fill_async (TmTemporaryDirectory *directory,
                    guint n_files,
                    gint *n_written,
                    GCancellable *cancellable,
                    GAsyncReadyCallback callback,
                    gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (directory, cancellable, callback, user_data);
  Order *order = g_new0 (Order, 1);

  order->n_files = n_files;
  order->n_written = n_written;
  g_task_set_source_tag (task, scratch_fill_async);
  g_task_set_task_data (task, order, g_free);
  g_task_run_in_thread (task, fill_thread_cb);
}

gboolean
scratch_fill_finish (TmTemporaryDirectory *directory, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, directory), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

/* Returns (transfer full): the folder that contains the files. */
GFile *
scratch_fill_get_folder (TmTemporaryDirectory *directory)
{
  return tm_temporary_directory_get_child (directory, "work");
}
