/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

int tm_random_draw (gpointer bytes, gsize length);
void tm_random_wipe (gpointer bytes, gsize length);

G_END_DECLS
