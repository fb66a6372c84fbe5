/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "scratch-window.h"

#include "scratch-describe.h"
#include "scratch-fill.h"
#include "scratch-frames.h"

#include <glib/gi18n.h>

/* The number of files in a directory that is not large. */
#define FEW_FILES 20

/* The interval at which the list is updated. The file monitor does not report that an age has
 * changed, or that another program has released its lock. */
#define REFRESH_SECONDS 5

/* The number of failures of an operation that are listed. */
#define MAX_FAILURES 100

/* A directory of this program. */
typedef struct
{
  TmTemporaryDirectory *directory; /* (owned) */
} Ours;

struct _ScratchWindow
{
  AdwApplicationWindow parent_instance;

  TmRoot *root; /* (owned) */
  ScratchOptions options;
  GHashTable *ours; /* (owned) (element-type GFile Ours) */

  GFileMonitor *monitor; /* (owned) (nullable): of the root */
  guint refresh_id;
  GCancellable *list_cancellable; /* (owned) */
  gboolean is_listing;
  gboolean list_again; /* the root has changed since the list was started */

  /* The current operation: there is one at a time. */
  GCancellable *cancellable; /* (owned) (nullable): NULL without an operation */
  GFile *file;               /* (owned) (nullable): the directory that is deleted */
  TmDeletion *deletion;      /* (owned) (nullable): its deletion */
  guint n_files;             /* the number of files to write */
  gint n_written;            /* atomic */
  guint tick_id;             /* 0: no files are being written */
  gboolean is_closing;       /* close the window after the operation */

  /* The entries that its cleanup deleted, and the files that it could not delete. */
  guint n_removed;
  guint n_failed;
  GString *failures; /* (owned): a line for each of the first MAX_FAILURES */

  /* Children of the template, owned by it. */
  AdwWindowTitle *window_title;
  GtkSingleSelection *selection;
  GtkWidget *failures_area;
  GtkLabel *failures_label;
  GtkSpinButton *max_entries;
  GtkLabel *total;
  GtkLabel *status;
  GtkProgressBar *progress;
  GtkSpinner *spinner;
  GtkWidget *cancel;
  ScratchFrames *frames;
};

G_DEFINE_FINAL_TYPE (ScratchWindow, scratch_window, ADW_TYPE_APPLICATION_WINDOW)

static void
ours_free (gpointer data)
{
  Ours *ours = data;

  /* It is closed: otherwise, this would delete the directory in the main loop. */
  g_object_unref (ours->directory);
  g_free (ours);
}

/* --- The entries of the root --- */

static Ours *
get_ours (ScratchWindow *self, TmRootEntry *entry)
{
  return g_hash_table_lookup (self->ours, tm_root_entry_get_file (entry));
}

static TmRootEntry *
get_selected (ScratchWindow *self)
{
  return gtk_single_selection_get_selected_item (self->selection);
}

/* Enables the actions that are possible for the selected entry. */
static void
update_actions (ScratchWindow *self)
{
  GtkWidget *widget = GTK_WIDGET (self);
  TmRootEntry *entry = get_selected (self);
  gboolean is_idle = self->cancellable == NULL;
  gboolean is_ours = entry != NULL && get_ours (self, entry) != NULL;
  gboolean is_free = entry != NULL && tm_root_entry_get_state (entry) != TM_ROOT_ENTRY_STATE_LIVE;

  gtk_widget_action_set_enabled (widget, "scratch.create", is_idle);
  gtk_widget_action_set_enabled (widget, "scratch.create-large", is_idle);
  gtk_widget_action_set_enabled (widget, "scratch.cleanup", is_idle);
  gtk_widget_action_set_enabled (widget, "scratch.close", is_idle && is_ours);
  gtk_widget_action_set_enabled (widget, "scratch.delete", is_idle && (is_ours || is_free));
  gtk_widget_action_set_enabled (widget, "scratch.cancel", !is_idle);
}

/* Replaces the list, and selects the same entry in the new one. */
static void
show_entries (ScratchWindow *self, GListModel *entries)
{
  TmRootEntry *selected = get_selected (self);
  g_autoptr (GFile) file =
      selected != NULL ? g_object_ref (tm_root_entry_get_file (selected)) : NULL;
  guint position = GTK_INVALID_LIST_POSITION;

  for (guint i = 0; file != NULL && i < g_list_model_get_n_items (entries); i++)
    {
      g_autoptr (TmRootEntry) entry = g_list_model_get_item (entries, i);

      if (g_file_equal (tm_root_entry_get_file (entry), file))
        position = i;
    }

  gtk_single_selection_set_model (self->selection, entries);
  gtk_single_selection_set_selected (self->selection, position);
  update_actions (self);
}

