/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <gio/gio.h>
#include <sys/types.h>

G_BEGIN_DECLS

/* What serves remote files to one test program, all of its own: a session bus, on which GVfs starts
 * its daemons, and an SSH server on the loopback interface. */

gboolean servers_start (void);
gboolean servers_start_ssh (void);
gboolean servers_mount (GFile *file);
char *servers_get_ssh_uri (const char *path);
pid_t servers_find_ssh_connection (void);
void servers_stop (void);

G_END_DECLS
