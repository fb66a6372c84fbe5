/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* An attacker changes the tree for as long as the deletion runs, in trees that are large enough for
 * several threads. The target of the attacker has to stay unchanged. In the control, a deletion as
 * other programs wrote it falls for the same attack: otherwise the attack would prove nothing.
 *
 * The same attacks, before each system call but on one thread, are in test-attacks.c,
 * test-permissions.c and test-mounts.c. */

#include "support/deleters.h"
#include "support/directories.h"
#include "support/interpose.h"
#include "support/kernel.h"
#include "support/roots.h"
#include "support/support.h"
#include "support/threads.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/* A tree of about a thousand entries, which one thread deletes in some milliseconds. */
#define N_DIRECTORIES 64
#define N_FILES_IN_EACH 16

/* Few, since the mode of a directory is only repaired while it is being emptied. */
#define N_DIRECTORIES_OF_LINKS 4
#define N_LINKS_IN_EACH 256

#define N_CHAINS 8
/* More than a walk holds open. */
#define N_LEVELS 40
/* The levels of a chain that the attacker moves. */
#define HIGHEST_MOVED 3
#define LOWEST_MOVED 12

/* With few descriptors, a walk at the lowest level has closed the level that is attacked. A walk
 * that has passed the marker is on its way there, and the files at the bottom keep it busy. */
#define FEW_DESCRIPTORS 30
#define MARKED_LEVEL 32
#define N_FILES_AT_BOTTOM 128
/* How many new directories are created to get the inode number of a removed one. */
#define MAX_MADE_FOR_INODE 16

/* Without the limit, an attack on a busy machine could never succeed. */
#define MAX_SECONDS 20

typedef struct _Attack Attack;

/* One directory and its surroundings. */
typedef struct
{
  const Attack *attack;
  const char *base;
  TmTemporaryDirectory *directory; /* (owned) */
  char *parent;                    /* (owned): contains the directory */
  char *outside;                   /* (owned): the attacker's */
  char *victim;                    /* (owned): must not be touched */
  char *namesake;                  /* (owned): in the victim, of the same name as the directory */
  GPtrArray *targets;              /* (owned) (element-type filename): the files to attack */
  GPtrArray *partners;             /* (owned) (element-type filename): what replaces them */
  GPtrArray *markers;  /* (owned) (element-type filename): files on the way to the targets */
  GPtrArray *canaries; /* (owned) (element-type filename): must not be touched either */
  char *mounted_at;    /* (owned) (nullable) */
  gint n_swaps;        /* atomic, all of them */
  gint started;
  gint stop;
} Round;

struct _Attack
{
  const char *name;
  void (*prepare) (Round *round);
  gboolean (*strike) (Round *round, guint i); /* returns FALSE if the attack had no effect */
  Deleter delete;
  Deleter naive;
  mode_t victim_mode;
  gboolean takes_ordinary_user; /* who is subject to modes */
  gboolean takes_mounts;
  gboolean takes_few_descriptors;
};

/* In memory that is shared with the child. */
typedef struct
{
  guint64 n_swaps;
  guint64 n_deletions;
  guint64 n_shared; /* of these, by several threads */
  guint64 n_escapes;
  guint64 n_control_swaps;
  guint64 n_control_deletions;
  guint64 n_control_escapes;
  gint64 microseconds; /* without the control */
} Tally;

typedef struct
{
  const Attack *attack;
  const char *base;
  Tally *tally;
} AttackTest;

