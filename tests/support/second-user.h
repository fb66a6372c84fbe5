/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* An ordinary user. A test that expects an error of permission drops to it, for root does not get
 * that error. */
#define TEST_UID 65534

gboolean become_ordinary_user (void);
gboolean drop_access_to_everything (void);
gboolean drop_capability_to_change_attributes (void);

G_END_DECLS
