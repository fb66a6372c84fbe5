/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Random operations on random trees, while an attacker changes the tree between the system calls,
 * calls fail, types of entries are hidden, reads are short and the operation is cancelled. After
 * each round the canary outside of the tree is as it was, a live directory is still there, the
 * result agrees with the error and with the disk, no descriptor is left open, and once the attacker
 * has stopped the operation can be finished.
 *
 * Each round has a seed of its own, which a failure prints: TEMPMAN_CAMPAIGN_SEED repeats from it.
 */

#include "support/campaign-world.h"
#include "support/directories.h"
#include "support/faults.h"
#include "support/interpose.h"
#include "support/support.h"

#include <tempman.h>

#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

typedef enum
{
  OPERATION_CLOSE,
  OPERATION_DELETE,
  OPERATION_PERSIST,
  OPERATION_REPLACE,
  OPERATION_CLEANUP,
  OPERATION_LIST,
  OPERATION_CREATE,
  N_OPERATIONS,
} Operation;

static const char *const operation_names[] = { "close",   "delete", "persist", "replace",
                                               "cleanup", "list",   "create" };

typedef struct
{
  guint32 seed;
  Operation operation;
  gboolean is_async;
  guint attack_chance; /* every nth call, or 0 */
  gint first_attack;   /* the number of a call: otherwise no operation would get deep into a tree */
  guint fault_chance;  /* likewise */
  gint cancel_at;      /* the number of a call, or -1 */

  World *world;
  char *top;         /* (owned) (nullable): the tree */
  char *destination; /* (owned) */
  GCancellable *cancellable;
  TmRoot *root;
  TmTemporaryDirectory *directory; /* (owned) (nullable) */
  TmTemporaryDirectory *live;      /* (owned) */
  char *young;                     /* (owned): has no owner, and is not old */
  gint is_missing;                 /* atomic: the destination was, at one moment */

  GMutex mutex; /* guards what follows, and the world */
  gint n_calls;
  guint n_faults;
} Round;

static guint64 n_rounds;
static guint64 n_attacks;
static guint64 n_faults;

static void G_GNUC_NORETURN
round_fail (Round *round, int line, const char *expression, const GError *error)
{
  interpose_end ();
  g_printerr ("%s:%d: not so: %s\n", __FILE__, line, expression);
  g_printerr ("TEMPMAN_CAMPAIGN_SEED=%u, %s%s, an attack in %u calls, a fault in %u, cancelled at "
              "%d; %u faults; %s\n",
              round->seed, operation_names[round->operation], round->is_async ? "_async" : "",
              round->attack_chance, round->fault_chance, round->cancel_at, round->n_faults,
              error != NULL ? error->message : "no error");
  abort ();
}

