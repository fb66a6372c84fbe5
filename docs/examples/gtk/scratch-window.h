/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <gtk/gtk.h>
#include <tempman.h>

G_BEGIN_DECLS

#define SCRATCH_TYPE_WINDOW (scratch_window_get_type ())

/* Shows what is in a root, and works with it. */
G_DECLARE_FINAL_TYPE (ScratchWindow, scratch_window, SCRATCH, WINDOW, GtkApplicationWindow)

/* What the command line asks for. */
typedef struct
{
  int n_files;         /* in a large directory */
  gboolean log_frames; /* say on the standard output how many frames each deletion left room for */
  gboolean block;      /* delete in the main loop */
} ScratchOptions;

ScratchWindow *scratch_window_new (GtkApplication *application,
                                   TmRoot *root,
                                   const ScratchOptions *options);

G_END_DECLS
