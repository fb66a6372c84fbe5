/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "campaign-world.h"
#include "chance.h"

#include <tempman.h>

G_BEGIN_DECLS

/* Rounds of a campaign: in each, one operation on a tree, while an attacker changes the tree
 * between the system calls, calls fail, types of entries are hidden, reads are short and the
 * operation is cancelled. A random test and a fuzzer run them, with different sources of chance.
 *
 * After each round the canary outside of the tree is as it was, a live directory is still there,
 * the result agrees with the error and with the disk, no descriptor is left open, and once the
 * attacker has stopped the operation can be finished. If not, the process ends with abort(). */

typedef struct
{
  guint64 n_rounds;
  guint64 n_attacks;
  guint64 n_faults;
} CampaignCounts;

void campaign_warm_up (const char *base);
void campaign_run_round (Chance *scene,
                         Chance *events,
                         const char *base,
                         gboolean may_mount,
                         const char *name,
                         CampaignCounts *counts);

/* The rest is for the files of the campaign. */

typedef enum
{
  OPERATION_CLOSE,
  OPERATION_DELETE,
  OPERATION_PERSIST,
  OPERATION_REPLACE,
  OPERATION_CLEANUP,
  OPERATION_LIST,
  OPERATION_CREATE,
  OPERATION_KEEP,
  OPERATION_DELETION,
  OPERATION_UNREF,
  N_OPERATIONS,
} Operation;

typedef struct
{
  const char *name; /* (unowned): of the round, for messages */
  Operation operation;
  gboolean is_async;
  guint attack_distance; /* the mean number of calls between two attacks, or 0 */
  guint fault_distance;  /* likewise */
  gint cancel_at;        /* the number of a call, or -1 */

  World *world;
  char *top;         /* (owned): the tree */
  int top_fd;        /* of the tree, wherever it is */
  char *destination; /* (owned) */
  GCancellable *cancellable;
  TmRoot *root;
  TmTemporaryDirectory *directory; /* (owned) (nullable) */
  TmTemporaryDirectory *live;      /* (owned) */
  char *young;                     /* (owned): has no owner, and is not old */

  /* The rules of the root, and what follows from them. */
  TmDeleteFlags delete_flags;
  TmListFlags list_flags;
  gboolean young_must_stay;
  gboolean top_must_stay;
  gboolean top_must_go;
  guint n_entries; /* before the operation */

  gssize n_removed; /* result of the cleanup */
  guint n_removal_signals;
  guint n_failure_signals;
  TmDeletion *deletion; /* (owned) (nullable) */
  GListModel *entries;  /* (owned) (nullable) */
  gint is_missing;      /* atomic: the destination was, at one moment */

  GMutex mutex; /* guards what follows, and the world */
  guint n_calls;
  guint next_attack; /* the number of a call */
  guint next_fault;
  int lasting_error; /* an errno, until the call with the number below */
  guint lasts_until;
  guint n_attacks;
  guint n_faults;
  gboolean is_stale;      /* whether a call failed with ESTALE */
  const char *fault_call; /* (unowned) (nullable): the last call that failed */
  int fault_error;
} Round;

void round_prepare (Round *round);
gboolean round_run_operation (Round *round, GError **error);
void round_check_outcome (Round *round, gboolean ok, const GError *error);

void round_fail (Round *round,
                 const char *file,
                 int line,
                 const char *expression,
                 const GError *error) G_GNUC_NORETURN;

#define round_check(round, expression, error)                                                      \
  G_STMT_START                                                                                     \
  {                                                                                                \
    if (!(expression))                                                                             \
      round_fail (round, __FILE__, __LINE__, #expression, error);                                  \
  }                                                                                                \
  G_STMT_END

G_END_DECLS
