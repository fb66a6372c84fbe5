/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* One directory as three machines see it: two clients of an SSH server, which mount it, and the
 * server. Owners and cleaners are processes of their own, with the library of short intervals.
 *
 * In a control one half of the rule by which an owner is dead does not count: there the live
 * directory has to be lost. */

#include "support/actors.h"
#include "support/directories.h"
#include "support/fuse.h"
#include "support/servers.h"
#include "support/support.h"
#include "support/views.h"

#include "short/core/tm-heartbeat-intervals-private.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#define INTERVAL (TM_HEARTBEAT_INTERVAL_SECONDS * G_USEC_PER_SEC)
#define SILENCE (TM_HEARTBEAT_SILENCE_SECONDS * G_USEC_PER_SEC)

/* The two seconds that the mounts cache attributes. */
#define CACHE (2 * G_USEC_PER_SEC)

/* Long enough for a cleaner to lose a directory whose beats it does not see. */
#define STAY (SILENCE + 3 * INTERVAL)

/* For what happens sooner or later. */
#define MAX_WAIT (60 * G_USEC_PER_SEC)

#define PAUSE (INTERVAL / 5)

#define LEASE 8

/* Longer than a test runs. */
#define LONG_LEASE 600

/* A temporary directory, with its owner and a cleaner on two machines, in a root of its own. */
typedef struct
{
  const Views *views;
  Pair pair;
  char *root; /* its name */
  char *name;
  char *served; /* its path on the server */
  Actor *owner;
  Actor *cleaner;

  /* What the server sees. */
  gint64 modified;
  gint64 since; /* monotonic time */
  gint64 longest_gap;
} Case;

static gint64
get_modified (const char *path)
{
  struct stat status;

  if (stat (path, &status) < 0)
    return -1;
  return (gint64) status.st_mtim.tv_sec * 1000000000 + status.st_mtim.tv_nsec;
}

/* Sees on the server when beats come. */
static void
case_watch (Case *this)
{
  gint64 modified = get_modified (this->served);
  gint64 now = g_get_monotonic_time ();

  if (modified < 0)
    return;
  this->longest_gap = MAX (this->longest_gap, now - this->since);
  if (modified == this->modified)
    return;
  this->modified = modified;
  this->since = now;
}

static void
case_create (Case *this)
{
  this->name = actor_ask (this->owner, "create 1");
  this->served = views_path (this->views, VIEW_SERVED, this->root, this->name);
  this->modified = get_modified (this->served);
  this->since = g_get_monotonic_time ();
  g_assert_cmpint (this->modified, >, 0);
}

static Actor *
start_actor (const Views *views, View view, const char *root, const ActorOptions *options)
{
  g_autofree char *path = views_path (views, view, root, NULL);

  return actor_start (path, options);
}

static Case *
case_new (const Views *views,
          Pair pair,
          const char *root,
          const ActorOptions *owner,
          const ActorOptions *cleaner)
{
  Case *this = g_new0 (Case, 1);

  this->views = views;
  this->pair = pair;
  this->root = g_strdup (root);
  g_free (views_make_root (views, root));
  this->owner = start_actor (views, pair.owner, root, owner);
  this->cleaner = start_actor (views, pair.cleaner, root, cleaner);
  case_create (this);
  return this;
}

static void
case_free (Case *this)
{
  actor_free (this->owner);
  actor_free (this->cleaner);
  g_free (this->served);
  g_free (this->name);
  g_free (this->root);
  g_free (this);
}

static gboolean
case_exists (const Case *this)
{
  return path_exists (this->served);
}

/* An owner on the server cannot know that its file system is served: it holds a lock. */
static gboolean
case_beats (const Case *this)
{
  return strstr (this->name, "-0") != NULL || strstr (this->name, "-1") != NULL;
}

/* Whether the beats came as they have to for the rule to hold: the machine may be too busy for
 * that. */
static gboolean
case_was_in_time (const Case *this)
{
  return MAX (this->longest_gap, g_get_monotonic_time () - this->since) <
         SILENCE - CACHE - INTERVAL;
}

