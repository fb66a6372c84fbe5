/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <glib.h>

#include <sys/types.h>

G_BEGIN_DECLS

gboolean tm_mounts_can_hold (const char *path, dev_t device);

G_END_DECLS
