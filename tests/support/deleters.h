/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <tempman.h>

G_BEGIN_DECLS

/* The deletion of the library, and others as programs have written them: an attack on the library
 * has to succeed with another one, otherwise it would prove nothing. In a child. */

typedef void (*Deleter) (TmTemporaryDirectory *directory);

void delete_by_library (TmTemporaryDirectory *directory);
void delete_by_path (TmTemporaryDirectory *directory);
void delete_going_up (TmTemporaryDirectory *directory);
void delete_by_inode (TmTemporaryDirectory *directory);

void delete_path (const char *path);

G_END_DECLS
