/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "local/tm-dirfd-private.h"

G_BEGIN_DECLS

/* A number that no call has: the kernel answers with `ENOSYS`. */
#define TM_LINUX_NO_CALL (-1)

/* A call that a kernel may lack, and that a filter may forbid. */
typedef struct
{
  gint is_refused;            /* atomic */
  int (*call_on_root) (void); /* on the root directory, which always exists, with arguments that no
                               * filter forbids; returns -1 with errno if that fails */
} TmLinuxCall;

gboolean tm_linux_call_is_usable (TmLinuxCall *call);
gboolean tm_linux_call_is_refused (TmLinuxCall *call);

G_END_DECLS
