/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <gio/gio.h>
#include <sys/types.h>

G_BEGIN_DECLS

/* Servers of remote files for one test program: a session bus, on which GVfs starts
 * its daemons, and an SSH server on the loopback interface. */
typedef enum
{
  SERVER_GVFS, /* the back end that GVfs has for tests */
  SERVER_SFTP, /* that for SSH, and the SSH server */
} Server;

#define N_SERVERS 2

void servers_start (void);
gboolean servers_start_ssh (void);
guint16 servers_get_ssh_port (void);
gboolean servers_have (Server server);
char *servers_get_uri (Server server, const char *path);
gboolean servers_mount (Server server);
pid_t servers_find_ssh_connection (void);
void servers_stop (void);

G_END_DECLS
