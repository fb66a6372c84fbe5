/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <tempman.h>

#include "support/directories.h"
#include "support/fuse.h"
#include "support/interpose.h"
#include "support/roots.h"
#include "support/support.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* A level that a walk has closed on its way down, and a directory with the same identity on the way
 * back. The inode number of a removed directory is reused by the next new one, on ext4 at once. */

/* Deeper than any walk keeps open. */
#define DEPTH 40

/* Names that are not deleted yet at the attacked level. */
#define N_WAITING 20

typedef enum
{
  PLACE_EXT4,
  PLACE_OVERLAY,
  PLACE_LOWNTFS, /* whose server returns any inode number */
} Place;

typedef struct
{
  const char *base;
  Place place;
  gboolean is_age; /* the age is examined, and no file deleted */
} Attack;

typedef struct
{
  const Attack *attack;
  char *root;   /* the entry to clean up */
  char *above;  /* root/entry/d/d */
  char *level;  /* root/entry/d/d/d, which is removed */
  char *below;  /* root/entry/d/d/d/d, which is moved away with the walk in it */
  char *victim; /* of another user */
  gboolean is_done;
  gboolean has_inode; /* the victim got the number of the level */
  guint n_strayed;    /* directories that were opened as if the victim were the level */
} Moves;

/* The dead of each number comes back with the next: one of the few that are made gets it. */
static void
make_victim (Moves *moves, ino_t inode)
{
  for (guint i = 0; i < 100 && !moves->has_inode; i++)
    {
      g_autofree char *path = g_strdup_printf ("%s-%u", moves->victim, i);
      struct stat status;

      child_assert (mkdir (path, 0700) == 0 && stat (path, &status) == 0);
      if (status.st_ino != inode)
        continue;

      moves->has_inode = TRUE;
      child_assert (g_rename (path, moves->victim) == 0);
      for (guint j = 0; j < N_WAITING; j++)
        {
          g_autofree char *treasure = g_strdup_printf ("%s/waits-%u/treasure", moves->victim, j);
          g_autofree char *parent = g_path_get_dirname (treasure);

          make_directory (parent);
          make_file (treasure);
          make_old (treasure, 2 * HOUR);
          make_old (parent, 2 * HOUR);
        }
      make_old (moves->victim, 2 * HOUR);
      child_assert (chown (moves->victim, TEST_UID, (gid_t) -1) == 0);
      child_assert (g_chmod (moves->victim, 01777) == 0);
    }
}

static void
do_moves (Moves *moves)
{
  g_autofree char *aside = g_build_filename (moves->root, "aside", NULL);
  g_autofree char *into = g_build_filename (moves->victim, "d", NULL);
  struct stat status;

  moves->is_done = TRUE;
  child_assert (stat (moves->level, &status) == 0);
  child_assert (g_rename (moves->below, aside) == 0);
  for (guint i = 0; i < N_WAITING; i++)
    {
      g_autofree char *path = g_strdup_printf ("%s/waits-%u", moves->level, i);

      rmdir (path);
    }
  child_assert (rmdir (moves->level) == 0);
  make_victim (moves, status.st_ino);
  if (!moves->has_inode)
    return;

  child_assert (g_rename (aside, into) == 0);
  make_old (moves->victim, 2 * HOUR);
  make_old (moves->above, 2 * HOUR);
}

static int
at_the_bottom_cb (const SystemCall *call, gpointer user_data)
{
  Moves *moves = user_data;

  if (!moves->is_done && g_strcmp0 (call->path, "bottom") == 0)
    do_moves (moves);
  else if (moves->has_inode && g_str_has_prefix (call->name, "openat") && call->path != NULL &&
           g_str_has_prefix (call->path, "waits-"))
    moves->n_strayed++;
  return 0;
}

static gboolean
mount_ext4 (const char *base, const char *target)
{
  g_autofree char *image = g_build_filename (base, "image", NULL);
  g_autofree char *command =
      g_strdup_printf ("truncate -s 32M '%s' && mkfs.ext4 -q '%s' && mount -o loop '%s' '%s'",
                       image, image, image, target);
  const char *const arguments[] = { "sh", "-c", command, NULL };

  return run_command (arguments);
}