#define check(round, expression, error)                                                            \
  G_STMT_START                                                                                     \
  {                                                                                                \
    if (!(expression))                                                                             \
      round_fail (round, __LINE__, #expression, error);                                            \
  }                                                                                                \
  G_STMT_END

/* In any thread of the library. */
static int
call_cb (const SystemCall *call, gpointer user_data)
{
  Round *round = user_data;
  int error_number = 0;

  g_mutex_lock (&round->mutex);
  if (round->n_calls++ == round->cancel_at)
    g_cancellable_cancel (round->cancellable);
  if (round->attack_chance > 0 && round->n_calls > round->first_attack &&
      world_random (round->world, round->attack_chance) == 0)
    {
      world_attack (round->world, round->top);
      n_attacks++;
    }
  if (round->fault_chance > 0 && world_random (round->world, round->fault_chance) == 0)
    error_number = fault_at_random (call, round->world->random);
  round->n_faults += error_number != 0;
  if (round->operation == OPERATION_REPLACE && !path_exists (round->destination))
    g_atomic_int_set (&round->is_missing, TRUE);
  g_mutex_unlock (&round->mutex);

  /* The call has not been made, and the descriptor would stay open. */
  if (error_number != 0 && g_str_equal (call->name, "close"))
    close (call->fd);
  return error_number;
}

static gboolean
run_operation (Round *round, GError **error)
{
  g_autoptr (GFile) top = round->top != NULL ? g_file_new_for_path (round->top) : NULL;
  g_autoptr (GFile) destination = g_file_new_for_path (round->destination);
  TmPersistFlags flags =
      round->operation == OPERATION_REPLACE ? TM_PERSIST_FLAGS_REPLACE : TM_PERSIST_FLAGS_NONE;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GListModel) entries = NULL;

  switch (round->operation)
    {
    case OPERATION_CLOSE:
      if (!round->is_async)
        return tm_temporary_directory_close (round->directory, round->cancellable, error);
      tm_temporary_directory_close_async (round->directory, G_PRIORITY_DEFAULT, round->cancellable,
                                          keep_result_cb, &result);
      return tm_temporary_directory_close_finish (round->directory, wait_for_result (&result),
                                                  error);

    case OPERATION_DELETE:
      if (!round->is_async)
        return tm_delete_recursively (top, TM_DELETE_FLAGS_NONE, round->cancellable, NULL, NULL,
                                      error);
      tm_delete_recursively_async (top, TM_DELETE_FLAGS_NONE, G_PRIORITY_DEFAULT,
                                   round->cancellable, NULL, NULL, NULL, keep_result_cb, &result);
      return tm_delete_recursively_finish (wait_for_result (&result), error);

    case OPERATION_PERSIST:
    case OPERATION_REPLACE:
      if (!round->is_async)
        return tm_temporary_directory_persist (round->directory, destination, flags,
                                               round->cancellable, error);
      tm_temporary_directory_persist_async (round->directory, destination, flags,
                                            G_PRIORITY_DEFAULT, round->cancellable, keep_result_cb,
                                            &result);
      return tm_temporary_directory_persist_finish (round->directory, wait_for_result (&result),
                                                    error);

    case OPERATION_CLEANUP:
      if (!round->is_async)
        return tm_root_cleanup (round->root, round->cancellable, error) >= 0;
      tm_root_cleanup_async (round->root, G_PRIORITY_DEFAULT, round->cancellable, keep_result_cb,
                             &result);
      return tm_root_cleanup_finish (round->root, wait_for_result (&result), error) >= 0;

    case OPERATION_LIST:
      entries = tm_root_list_entries (round->root, TM_LIST_FLAGS_NONE, round->cancellable, error);
      return entries != NULL;

    case OPERATION_CREATE:
      if (!round->is_async)
        {
          round->directory = tm_root_create_temp_dir (round->root, round->cancellable, error);
          return round->directory != NULL;
        }
      tm_root_create_temp_dir_async (round->root, G_PRIORITY_DEFAULT, round->cancellable,
                                     keep_result_cb, &result);
      round->directory =
          tm_root_create_temp_dir_finish (round->root, wait_for_result (&result), error);
      return round->directory != NULL;

    case N_OPERATIONS:
    default:
      g_assert_not_reached ();
    }
}

/* As the library leaves it if its owner is killed. */
static char *
make_abandoned (const char *root)
{
  char *path = g_build_filename (root, "t-abcdefghij234567abcd", NULL);

  g_assert_no_errno (g_mkdir (path, 0700));
  g_assert_no_errno (g_chmod (path, 01700));
  return path;
}

static void
round_set_up (Round *round, const char *base, gboolean may_mount)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GFile) root = NULL;
  g_autofree char *kept = NULL;

  round->world = world_new (base, g_rand_new_with_seed (round->seed), may_mount);
  round->operation = (Operation) world_random (round->world, N_OPERATIONS);
  round->is_async = world_random (round->world, 4) == 0;
  round->attack_chance = (const guint[]){ 0, 3, 10, 30 }[world_random (round->world, 4)];
  round->first_attack =
      world_random (round->world, 2) == 0 ? (gint) world_random (round->world, 400) : 0;
  round->fault_chance = (const guint[]){ 0, 0, 20, 100 }[world_random (round->world, 4)];
  round->cancel_at =
      world_random (round->world, 5) == 0 ? (gint) world_random (round->world, 60) : -1;
  round->cancellable = g_cancellable_new ();
  round->destination = g_build_filename (base, "published", NULL);
  g_mutex_init (&round->mutex);

  root = g_file_new_for_path (round->world->root);
  round->root = tm_root_new (root, 3600, TM_ROOT_FLAGS_RECLAIM_ABANDONED, NULL, &error);
  g_assert_no_error (error);
  round->live = tm_root_create_temp_dir (round->root, NULL, &error);
  g_assert_no_error (error);
  kept = child_path (round->live, "file");
  make_file (kept);
  round->young = g_build_filename (round->world->root, "young", NULL);
  make_directory (round->young);

  switch (round->operation)
    {
    case OPERATION_REPLACE:
      make_directory (round->destination);
      make_tree (round->destination);
      G_GNUC_FALLTHROUGH;
    case OPERATION_CLOSE:
    case OPERATION_PERSIST:
      round->directory = tm_root_create_temp_dir (round->root, NULL, &error);
      g_assert_no_error (error);
      round->top = g_strdup (tm_temporary_directory_get_path (round->directory));
      break;
    case OPERATION_DELETE:
      round->top = g_build_filename (base, "tree", NULL);
      make_directory (round->top);
      break;
    case OPERATION_CLEANUP:
    case OPERATION_LIST:
    case OPERATION_CREATE:
      round->top = make_abandoned (round->world->root);
      break;
    case N_OPERATIONS:
    default:
      g_assert_not_reached ();
    }

  /* Between the last check of a directory and its rename, the name is unprotected. */
  round->world->may_move_top =
      round->operation != OPERATION_PERSIST && round->operation != OPERATION_REPLACE;
  world_fill (round->world, round->top);
  hide_entry_types (world_random (round->world, 4) == 0);
  shorten_reads (world_random (round->world, 4) == 0);
}

