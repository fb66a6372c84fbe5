/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <glib.h>
#include <sys/stat.h>

G_BEGIN_DECLS

/* How the owner of a directory shows that it lives, as the name of the directory tells all
 * machines. */
typedef enum
{
  TM_NAME_FOREIGN, /* this library did not create it */
  TM_NAME_LOCKED,  /* by a lock, which the processes of its machine see */
  TM_NAME_BEATING, /* by a heartbeat, and a lock if there are locks */
  TM_NAME_UNMARKED /* likewise, where its creator could not set the mark */
} TmNameKind;

/* The prefixes of the names that the library itself uses in a root, for an instant. */
#define TM_NAME_PREFIX_CLOCK ".tempman-clock"
#define TM_NAME_PREFIX_REMOVED ".tempman-removed"

char *tm_name_new (const char *prefix, const char *suffix, TmNameKind kind);
gboolean tm_name_is_internal (const char *name);
gboolean tm_name_suffix_is_valid (const char *suffix);
TmNameKind tm_name_get_kind (const char *name);
gboolean tm_name_may_have_heartbeat (TmNameKind kind);

/* The sticky bit: mkdir() sets it in the same step and no umask takes it away. */
#define TM_MARK S_ISVTX

gboolean tm_mark_is_valid (TmNameKind name, mode_t mode);
gboolean tm_mark_is_set (const char *name, mode_t mode);

G_END_DECLS
