/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "tm-process-private.h"
#include "tm-publish-private.h"

#include <gio/gio.h>

G_BEGIN_DECLS

/* A directory of ours, as long as it is temporary: what a TmTemporaryDirectory does to the disk
 * goes through it. It has two bodies: of a local one this process holds the descriptor and the
 * lock, of any other it knows the GFile. Not safe to share between threads without a lock of the
 * caller's. */
typedef struct _TmHolding TmHolding;

typedef struct
{
  int (*get_fd) (TmHolding *holding);
  gboolean (*delete) (TmHolding *holding, GCancellable *cancellable, GError **error);
  gboolean (*disown) (TmHolding *holding, GError **error);
  gboolean (*publish) (TmHolding *holding,
                       GFile *destination,
                       gboolean replace,
                       TmReplaced **replaced,
                       GError **error);
  void (*free) (TmHolding *holding);
} TmHoldingBody;

struct _TmHolding
{
  const TmHoldingBody *body;
  GFile *file;            /* (owned) */
  TmProcessToken process; /* forked children have a copy of all this, but no right to use it */
};

TmHolding *
tm_holding_create (GFile *parent, const char *prefix, GCancellable *cancellable, GError **error);
GFile *tm_holding_get_file (TmHolding *holding);
gboolean tm_holding_is_of_this_process (TmHolding *holding);
void tm_holding_adopt (TmHolding *holding);
int tm_holding_get_fd (TmHolding *holding);
gboolean tm_holding_delete (TmHolding *holding, GCancellable *cancellable, GError **error);
gboolean tm_holding_disown (TmHolding *holding, GError **error);
gboolean tm_holding_publish (TmHolding *holding,
                             GFile *destination,
                             gboolean replace,
                             TmReplaced **replaced,
                             GError **error);
void tm_holding_release (TmHolding *holding);

/* For the bodies. */
void
tm_holding_init (TmHolding *holding, const TmHoldingBody *body, GFile *parent, const char *name);
TmHolding *tm_holding_local_create (GFile *parent,
                                    TmParent *open_parent,
                                    const char *prefix,
                                    GCancellable *cancellable,
                                    GError **error);
TmHolding *tm_holding_remote_create (GFile *parent,
                                     const char *prefix,
                                     GCancellable *cancellable,
                                     GError **error);

G_END_DECLS