/* Returns TRUE also if the directory was moved away: then it is not deleted. */
static gboolean
is_gone_or_moved (Round *round, int fd)
{
  struct stat status;

  return fstat (fd, &status) < 0 || status.st_nlink == 0 || round->world->has_moved_top ||
         !path_exists (round->top);
}

static void
check_outcome (Round *round, gboolean ok, const GError *error, int top_fd)
{
  g_autoptr (GError) local_error = NULL;
  const char *damage = world_find_damage (round->world);
  g_autofree char *kept = child_path (round->live, "file");

  if (damage != NULL)
    g_printerr ("%s\n", damage);
  check (round, damage == NULL, error);
  check (round, path_exists (kept), error);
  check (round, path_exists (round->young), error);
  check (round, ok == (error == NULL), error);
  check (round, error == NULL || error->domain == G_IO_ERROR, error);
  check (round,
         error == NULL || g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED) ||
             strstr (error->message, round->world->base) != NULL,
         error);
  check (round, round->cancel_at >= 0 || !g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED),
         error);
  check (round, !g_atomic_int_get (&round->is_missing), error);

  switch (round->operation)
    {
    case OPERATION_CLOSE:
      check (round, tm_temporary_directory_is_closed (round->directory) == ok, error);
      check (round, !ok || is_gone_or_moved (round, top_fd), error);
      /* After any fault it can be finished, unless another file has its name. */
      if (!ok && !tm_temporary_directory_close (round->directory, NULL, &local_error))
        check (round,
               round->world->has_moved_top &&
                   g_error_matches (local_error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND),
               local_error);
      check (round, local_error != NULL || is_gone_or_moved (round, top_fd), local_error);
      break;

    case OPERATION_DELETE:
      check (round, !ok || is_gone_or_moved (round, top_fd), error);
      break;

    case OPERATION_PERSIST:
    case OPERATION_REPLACE:
      check (round, tm_temporary_directory_is_closed (round->directory) == ok, error);
      if (ok)
        {
          struct stat by_path, by_fd;

          check (round, lstat (round->destination, &by_path) == 0, error);
          check (round, fstat (top_fd, &by_fd) == 0 && by_path.st_ino == by_fd.st_ino, error);
          check (round, (by_fd.st_mode & S_ISVTX) == 0 || round->n_faults > 0, error);
        }
      break;

    case OPERATION_CREATE:
      if (round->directory != NULL)
        {
          check (round, path_exists (tm_temporary_directory_get_path (round->directory)), error);
          check (round, tm_temporary_directory_close (round->directory, NULL, &local_error),
                 local_error);
        }
      break;

    case OPERATION_CLEANUP:
      /* A fault may have made it appear missing or in use. */
      check (round, !ok || is_gone_or_moved (round, top_fd) || round->n_faults > 0, error);
      break;

    case OPERATION_LIST:
    case N_OPERATIONS:
    default:
      break;
    }

  check (round, world_find_damage (round->world) == NULL, local_error);
}

static gboolean
has_open_descriptors (guint n)
{
  /* A thread that has ended its work closes its descriptors a moment later. */
  for (guint i = 0; i < 1000 && count_open_descriptors () != n; i++)
    g_usleep (1000);
  return count_open_descriptors () != n;
}

