/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Creators, cleaners and publishers of one root are killed, each at a random moment or before a
 * random system call: no live directory is lost, one cleanup deletes all directories of dead
 * owners, and a published directory is complete whenever a process looks at it.
 *
 * test-crashes.c kills before each system call of one operation, but no other process runs then.
 *
 * Each control breaks one rule, and has to be found out: a cleaner that ignores locks, a creator
 * that sets no mark, and a publisher that publishes before it has written the last file. */

#include "support/directories.h"
#include "support/interpose.h"
#include "support/roots.h"
#include "support/support.h"

#include <tempman.h>

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* Each supervisor has a root of its own, and kills the processes that use it. */
#define MAX_SUPERVISORS 4
#define N_LIVE 2
#define N_VICTIMS 3 /* at a time */

/* Most operations take fewer microseconds and calls. The processes repeat them until they are
 * killed. */
#define MAX_MICROSECONDS 500
#define MAX_CALLS 60
#define MAX_REPETITIONS 3

/* So that the processes of one round find what those of another have left. */
#define ROUNDS_PER_CLEANUP 4

typedef struct
{
  const char *name;
  gboolean cleaners_ignore_locks;
  gboolean creators_set_no_mark;
  gboolean publishers_are_early;
} Rules;

/* In memory that the processes share; atomic, all of them. */
typedef struct
{
  gint n_killed_at_moment;
  gint n_killed_before_call;
  gint n_created;
  gint n_cleaned;
  gint n_published;
  gint n_looks;
  gint n_lost;       /* of the live directories */
  gint n_left;       /* after a cleanup */
  gint n_incomplete; /* of the published directories */
  gint n_errors;
  gint is_publishing[MAX_SUPERVISORS][N_VICTIMS];
} Tally;

typedef struct
{
  const Rules *rules;
  Tally *tally;
  Limit limit;
  const char *sandbox;
  guint number;
} Campaign;

typedef struct
{
  Campaign *campaign;
  GRand *random; /* (owned) */
  char *base;    /* (owned): the root */
  char *published;
  TmRoot *root;                       /* (owned): reclaims */
  TmRoot *strict;                     /* (owned): deletes all that no process uses */
  TmTemporaryDirectory *live[N_LIVE]; /* (owned) */
  guint n_rounds;
  guint n_killed_publishing; /* since the last cleanup */
} Supervisor;

typedef struct
{
  Supervisor *supervisor;
  gint *is_publishing; /* atomic */
  gint n_calls_left;   /* until it kills itself, or -1 */
  gboolean is_last;    /* the operation is not repeated after this */
  guint32 seed;
} Victim;

static int
kill_cb (const SystemCall *call, gpointer user_data)
{
  Victim *victim = user_data;

  if (victim->n_calls_left >= 0 && victim->n_calls_left-- == 0)
    kill (getpid (), SIGKILL);
  return 0;
}

static void
count_error (Tally *tally, const GError *error)
{
  if (g_atomic_int_add (&tally->n_errors, 1) == 0)
    g_printerr ("%s\n", error->message);
}

