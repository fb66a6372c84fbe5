/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <glib.h>

void tool_child_prepare (void);
int tool_child_run (char **arguments, char **environment, GError **error);
