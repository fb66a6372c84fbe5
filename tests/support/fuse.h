/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <gio/gio.h>
#include <sys/types.h>

G_BEGIN_DECLS

/* A FUSE file system, in a child with a mount namespace of its own. It ends with the child. */
pid_t fuse_mount (const char *const *command, const char *target);

/* Run in a child, on such a file system. */
typedef void (*FuseFunc) (const char *target);

void test_on_bindfs (const char *base, const char *const *options, FuseFunc function);
void test_on_ntfs (const char *base, FuseFunc function);
void test_on_sshfs (const char *base, FuseFunc function);

G_END_DECLS