/* For each pair. */
static GPtrArray *
cases_new (const Views *views,
           const char *const clocks[N_CLIENTS],
           double lease,
           const char *cleaner_program)
{
  GPtrArray *cases = g_ptr_array_new_with_free_func ((GDestroyNotify) case_free);

  for (guint i = 0; i < N_PAIRS; i++)
    {
      g_autofree char *root = g_strdup_printf ("root-%u", i);
      View owner = pairs[i].owner;
      View cleaner = pairs[i].cleaner;
      ActorOptions owner_options = { .timeout = TM_NO_TIMEOUT, .lease = LONG_LEASE };
      ActorOptions cleaner_options = { .program = cleaner_program,
                                       .timeout = 0,
                                       .flags = TM_ROOT_FLAGS_RECLAIM_ABANDONED,
                                       .lease = lease };

      if (clocks != NULL && owner != VIEW_SERVED)
        owner_options.clock = clocks[owner];
      if (clocks != NULL && cleaner != VIEW_SERVED)
        cleaner_options.clock = clocks[cleaner];
      g_ptr_array_add (cases, case_new (views, pairs[i], root, &owner_options, &cleaner_options));
    }

  return cases;
}

#define FOREACH_CASE(this, cases)                                                                  \
  for (Case **this##_at = (Case **) (cases)->pdata, *this = NULL;                                  \
       this##_at < (Case **) (cases)->pdata + (cases)->len && ((this = *this##_at), TRUE);         \
       this##_at++)

/* Waits until the server sees @n more beats. */
static void
wait_for_beats (Case *this, guint n)
{
  gint64 end = g_get_monotonic_time () + MAX_WAIT;

  while (n > 0)
    {
      gint64 before = this->modified;

      g_assert_cmpint (g_get_monotonic_time (), <, end);
      g_usleep (PAUSE / 4);
      case_watch (this);
      n -= this->modified != before;
    }
}

static void
wait_for_first_beats (GPtrArray *cases)
{
  FOREACH_CASE (this, cases)
    if (case_beats (this))
      wait_for_beats (this, 1);
}

/* Each cleaner cleans up again and again, for so long. Returns FALSE when a directory is lost. */
static gboolean
stay_for (GPtrArray *cases, gint64 duration)
{
  gint64 end = g_get_monotonic_time () + duration;

  do
    {
      FOREACH_CASE (this, cases)
        {
          Look look = actor_look (this->cleaner);

          case_watch (this);
          if (look.n_removed > 0 || !case_exists (this))
            {
              g_test_message (
                  "lost: owner on %u, cleaner on %u, which saw the same beat for %.3f s",
                  this->pair.owner, this->pair.cleaner, look.watched);
              return FALSE;
            }
        }
      g_usleep (PAUSE);
    }
  while (g_get_monotonic_time () < end);

  return TRUE;
}

/* As stay_for(), for owners that run. If one of them could not beat in time, nothing is proved. */
static gboolean
assert_live_stay_for (GPtrArray *cases, gint64 duration)
{
  gboolean stayed = stay_for (cases, duration);
  gboolean were_in_time = TRUE;

  FOREACH_CASE (this, cases)
    if (case_beats (this))
      were_in_time &= case_was_in_time (this);
  if (!stayed && !were_in_time)
    {
      g_test_skip ("the machine is too busy for the beats to come in time");
      return FALSE;
    }

  g_assert_true (stayed);
  return TRUE;
}

/* Lets a cleaner clean up. Returns whether the directory is gone. By the clock of the cleaner, it
 * may not go before the silence, nor by that of the file system before the lease. */
static gboolean
case_goes (Case *this, double lease)
{
  Look look = actor_look (this->cleaner);

  if (look.n_removed == 0)
    return FALSE;

  g_test_message ("owner on %u, cleaner on %u: gone after %.3f s without a beat, %.3f s after it",
                  this->pair.owner, this->pair.cleaner, look.watched, look.age);
  g_assert_cmpint (look.n_removed, ==, 1);
  g_assert_false (case_exists (this));
  g_assert_cmpfloat (look.watched, >=, TM_HEARTBEAT_SILENCE_SECONDS);
  /* SFTP tells whole seconds, rounded down. */
  g_assert_cmpfloat (look.age + 1, >, lease);
  return TRUE;
}

/* Lets the cleaners clean up until all directories are gone. */
static void
assert_go (GPtrArray *cases, double lease)
{
  gint64 end = g_get_monotonic_time () + MAX_WAIT;
  guint n_left = cases->len;

  while (n_left > 0)
    {
      g_assert_cmpint (g_get_monotonic_time (), <, end);
      FOREACH_CASE (this, cases)
        if (case_exists (this))
          n_left -= case_goes (this, lease);
      g_usleep (PAUSE);
    }
}

/* Returns (transfer container): those whose owner beats, or does not. */
static GPtrArray *
choose_beating (GPtrArray *cases, gboolean beats)
{
  GPtrArray *chosen = g_ptr_array_new ();

  FOREACH_CASE (this, cases)
    if (case_beats (this) == beats)
      g_ptr_array_add (chosen, this);
  return chosen;
}

/* Returns (transfer container): those whose owner is there. */
static GPtrArray *
choose_owner (GPtrArray *cases, View view)
{
  GPtrArray *chosen = g_ptr_array_new ();

  FOREACH_CASE (this, cases)
    if (this->pair.owner == view)
      g_ptr_array_add (chosen, this);
  return chosen;
}

/* A dead directory of an owner that held a lock: no client can know that it is dead. */
static void
assert_goes_on_server (Case *this)
{
  ActorOptions options = { .timeout = TM_NO_TIMEOUT,
                           .flags = TM_ROOT_FLAGS_RECLAIM_ABANDONED,
                           .lease = LONG_LEASE };
  g_autoptr (Actor) cleaner = start_actor (this->views, VIEW_SERVED, this->root, &options);

  g_assert_cmpint (actor_look (this->cleaner).n_removed, ==, 0);
  g_assert_true (case_exists (this));
  g_assert_cmpint (actor_look (cleaner).n_removed, ==, 1);
  g_assert_false (case_exists (this));
}

static void
close_all (GPtrArray *cases)
{
  FOREACH_CASE (this, cases)
    {
      g_free (actor_ask (this->owner, "close"));
      g_assert_false (case_exists (this));
    }
}

typedef void (*ViewsFunc) (const Views *views);

static void
run (Sandbox *sandbox, const char *const clocks[N_CLIENTS], ViewsFunc function)
{
  Views views;

  if (!views_set_up (&views, sandbox, clocks))
    return;

  function (&views);
  views_tear_down (&views);
}

static void
check_live (const Views *views)
{
  g_autoptr (GPtrArray) cases = cases_new (views, NULL, LEASE, NULL);

  if (assert_live_stay_for (cases, STAY))
    close_all (cases);
}

static void
test_live (Sandbox *sandbox, gconstpointer data)
{
  run (sandbox, NULL, check_live);
}

/* With locks alone: those of the owners are seen by none of the cleaners. */
static void
check_locks_alone (const Views *views)
{
  g_autoptr (GPtrArray) cases = cases_new (views, NULL, LONG_LEASE, "actor-locks-alone");

  FOREACH_CASE (this, cases)
    if (case_beats (this))
      {
        g_assert_cmpint (actor_look (this->cleaner).n_removed, ==, 1);
        g_assert_false (case_exists (this));
      }
}

static void
test_live_control (Sandbox *sandbox, gconstpointer data)
{
  run (sandbox, NULL, check_locks_alone);
}

static void
check_killed (const Views *views)
{
  g_autoptr (GPtrArray) cases = cases_new (views, NULL, LEASE, NULL);
  g_autoptr (GPtrArray) beating = choose_beating (cases, TRUE);
  g_autoptr (GPtrArray) locked = choose_beating (cases, FALSE);

  wait_for_first_beats (cases);
  FOREACH_CASE (this, cases)
    actor_kill (this->owner);
  assert_go (beating, LEASE);
  FOREACH_CASE (this, locked)
    assert_goes_on_server (this);
}

static void
test_killed (Sandbox *sandbox, gconstpointer data)
{
  run (sandbox, NULL, check_killed);
}

static void
stop_owners (GPtrArray *cases)
{
  wait_for_first_beats (cases);
  FOREACH_CASE (this, cases)
    actor_signal (this->owner, SIGSTOP);
}

/* For longer than the silence, and less than the lease. */
static void
check_stopped (const Views *views)
{
  g_autoptr (GPtrArray) cases = cases_new (views, NULL, LONG_LEASE, NULL);

  stop_owners (cases);
  g_assert_true (stay_for (cases, STAY + CACHE));
  FOREACH_CASE (this, cases)
    actor_signal (this->owner, SIGCONT);
  wait_for_first_beats (cases);
  g_assert_true (stay_for (cases, INTERVAL));
  close_all (cases);
}

static void
test_stopped (Sandbox *sandbox, gconstpointer data)
{
  run (sandbox, NULL, check_stopped);
}

/* Whether the lease has ended does not count. */
static void
check_silent_alone (const Views *views)
{
  g_autoptr (GPtrArray) cases = cases_new (views, NULL, LONG_LEASE, "actor-silent-alone");
  g_autoptr (GPtrArray) beating = choose_beating (cases, TRUE);

  stop_owners (cases);
  assert_go (beating, 0);
}

static void
test_stopped_control (Sandbox *sandbox, gconstpointer data)
{
  run (sandbox, NULL, check_silent_alone);
}

/* The first client is an hour ahead of the server, and the second one an hour behind. */
static const char *const clocks_apart[N_CLIENTS] = { "+1h", "-1h" };

static gboolean
skip_without_clocks (void)
{
  g_autofree char *program = g_find_program_in_path ("faketime");

  if (program == NULL)
    g_test_skip ("faketime is not installed");
  return program == NULL;
}

static void
check_clocks (const Views *views)
{
  g_autoptr (GPtrArray) cases = cases_new (views, clocks_apart, LEASE, NULL);
  g_autoptr (GPtrArray) behind = choose_owner (cases, VIEW_SECOND);
  gint64 now = g_get_real_time () / G_USEC_PER_SEC;

  wait_for_first_beats (cases);
  FOREACH_CASE (this, cases)
    if (case_beats (this))
      {
        gint64 ahead = this->modified / 1000000000 - now;

        /* Else the test would prove nothing. */
        g_assert_cmpint (ABS (ahead), >, HOUR / 2);
        g_assert_cmpint (ahead > 0, ==, this->pair.owner == VIEW_FIRST);
      }

  if (!assert_live_stay_for (cases, STAY))
    return;

  /* A beat of an hour ago is stale at once. One of the next hour is not for as long. */
  FOREACH_CASE (this, behind)
    actor_kill (this->owner);
  assert_go (behind, LEASE);
}

static void
test_clocks (Sandbox *sandbox, gconstpointer data)
{
  if (!skip_without_clocks ())
    run (sandbox, clocks_apart, check_clocks);
}

/* For how long there was no beat does not count. */
static void
check_stale_alone (const Views *views)
{
  g_autoptr (GPtrArray) cases = cases_new (views, clocks_apart, LONG_LEASE, "actor-stale-alone");
  g_autoptr (GPtrArray) behind = choose_owner (cases, VIEW_SECOND);
  gint64 end = g_get_monotonic_time () + MAX_WAIT;

  wait_for_first_beats (cases);
  FOREACH_CASE (this, behind)
    while (case_exists (this))
      {
        g_assert_cmpint (g_get_monotonic_time (), <, end);
        actor_look (this->cleaner);
        g_usleep (PAUSE);
      }
}

static void
test_clocks_control (Sandbox *sandbox, gconstpointer data)
{
  if (!skip_without_clocks ())
    run (sandbox, clocks_apart, check_stale_alone);
}

/* By the clock of a cleaner that is an hour ahead, both directories have expired; by that of one
 * that is an hour behind, neither has. */
static void
check_ages (const Views *views)
{
  for (View view = 0; view < N_CLIENTS; view++)
    {
      g_autofree char *root = g_strdup_printf ("root-%u", view);
      g_autofree char *young = views_path (views, VIEW_SERVED, root, "young");
      g_autofree char *old = views_path (views, VIEW_SERVED, root, "old");
      ActorOptions options = { .clock = clocks_apart[view], .timeout = HOUR / 2, .lease = LEASE };
      g_autoptr (Actor) cleaner = NULL;

      make_directory (young);
      make_directory (old);
      make_old (old, HOUR / 4 * 3);
      cleaner = start_actor (views, view, root, &options);
      g_assert_cmpint (actor_look (cleaner).n_removed, ==, 1);
      g_assert_true (path_exists (young));
      g_assert_false (path_exists (old));
    }
}

static void
test_ages (Sandbox *sandbox, gconstpointer data)
{
  if (!skip_without_clocks ())
    run (sandbox, clocks_apart, check_ages);
}

/* An owner of two directories, each on another client. */
static void
check_hanging (const Views *views, pid_t hanging)
{
  ActorOptions options = { .timeout = TM_NO_TIMEOUT, .lease = LONG_LEASE };
  g_autofree char *root G_GNUC_UNUSED = views_make_root (views, "root");
  g_autofree char *path = views_path (views, VIEW_SECOND, "root", NULL);
  g_autoptr (Actor) owner = start_actor (views, VIEW_FIRST, "root", &options);
  Case on_hanging = { .views = views, .root = (char *) "root", .owner = owner };
  Case on_other = on_hanging;
  gint64 last;

  case_create (&on_hanging);
  g_free (actor_ask (owner, "go %s", path));
  case_create (&on_other);
  wait_for_beats (&on_hanging, 1);

  g_assert_no_errno (kill (hanging, SIGSTOP));
  /* A beat may be on its way. */
  wait_for_beats (&on_other, 2);
  case_watch (&on_hanging);
  last = on_hanging.modified;
  wait_for_beats (&on_other, 3);
  case_watch (&on_hanging);
  g_assert_cmpint (on_hanging.modified, ==, last);
  g_assert_no_errno (kill (hanging, SIGCONT));
  wait_for_beats (&on_hanging, 2);

  g_free (on_hanging.name);
  g_free (on_hanging.served);
  g_free (on_other.name);
  g_free (on_other.served);
}

static void
check_hanging_client (const Views *views)
{
  check_hanging (views, views->clients[VIEW_FIRST]);
}

static void
test_hanging_client (Sandbox *sandbox, gconstpointer data)
{
  run (sandbox, NULL, check_hanging_client);
}

static void
check_hanging_connection (const Views *views)
{
  check_hanging (views, views_get_connection (views, VIEW_FIRST));
}

static void
test_hanging_connection (Sandbox *sandbox, gconstpointer data)
{
  run (sandbox, NULL, check_hanging_connection);
}

/* An owner on a client, and cleaners on the other one and on the server. */
static Case *
case_new_on_client (const Views *views, double timeout, TmRootFlags flags, double lease)
{
  ActorOptions owner = { .timeout = TM_NO_TIMEOUT, .lease = LONG_LEASE };
  ActorOptions cleaner = { .timeout = timeout, .flags = flags, .lease = lease };

  return case_new (views, (Pair){ VIEW_FIRST, VIEW_SECOND }, "root", &owner, &cleaner);
}

static void
check_reconnected (const Views *views)
{
  g_autoptr (GPtrArray) cases = cases_new (views, NULL, LONG_LEASE, NULL);

  for (guint i = 0; i < 2; i++)
    {
      wait_for_first_beats (cases);
      for (View view = 0; view < N_CLIENTS; view++)
        g_assert_no_errno (kill (views_get_connection (views, view), SIGKILL));
    }
  FOREACH_CASE (this, cases)
    if (case_beats (this))
      wait_for_beats (this, 2);
  g_assert_true (stay_for (cases, 0));
  close_all (cases);
}

static void
test_reconnected (Sandbox *sandbox, gconstpointer data)
{
  run (sandbox, NULL, check_reconnected);
}

/* The child has a copy of the descriptor, and so of the lock, but does not beat. */
static void
check_forked (const Views *views)
{
  g_autoptr (GPtrArray) cases = cases_new (views, NULL, LEASE, NULL);
  g_autoptr (GPtrArray) beating = choose_beating (cases, TRUE);
  g_autoptr (GPtrArray) locked = choose_beating (cases, FALSE);

  wait_for_first_beats (cases);
  FOREACH_CASE (this, cases)
    {
      g_free (actor_ask (this->owner, "fork"));
      actor_kill (this->owner);
    }
  assert_go (beating, LEASE);
  g_assert_true (stay_for (locked, 0));
}

static void
test_forked (Sandbox *sandbox, gconstpointer data)
{
  run (sandbox, NULL, check_forked);
}

static void
check_adopted (const Views *views)
{
  g_autoptr (GPtrArray) cases = cases_new (views, NULL, LEASE, NULL);

  wait_for_first_beats (cases);
  FOREACH_CASE (this, cases)
    {
      g_free (actor_ask (this->owner, "adopt"));
      actor_kill (this->owner);
    }
  assert_live_stay_for (cases, STAY);
}

static void
test_adopted (Sandbox *sandbox, gconstpointer data)
{
  run (sandbox, NULL, check_adopted);
}

static void
assert_state (Actor *cleaner, const char *name, TmRootEntryState state)
{
  g_autofree char *answer = actor_ask (cleaner, "list %s", name);

  g_assert_cmpint ((int) g_ascii_strtoll (answer, NULL, 10), ==, state);
}

/* After keep or persist: it has no owner, at once, and on all machines. */
static void
check_released (const Views *views, const char *command, const char *name)
{
  g_autoptr (GPtrArray) cases = cases_new (views, NULL, LONG_LEASE, NULL);

  wait_for_first_beats (cases);
  FOREACH_CASE (this, cases)
    {
      assert_state (this->cleaner, this->name, TM_ROOT_ENTRY_STATE_LIVE);
      g_free (actor_ask (this->owner, "%s", command));
      if (name != NULL)
        {
          g_free (this->name);
          g_free (this->served);
          this->name = g_strdup (name);
          this->served = views_path (views, VIEW_SERVED, this->root, name);
        }
      this->modified = get_modified (this->served);
    }

  g_usleep (3 * INTERVAL);
  FOREACH_CASE (this, cases)
    {
      g_assert_cmpint (get_modified (this->served), ==, this->modified);
      assert_state (this->cleaner, this->name, TM_ROOT_ENTRY_STATE_UNOWNED);
      g_assert_cmpint (actor_look (this->cleaner).n_removed, ==, 1);
      g_assert_false (case_exists (this));
    }
}

static void
check_kept (const Views *views)
{
  check_released (views, "keep", NULL);
}

static void
test_kept (Sandbox *sandbox, gconstpointer data)
{
  run (sandbox, NULL, check_kept);
}

static void
check_persisted (const Views *views)
{
  check_released (views, "persist published", "published");
}

static void
test_persisted (Sandbox *sandbox, gconstpointer data)
{
  run (sandbox, NULL, check_persisted);
}

#define N_MANY 200

static void
check_many (const Views *views)
{
  ActorOptions on_server = { .timeout = 0,
                             .flags = TM_ROOT_FLAGS_RECLAIM_ABANDONED,
                             .lease = LEASE };
  g_autoptr (GPtrArray) cases = g_ptr_array_new_with_free_func ((GDestroyNotify) case_free);
  Case *first = case_new_on_client (views, 0, TM_ROOT_FLAGS_RECLAIM_ABANDONED, LEASE);
  g_autoptr (Actor) cleaner = start_actor (views, VIEW_SERVED, first->root, &on_server);
  g_autofree char *root = views_path (views, VIEW_SERVED, first->root, NULL);
  gint64 end;

  g_ptr_array_add (cases, first);
  g_free (actor_ask (first->owner, "create %u", N_MANY - 1));
  wait_for_beats (first, 1);
  end = g_get_monotonic_time () + STAY;
  while (g_get_monotonic_time () < end)
    {
      g_assert_cmpint (actor_look (cleaner).n_removed, ==, 0);
      if (!assert_live_stay_for (cases, 0))
        return;
    }
  g_assert_cmpuint (count_entries (root), ==, N_MANY);
}

static void
test_many (Sandbox *sandbox, gconstpointer data)
{
  run (sandbox, NULL, check_many);
}

#define N_DEAD 60

/* Returns (transfer full): two cleaners on each machine. */
static GPtrArray *
start_cleaners (const Views *views, double timeout)
{
  ActorOptions options = { .timeout = timeout,
                           .flags = TM_ROOT_FLAGS_RECLAIM_ABANDONED,
                           .lease = 1 };
  GPtrArray *cleaners = g_ptr_array_new_with_free_func ((GDestroyNotify) actor_free);

  for (guint i = 0; i < 2 * N_VIEWS; i++)
    g_ptr_array_add (cleaners, start_actor (views, i % N_VIEWS, "root", &options));
  return cleaners;
}

/* Lets all cleaners clean up at the same time. Returns how many directories they deleted. */
static int
look_together (GPtrArray *cleaners)
{
  int n_removed = 0;

  for (guint i = 0; i < cleaners->len; i++)
    actor_begin_look (cleaners->pdata[i]);
  for (guint i = 0; i < cleaners->len; i++)
    n_removed += actor_end_look (cleaners->pdata[i]).n_removed;
  return n_removed;
}

/* Several machines delete the same directories: no cleanup fails. */
static void
check_many_cleaners (const Views *views)
{
  g_autofree char *root = views_make_root (views, "root");
  g_autoptr (GPtrArray) cleaners = NULL;
  gint64 end = g_get_monotonic_time () + MAX_WAIT;
  int n_removed = 0;

  for (guint i = 0; i < N_DEAD; i++)
    {
      g_autofree char *name = g_strdup_printf ("%02u-0" RANDOM_PART, i);
      g_autofree char *path = views_path (views, VIEW_SERVED, "root", name);

      lay_out (path);
      g_assert_no_errno (g_chmod (path, 01700));
      make_old (path, HOUR);
    }

  cleaners = start_cleaners (views, TM_NO_TIMEOUT);
  g_assert_cmpint (look_together (cleaners), ==, 0);
  g_usleep (SILENCE + INTERVAL / 2);
  /* A cleanup that takes long for one entry watches the others anew. */
  while (count_entries (root) > 0)
    {
      g_assert_cmpint (g_get_monotonic_time (), <, end);
      n_removed += look_together (cleaners);
      g_usleep (PAUSE);
    }
  /* Some may count as deleted by two of them. */
  g_assert_cmpint (n_removed, >=, N_DEAD);
}

static void
test_many_cleaners (Sandbox *sandbox, gconstpointer data)
{
  run (sandbox, NULL, check_many_cleaners);
}

/* Until the client has seen the last beat: what it remembers may be older. */
static void
wait_for_caches (const Case *this)
{
  g_autofree char *path = views_path (this->views, this->pair.cleaner, this->root, this->name);
  gint64 end = g_get_monotonic_time () + MAX_WAIT;

  while (get_modified (path) / 1000000000 != get_modified (this->served) / 1000000000)
    {
      g_assert_cmpint (g_get_monotonic_time (), <, end);
      g_usleep (PAUSE);
    }
}

/* A cleaner that only ever looks twice. */
static void
check_two_looks (const Views *views)
{
  g_autoptr (GPtrArray) cases = cases_new (views, NULL, 1, NULL);
  g_autoptr (GPtrArray) dead = g_ptr_array_new ();

  wait_for_first_beats (cases);
  FOREACH_CASE (this, cases)
    if (this->pair.owner == VIEW_FIRST)
      {
        g_ptr_array_add (dead, this);
        actor_kill (this->owner);
      }
  FOREACH_CASE (this, dead)
    wait_for_caches (this);
  g_assert_true (stay_for (cases, 0));
  g_usleep (SILENCE + INTERVAL);
  FOREACH_CASE (this, cases)
    {
      gboolean is_dead = g_ptr_array_find (dead, this, NULL);
      gint64 start = g_get_monotonic_time ();
      Look look = actor_look (this->cleaner);

      /* A cleanup that waits for the server for so long watches anew. */
      if (is_dead && look.n_removed == 0 && g_get_monotonic_time () - start > INTERVAL)
        {
          g_test_skip ("the machine is too busy for a cleanup in time");
          return;
        }
      g_assert_cmpint (look.n_removed, ==, is_dead);
      g_assert_cmpint (case_exists (this), ==, !is_dead);
    }
}

static void
test_two_looks (Sandbox *sandbox, gconstpointer data)
{
  run (sandbox, NULL, check_two_looks);
}

/* Beats are uses: a live directory does not get old. */
static void
check_expire_live (const Views *views)
{
  ActorOptions ruthless = { .timeout = 0, .flags = TM_ROOT_FLAGS_EXPIRE_LIVE, .lease = LONG_LEASE };
  Case *this = case_new_on_client (views, 3 * SILENCE / G_USEC_PER_SEC, TM_ROOT_FLAGS_EXPIRE_LIVE,
                                   LONG_LEASE);
  g_autoptr (GPtrArray) cases = g_ptr_array_new_with_free_func ((GDestroyNotify) case_free);
  g_autoptr (Actor) cleaner = start_actor (views, VIEW_SERVED, this->root, &ruthless);

  g_ptr_array_add (cases, this);
  wait_for_beats (this, 3);
  g_assert_true (stay_for (cases, 0));
  g_assert_cmpint (actor_look (cleaner).n_removed, ==, 1);
  g_assert_false (case_exists (this));
}

static void
test_expire_live (Sandbox *sandbox, gconstpointer data)
{
  run (sandbox, NULL, check_expire_live);
}

/* Creates files until the file system is full. Names are unique for each @round. */
static void
fill (const char *path, guint round)
{
  for (guint i = 0;; i++)
    {
      g_autofree char *file = g_strdup_printf ("%s/file-%u-%u", path, round, i);
      int fd = open (file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

      if (fd < 0)
        break;
      close (fd);
    }
  g_assert_cmpint (errno, ==, ENOSPC);
}

/* What a cleanup deletes, it does not need room for. */
static void
check_full (const Views *views)
{
  const char *served = views->paths[VIEW_SERVED];
  g_autoptr (GPtrArray) cases = NULL;
  g_autoptr (GPtrArray) beating = NULL;
  gint64 end = g_get_monotonic_time () + MAX_WAIT;
  guint round = 0;
  guint n_left;

  g_assert_no_errno (mount ("none", served, "tmpfs", 0, "size=1m,nr_inodes=100"));
  cases = cases_new (views, NULL, LEASE, NULL);
  beating = choose_beating (cases, TRUE);
  FOREACH_CASE (this, cases)
    {
      g_autofree char *old = views_path (views, VIEW_SERVED, this->root, "old");

      make_directory (old);
      make_old (old, HOUR);
    }

  wait_for_first_beats (cases);
  FOREACH_CASE (this, cases)
    {
      g_autofree char *old = views_path (views, VIEW_SERVED, this->root, "old");

      fill (served, round++);
      g_assert_cmpint (actor_look (this->cleaner).n_removed, ==, 1);
      g_assert_false (path_exists (old));
      g_assert_true (case_exists (this));
    }

  FOREACH_CASE (this, cases)
    actor_kill (this->owner);
  n_left = beating->len;
  while (n_left > 0)
    {
      g_assert_cmpint (g_get_monotonic_time (), <, end);
      FOREACH_CASE (this, beating)
        if (case_exists (this))
          {
            fill (served, round++);
            n_left -= case_goes (this, LEASE);
          }
      g_usleep (PAUSE);
    }
  g_ptr_array_set_size (cases, 0);
  g_assert_no_errno (umount2 (served, MNT_DETACH));
}

static void
test_full (Sandbox *sandbox, gconstpointer data)
{
  run (sandbox, NULL, check_full);
}

/* The server stores no modes: no directory has a mark. */
static void
check_unmarked (const Views *views)
{
  const char *served = views->paths[VIEW_SERVED];
  g_autofree char *image = g_strconcat (served, ".image", NULL);
  const char *make[] = { "mkntfs", "-q", "-F", image, NULL };
  const char *command[] = { "ntfs-3g", "-o", "no_detach", image, served, NULL };
  g_autoptr (GPtrArray) cases = NULL;
  pid_t server = 0;

  make_file (image);
  g_assert_no_errno (truncate (image, 16 << 20));
  if (run_command (make))
    server = fuse_mount (command, served);
  if (server == 0)
    {
      g_test_skip ("needs ntfs-3g");
      return;
    }

  cases = cases_new (views, NULL, LEASE, NULL);
  FOREACH_CASE (this, cases)
    {
      g_assert_true (case_beats (this));
      g_assert_cmphex (get_mode (this->served) & S_ISVTX, ==, 0);
    }
  if (assert_live_stay_for (cases, STAY))
    {
      FOREACH_CASE (this, cases)
        actor_kill (this->owner);
      assert_go (cases, LEASE);
    }

  g_ptr_array_set_size (cases, 0);
  g_assert_no_errno (umount2 (served, MNT_DETACH));
  g_assert_no_errno (kill (server, SIGTERM));
  wait_for_child (server);
}

static void
test_unmarked (Sandbox *sandbox, gconstpointer data)
{
  run (sandbox, NULL, check_unmarked);
}

int
main (int argc, char **argv)
{
  int result;

  g_test_init (&argc, &argv, NULL);
  views_prepare ();

  add_test ("/views/owners/live", test_live);
  add_test ("/views/owners/live-control", test_live_control);
  add_test ("/views/owners/killed", test_killed);
  add_test ("/views/owners/stopped", test_stopped);
  add_test ("/views/owners/stopped-control", test_stopped_control);
  add_test ("/views/owners/forked", test_forked);
  add_test ("/views/owners/adopted", test_adopted);
  add_test ("/views/owners/kept", test_kept);
  add_test ("/views/owners/persisted", test_persisted);
  add_test ("/views/owners/two-looks", test_two_looks);
  add_test ("/views/machines/clocks", test_clocks);
  add_test ("/views/machines/clocks-control", test_clocks_control);
  add_test ("/views/machines/ages", test_ages);
  add_test ("/views/machines/hanging-client", test_hanging_client);
  add_test ("/views/machines/hanging-connection", test_hanging_connection);
  add_test ("/views/machines/reconnected", test_reconnected);
  add_test ("/views/machines/many", test_many);
  add_test ("/views/machines/many-cleaners", test_many_cleaners);
  add_test ("/views/machines/expire-live", test_expire_live);
  add_test ("/views/machines/full", test_full);
  add_test ("/views/machines/unmarked", test_unmarked);

  result = g_test_run ();
  servers_stop ();
  return result;
}
