/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

guint64 tm_measure_gio (GFile *directory, GCancellable *cancellable, guint64 *freeable);
guint64 tm_measure_gio_get_free_space (GFile *directory, GCancellable *cancellable);

G_END_DECLS
