/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "core/tm-mark-private.h"

#include "core/tm-name-private.h"

/* The mark says: this directory was made by tempman and has, or had, an owner.
 *
 * The bit alone does not say so. In a directory that others may write to, as /tmp, it restricts
 * what they may remove. The XDG base directory specification uses it in the runtime directory to
 * say that something must not be cleaned up, and podman, runc and others set it on private
 * directories. Only together with a name of ours it is ours. */

static gboolean
mode_has_bit (mode_t mode)
{
  return (mode & TM_MARK) != 0 && (mode & (S_IWGRP | S_IWOTH)) == 0;
}

/*
 * tm_mark_is_set:
 * @name: the name of a directory
 * @mode: its mode
 *
 * Returns: whether the directory has the mark: the one question on which every reclaiming rests
 */
gboolean
tm_mark_is_set (const char *name, mode_t mode)
{
  return mode_has_bit (mode) && tm_name_is_ours (name);
}
