/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <glib.h>

/* Marks the messages of the command. Without -Dnls, they stay as they are. */

#ifdef ENABLE_NLS
#include <glib/gi18n-lib.h>
#define tool_ngettext(singular, plural, n) g_dngettext (GETTEXT_PACKAGE, singular, plural, n)
#else
#define _(message) (message)
#define C_(context, message) (message)
#define N_(message) (message)
#define tool_ngettext(singular, plural, n) ((n) == 1 ? (singular) : (plural))
#endif

void tool_i18n_prepare (void);
