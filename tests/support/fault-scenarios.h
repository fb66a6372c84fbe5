/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "faults.h"
#include "support.h"

#include <tempman.h>

G_BEGIN_DECLS

/* Functions that the scenarios of several tests use. */

/* How the operations are called; the scenarios are the same. */
extern gboolean is_async;

void run_each (Sandbox *sandbox, ScenarioFunc scenario);
void run_each_lasting (Sandbox *sandbox, const ScenarioFunc *scenarios, guint n_scenarios);
void run_each_async (Sandbox *sandbox, const ScenarioFunc *scenarios, guint n_scenarios);

int open_directory (const char *path);
void fill_small (const char *path);

gboolean fault_was_that_there_are_no_locks (void);
void check_created (TmTemporaryDirectory *directory);
void check_not_created (const char *base, const GError *error);

G_END_DECLS