static void
run_round (guint32 seed, const char *base, gboolean may_mount)
{
  guint n_descriptors = count_open_descriptors ();
  Round round = { .seed = seed };
  g_autoptr (GError) error = NULL;
  gboolean ok;
  int top_fd;

  make_directory (base);
  round_set_up (&round, base, may_mount);
  top_fd = open (round.top, O_PATH | O_DIRECTORY | O_CLOEXEC);
  g_assert_no_errno (top_fd);

  interpose (call_cb, &round);
  ok = run_operation (&round, &error);
  interpose_end ();
  hide_entry_types (FALSE);
  shorten_reads (FALSE);
  world_end_attacks (round.world);

  check_outcome (&round, ok, error, top_fd);

  n_rounds++;
  n_faults += round.n_faults;
  close (top_fd);
  g_clear_object (&round.directory);
  g_clear_object (&round.live);
  g_clear_object (&round.root);
  g_clear_object (&round.cancellable);
  if (has_open_descriptors (n_descriptors))
    round_fail (&round, __LINE__, "no descriptor is left open", error);

  g_rand_free (round.world->random);
  world_free (round.world);
  g_mutex_clear (&round.mutex);
  g_free (round.top);
  g_free (round.destination);
  g_free (round.young);
  world_clear (base);
}

/* Descriptors that GLib opens once, for its threads and main context, are not leaks. */
static void
warm_up (const char *base)
{
  g_autoptr (GFile) missing = g_file_new_build_filename (base, "missing", NULL);
  g_autoptr (GAsyncResult) result = NULL;

  tm_delete_recursively_async (missing, TM_DELETE_FLAGS_NONE, G_PRIORITY_DEFAULT, NULL, NULL, NULL,
                               NULL, keep_result_cb, &result);
  g_assert_false (tm_delete_recursively_finish (wait_for_result (&result), NULL));
}

static void
run_rounds (const char *base, gboolean may_mount)
{
  const char *given = g_getenv ("TEMPMAN_CAMPAIGN_SEED");
  guint32 seed = given != NULL ? (guint32) g_ascii_strtoull (given, NULL, 10) : g_random_int ();
  Limit limit = limit_of_soak (3);

  warm_up (base);
  n_rounds = n_attacks = n_faults = 0;
  while (!limit_is_reached (&limit, n_rounds))
    {
      g_autofree char *path = g_strdup_printf ("%s/round", base);

      run_round (seed++, path, may_mount);
    }

  g_printerr ("# %" G_GUINT64_FORMAT " rounds, %" G_GUINT64_FORMAT " attacks, %" G_GUINT64_FORMAT
              " faults\n",
              n_rounds, n_attacks, n_faults);
}

static void
test_campaign (Sandbox *sandbox, gconstpointer data)
{
  run_rounds (sandbox->path, FALSE);
}

static void
user_child (gpointer data)
{
  child_assert (become_ordinary_user ());
  run_rounds (data, FALSE);
}

/* A user who is subject to modes. */
static void
test_ordinary_user (Sandbox *sandbox, gconstpointer data)
{
  if (skip_unless_root ())
    return;

  assert_success_in_child (run_in_child (user_child, sandbox->path));
}

static void
mounts_child (gpointer data)
{
  if (!enter_mount_namespace ())
    _exit (CHILD_CANNOT);
  run_rounds (data, TRUE);
}

static void
test_mounts (Sandbox *sandbox, gconstpointer data)
{
  skip_or_assert_success (run_in_child (mounts_child, sandbox->path), "no mount namespaces here");
}

/* On a file system that reuses the number of an inode at once. */
static void
ext4_child (gpointer data)
{
  const char *path = data;
  g_autofree char *image = g_build_filename (path, "image", NULL);
  g_autofree char *target = g_build_filename (path, "mounted", NULL);
  const char *const make[] = { "mkfs.ext4", "-q", image, "256M", NULL };
  const char *const mount_loop[] = { "mount", "-o", "loop", image, target, NULL };

  make_directory (target);
  if (geteuid () != 0 || !enter_mount_namespace () || !run_command (make) ||
      !run_command (mount_loop))
    _exit (CHILD_CANNOT);

  run_rounds (target, TRUE);
}

static void
test_ext4 (Sandbox *sandbox, gconstpointer data)
{
  skip_or_assert_success (run_in_child (ext4_child, sandbox->path), "ext4 cannot be mounted here");
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_summary ("Random operations, attacks and faults do no damage and leave nothing open "
                  "(docs/security.md)");

  add_test ("/campaign/ordinary-user", of_descriptors (test_ordinary_user));
  add_test ("/campaign/mounts", of_descriptors (test_mounts));
  add_test ("/campaign/ext4", of_descriptors (test_ext4));
  /* Last, for the thread sanitizer: a forked child takes its own threads for those that this
   * process has had. */
  add_test ("/campaign/as-started", of_descriptors (test_campaign));

  return g_test_run ();
}
