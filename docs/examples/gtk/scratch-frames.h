/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

#define SCRATCH_TYPE_FRAMES (scratch_frames_get_type ())

/* Draws a bar for each frame of the window, whose height is the time since the previous frame. The
 * bars move all the time, so that a blocked main loop is visible at once. */
G_DECLARE_FINAL_TYPE (ScratchFrames, scratch_frames, SCRATCH, FRAMES, GtkWidget)

/* The frames drawn since scratch_frames_start_counting(), and the longest time without one. */
typedef struct
{
  guint n_frames;
  double seconds;
  double longest_gap; /* in seconds */
} ScratchFrameCount;

void scratch_frames_start_counting (ScratchFrames *self);
ScratchFrameCount scratch_frames_stop_counting (ScratchFrames *self);

G_END_DECLS
