/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "fault-plan.h"

#include <string.h>

/* How many second faults follow each first one. */
#define N_SECOND_FAULTS 8

/* Counts a call that can meet faults of @kinds, a set of bits. Returns whether it is to meet the
 * next fault of the plan. */
gboolean
fault_plan_add_call (FaultPlan *plan, guint32 kinds)
{
  gboolean is_due = FALSE;

  for (guint kind = 0; kind < MAX_FAULT_KINDS; kind++)
    if ((kinds & 1u << kind) != 0)
      {
        if (plan->n_met < plan->n_faults && plan->faults[plan->n_met].kind == kind &&
            plan->faults[plan->n_met].nth == plan->n_calls[kind])
          is_due = TRUE;
        plan->n_calls[kind]++;
      }

  return is_due;
}

/* The last call has met its fault. */
void
fault_plan_meet (FaultPlan *plan)
{
  g_assert_cmpuint (plan->n_met, <, plan->n_faults);
  plan->n_met++;
  memset (plan->n_calls, 0, sizeof plan->n_calls);
}

/* Adds one of the faults that a call could have met after the last fault of @run, each with the
 * same probability. Returns FALSE if there is none. */
static gboolean
draw_next (FaultPlan *plan, const FaultPlan *run, GRand *random)
{
  guint n = 0;
  guint left;

  for (guint kind = 0; kind < MAX_FAULT_KINDS; kind++)
    n += run->n_calls[kind];
  if (n == 0)
    return FALSE;

  left = (guint) g_rand_int_range (random, 0, (gint32) n);
  for (guint kind = 0; kind < MAX_FAULT_KINDS; kind++)
    {
      if (left < run->n_calls[kind])
        {
          plan->faults[plan->n_faults++] = (PlannedFault){ kind, left };
          break;
        }
      left -= run->n_calls[kind];
    }
  return TRUE;
}

/* Draws a fault, and several that follow it, and runs each pair: first to count the calls of a run
 * without a fault, then those after the first fault. Returns how many runs met two faults. */
guint
fault_plan_sample_pairs (FaultRunFunc run, gpointer user_data, GRand *random)
{
  FaultPlan none = { .n_faults = 0 };
  FaultPlan first = { .n_faults = 0 };
  FaultPlan counted;
  guint n_pairs = 0;

  run (&none, user_data);
  if (!draw_next (&first, &none, random))
    return 0;

  counted = first;
  run (&counted, user_data);
  /* A fault that could not be made true. */
  if (counted.n_met == 0)
    return 0;

  for (guint i = 0; i < N_SECOND_FAULTS; i++)
    {
      FaultPlan pair = first;

      if (!draw_next (&pair, &counted, random))
        break;
      run (&pair, user_data);
      n_pairs += pair.n_met == 2;
    }

  return n_pairs;
}
