/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "core/tm-backend-private.h"
#include "core/tm-lock-private.h"
#include "tm-root.h"

G_BEGIN_DECLS

struct _TmRoot
{
  GObject parent_instance;

  TmLock lock;         /* guards exclude, and directory and root until they are set */
  GFile *directory;    /* (owned) (nullable): with its links resolved once it is opened */
  TmBackendRoot *root; /* (owned) (nullable): until initialised, then never changed */
  double timeout;      /* set once, when constructed */
  TmRootFlags flags;   /* likewise */
  const char *prefix;  /* (nullable): interned, so that one that was got stays valid when another
                        * thread sets the next; atomic */
  gint age_basis;      /* a TmAgeBasis; atomic */
  GStrv exclude;       /* (owned) (nullable): guarded by the lock */
};

G_END_DECLS
