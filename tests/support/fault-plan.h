/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Which calls of one run fail, and in which way. A call is a system call or a request to a server.
 * The kinds of faults have numbers, and a call can meet those of some kinds. */

#define MAX_FAULTS 2
#define MAX_FAULT_KINDS 32

/* One of the calls that can meet a fault of this kind, counted from the fault before. */
typedef struct
{
  guint kind;
  guint nth;
} PlannedFault;

/* One thread at a time may use it. */
typedef struct
{
  PlannedFault faults[MAX_FAULTS];
  guint n_faults;
  guint n_met;

  guint n_calls[MAX_FAULT_KINDS]; /* since the last fault that was met */
} FaultPlan;

typedef void (*FaultRunFunc) (FaultPlan *plan, gpointer user_data);

gboolean fault_plan_add_call (FaultPlan *plan, guint32 kinds);
void fault_plan_meet (FaultPlan *plan);
guint fault_plan_sample_pairs (FaultRunFunc run, gpointer user_data, GRand *random);

G_END_DECLS