/* Shows how much there is, before the user decides to clean up. */
static void
show_total (ScratchWindow *self, GListModel *entries)
{
  guint n_entries = g_list_model_get_n_items (entries);
  guint64 size = 0;
  g_autofree char *size_text = NULL;
  g_autofree char *text = NULL;

  for (guint i = 0; i < n_entries; i++)
    {
      g_autoptr (TmRootEntry) entry = g_list_model_get_item (entries, i);

      size += tm_root_entry_get_size (entry);
    }

  size_text = g_format_size (size);
  /* Translators: %s is a size such as “3.0 MB”. */
  text = g_strdup_printf (ngettext ("%u directory, %s", "%u directories, %s", n_entries), n_entries,
                          size_text);
  gtk_label_set_text (self->total, text);
}

static void refresh (ScratchWindow *self);

static void
listed_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (ScratchWindow) self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GListModel) entries = tm_root_list_entries_finish (TM_ROOT (source), result, &error);

  /* The window is closed. */
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;

  if (entries != NULL)
    {
      show_entries (self, entries);
      show_total (self, entries);
    }
  else
    gtk_label_set_text (self->status, error->message);

  self->is_listing = FALSE;
  if (self->list_again)
    refresh (self);
}

static void
refresh (ScratchWindow *self)
{
  self->list_again = self->is_listing;
  if (self->is_listing)
    return;

  self->is_listing = TRUE;
  tm_root_list_entries_async (self->root, TM_LIST_FLAGS_MEASURE, G_PRIORITY_DEFAULT,
                              self->list_cancellable, listed_cb, g_object_ref (self));
}

static gboolean
refresh_cb (gpointer user_data)
{
  refresh (user_data);
  return G_SOURCE_CONTINUE;
}

static void
setup_label_cb (GtkListItemFactory *factory, GtkListItem *item, ScratchWindow *self)
{
  GtkWidget *label = gtk_label_new (NULL);

  gtk_widget_set_halign (label, GTK_ALIGN_START);
  gtk_list_item_set_child (item, label);
}

static void
bind_name_cb (GtkListItemFactory *factory, GtkListItem *item, ScratchWindow *self)
{
  GFileInfo *info = tm_root_entry_get_info (gtk_list_item_get_item (item));

  gtk_label_set_text (GTK_LABEL (gtk_list_item_get_child (item)),
                      g_file_info_get_display_name (info));
}

static void
bind_state_cb (GtkListItemFactory *factory, GtkListItem *item, ScratchWindow *self)
{
  TmRootEntry *entry = gtk_list_item_get_item (item);
  gboolean is_ours = get_ours (self, entry) != NULL;
  const char *classes[] = { "state", scratch_get_style_class (entry, is_ours), NULL };

  gtk_label_set_text (GTK_LABEL (gtk_list_item_get_child (item)),
                      scratch_describe_state (entry, is_ours));
  gtk_widget_set_css_classes (gtk_list_item_get_child (item), classes);
}

static void
bind_last_used_cb (GtkListItemFactory *factory, GtkListItem *item, ScratchWindow *self)
{
  TmRootEntry *entry = gtk_list_item_get_item (item);
  g_autofree char *age = scratch_describe_age (tm_root_entry_get_last_used (entry));

  gtk_label_set_text (GTK_LABEL (gtk_list_item_get_child (item)), age);
}

static void
bind_size_cb (GtkListItemFactory *factory, GtkListItem *item, ScratchWindow *self)
{
  TmRootEntry *entry = gtk_list_item_get_item (item);
  g_autofree char *size = g_format_size (tm_root_entry_get_size (entry));

  gtk_label_set_text (GTK_LABEL (gtk_list_item_get_child (item)), size);
}

static void
bind_outcome_cb (GtkListItemFactory *factory, GtkListItem *item, ScratchWindow *self)
{
  TmRootEntry *entry = gtk_list_item_get_item (item);

  gtk_label_set_text (GTK_LABEL (gtk_list_item_get_child (item)), scratch_describe_outcome (entry));
}

/* --- Operations --- */