static void
write_file (int fd, const char *name, const char *text)
{
  int file = openat (fd, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

  child_assert (file >= 0 && write (file, text, strlen (text)) == (ssize_t) strlen (text));
  close (file);
}

static void
create_and_close (Victim *victim)
{
  Tally *tally = victim->supervisor->campaign->tally;
  g_autoptr (GError) error = NULL;
  g_autoptr (TmTemporaryDirectory) directory =
      tm_root_create_temp_dir (victim->supervisor->root, NULL, &error);
  int fd;

  if (directory == NULL)
    {
      count_error (tally, error);
      return;
    }

  g_atomic_int_inc (&tally->n_created);
  fd = tm_temporary_directory_get_fd (directory);
  if (mkdirat (fd, "directory", 0700) < 0 ||
      mknodat (fd, "directory/file", S_IFREG | 0600, 0) < 0 ||
      mknodat (fd, "file", S_IFREG | 0600, 0) < 0 || !is_at_its_path (directory))
    g_atomic_int_inc (&tally->n_lost);
  else if (victim->is_last)
    wait_to_be_killed ();
  else if (!tm_temporary_directory_close (directory, NULL, &error))
    count_error (tally, error);
}

static void
clean_up (Victim *victim)
{
  Supervisor *supervisor = victim->supervisor;
  Tally *tally = supervisor->campaign->tally;
  g_autoptr (GError) error = NULL;
  gssize n =
      tm_root_cleanup (g_random_boolean () ? supervisor->root : supervisor->strict, NULL, &error);

  if (n < 0)
    count_error (tally, error);
  else
    g_atomic_int_add (&tally->n_cleaned, (gint) n);
}

static void
publish (Victim *victim)
{
  Supervisor *supervisor = victim->supervisor;
  Tally *tally = supervisor->campaign->tally;
  gboolean is_early = supervisor->campaign->rules->publishers_are_early;
  g_autoptr (GFile) destination = g_file_new_for_path (supervisor->published);
  g_autoptr (GError) error = NULL;
  g_autoptr (TmTemporaryDirectory) directory =
      tm_root_create_temp_dir (supervisor->root, NULL, &error);
  g_autofree char *text = g_strdup_printf ("%u", g_random_int ());
  int fd;

  if (directory == NULL)
    {
      count_error (tally, error);
      return;
    }

  fd = tm_temporary_directory_get_fd (directory);
  if (is_early)
    fd = dup (fd);
  write_file (fd, "first", text);
  child_assert (mkdirat (fd, "nested", 0700) == 0);
  if (!is_early)
    write_file (fd, "nested/last", text);
  g_atomic_int_set (victim->is_publishing, TRUE);
  if (!tm_temporary_directory_persist (directory, destination, TM_PERSIST_FLAGS_REPLACE, NULL,
                                       &error))
    count_error (tally, error);
  else
    g_atomic_int_inc (&tally->n_published);
  g_atomic_int_set (victim->is_publishing, FALSE);
  if (is_early)
    {
      write_file (fd, "nested/last", text);
      close (fd);
    }
}

typedef void (*RoleFunc) (Victim *victim);

static const RoleFunc roles[] = { create_and_close, clean_up, publish };

typedef struct
{
  Victim victim;
  RoleFunc run;
} Child;

/* Repeats its operation until it is killed, but waits in the last repetition: it would take the
 * processor from the process that is to kill it. */
static void G_GNUC_NORETURN
victim_child (gpointer data)
{
  Child *child = data;

  prctl (PR_SET_PDEATHSIG, SIGKILL);
  alarm (60);
  g_random_set_seed (child->victim.seed);
  strip_marks (child->victim.supervisor->campaign->rules->creators_set_no_mark);
  interpose (kill_cb, &child->victim);
  for (guint i = 1; child->victim.n_calls_left >= 0 || i < MAX_REPETITIONS; i++)
    child->run (&child->victim);
  child->victim.is_last = TRUE;
  child->run (&child->victim);
  wait_to_be_killed ();
}

static gssize
read_at (int fd, const char *name, char *buffer, gsize size)
{
  int file = openat (fd, name, O_RDONLY | O_CLOEXEC);
  ssize_t length;

  if (file < 0)
    return -1;
  length = read (file, buffer, size);
  close (file);
  return length;
}

/* Whether the destination exists, and is complete. A directory that another one has replaced since
 * it was opened may be deleted while it is read. */
static gboolean
published_is_complete (const char *path)
{
  for (;;)
    {
      int fd = open (path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
      char first[32], last[32];
      gssize n_first, n_last;
      struct stat by_path, by_fd;
      gboolean is_same;

      if (fd < 0)
        return FALSE;
      n_first = read_at (fd, "first", first, sizeof first);
      n_last = read_at (fd, "nested/last", last, sizeof last);
      is_same =
          fstat (fd, &by_fd) == 0 && lstat (path, &by_path) == 0 && by_path.st_ino == by_fd.st_ino;
      close (fd);
      if (n_first > 0 && n_first == n_last && memcmp (first, last, (gsize) n_first) == 0 &&
          (by_fd.st_mode & S_ISVTX) == 0)
        return TRUE;
      if (is_same)
        return FALSE;
    }
}

static void
look_at_published (Supervisor *supervisor)
{
  Tally *tally = supervisor->campaign->tally;

  g_atomic_int_inc (&tally->n_looks);
  if (!published_is_complete (supervisor->published))
    g_atomic_int_inc (&tally->n_incomplete);
}

static void
create_live (Supervisor *supervisor, guint i)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *file = NULL;

  g_clear_object (&supervisor->live[i]);
  supervisor->live[i] = tm_root_create_temp_dir (supervisor->root, NULL, &error);
  if (error != NULL)
    g_printerr ("%s\n", error->message);
  child_assert (error == NULL);
  file = child_path (supervisor->live[i], "file");
  child_assert (mknod (file, S_IFREG | 0600, 0) == 0);
}

static void
look_at_live (Supervisor *supervisor)
{
  for (guint i = 0; i < N_LIVE; i++)
    {
      g_autofree char *file = child_path (supervisor->live[i], "file");

      if (is_at_its_path (supervisor->live[i]) && path_exists (file))
        continue;
      g_atomic_int_inc (&supervisor->campaign->tally->n_lost);
      create_live (supervisor, i);
    }
}

/* Between the loss of the mark and the rename, and after an exchange, a publication has a directory
 * without a mark, which expires by its age. Every other directory has the mark. */
static guint
make_unmarked_old (const char *base, guint max)
{
  g_autoptr (GDir) dir = g_dir_open (base, 0, NULL);
  const char *name;
  guint n = 0;

  child_assert (dir != NULL);
  while ((name = g_dir_read_name (dir)) != NULL && n < max)
    {
      g_autofree char *path = g_build_filename (base, name, NULL);
      struct stat status;

      if (lstat (path, &status) == 0 && (status.st_mode & S_ISVTX) == 0)
        {
          make_old (path, 2 * HOUR);
          n++;
        }
    }
  return n;
}

/* The other owners are dead. */
static void
clean_up_after_all (Supervisor *supervisor)
{
  Tally *tally = supervisor->campaign->tally;
  g_autoptr (GError) error = NULL;
  guint n_entries;

  make_unmarked_old (supervisor->base, supervisor->n_killed_publishing);
  supervisor->n_killed_publishing = 0;
  if (tm_root_cleanup (supervisor->root, NULL, &error) < 0)
    count_error (tally, error);

  n_entries = count_entries (supervisor->base);
  if (n_entries > N_LIVE)
    {
      g_atomic_int_add (&tally->n_left, (gint) n_entries - N_LIVE);
      tm_root_cleanup (supervisor->strict, NULL, NULL);
    }
  look_at_live (supervisor);
}

static void
run_round (Supervisor *supervisor)
{
  Tally *tally = supervisor->campaign->tally;
  gint *is_publishing = tally->is_publishing[supervisor->campaign->number];
  Child children[N_VICTIMS];
  pid_t pids[N_VICTIMS];

  for (guint i = 0; i < N_VICTIMS; i++)
    {
      gboolean before_call = g_rand_boolean (supervisor->random);

      children[i] = (Child){
        .victim = { supervisor, &is_publishing[i],
                    before_call ? g_rand_int_range (supervisor->random, 0, MAX_CALLS) : -1, FALSE,
                    g_rand_int (supervisor->random) },
        /* Two of the same role may meet. */
        .run = roles[g_rand_int_range (supervisor->random, 0, G_N_ELEMENTS (roles))],
      };
      pids[i] = start_child (victim_child, &children[i]);
    }

  for (guint i = 0; i < N_VICTIMS; i++)
    {
      if (children[i].victim.n_calls_left < 0)
        {
          look_at_published (supervisor);
          g_usleep ((gulong) g_rand_int_range (supervisor->random, 0, MAX_MICROSECONDS));
          child_assert (kill (pids[i], SIGKILL) == 0);
          g_atomic_int_inc (&tally->n_killed_at_moment);
        }
      else
        g_atomic_int_inc (&tally->n_killed_before_call);
      child_assert (wait_for_child (pids[i]) == 128 + SIGKILL);
      supervisor->n_killed_publishing += (guint) g_atomic_int_get (&is_publishing[i]);
      g_atomic_int_set (&is_publishing[i], FALSE);
    }

  look_at_published (supervisor);
  look_at_live (supervisor);
  if (++supervisor->n_rounds % ROUNDS_PER_CLEANUP == 0)
    clean_up_after_all (supervisor);
}

static guint64
count_killed (Tally *tally)
{
  return (guint64) g_atomic_int_get (&tally->n_killed_at_moment) +
         (guint64) g_atomic_int_get (&tally->n_killed_before_call);
}

/* On a slow machine, or under an emulator, that can take longer than the test is to run. */
static gboolean
has_seen_everything (Tally *tally)
{
  return g_atomic_int_get (&tally->n_killed_at_moment) > 0 &&
         g_atomic_int_get (&tally->n_killed_before_call) > 0 &&
         g_atomic_int_get (&tally->n_created) > 0 && g_atomic_int_get (&tally->n_cleaned) > 0 &&
         g_atomic_int_get (&tally->n_published) > 0;
}

static gboolean
is_found_out (const Campaign *campaign)
{
  const Rules *rules = campaign->rules;
  Tally *tally = campaign->tally;

  return (rules->cleaners_ignore_locks && g_atomic_int_get (&tally->n_lost) > 0) ||
         (rules->creators_set_no_mark && g_atomic_int_get (&tally->n_left) > 0) ||
         (rules->publishers_are_early && g_atomic_int_get (&tally->n_incomplete) > 0);
}

static void
supervisor_child (gpointer data)
{
  Campaign *campaign = data;
  Supervisor supervisor = { .campaign = campaign };
  TmRootFlags strict = TM_ROOT_FLAGS_RECLAIM_ABANDONED;
  Limit patience = limit_from_now (60);
  Victim first;

  if (campaign->rules->cleaners_ignore_locks)
    strict |= TM_ROOT_FLAGS_EXPIRE_LIVE;
  supervisor.random = g_rand_new_with_seed (g_test_rand_int () + campaign->number);
  supervisor.base = g_strdup_printf ("%s/root-%u", campaign->sandbox, campaign->number);
  supervisor.published = g_strdup_printf ("%s/published-%u", campaign->sandbox, campaign->number);
  make_directory (supervisor.base);
  supervisor.root = open_reclaiming_root (supervisor.base);
  supervisor.strict = open_root (supervisor.base, 0, strict);
  for (guint i = 0; i < N_LIVE; i++)
    create_live (&supervisor, i);
  first = (Victim){ &supervisor, campaign->tally->is_publishing[campaign->number], -1, FALSE, 0 };
  publish (&first);

  while ((!limit_is_reached (&campaign->limit, count_killed (campaign->tally)) ||
          (!has_seen_everything (campaign->tally) && !limit_is_reached (&patience, 0))) &&
         !is_found_out (campaign))
    run_round (&supervisor);
  clean_up_after_all (&supervisor);

  for (guint i = 0; i < N_LIVE; i++)
    child_assert (tm_temporary_directory_close (supervisor.live[i], NULL, NULL));
  child_assert (count_entries (supervisor.base) == 0 || is_found_out (campaign));
}

static void
test_kills (Sandbox *sandbox, gconstpointer data)
{
  const Rules *rules = data;
  gboolean is_control =
      rules->cleaners_ignore_locks || rules->creators_set_no_mark || rules->publishers_are_early;
  guint n_supervisors = MIN (g_get_num_processors (), MAX_SUPERVISORS);
  Campaign campaigns[MAX_SUPERVISORS];
  pid_t pids[MAX_SUPERVISORS];
  gint64 start = g_get_monotonic_time ();
  Tally *tally;

  tally = mmap (NULL, sizeof *tally, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  g_assert_true (tally != MAP_FAILED);

  for (guint i = 0; i < n_supervisors; i++)
    {
      campaigns[i] = (Campaign){ rules, tally, is_control ? limit_from_now (60) : limit_of_soak (1),
                                 sandbox->path, i };
      pids[i] = start_child (supervisor_child, &campaigns[i]);
    }
  for (guint i = 0; i < n_supervisors; i++)
    assert_success_in_child (wait_for_child (pids[i]));

  g_test_message (
      "%d killed at a moment and %d before a call in %.1f seconds, %d created, "
      "%d cleaned up, %d published, %d looks at these; %d lost, %d left, %d incomplete, "
      "%d errors",
      tally->n_killed_at_moment, tally->n_killed_before_call,
      (double) (g_get_monotonic_time () - start) / G_USEC_PER_SEC, tally->n_created,
      tally->n_cleaned, tally->n_published, tally->n_looks, tally->n_lost, tally->n_left,
      tally->n_incomplete, tally->n_errors);
  if (is_control)
    skip_unless_control_fell (is_found_out (&campaigns[0]));
  else
    {
      g_assert_cmpint (tally->n_killed_at_moment, >, 0);
      g_assert_cmpint (tally->n_killed_before_call, >, 0);
      g_assert_cmpint (tally->n_created, >, 0);
      g_assert_cmpint (tally->n_cleaned, >, 0);
      g_assert_cmpint (tally->n_published, >, 0);
      g_assert_cmpint (tally->n_lost, ==, 0);
      g_assert_cmpint (tally->n_left, ==, 0);
      g_assert_cmpint (tally->n_incomplete, ==, 0);
      g_assert_cmpint (tally->n_errors, ==, 0);
    }
  munmap (tally, sizeof *tally);
}

static const Rules all_rules[] = {
  { "random", FALSE, FALSE, FALSE },
  { "control/without-locks", TRUE, FALSE, FALSE },
  { "control/without-mark", FALSE, TRUE, FALSE },
  { "control/early", FALSE, FALSE, TRUE },
};

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (all_rules); i++)
    {
      g_autofree char *name = g_strconcat ("/kills/", all_rules[i].name, NULL);

      add_test_of_soak (name, &all_rules[i], of_descriptors (test_kills));
    }

  return g_test_run ();
}
