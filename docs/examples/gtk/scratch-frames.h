/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

#define SCRATCH_TYPE_FRAMES (scratch_frames_get_type ())

/* Draws each frame of the window as a bar: the longer after the one before, the higher. It never
 * rests, so that a main loop which stalls is seen at once. */
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
