/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <glib.h>
#include <signal.h>

/* The last element is 0. */
extern const int tool_signals_to_end[];

void tool_signals_prepare (void);
void tool_signals_restore (void);
gboolean tool_signals_started_ignored (int signal_number);

sigset_t tool_signals_make_set (const int *signals);
sigset_t tool_signals_make_heeded_set (const int *signals);
void tool_signals_block (const int *signals);
void tool_signals_unblock (const int *signals);

int tool_signals_end_by (int signal_number);
