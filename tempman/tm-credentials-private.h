/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <glib.h>
#include <sys/types.h>

G_BEGIN_DECLS

/* What the kernel judges by when a thread wants to delete something. */
typedef struct
{
  uid_t user;
  gid_t group;
  guint64 capabilities; /* the effective ones */
} TmCredentials;

void tm_credentials_of_thread (TmCredentials *credentials);
gboolean tm_credentials_equal (const TmCredentials *a, const TmCredentials *b);

G_END_DECLS
