/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The widest integer that every machine reads and writes atomically. */
typedef gsize TmProcessToken;

#define TM_PROCESS_WIPED_SIZE 512

TmProcessToken tm_process_get_token (void);
gpointer tm_process_get_wiped_memory (void);

G_END_DECLS
