/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "local/tm-dirfd-private.h"

G_BEGIN_DECLS

/* tm_dirfd_unlink() or tm_dirfd_remove() */
typedef int (*TmRemoveFunc) (int dirfd, const char *name);

gboolean tm_force_clear (int fd, guint *cleared);
gboolean tm_force_make_writable (int fd, guint *cleared);
void tm_force_restore (int fd, guint cleared);
int tm_force_remove (int dirfd, const char *name, TmRemoveFunc remove);

G_END_DECLS
