/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "sandbox.h"

G_BEGIN_DECLS

void skip_or_assert_success (int status, const char *reason);
gboolean skip_unless_root (void);
void skip_unless_control_fell (gboolean fell);

gboolean library_has_descriptors (void);
gboolean library_has_linux_calls (void);
SandboxFunc of_descriptors (SandboxFunc function);

G_END_DECLS
