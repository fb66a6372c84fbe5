/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "core/tm-name-private.h"
#include "local/tm-dirfd-private.h"

G_BEGIN_DECLS

/* The open directory in which temporary directories are created, or entries of a root found. It
 * stays open while one of them exists, so that its inode number is not reused, and so that they are
 * removed from it wherever it was moved. Can be used by several threads, and in a forked child. */
typedef struct _TmParent TmParent;

TmParent *tm_parent_open (const char *path, char **resolved, char **refused);
TmParent *tm_parent_find (const char *path);
void tm_parent_hide (TmParent *parent);
TmParent *tm_parent_new (int fd);
TmParent *tm_parent_ref (TmParent *parent);
void tm_parent_unref (TmParent *parent);
void tm_parent_unref_seen (TmParent *parent);

int tm_parent_get_fd (TmParent *parent);
const TmFileStatus *tm_parent_get_status (TmParent *parent);
int tm_parent_check (TmParent *parent);
gboolean tm_parent_is_on_shared_file_system (TmParent *parent);
gboolean tm_parent_is_predictable (TmParent *parent);
void tm_parent_set_unmarked (TmParent *parent);
TmNameKind tm_parent_get_name_kind (TmParent *parent);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (TmParent, tm_parent_unref)

G_END_DECLS