static void
fill_directory (const char *path, guint n_files)
{
  int fd = open (path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

  for (guint i = 0; i < n_files; i++)
    {
      char name[16];

      g_snprintf (name, sizeof name, "f%u", i);
      child_assert (mknodat (fd, name, S_IFREG | 0600, 0) == 0);
    }
  close (fd);
}

static char *
make_numbered (const char *above, guint i)
{
  char *path = g_strdup_printf ("%s/%u", above, i);

  child_assert (mkdir (path, 0700) == 0);
  return path;
}

static void
add_target (Round *round, char *target, char *partner)
{
  g_ptr_array_add (round->targets, target);
  g_ptr_array_add (round->partners, partner);
}

static const char *
tree_of (Round *round)
{
  return tm_temporary_directory_get_path (round->directory);
}

/* A link to the victim, for each directory or for one that is in it. */
static void
prepare_links (Round *round)
{
  for (guint i = 0; i < N_DIRECTORIES; i++)
    {
      g_autofree char *path = make_numbered (tree_of (round), i);
      g_autofree char *inner = make_numbered (path, 0);
      char *link = g_strdup_printf ("%s/%u", round->outside, i);

      fill_directory (path, N_FILES_IN_EACH);
      fill_directory (inner, 1);
      child_assert (symlink (round->victim, link) == 0);
      add_target (round, g_strdup (i % 2 == 0 ? path : inner), link);
    }
}

/* The same with directories that cannot be read, so that their modes are repaired. They can be
 * moved. */
static void
prepare_barred (Round *round)
{
  for (guint i = 0; i < N_DIRECTORIES; i++)
    {
      char *path = make_numbered (tree_of (round), i);
      char *link = g_strdup_printf ("%s/%u", round->outside, i);

      fill_directory (path, N_FILES_IN_EACH);
      child_assert (symlink (round->victim, link) == 0);
      child_assert (chmod (path, 0300) == 0);
      add_target (round, path, link);
    }
}

static void
prepare_parent (Round *round)
{
  char *link = g_build_filename (round->outside, "link", NULL);

  for (guint i = 0; i < N_DIRECTORIES; i++)
    {
      g_autofree char *path = make_numbered (tree_of (round), i);

      fill_directory (path, N_FILES_IN_EACH);
    }
  lay_out (round->namesake);
  child_assert (symlink (round->victim, link) == 0);
  add_target (round, g_strdup (round->parent), link);
}

/* Beside what leads further down are names that the victim has, too. What leads down is called
 * differently everywhere: a file system that lists names in the order of a hash of its own would
 * else have it as the last one always or never. */
static void
prepare_chains (Round *round)
{
  for (guint i = 0; i < N_CHAINS; i++)
    {
      g_autoptr (GString) chain = g_string_new (tree_of (round));

      g_string_append_printf (chain, "/%u", i);
      for (guint level = 0; level < N_LEVELS; level++)
        {
          g_autofree char *before = g_strconcat (chain->str, "/a", NULL);
          g_autofree char *down = g_strdup_printf ("%s/%u-%u", chain->str, i, level);
          g_autofree char *after = g_strconcat (chain->str, "/z", NULL);

          make_directory (before);
          make_directory (down);
          make_directory (after);
          fill_directory (before, 2);
          fill_directory (after, 2);
          if (level == HIGHEST_MOVED || level == LOWEST_MOVED)
            {
              char *partner = g_strdup_printf ("%s/moved%u-%u", round->victim, i, level);

              make_directory (partner);
              add_target (round, g_strdup (down), partner);
            }
          g_string_assign (chain, down);
        }
    }
}

static gboolean
exchange (Round *round, guint i)
{
  return kernel_renameat2 (AT_FDCWD, round->targets->pdata[i], AT_FDCWD, round->partners->pdata[i],
                           KERNEL_RENAME_EXCHANGE) == 0;
}

/* Creates deleted entries again, as long as the deletion reads the directory once more. */
static gboolean
move_in (Round *round, guint i)
{
  return kernel_renameat2 (AT_FDCWD, round->partners->pdata[i], AT_FDCWD, round->targets->pdata[i],
                           KERNEL_RENAME_NOREPLACE) == 0;
}

static gboolean
exchange_with_link (Round *round, guint i)
{
  return exchange (round, i) ||
         (move_in (round, i) && symlink (round->victim, round->partners->pdata[i]) == 0);
}

static gboolean
exchange_with_directory (Round *round, guint i)
{
  return exchange (round, i) ||
         (move_in (round, i) && mkdir (round->partners->pdata[i], 0700) == 0);
}

/* Below each attacked level there are more levels than a walk with few descriptors keeps open. */
static void
prepare_levels (Round *round)
{
  for (guint i = 0; i < N_CHAINS; i++)
    {
      g_autoptr (GString) chain = g_string_new (tree_of (round));

      g_string_append_printf (chain, "/%u", i);
      for (guint level = 0; level < N_LEVELS; level++)
        {
          g_autofree char *before = g_strconcat (chain->str, "/a", NULL);
          g_autofree char *down = g_strdup_printf ("%s/%u-%u", chain->str, i, level);
          g_autofree char *after = g_strconcat (chain->str, "/z", NULL);

          make_directory (before);
          make_directory (down);
          make_directory (after);
          if (level == HIGHEST_MOVED)
            add_target (round, g_strdup (down), g_strdup_printf ("%s/%u", round->outside, i));
          if (level == MARKED_LEVEL)
            {
              g_ptr_array_add (round->markers, g_build_filename (down, "marker", NULL));
              make_file (round->markers->pdata[i]);
            }
          g_string_assign (chain, down);
        }
      fill_directory (chain->str, N_FILES_AT_BOTTOM);
    }
}

/* Creates a directory with the inode number of a removed one. If the file system gives the number
 * to none of the new directories, the test pretends that it does. */
static void
make_canary (const char *path, const struct stat *former)
{
  struct stat status;

  for (guint i = 0; i < MAX_MADE_FOR_INODE; i++)
    {
      g_autofree char *made = g_strdup_printf ("%s-%u", path, i);

      child_assert (mkdir (made, 0700) == 0 && lstat (made, &status) == 0);
      if (status.st_ino == former->st_ino || i == MAX_MADE_FOR_INODE - 1)
        {
          child_assert (g_rename (made, path) == 0);
          break;
        }
    }

  if (status.st_ino != former->st_ino)
    give_inode (former, &status);
  lay_out (path);
}

/* Moves a level aside with the walk below it, removes its former parent, and moves it into another
 * directory that has the inode number of that parent by then. */
static gboolean
give_inode_away (Round *round, guint i)
{
  const char *below = round->targets->pdata[i];
  const char *canary = round->partners->pdata[i];
  g_autofree char *level = g_path_get_dirname (below);
  g_autofree char *name = g_path_get_basename (below);
  g_autofree char *before = g_build_filename (level, "a", NULL);
  g_autofree char *after = g_build_filename (level, "z", NULL);
  g_autofree char *aside = g_strconcat (canary, "-aside", NULL);
  g_autofree char *into = g_build_filename (canary, name, NULL);
  struct stat status;

  if (path_exists (round->markers->pdata[i]) || lstat (level, &status) < 0 ||
      g_rename (below, aside) < 0)
    return FALSE;

  g_rmdir (before);
  g_rmdir (after);
  if (g_rmdir (level) < 0)
    return FALSE;

  make_canary (canary, &status);
  g_ptr_array_add (round->canaries, g_strdup (canary));
  return g_rename (aside, into) == 0;
}

/* Full of links to the victim. */
static void
prepare_linked_files (Round *round)
{
  g_autofree char *file = g_build_filename (round->victim, "file", NULL);

  for (guint i = 0; i < N_DIRECTORIES_OF_LINKS; i++)
    {
      char *path = make_numbered (tree_of (round), i);

      for (guint j = 0; j < N_LINKS_IN_EACH; j++)
        {
          g_autofree char *link = g_strdup_printf ("%s/%u", path, j);

          child_assert (symlink (j % 2 == 0 ? file : round->victim, link) == 0);
        }
      child_assert (chmod (path, 0500) == 0);
      add_target (round, path, NULL);
    }
}

/* Takes away the repaired mode, so that the next link cannot be deleted either. */
static gboolean
bar_again (Round *round, guint i)
{
  const char *path = round->targets->pdata[i];
  struct stat status;

  return lstat (path, &status) == 0 && (status.st_mode & 07777) != 0500 && chmod (path, 0500) == 0;
}

static void
prepare_mount_points (Round *round)
{
  for (guint i = 0; i < N_DIRECTORIES; i++)
    {
      char *path = make_numbered (tree_of (round), i);

      fill_directory (path, N_FILES_IN_EACH);
      add_target (round, path, NULL);
    }
  round->mounted_at = g_build_filename (round->outside, "mounted", NULL);
  make_directory (round->mounted_at);
  child_assert (mount (round->victim, round->mounted_at, "", MS_BIND, "") == 0);
}

/* From where it is to the next directory. */
static gboolean
move_mount_in (Round *round, guint i)
{
  const char *path = round->targets->pdata[i];

  if (mount (round->mounted_at, path, "", MS_MOVE, "") < 0)
    return FALSE;

  g_free (round->mounted_at);
  round->mounted_at = g_strdup (path);
  return TRUE;
}

static gpointer
attacker_thread (gpointer data)
{
  Round *round = data;

  for (guint i = 0; !g_atomic_int_get (&round->stop); i = (i + 1) % round->targets->len)
    {
      if (round->attack->strike (round, i))
        g_atomic_int_inc (&round->n_swaps);
      g_atomic_int_set (&round->started, TRUE);
    }
  return NULL;
}

typedef struct
{
  GThread *caller;
  gint n_by_others; /* atomic */
} Threads;

static int
count_threads_cb (const SystemCall *call, gpointer user_data)
{
  Threads *threads = user_data;

  if (g_str_equal (call->name, "unlinkat") && g_thread_self () != threads->caller)
    g_atomic_int_inc (&threads->n_by_others);
  return 0;
}

static void
delete_successfully (const char *path)
{
  g_autoptr (GFile) file = g_file_new_for_path (path);
  g_autoptr (GError) error = NULL;

  tm_delete_recursively (file, TM_DELETE_FLAGS_NONE, NULL, NULL, NULL, &error);
  if (error != NULL)
    g_printerr ("%s\n", error->message);
  child_assert (error == NULL);
}

static gboolean
has_mode (const char *path, mode_t mode)
{
  struct stat status;

  return lstat (path, &status) == 0 && (status.st_mode & 07777) == mode;
}

static gboolean
victim_is_as_it_was (Round *round)
{
  g_autofree char *file = g_build_filename (round->victim, "file", NULL);

  for (guint i = 0; i < round->canaries->len; i++)
    if (!is_whole (round->canaries->pdata[i]))
      return FALSE;

  return is_whole (round->victim) && has_mode (round->victim, round->attack->victim_mode) &&
         has_mode (file, 0600) && (!path_exists (round->namesake) || is_whole (round->namesake));
}

static void
restore_victim (Round *round)
{
  if (victim_is_as_it_was (round))
    return;

  if (path_exists (round->victim))
    child_assert (chmod (round->victim, 0700) == 0);
  lay_out (round->victim);
  child_assert (chmod (round->victim, round->attack->victim_mode) == 0);
}

static void
round_prepare (Round *round)
{
  g_autofree char *name = NULL;

  /* Before the round creates a directory that may reuse the number of one from the last round. */
  take_inodes_back ();

  round->parent = g_build_filename (round->base, "p", NULL);
  round->outside = g_build_filename (round->base, "o", NULL);
  round->victim = g_build_filename (round->base, "victim", NULL);
  round->targets = g_ptr_array_new_with_free_func (g_free);
  round->partners = g_ptr_array_new_with_free_func (g_free);
  round->markers = g_ptr_array_new_with_free_func (g_free);
  round->canaries = g_ptr_array_new_with_free_func (g_free);
  make_directory (round->parent);
  make_directory (round->outside);
  round->directory = create_in (round->parent);
  name = g_path_get_basename (tree_of (round));
  round->namesake = g_build_filename (round->victim, name, NULL);
  restore_victim (round);
  round->attack->prepare (round);
}

/* Everything is where it was, or where the attacker moved it. */
static void
round_clear (Round *round)
{
  struct stat status;

  if (round->mounted_at != NULL)
    child_assert (umount (round->mounted_at) == 0);
  if (lstat (round->parent, &status) == 0 && S_ISLNK (status.st_mode))
    child_assert (exchange (round, 0));

  child_assert (tm_temporary_directory_close (round->directory, NULL, NULL));
  delete_successfully (round->parent);
  delete_successfully (round->outside);
  if (path_exists (round->namesake))
    delete_successfully (round->namesake);
  for (guint i = 0; i < round->partners->len; i++)
    {
      const char *partner = round->partners->pdata[i];

      if (partner != NULL && path_exists (partner))
        delete_successfully (partner);
    }

  g_object_unref (round->directory);
  g_free (round->parent);
  g_free (round->outside);
  g_free (round->victim);
  g_free (round->namesake);
  g_free (round->mounted_at);
  g_ptr_array_unref (round->targets);
  g_ptr_array_unref (round->partners);
  g_ptr_array_unref (round->markers);
  g_ptr_array_unref (round->canaries);
}

/* Deletes one directory under attack. Returns TRUE when the attack succeeded. */
static gboolean
run_round (const AttackTest *test, Deleter delete, guint64 *n_swaps, guint64 *n_shared)
{
  Round round = { .attack = test->attack, .base = test->base };
  Threads threads = { .caller = g_thread_self () };
  gboolean escaped;
  GThread *attacker;
  gint n_before;

  round_prepare (&round);
  attacker = g_thread_new ("attacker", attacker_thread, &round);
  wait_for_number (&round.started, TRUE);

  n_before = g_atomic_int_get (&round.n_swaps);
  interpose (count_threads_cb, &threads);
  delete (round.directory);
  interpose_end ();
  *n_swaps += (guint64) (g_atomic_int_get (&round.n_swaps) - n_before);
  *n_shared += g_atomic_int_get (&threads.n_by_others) > 0;

  g_atomic_int_set (&round.stop, TRUE);
  g_thread_join (attacker);
  escaped = !victim_is_as_it_was (&round);
  round_clear (&round);
  return escaped;
}

/* With one processor there is one thread. */
static gboolean
has_proved_something (const Tally *tally)
{
  return tally->n_swaps > 0 && (tally->n_shared > 0 || g_get_num_processors () == 1);
}

static void
limit_descriptors (void)
{
  int next = dup (STDERR_FILENO);
  struct rlimit limit;

  child_assert (next >= 0 && close (next) == 0 && getrlimit (RLIMIT_NOFILE, &limit) == 0);
  limit.rlim_cur = (rlim_t) next + FEW_DESCRIPTORS;
  child_assert (setrlimit (RLIMIT_NOFILE, &limit) == 0);
}

static void
attack_child (gpointer data)
{
  const AttackTest *test = data;
  const Attack *attack = test->attack;
  Tally *tally = test->tally;
  guint64 n_shared = 0;
  Limit limit, last;
  gint64 start;

  if (attack->takes_mounts && !enter_mount_namespace ())
    _exit (CHILD_CANNOT);
  if (attack->takes_ordinary_user)
    child_assert (become_ordinary_user ());
  if (attack->takes_few_descriptors)
    limit_descriptors ();

  limit = limit_of_soak (0.2);
  last = limit_from_now (MAX_SECONDS);
  start = g_get_monotonic_time ();
  do
    {
      tally->n_escapes += run_round (test, attack->delete, &tally->n_swaps, &tally->n_shared);
      tally->n_deletions++;
      tally->microseconds = g_get_monotonic_time () - start;
    }
  while (tally->n_escapes == 0 &&
         (!limit_is_reached (&limit, tally->n_swaps) ||
          (!has_proved_something (tally) && !limit_is_reached (&last, 0))));

  last = limit_from_now (MAX_SECONDS);
  do
    {
      tally->n_control_escapes +=
          run_round (test, attack->naive, &tally->n_control_swaps, &n_shared);
      tally->n_control_deletions++;
    }
  while (tally->n_control_escapes == 0 && !limit_is_reached (&last, 0));
}

static void
test_attack (Sandbox *sandbox, gconstpointer data)
{
  Tally *tally =
      mmap (NULL, sizeof *tally, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  AttackTest test = { data, sandbox->path, tally };
  int status;

  g_assert_true (tally != MAP_FAILED);
  status = run_in_child (attack_child, &test);
  if (status == CHILD_CANNOT)
    g_test_skip ("no mount namespaces here");
  else
    {
      g_test_message ("%" G_GUINT64_FORMAT " swaps during %" G_GUINT64_FORMAT
                      " deletions in %.1f seconds, %" G_GUINT64_FORMAT
                      " deletions by several threads, %" G_GUINT64_FORMAT " escapes",
                      tally->n_swaps, tally->n_deletions, (double) tally->microseconds / 1e6,
                      tally->n_shared, tally->n_escapes);
      g_test_message ("the control: %" G_GUINT64_FORMAT " swaps during %" G_GUINT64_FORMAT
                      " deletions, %" G_GUINT64_FORMAT " escapes",
                      tally->n_control_swaps, tally->n_control_deletions, tally->n_control_escapes);
      g_assert_cmpint (status, ==, 0);
      g_assert_cmpuint (tally->n_escapes, ==, 0);
      if (!has_proved_something (tally))
        g_test_skip ("no attack came during a deletion by several threads");
      else
        skip_unless_control_fell (tally->n_control_escapes > 0);
    }
  munmap (tally, sizeof *tally);
}

/* An attacker that never stops can prevent a directory from being emptied. */
static void
close_somehow (TmTemporaryDirectory *directory)
{
  tm_temporary_directory_close (directory, NULL, NULL);
}

/* A cleanup by another process, at age 0. */
static void
clean_up_somehow (TmTemporaryDirectory *directory)
{
  g_autofree char *parent = g_path_get_dirname (tm_temporary_directory_get_path (directory));
  g_autoptr (TmRoot) root = open_root (parent, 0, TM_ROOT_FLAGS_EXPIRE_LIVE);

  tm_root_cleanup (root, NULL, NULL);
}

static const Attack attacks[] = {
  /* CVE-2022-21658, RUSTSEC-2023-0018, Go 52745, CVE-2004-0452 */
  { "link-exchanged", prepare_links, exchange_with_link, close_somehow, delete_by_path, 0755, FALSE,
    FALSE, FALSE },
  /* GHSA-mc8h-8q98-g5hr, pam 972. The directory itself does not prevent the deletion. */
  { "parent-exchanged", prepare_parent, exchange, delete_by_library, delete_by_path, 0755, FALSE,
    FALSE, FALSE },
  /* CVE-2023-6597 */
  { "mode-taken-away", prepare_linked_files, bar_again, close_somehow, delete_by_path, 0500, TRUE,
    FALSE, FALSE },
  /* CPython 157579, CVE-2017-6512 */
  { "barred-exchanged", prepare_barred, exchange_with_link, close_somehow, delete_by_path, 0500,
    TRUE, FALSE, FALSE },
  /* CVE-2002-0435 */
  { "moved-out", prepare_chains, exchange_with_directory, close_somehow, delete_going_up, 0755,
    FALSE, FALSE, FALSE },
  /* CVE-2019-3461 */
  { "mount-moved-in", prepare_mount_points, move_mount_in, clean_up_somehow, delete_by_path, 0755,
    FALSE, TRUE, FALSE },
  /* Found in this library. */
  { "inode-given-away", prepare_levels, give_inode_away, close_somehow, delete_by_inode, 0755,
    FALSE, FALSE, TRUE },
};

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (attacks); i++)
    {
      g_autofree char *name = g_strconcat ("/attack-races/", attacks[i].name, NULL);

      add_test_of_soak (name, &attacks[i], of_descriptors (test_attack));
    }

  return g_test_run ();
}
