/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "chance.h"
#include "interpose.h"

#include <gio/gio.h>

G_BEGIN_DECLS

/* Makes the system calls of the library fail, each with every errno that it can return: one in
 * every run of a scenario, until there has been a run for each of its calls; or two, of which there
 * are too many for all of them.
 *
 * A scenario prepares its files, calls fault_begin() before the operation that meets the fault, and
 * fault_end() after it. It may run in a forked child too, and counts no descriptors itself: this
 * file checks that none is left open.
 *
 * Calls are numbered in their order, in all threads: no check may depend on which one fails. */

typedef void (*ScenarioFunc) (const char *base);

typedef enum
{
  FAULT_ONCE,
  FAULT_FROM_THEN_ON, /* as of a disk that died */
} FaultDuration;

guint fault_each (ScenarioFunc scenario, const char *base, guint step);
guint fault_each_of (ScenarioFunc scenario,
                     const char *base,
                     guint step,
                     int error_number,
                     FaultDuration duration);

guint fault_sample_pairs (ScenarioFunc scenario, const char *base, GRand *random);

int fault_at_random (const SystemCall *call, Chance *chance);
gboolean fault_is_possible (const SystemCall *call, int error_number);

void fault_begin (void);
void fault_end (void);

const char *fault_outside (void);

/* Which faults the scenario met, after fault_end(). What has to hold in spite of a fault depends on
 * all of them, and what need not hold on any. */

typedef struct
{
  int error_number;
  char call[24];
  char path[64];
} MetFault;

typedef gboolean (*MetFaultFunc) (const MetFault *met);

gboolean fault_any (MetFaultFunc function);
gboolean fault_all (MetFaultFunc function);
gboolean fault_is_of (const MetFault *met, const char *call);
gboolean fault_is_hidden (const MetFault *met);

gboolean fault_was_met (void);
guint fault_count (int error_number);
gboolean fault_was (int error_number);
gboolean fault_was_of (const char *call);
gboolean fault_was_of_name (const char *call);
gboolean fault_lasts (void);
gboolean fault_prevents_repair (void);
gboolean fault_moved_away (const char *name);
gboolean fault_hid_a_mount (void);
gboolean fault_is_to_be_hidden (void);
void fault_check_error (const GError *error, const char *base);

void fault_fail (const char *file, int line, const char *expression) G_GNUC_NORETURN;

/* For a child as well, where GTest's own assertions would write into the report of the parent.
 * Prints the fault. */
#define fault_assert(expression)                                                                   \
  G_STMT_START                                                                                     \
  {                                                                                                \
    if (!(expression))                                                                             \
      fault_fail (__FILE__, __LINE__, #expression);                                                \
  }                                                                                                \
  G_STMT_END

G_END_DECLS