static void
set_working (ScratchWindow *self, gboolean is_working)
{
  gtk_widget_set_visible (GTK_WIDGET (self->progress), is_working);
  gtk_widget_set_visible (self->cancel, is_working);
  gtk_spinner_set_spinning (self->spinner, is_working);
  gtk_progress_bar_set_fraction (self->progress, 0);
  update_actions (self);
}

static void
begin_work (ScratchWindow *self, const char *what)
{
  self->cancellable = g_cancellable_new ();
  self->n_removed = 0;
  self->n_failed = 0;
  g_string_truncate (self->failures, 0);
  gtk_widget_set_visible (self->failures_area, FALSE);
  gtk_label_set_text (self->status, what);
  set_working (self, TRUE);
}

/* outcome: the status text if there is no error */
static void
end_work (ScratchWindow *self, const char *outcome, const GError *error)
{
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    outcome = _ ("Cancelled");
  else if (error != NULL)
    outcome = error->message;

  g_clear_object (&self->cancellable);
  g_clear_object (&self->file);
  gtk_label_set_text (self->status, outcome);
  gtk_label_set_text (self->failures_label, self->failures->str);
  gtk_widget_set_visible (self->failures_area, self->n_failed > 0);
  set_working (self, FALSE);
  refresh (self);

  if (self->is_closing)
    gtk_window_close (GTK_WINDOW (self));
}

/* Lists a failure. message: (transfer full) */
static void
add_failure (ScratchWindow *self, char *message)
{
  self->n_failed++;
  if (self->n_failed <= MAX_FAILURES)
    g_string_append_printf (self->failures, "%s%s", self->n_failed > 1 ? "\n" : "", message);
  g_free (message);
}

/* Ends an operation whose failures are listed. */
static void
end_listed_work (ScratchWindow *self, const char *outcome, GError *error)
{
  /* The first failure is also the error of the call. */
  if (self->n_failed > 0 && !g_cancellable_is_cancelled (self->cancellable))
    error = NULL;
  end_work (self, outcome, error);
}

/* --- Creating --- */

/* Called for each frame while another thread writes files. */
static gboolean
show_filling_cb (GtkWidget *widget, GdkFrameClock *clock, gpointer user_data)
{
  ScratchWindow *self = SCRATCH_WINDOW (widget);
  guint n_written = (guint) g_atomic_int_get (&self->n_written);
  /* Translators: the progress, such as “Filling: 3 of 20”. */
  g_autofree char *text = g_strdup_printf (_ ("Filling: %u of %u"), n_written, self->n_files);

  gtk_label_set_text (self->status, text);
  gtk_progress_bar_set_fraction (self->progress, (double) n_written / MAX (self->n_files, 1));
  return G_SOURCE_CONTINUE;
}

static void
filled_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (ScratchWindow) self = user_data;
  g_autoptr (GError) error = NULL;

  scratch_fill_finish (TM_TEMPORARY_DIRECTORY (source), result, &error);
  gtk_widget_remove_tick_callback (GTK_WIDGET (self), self->tick_id);
  self->tick_id = 0;
  end_work (self, _ ("Created"), error);
}

static void
created_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (ScratchWindow) self = user_data;
  g_autoptr (GError) error = NULL;
  TmTemporaryDirectory *directory =
      tm_root_create_temp_dir_finish (TM_ROOT (source), result, &error);
  Ours *ours;

  if (directory == NULL)
    {
      end_work (self, NULL, error);
      return;
    }

  ours = g_new0 (Ours, 1);
  ours->directory = directory;
  g_hash_table_insert (self->ours, g_object_ref (tm_temporary_directory_get_file (directory)),
                       ours);
  refresh (self);

  self->n_written = 0;
  self->tick_id = gtk_widget_add_tick_callback (GTK_WIDGET (self), show_filling_cb, NULL, NULL);
  scratch_fill_async (directory, self->n_files, &self->n_written, self->cancellable, filled_cb,
                      g_object_ref (self));
}

static void
create (ScratchWindow *self, guint n_files)
{
  begin_work (self, _ ("Creating"));
  self->n_files = n_files;
  tm_root_create_temp_dir_async (self->root, G_PRIORITY_DEFAULT, self->cancellable, created_cb,
                                 g_object_ref (self));
}

static void
create_cb (GtkWidget *widget, const char *name, GVariant *parameter)
{
  create (SCRATCH_WINDOW (widget), FEW_FILES);
}

