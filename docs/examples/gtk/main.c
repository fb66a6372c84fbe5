/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Usage: scratch [OPTION…] [DIRECTORY]; see --help. */

#include "scratch-window.h"

#include <glib/gi18n.h>
#include <locale.h>

#define AGE (60 * 60) /* in seconds: the timeout */

static ScratchOptions options = { .n_files = 100000 };

static void
open_window (GtkApplication *application, GFile *directory, TmRootFlags flags)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (TmRoot) root =
      tm_root_new (directory, AGE, flags | TM_ROOT_FLAGS_RECLAIM_ABANDONED, NULL, &error);

  if (root == NULL)
    {
      g_printerr ("%s\n", error->message);
      return;
    }

  tm_root_set_prefix (root, "scratch");
  gtk_window_present (GTK_WINDOW (scratch_window_new (application, root, &options)));
}

/* Without an argument, the root is a directory of this program, created if it is missing. */
static void
activate_cb (GtkApplication *application)
{
  g_autoptr (GFile) directory =
      g_file_new_build_filename (g_get_user_cache_dir (), "scratch", NULL);

  open_window (application, directory, TM_ROOT_FLAGS_CREATE_DIRECTORY);
}

static void
open_cb (GtkApplication *application, GFile **files, int n_files, const char *hint)
{
  for (int i = 0; i < n_files; i++)
    open_window (application, files[i], TM_ROOT_FLAGS_NONE);
}

/* A program has a translation domain of its own. The catalogues of this one are those of the
 * library.
 */
static void
prepare_translations (void)
{
  setlocale (LC_ALL, "");
  bindtextdomain (GETTEXT_PACKAGE, LOCALEDIR);
  bind_textdomain_codeset (GETTEXT_PACKAGE, "UTF-8");
  textdomain (GETTEXT_PACKAGE);
}

/* GApplication translates no descriptions. */
static void
add_options (GApplication *application)
{
  const GOptionEntry entries[] = {
    { "files", 0, 0, G_OPTION_ARG_INT, &options.n_files,
      _ ("Number of files in a large directory (100000)"), _ ("N") },
    { "log-frames", 0, 0, G_OPTION_ARG_NONE, &options.log_frames,
      _ ("Print the number of frames that were drawn during a deletion"), NULL },
    { "block", 0, 0, G_OPTION_ARG_NONE, &options.block,
      _ ("Delete in the main loop, which no program should do, for comparison"), NULL },
    G_OPTION_ENTRY_NULL,
  };

  g_application_add_main_option_entries (application, entries);
  g_application_set_option_context_parameter_string (application, _ ("[DIRECTORY]"));
}

int
main (int argc, char **argv)
{
  g_autoptr (AdwApplication) application = NULL;

  prepare_translations ();
  /* It finds style.css in the resources, below the path that its name gives. */
  application = adw_application_new ("org.example.Scratch",
                                     G_APPLICATION_HANDLES_OPEN | G_APPLICATION_NON_UNIQUE);
  add_options (G_APPLICATION (application));
  g_signal_connect (application, "activate", G_CALLBACK (activate_cb), NULL);
  g_signal_connect (application, "open", G_CALLBACK (open_cb), NULL);

  return g_application_run (G_APPLICATION (application), argc, argv);
}
