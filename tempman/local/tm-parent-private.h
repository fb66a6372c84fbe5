/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "local/tm-dirfd-private.h"

G_BEGIN_DECLS

/* The open directory that temporary directories were created in, or that entries of a root were
 * found in. It is open for as long as one of them lives, so that its identity cannot come back with
 * another directory, and so that they are removed from it, whatever has become of its path. Safe to
 * be used by several threads, and in a forked child. */
typedef struct _TmParent TmParent;

TmParent *tm_parent_open (const char *path, char **resolved, char **refused);
TmParent *tm_parent_new (int fd);
TmParent *tm_parent_ref (TmParent *parent);
void tm_parent_unref (TmParent *parent);
void tm_parent_unref_seen (TmParent *parent);

int tm_parent_get_fd (TmParent *parent);
const TmFileLook *tm_parent_get_look (TmParent *parent);
int tm_parent_check (TmParent *parent);
gboolean tm_parent_is_local (TmParent *parent);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (TmParent, tm_parent_unref)

G_END_DECLS