static void
create_large_cb (GtkWidget *widget, const char *name, GVariant *parameter)
{
  ScratchWindow *self = SCRATCH_WINDOW (widget);

  create (self, (guint) MAX (self->options.n_files, 0));
}

/* --- Closing --- */

static void
closed_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (ScratchWindow) self = user_data;
  g_autoptr (GError) error = NULL;
  TmTemporaryDirectory *directory = TM_TEMPORARY_DIRECTORY (source);

  /* After an error it is still open, and can be closed again. */
  if (tm_temporary_directory_close_finish (directory, result, &error))
    g_hash_table_remove (self->ours, tm_temporary_directory_get_file (directory));
  end_work (self, _ ("Closed"), error);
}

static void
close_directory (ScratchWindow *self, TmTemporaryDirectory *directory)
{
  tm_temporary_directory_close_async (directory, G_PRIORITY_DEFAULT, self->cancellable, closed_cb,
                                      g_object_ref (self));
}

static void
close_cb (GtkWidget *widget, const char *name, GVariant *parameter)
{
  ScratchWindow *self = SCRATCH_WINDOW (widget);

  begin_work (self, _ ("Closing"));
  close_directory (self, get_ours (self, get_selected (self))->directory);
}

/* --- Deleting with progress --- */

/* Called in the main loop, a few dozen times a second. */
static void
deletion_notify_cb (ScratchWindow *self, GParamSpec *pspec, TmDeletion *deletion)
{
  g_autofree char *n_deleted =
      g_strdup_printf ("%" G_GUINT64_FORMAT, tm_deletion_get_n_deleted (deletion));
  g_autofree char *n_found =
      g_strdup_printf ("%" G_GUINT64_FORMAT, tm_deletion_get_n_found (deletion));
  /* Translators: the progress, such as “Deleting: 3 of 20”. */
  g_autofree char *text = g_strdup_printf (_ ("Deleting: %s of %s"), n_deleted, n_found);

  gtk_label_set_text (self->status, text);
}

/* Called in the main loop, for each failure. */
static void
deletion_failed_cb (ScratchWindow *self, GFile *file, const GError *error)
{
  add_failure (self, g_strdup (error->message));
}

static void
end_deletion (ScratchWindow *self, GError *error)
{
  ScratchFrameCount count = scratch_frames_stop_counting (self->frames);
  g_autoptr (GFile) file = g_steal_pointer (&self->file);
  Ours *ours = g_hash_table_lookup (self->ours, file);
  g_autofree char *outcome = NULL;

  g_clear_object (&self->deletion);
  /* For a test, and in every language the same. */
  if (self->options.log_frames)
    g_print ("%s: %u frames drawn in %.3f s of deletion, never %.3f s without one\n",
             g_file_peek_path (file), count.n_frames, count.seconds, count.longest_gap);

  /* In a directory of this program, only the files were deleted. The directory was locked all the
   * time, and is now closed. */
  if (ours != NULL && !g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    {
      close_directory (self, ours->directory);
      return;
    }

  outcome =
      self->n_failed > 0
          ? g_strdup_printf (ngettext ("Deleted, %u failed", "Deleted, %u failed", self->n_failed),
                             self->n_failed)
          : g_strdup (_ ("Deleted"));
  end_listed_work (self, outcome, error);
}

static void
deleted_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (ScratchWindow) self = user_data;
  g_autoptr (GError) error = NULL;

  tm_deletion_run_finish (TM_DELETION (source), result, &error);
  end_deletion (self, error);
}

static void
delete_cb (GtkWidget *widget, const char *name, GVariant *parameter)
{
  ScratchWindow *self = SCRATCH_WINDOW (widget);
  TmRootEntry *entry = get_selected (self);
  Ours *ours = get_ours (self, entry);
  g_autoptr (GFile) file = ours != NULL ? scratch_fill_get_folder (ours->directory)
                                        : g_object_ref (tm_root_entry_get_file (entry));

  begin_work (self, _ ("Deleting"));
  g_set_object (&self->file, tm_root_entry_get_file (entry));
  self->deletion = tm_deletion_new (file, TM_DELETE_FLAGS_NONE);
  g_object_bind_property (self->deletion, "fraction", self->progress, "fraction",
                          G_BINDING_DEFAULT);
  g_signal_connect_object (self->deletion, "notify::n-deleted", G_CALLBACK (deletion_notify_cb),
                           self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->deletion, "failed", G_CALLBACK (deletion_failed_cb), self,
                           G_CONNECT_SWAPPED);
  scratch_frames_start_counting (self->frames);

  if (self->options.block)
    {
      g_autoptr (GError) error = NULL;

      tm_deletion_run (self->deletion, self->cancellable, &error);
      end_deletion (self, error);
      return;
    }

  tm_deletion_run_async (self->deletion, G_PRIORITY_DEFAULT, self->cancellable, deleted_cb,
                         g_object_ref (self));
}

