/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <glib.h>

#include <sys/stat.h>

G_BEGIN_DECLS

gboolean tm_proc_locks_contain (const struct statx *status);

G_END_DECLS
