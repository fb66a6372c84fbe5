/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

int tm_measure_entry (int dirfd, const char *name, GCancellable *cancellable, guint64 *size);

G_END_DECLS
