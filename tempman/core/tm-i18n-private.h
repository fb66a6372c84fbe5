/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

const char *tm_gettext (const char *message) G_GNUC_FORMAT (1);

/* The names that xgettext looks for. N_() marks a message that is translated later. */
#define _(message) tm_gettext (message)
#define N_(message) (message)

G_END_DECLS