static char *
mount_lowntfs (const char *base)
{
  g_autofree char *image = g_build_filename (base, "image", NULL);
  g_autofree char *target = g_build_filename (base, "ntfs", NULL);
  const char *make[] = { "mkntfs", "-q", "-F", image, NULL };
  const char *server[] = { "lowntfs-3g", "-o", "no_detach", image, target, NULL };

  make_directory (target);
  make_file (image);
  child_assert (truncate (image, 16 << 20) == 0);
  if (!run_command (make) || !enter_mount_namespace () || fuse_mount (server, target) == 0)
    _exit (CHILD_CANNOT);
  return g_steal_pointer (&target);
}

/* Returns a directory on such a file system. */
static char *
mount_place (const Attack *attack)
{
  g_autofree char *ext4 = g_build_filename (attack->base, "ext4", NULL);
  g_autofree char *lower = g_build_filename (ext4, "lower", NULL);
  g_autofree char *upper = g_build_filename (ext4, "upper", NULL);
  g_autofree char *work = g_build_filename (ext4, "work", NULL);
  g_autofree char *merged = g_build_filename (ext4, "merged", NULL);
  g_autofree char *options =
      g_strdup_printf ("lowerdir=%s,upperdir=%s,workdir=%s", lower, upper, work);

  if (attack->place == PLACE_LOWNTFS)
    return mount_lowntfs (attack->base);

  make_directory (ext4);
  if (!enter_mount_namespace () || !mount_ext4 (attack->base, ext4))
    _exit (CHILD_CANNOT);
  if (attack->place != PLACE_OVERLAY)
    return g_steal_pointer (&ext4);

  make_directory (lower);
  make_directory (upper);
  make_directory (work);
  make_directory (merged);
  if (mount ("none", merged, "overlay", 0, options) < 0)
    _exit (CHILD_CANNOT);
  return g_steal_pointer (&merged);
}

static void
make_entry (Moves *moves, const char *place)
{
  g_autoptr (GString) path = NULL;

  moves->root = g_build_filename (place, "root", NULL);
  moves->above = g_build_filename (moves->root, "entry", "d", "d", NULL);
  moves->level = g_build_filename (moves->above, "d", NULL);
  moves->below = g_build_filename (moves->level, "d", NULL);
  moves->victim = g_build_filename (place, "victim", NULL);

  path = g_string_new (moves->below);
  for (guint i = 0; i < DEPTH; i++)
    g_string_append (path, "/d");
  make_directory (path->str);
  g_string_append (path, "/bottom");
  make_file (path->str);
  for (guint i = 0; i < N_WAITING; i++)
    {
      g_autofree char *waiting = g_strdup_printf ("%s/waits-%u", moves->level, i);

      make_directory (waiting);
      make_old (waiting, 2 * HOUR);
    }
  for (; path->len > strlen (moves->root);
       g_string_truncate (path, (gsize) (strrchr (path->str, '/') - path->str)))
    make_old (path->str, 2 * HOUR);
  make_old (moves->level, 2 * HOUR);
}

static void
attack_child (gpointer data)
{
  const Attack *attack = data;
  g_autofree char *place = mount_place (attack);
  g_autofree char *entry = NULL;
  g_autoptr (TmRoot) root = NULL;
  g_autoptr (GError) error = NULL;
  Moves moves = { .attack = attack };

  make_entry (&moves, place);
  entry = g_build_filename (moves.root, "entry", NULL);
  root = open_root (moves.root, HOUR, TM_ROOT_FLAGS_NONE);
  if (attack->is_age)
    tm_root_set_age_basis (root, TM_AGE_BASIS_NEWEST_CONTENT);

  interpose (at_the_bottom_cb, &moves);
  tm_root_cleanup (root, NULL, &error);
  interpose_end ();

  child_assert (moves.is_done);
  if (!moves.has_inode)
    _exit (CHILD_CANNOT);

  for (guint i = 0; i < N_WAITING; i++)
    {
      g_autofree char *treasure = g_strdup_printf ("%s/waits-%u/treasure", moves.victim, i);

      child_assert (path_exists (treasure));
    }
  child_assert (moves.n_strayed == 0);
  /* Another process is at work in it. */
  child_assert (path_exists (entry) == attack->is_age);

  g_clear_object (&root);
  child_assert (chdir ("/") == 0);
}

static void
test_inode_given_away (Sandbox *sandbox, gconstpointer data)
{
  Attack attack = *(const Attack *) data;

  if (skip_unless_root ())
    return;

  attack.base = sandbox->path;
  skip_or_assert_success (
      run_in_child (attack_child, &attack),
      "no such file system can be mounted here, or the inode did not come back");
}