/* --- Cleaning up --- */

/* Emitted in the main loop, because the window makes asynchronous calls only. The creation of a
 * directory cleans up as well. */
static void
entry_removed_cb (ScratchWindow *self, TmRootEntry *entry)
{
  self->n_removed++;
}

static void
entry_failed_cb (ScratchWindow *self, TmRootEntry *entry, const GError *error)
{
  GFileInfo *info = tm_root_entry_get_info (entry);

  add_failure (self,
               /* Translators: the name of a directory, and an error. */
               g_strdup_printf (_ ("%s: %s"), g_file_info_get_display_name (info), error->message));
}

static void
cleaned_up_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (ScratchWindow) self = user_data;
  g_autoptr (GError) error = NULL;
  g_autofree char *outcome = NULL;

  tm_root_cleanup_finish (TM_ROOT (source), result, &error);
  if (self->n_failed > 0)
    /* Translators: the number of directories that were deleted, and of errors. */
    outcome = g_strdup_printf (ngettext ("Cleaned up: %u deleted, %u failed",
                                         "Cleaned up: %u deleted, %u failed", self->n_removed),
                               self->n_removed, self->n_failed);
  else
    outcome = g_strdup_printf (
        ngettext ("Cleaned up: %u deleted", "Cleaned up: %u deleted", self->n_removed),
        self->n_removed);
  end_listed_work (self, outcome, error);
}

static void
cleanup_cb (GtkWidget *widget, const char *name, GVariant *parameter)
{
  ScratchWindow *self = SCRATCH_WINDOW (widget);

  begin_work (self, _ ("Cleaning up"));
  tm_root_cleanup_async (self->root, G_PRIORITY_DEFAULT, self->cancellable, cleaned_up_cb,
                         g_object_ref (self));
}

static void
cancel_cb (GtkWidget *widget, const char *name, GVariant *parameter)
{
  g_cancellable_cancel (SCRATCH_WINDOW (widget)->cancellable);
}

/* --- The end --- */

/* Called after the window is closed. The next cleanup reclaims directories that were not deleted.
 */
static void
closed_at_end_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GApplication) application = user_data;
  g_autoptr (GError) error = NULL;

  if (!tm_temporary_directory_close_finish (TM_TEMPORARY_DIRECTORY (source), result, &error))
    g_printerr ("%s\n", error->message);
  g_application_release (application);
}

static gboolean
scratch_window_close_request (GtkWindow *window)
{
  ScratchWindow *self = SCRATCH_WINDOW (window);
  GApplication *application = G_APPLICATION (gtk_window_get_application (window));
  GHashTableIter iter;
  gpointer value;

  if (self->cancellable != NULL)
    {
      self->is_closing = TRUE;
      g_cancellable_cancel (self->cancellable);
      return GDK_EVENT_STOP;
    }

  g_hash_table_iter_init (&iter, self->ours);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      Ours *ours = value;

      g_application_hold (application);
      tm_temporary_directory_close_async (ours->directory, G_PRIORITY_DEFAULT, NULL,
                                          closed_at_end_cb, g_object_ref (application));
    }
  return GTK_WINDOW_CLASS (scratch_window_parent_class)->close_request (window);
}

static void
scratch_window_dispose (GObject *object)
{
  ScratchWindow *self = SCRATCH_WINDOW (object);

  g_cancellable_cancel (self->list_cancellable);
  g_clear_handle_id (&self->refresh_id, g_source_remove);
  g_clear_object (&self->monitor);
  gtk_widget_dispose_template (GTK_WIDGET (self), SCRATCH_TYPE_WINDOW);

  G_OBJECT_CLASS (scratch_window_parent_class)->dispose (object);
}

static void
scratch_window_finalize (GObject *object)
{
  ScratchWindow *self = SCRATCH_WINDOW (object);

  g_clear_object (&self->root);
  g_clear_object (&self->list_cancellable);
  g_clear_pointer (&self->ours, g_hash_table_unref);
  g_string_free (self->failures, TRUE);

  G_OBJECT_CLASS (scratch_window_parent_class)->finalize (object);
}

