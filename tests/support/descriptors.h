/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

int find_descriptor (const char *path);
int replace_descriptor (int fd, const char *victim);
void put_descriptor_back (int fd, int saved);
gboolean descriptor_is (int fd, const char *path);

G_END_DECLS
