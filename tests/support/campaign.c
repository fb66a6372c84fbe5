/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "campaign.h"

#include "faults.h"
#include "interpose.h"
#include "support.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

static const char *const operation_names[] = { "close", "delete", "persist", "replace",  "cleanup",
                                               "list",  "create", "keep",    "deletion", "unref" };

void
round_fail (Round *round, const char *file, int line, const char *expression, const GError *error)
{
  interpose_end ();
  g_printerr ("%s:%d: not so: %s\n", file, line, expression);
  g_printerr ("%s: %s%s, an attack in %u calls, a fault in %u, cancelled at %d; %u attacks, %u "
              "faults, the last of which: %s in %s; %s\n",
              round->name, operation_names[round->operation], round->is_async ? "_async" : "",
              round->attack_distance, round->fault_distance, round->cancel_at, round->n_attacks,
              round->n_faults, g_strerror (round->fault_error),
              round->fault_call != NULL ? round->fault_call : "no call",
              error != NULL ? error->message : "no error");
  abort ();
}

/* Returns the number of the call before which the next event happens. */
static guint
pick_next (Round *round, guint distance)
{
  if (distance == 0 || chance_has_ended (round->world->chance))
    return G_MAXUINT;

  return round->n_calls + chance_pick (round->world->chance, 2 * distance);
}

/* With such an error, the library takes the file system for one without locks, on which no
 * directory is live. */
static gboolean
hides_locks (const SystemCall *call, int error_number)
{
  return g_str_equal (call->name, "flock") &&
         (error_number == EINVAL || error_number == ENOSYS || error_number == EOPNOTSUPP);
}

static int
pick_fault (Round *round, const SystemCall *call)
{
  Chance *chance = round->world->chance;
  int error_number;

  if (round->n_calls < round->lasts_until)
    return fault_is_possible (call, round->lasting_error) &&
                   !hides_locks (call, round->lasting_error)
               ? round->lasting_error
               : 0;

  if (round->n_calls < round->next_fault)
    return 0;

  error_number = fault_at_random (call, chance);
  if (error_number == 0 || hides_locks (call, error_number))
    return 0;

  round->next_fault = pick_next (round, round->fault_distance);
  if (chance_pick (chance, 8) == 1)
    {
      round->lasting_error = error_number;
      round->lasts_until = round->n_calls + chance_pick (chance, 64);
    }
  return error_number;
}

/* In any thread of the library. */
static int
call_cb (const SystemCall *call, gpointer user_data)
{
  Round *round = user_data;
  int error_number;

  g_mutex_lock (&round->mutex);
  if (round->cancel_at >= 0 && round->n_calls == (guint) round->cancel_at)
    g_cancellable_cancel (round->cancellable);
  round->n_calls++;
  if (round->n_calls > round->next_attack)
    {
      world_attack (round->world, round->top, call);
      round->n_attacks++;
      round->next_attack = pick_next (round, round->attack_distance);
    }
  error_number = pick_fault (round, call);
  if (error_number != 0)
    {
      round->n_faults++;
      round->is_stale |= error_number == ESTALE;
      round->fault_call = call->name;
      round->fault_error = error_number;
    }
  if (round->operation == OPERATION_REPLACE && !path_exists (round->destination))
    g_atomic_int_set (&round->is_missing, TRUE);
  g_mutex_unlock (&round->mutex);

  /* The call has not been made, and the descriptor would stay open. */
  if (error_number != 0 && g_str_equal (call->name, "close"))
    close (call->fd);
  return error_number;
}

static void
round_set_up (Round *round, Chance *scene, Chance *events, const char *base, gboolean may_mount)
{
  g_mutex_init (&round->mutex);
  round->world = world_new (base, scene, may_mount);
  round->operation = (Operation) chance_pick (scene, N_OPERATIONS);
  round->is_async = chance_pick (scene, 4) == 1;
  round->attack_distance = (const guint[]){ 3, 10, 30, 0 }[chance_pick (scene, 4)];
  round->fault_distance = (const guint[]){ 0, 0, 20, 100 }[chance_pick (scene, 4)];
  /* Otherwise no operation would get deep into a tree. */
  round->next_attack = chance_pick (scene, 2) == 1 ? chance_pick (scene, 400) : 0;
  round->cancel_at = chance_pick (scene, 5) == 1 ? (gint) chance_pick (scene, 60) : -1;
  round->cancellable = g_cancellable_new ();
  round->destination = g_build_filename (base, "published", NULL);

  round_prepare (round);
  round->top_fd = open (round->top, O_PATH | O_DIRECTORY | O_CLOEXEC);
  g_assert_no_errno (round->top_fd);

  hide_entry_types (chance_pick (scene, 4) == 1);
  shorten_reads (chance_pick (scene, 4) == 1);
  round->world->chance = events;
  round->next_attack = round->attack_distance == 0 || chance_has_ended (events)
                           ? G_MAXUINT
                           : round->next_attack + pick_next (round, round->attack_distance);
  round->next_fault = pick_next (round, round->fault_distance);
}

static void
round_clear (Round *round)
{
  close (round->top_fd);
  g_clear_object (&round->entries);
  g_clear_object (&round->deletion);
  g_clear_object (&round->directory);
  g_clear_object (&round->live);
  g_clear_object (&round->root);
  g_clear_object (&round->cancellable);
  world_free (round->world);
  g_mutex_clear (&round->mutex);
  g_free (round->top);
  g_free (round->destination);
  g_free (round->young);
}

static gboolean
has_open_descriptors (guint n)
{
  /* A thread that has ended its work closes its descriptors a moment later. */
  for (guint i = 0; i < 1000 && count_open_descriptors () != n; i++)
    g_usleep (1000);
  return count_open_descriptors () != n;
}

/* Runs a round in the directory @base, which is created and deleted. @scene decides what is done
 * with which tree, and @events what happens meanwhile. */
void
campaign_run_round (Chance *scene,
                    Chance *events,
                    const char *base,
                    gboolean may_mount,
                    const char *name,
                    CampaignCounts *counts)
{
  guint n_descriptors = count_open_descriptors ();
  Round round = { .name = name };
  g_autoptr (GError) error = NULL;
  gboolean ok;

  make_directory (base);
  round_set_up (&round, scene, events, base, may_mount);

  interpose (call_cb, &round);
  ok = round_run_operation (&round, &error);
  interpose_end ();
  hide_entry_types (FALSE);
  shorten_reads (FALSE);
  world_end_attacks (round.world);

  round_check_outcome (&round, ok, error);

  counts->n_rounds++;
  counts->n_attacks += round.n_attacks;
  counts->n_faults += round.n_faults;
  round_clear (&round);
  if (has_open_descriptors (n_descriptors))
    round_fail (&round, __FILE__, __LINE__, "no descriptor is left open", error);
  world_clear (base);
}

/* Descriptors that GLib opens once, for its threads and main context, are not leaks. */
void
campaign_warm_up (const char *base)
{
  g_autoptr (GFile) missing = g_file_new_build_filename (base, "missing", NULL);
  g_autoptr (GAsyncResult) result = NULL;

  tm_delete_recursively_async (missing, TM_DELETE_FLAGS_NONE, G_PRIORITY_DEFAULT, NULL, NULL, NULL,
                               NULL, keep_result_cb, &result);
  g_assert_false (tm_delete_recursively_finish (wait_for_result (&result), NULL));
}
