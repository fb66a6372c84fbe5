/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "sandbox.h"

G_BEGIN_DECLS

/* The end of a test that proves more the longer it runs. */
typedef struct
{
  gint64 end;    /* monotonic time */
  guint64 count; /* of a unit that the test counts */
} Limit;

gboolean is_soak (void);
Limit limit_from_now (double seconds);
Limit limit_of_soak (double otherwise);
gboolean limit_is_reached (const Limit *limit, guint64 count);

/* A soak tests the file system that TMPDIR is on; otherwise memory is faster. */
#define add_test_of_soak(name, data, function)                                                     \
  G_STMT_START                                                                                     \
  {                                                                                                \
    if (is_soak ())                                                                                \
      g_test_add (name, Sandbox, data, sandbox_set_up, function, sandbox_tear_down);               \
    else                                                                                           \
      add_test_in_memory (name, data, function);                                                   \
  }                                                                                                \
  G_STMT_END

G_END_DECLS
