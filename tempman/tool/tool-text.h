/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <glib.h>

int tool_text_get_width (const char *text);
int tool_text_get_widest (const char *text);
char *tool_text_shorten (const char *text, int width);
