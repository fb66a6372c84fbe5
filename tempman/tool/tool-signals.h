/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <glib.h>
#include <signal.h>
#include <sys/signalfd.h>

/* Ends with 0. */
extern const int tool_signals_to_end[];

typedef struct _ToolSignals ToolSignals;

typedef void (*ToolSignalsFunc) (const struct signalfd_siginfo *signal_info, gpointer user_data);

void tool_signals_block (const int *signals);
void tool_signals_unblock (const int *signals);
const sigset_t *tool_signals_get_inherited_mask (void);

ToolSignals *tool_signals_watch (const int *signals, ToolSignalsFunc func, gpointer user_data);
void tool_signals_unwatch (ToolSignals *signals);

int tool_signals_end_by (int signal_number);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ToolSignals, tool_signals_unwatch)
