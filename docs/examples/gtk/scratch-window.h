/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <adwaita.h>
#include <tempman.h>

G_BEGIN_DECLS

#define SCRATCH_TYPE_WINDOW (scratch_window_get_type ())

/* A window that shows the entries of a root, and creates and deletes directories in it. */
G_DECLARE_FINAL_TYPE (ScratchWindow, scratch_window, SCRATCH, WINDOW, AdwApplicationWindow)

/* The options of the command line. */
typedef struct
{
  int n_files;         /* the number of files in a large directory */
  gboolean log_frames; /* print the number of frames that were drawn during each deletion */
  gboolean block;      /* delete in the main loop */
} ScratchOptions;

ScratchWindow *scratch_window_new (GtkApplication *application,
                                   TmRoot *root,
                                   const ScratchOptions *options);

G_END_DECLS