static void
scratch_window_class_init (ScratchWindowClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);
  GtkWindowClass *window_class = GTK_WINDOW_CLASS (klass);

  object_class->dispose = scratch_window_dispose;
  object_class->finalize = scratch_window_finalize;
  window_class->close_request = scratch_window_close_request;

  g_type_ensure (SCRATCH_TYPE_FRAMES);
  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/org/example/Scratch/scratch-window.ui");
  gtk_widget_class_bind_template_child (widget_class, ScratchWindow, window_title);
  gtk_widget_class_bind_template_child (widget_class, ScratchWindow, selection);
  gtk_widget_class_bind_template_child (widget_class, ScratchWindow, failures_area);
  gtk_widget_class_bind_template_child (widget_class, ScratchWindow, failures_label);
  gtk_widget_class_bind_template_child (widget_class, ScratchWindow, max_entries);
  gtk_widget_class_bind_template_child (widget_class, ScratchWindow, total);
  gtk_widget_class_bind_template_child (widget_class, ScratchWindow, status);
  gtk_widget_class_bind_template_child (widget_class, ScratchWindow, progress);
  gtk_widget_class_bind_template_child (widget_class, ScratchWindow, spinner);
  gtk_widget_class_bind_template_child (widget_class, ScratchWindow, cancel);
  gtk_widget_class_bind_template_child (widget_class, ScratchWindow, frames);
  gtk_widget_class_bind_template_callback (widget_class, update_actions);
  gtk_widget_class_bind_template_callback (widget_class, setup_label_cb);
  gtk_widget_class_bind_template_callback (widget_class, bind_name_cb);
  gtk_widget_class_bind_template_callback (widget_class, bind_state_cb);
  gtk_widget_class_bind_template_callback (widget_class, bind_last_used_cb);
  gtk_widget_class_bind_template_callback (widget_class, bind_size_cb);
  gtk_widget_class_bind_template_callback (widget_class, bind_outcome_cb);

  gtk_widget_class_install_action (widget_class, "scratch.create", NULL, create_cb);
  gtk_widget_class_install_action (widget_class, "scratch.create-large", NULL, create_large_cb);
  gtk_widget_class_install_action (widget_class, "scratch.close", NULL, close_cb);
  gtk_widget_class_install_action (widget_class, "scratch.delete", NULL, delete_cb);
  gtk_widget_class_install_action (widget_class, "scratch.cleanup", NULL, cleanup_cb);
  gtk_widget_class_install_action (widget_class, "scratch.cancel", NULL, cancel_cb);
}

static void
scratch_window_init (ScratchWindow *self)
{
  self->list_cancellable = g_cancellable_new ();
  self->failures = g_string_new (NULL);
  self->ours =
      g_hash_table_new_full (g_file_hash, (GEqualFunc) g_file_equal, g_object_unref, ours_free);
  gtk_widget_init_template (GTK_WIDGET (self));
}

ScratchWindow *
scratch_window_new (GtkApplication *application, TmRoot *root, const ScratchOptions *options)
{
  ScratchWindow *self = g_object_new (SCRATCH_TYPE_WINDOW, "application", application, NULL);
  GFile *directory = tm_root_get_directory (root);

  self->root = g_object_ref (root);
  self->options = *options;
  adw_window_title_set_subtitle (self->window_title, g_file_peek_path (directory));
  g_signal_connect_object (root, "entry-removed", G_CALLBACK (entry_removed_cb), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (root, "entry-failed", G_CALLBACK (entry_failed_cb), self,
                           G_CONNECT_SWAPPED);

  /* The list shows which entries a cleanup would delete for the limit. */
  g_object_bind_property (root, "max-entries", self->max_entries, "value",
                          G_BINDING_SYNC_CREATE | G_BINDING_BIDIRECTIONAL);
  g_signal_connect_object (root, "notify::max-entries", G_CALLBACK (refresh), self,
                           G_CONNECT_SWAPPED);

  /* Without a monitor, the list is updated only every few seconds. */
  self->monitor = g_file_monitor_directory (directory, G_FILE_MONITOR_NONE, NULL, NULL);
  if (self->monitor != NULL)
    g_signal_connect_swapped (self->monitor, "changed", G_CALLBACK (refresh), self);
  self->refresh_id = g_timeout_add_seconds (REFRESH_SECONDS, refresh_cb, self);

  refresh (self);
  return self;
}