/* How a walk goes through a deep tree. */
typedef struct
{
  guint n_down; /* names that were opened or passed on the way down */
  guint n_up;
} Opened;

static int
count_opens_cb (const SystemCall *call, gpointer user_data)
{
  Opened *opened = user_data;

  if (!g_str_has_prefix (call->name, "openat") || call->path == NULL)
    return 0;

  if (strstr (call->path, "..") != NULL)
    opened->n_up++;
  else if (call->path[0] == 'd')
    opened->n_down += (guint) (strlen (call->path) + 1) / 2;
  return 0;
}

static void
make_chain (const char *top, guint depth)
{
  int fd = open (top, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

  for (guint i = 0; i < depth; i++)
    {
      int below;

      g_assert_no_errno (mkdirat (fd, "d", 0700));
      below = openat (fd, "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
      g_assert_no_errno (below);
      close (fd);
      fd = below;
    }
  g_assert_no_errno (mknodat (fd, "bottom", S_IFREG | 0600, 0));
  close (fd);
}

/* Never through "..", and not with the square of the depth. */
static void
test_deep (Sandbox *sandbox, gconstpointer data)
{
  g_autofree char *top = sandbox_path (sandbox, "top");
  g_autoptr (GFile) file = g_file_new_for_path (top);
  g_autoptr (GError) error = NULL;
  const guint depth = 3000;
  Opened opened = { 0 };

  make_directory (top);
  make_chain (top, depth);
  interpose (count_opens_cb, &opened);
  tm_delete_recursively (file, TM_DELETE_FLAGS_NONE, NULL, NULL, NULL, &error);
  interpose_end ();

  g_assert_no_error (error);
  g_assert_false (path_exists (top));
  g_test_message ("%u names for %u levels", opened.n_down, depth);
  g_assert_cmpuint (opened.n_up, ==, 0);
  g_assert_cmpuint (opened.n_down, >, depth);
  g_assert_cmpuint (opened.n_down, <, 14 * depth);
}

/* The descriptors that the deletion needs besides the levels, and a few for these. */
#define FEWEST_DESCRIPTORS 7
#define MOST_DESCRIPTORS 12

typedef struct
{
  const char *top;
  guint n_descriptors;
} FewDescriptors;

static void
few_descriptors_child (gpointer data)
{
  const FewDescriptors *few = data;
  const char *top = few->top;
  g_autoptr (GFile) file = g_file_new_for_path (top);
  g_autoptr (GError) error = NULL;
  const guint depth = 3000;
  Opened opened = { 0 };
  struct rlimit limit;
  int next;

  make_directory (top);
  make_chain (top, depth);
  child_assert (getrlimit (RLIMIT_NOFILE, &limit) == 0);
  next = dup (STDERR_FILENO);
  child_assert (next >= 0 && close (next) == 0);
  limit.rlim_cur = (rlim_t) next + few->n_descriptors;
  child_assert (setrlimit (RLIMIT_NOFILE, &limit) == 0);

  interpose (count_opens_cb, &opened);
  tm_delete_recursively (file, TM_DELETE_FLAGS_NONE, NULL, NULL, NULL, &error);
  interpose_end ();

  child_assert (error == NULL);
  child_assert (!path_exists (top));
  g_printerr ("%u names for %u levels with %u descriptors\n", opened.n_down, depth,
              few->n_descriptors);
  child_assert (opened.n_up == 0);
  child_assert (opened.n_down > depth);
  /* Without openat2(), each directory is opened twice. */
  child_assert (opened.n_down < (openat2_is_denied () ? 80 : 40) * depth);
}

/* Nor with the square of the depth if only few check points are kept. */
static void
test_deep_few_descriptors (Sandbox *sandbox, gconstpointer data)
{
  g_autofree char *top = sandbox_path (sandbox, "top");

  for (guint i = FEWEST_DESCRIPTORS; i <= MOST_DESCRIPTORS; i++)
    {
      FewDescriptors few = { top, i };

      g_assert_cmpint (run_in_child (few_descriptors_child, &few), ==, 0);
    }
}

static void
test_deep_age (Sandbox *sandbox, gconstpointer data)
{
  g_autofree char *top = sandbox_path (sandbox, "top");
  g_autoptr (TmRoot) root = open_root (sandbox->path, HOUR, TM_ROOT_FLAGS_NONE);
  g_autoptr (GListModel) entries = NULL;
  g_autoptr (GError) error = NULL;
  const guint depth = 3000;
  Opened opened = { 0 };

  make_directory (top);
  make_chain (top, depth);
  tm_root_set_age_basis (root, TM_AGE_BASIS_NEWEST_CONTENT);
  interpose (count_opens_cb, &opened);
  entries = tm_root_list_entries (root, TM_LIST_FLAGS_NONE, NULL, &error);
  interpose_end ();

  g_assert_no_error (error);
  g_assert_cmpuint (g_list_model_get_n_items (entries), ==, 1);
  g_test_message ("%u names for %u levels", opened.n_down, depth);
  g_assert_cmpuint (opened.n_up, ==, 0);
  g_assert_cmpuint (opened.n_down, >, depth);
  g_assert_cmpuint (opened.n_down, <, 14 * depth);
}

static int
refuse_removal_cb (const SystemCall *call, gpointer user_data)
{
  return g_str_equal (call->name, "unlinkat") && g_strcmp0 (call->path, "left") == 0 ? EIO : 0;
}

/* A directory that stays has its earlier mode. */
static void
modes_child (gpointer data)
{
  static const mode_t modes[] = { 0, 0500, 0300, 0700 };
  const char *base = data;
  g_autofree char *top = g_build_filename (base, "top", NULL);
  g_autoptr (GFile) file = g_file_new_for_path (top);
  struct stat status;

  if (!become_ordinary_user ())
    _exit (CHILD_CANNOT);

  for (guint i = 0; i < G_N_ELEMENTS (modes); i++)
    {
      g_autofree char *first = g_strdup_printf ("%s/%u", top, i);
      g_autofree char *second = g_build_filename (first, "second", NULL);
      g_autofree char *left = g_build_filename (second, "left", NULL);

      make_directory (left);
      child_assert (chmod (left, modes[i]) == 0 && chmod (second, modes[i]) == 0 &&
                    chmod (first, modes[i]) == 0);
    }
  child_assert (chmod (top, 0500) == 0);

  for (guint round = 0; round < 2; round++)
    {
      g_autoptr (GError) error = NULL;

      /* The deepest entry of each cannot be removed. */
      if (round == 0)
        interpose (refuse_removal_cb, NULL);
      tm_delete_recursively (file, TM_DELETE_FLAGS_NONE, NULL, NULL, NULL, &error);
      interpose_end ();
      child_assert ((error != NULL) == (round == 0));
      if (error == NULL)
        break;

      child_assert (stat (top, &status) == 0 && (status.st_mode & 07777) == 0500);
      for (guint i = 0; i < G_N_ELEMENTS (modes); i++)
        {
          g_autofree char *path = g_strdup_printf ("%s/%u", top, i);

          child_assert (stat (path, &status) == 0 && (status.st_mode & 07777) == modes[i]);
        }
    }
  child_assert (!path_exists (top));
}

static void
test_modes (Sandbox *sandbox, gconstpointer data)
{
  g_assert_no_errno (g_chmod (sandbox->path, 0777));
  skip_or_assert_success (run_in_child (modes_child, sandbox->path), "needs an ordinary user");
}

int
main (int argc, char **argv)
{
  static const char *const places[] = { "ext", "overlay", "lowntfs" };
  static Attack attacks[2 * G_N_ELEMENTS (places)];

  g_test_init (&argc, &argv, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (attacks); i++)
    {
      g_autofree char *name = g_strdup_printf ("/levels/inode-given-away/%s/%s",
                                               i % 2 == 0 ? "deletion" : "age", places[i / 2]);

      attacks[i] = (Attack){ NULL, (Place) (i / 2), i % 2 == 1 };
      g_test_add (name, Sandbox, &attacks[i], sandbox_set_up,
                  of_descriptors (test_inode_given_away), sandbox_tear_down);
    }
  add_test_in_memory ("/levels/deep/deletion", NULL, of_descriptors (test_deep));
  add_test_in_memory ("/levels/deep/few-descriptors", NULL,
                      of_descriptors (test_deep_few_descriptors));
  add_test_in_memory ("/levels/deep/age", NULL, of_descriptors (test_deep_age));
  add_test ("/levels/modes", of_descriptors (test_modes));

  return g_test_run ();
}
