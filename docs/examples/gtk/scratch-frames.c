/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "scratch-frames.h"

#define N_BARS 60

/* The time for a bar of full height. At 60 frames a second, five frames are missing then. */
#define FULL_HEIGHT (G_USEC_PER_SEC / 10)

struct _ScratchFrames
{
  GtkWidget parent_instance;

  gint64 gaps[N_BARS]; /* a ring buffer: the time since the previous frame, in microseconds */
  guint n_drawn;       /* the number of frames; modulo N_BARS, the next position in the ring */
  gint64 last_drawn;   /* monotonic time; 0 before the first frame */

  gint64 counting_since; /* monotonic time */
  guint n_counted;
  gint64 longest_gap;
};

G_DEFINE_FINAL_TYPE (ScratchFrames, scratch_frames, GTK_TYPE_WIDGET)

/* Measures the time since the last frame, or since the start of the counting. */
static void
count_gap (ScratchFrames *self, gint64 now)
{
  gint64 since = MAX (self->last_drawn, self->counting_since);

  self->longest_gap = MAX (self->longest_gap, now - since);
}

static void
scratch_frames_snapshot (GtkWidget *widget, GtkSnapshot *snapshot)
{
  ScratchFrames *self = SCRATCH_FRAMES (widget);
  gint64 now = g_get_monotonic_time ();
  float height = gtk_widget_get_height (widget);
  float width = (float) gtk_widget_get_width (widget) / N_BARS;
  GdkRGBA color;

  count_gap (self, now);
  self->n_counted++;
  self->gaps[self->n_drawn % N_BARS] = self->last_drawn != 0 ? now - self->last_drawn : 0;
  self->n_drawn++;
  self->last_drawn = now;

  gtk_style_context_get_color (gtk_widget_get_style_context (widget), &color);
  for (guint i = 0; i < N_BARS; i++)
    {
      /* The oldest is at the left. */
      gint64 gap = self->gaps[(self->n_drawn + i) % N_BARS];
      float bar = height * (float) MIN (gap, FULL_HEIGHT) / FULL_HEIGHT;

      color.alpha = 0.25f + 0.75f * (float) i / N_BARS;
      gtk_snapshot_append_color (
          snapshot, &color,
          &GRAPHENE_RECT_INIT ((float) i * width, height - bar, width * 0.7f, bar));
    }
}

/* Called for each frame, before it is drawn. */
static gboolean
tick_cb (GtkWidget *widget, GdkFrameClock *clock, gpointer user_data)
{
  gtk_widget_queue_draw (widget);
  return G_SOURCE_CONTINUE;
}

static void
scratch_frames_class_init (ScratchFramesClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  widget_class->snapshot = scratch_frames_snapshot;
  gtk_widget_class_set_css_name (widget_class, "frames");
}

static void
scratch_frames_init (ScratchFrames *self)
{
  gtk_widget_add_tick_callback (GTK_WIDGET (self), tick_cb, NULL, NULL);
}

void
scratch_frames_start_counting (ScratchFrames *self)
{
  self->counting_since = g_get_monotonic_time ();
  self->n_counted = 0;
  self->longest_gap = 0;
}

ScratchFrameCount
scratch_frames_stop_counting (ScratchFrames *self)
{
  gint64 now = g_get_monotonic_time ();

  count_gap (self, now);
  return (ScratchFrameCount){
    .n_frames = self->n_counted,
    .seconds = (double) (now - self->counting_since) / G_USEC_PER_SEC,
    .longest_gap = (double) self->longest_gap / G_USEC_PER_SEC,
  };
}
