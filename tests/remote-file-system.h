/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

void pretend_remote (gboolean remote);
gboolean skip_unless_deceived (const char *path);

G_END_DECLS
