/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* A queue that carries items, such as failures, from the threads of a call to its caller. */
typedef struct _TmDelivery TmDelivery;

/* @item: (nullable): an item, or %NULL after tm_delivery_poke() */
typedef void (*TmDeliveryFunc) (gpointer item, gpointer data);

TmDelivery *tm_delivery_new (GTask *task,
                             TmDeliveryFunc function,
                             GDestroyNotify item_free,
                             gpointer data,
                             GDestroyNotify destroy);
void tm_delivery_free (TmDelivery *delivery);

void tm_delivery_add (TmDelivery *delivery, gpointer item, GCancellable *cancellable);
void tm_delivery_poke (TmDelivery *delivery);
void tm_delivery_deliver (TmDelivery *delivery);

void tm_delivery_begin_helper (TmDelivery *delivery);
void tm_delivery_end_helper (TmDelivery *delivery);
void tm_delivery_wait_for_helpers (TmDelivery *delivery);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (TmDelivery, tm_delivery_free)

G_END_DECLS
