/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The limits of a root: random roots with random limits, compared with a slow reference; file
 * systems that fill up; several cleaners. */

#include "support/interpose.h"
#include "support/mounts.h"
#include "support/roots.h"
#include "support/second-user.h"
#include "support/soak.h"
#include "support/support.h"

#include <fcntl.h>
#include <ftw.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#define MAX_ENTRIES 24

/* An entry as the test has made it, and what the reference says. */
typedef struct
{
  char name[40];
  gint64 age; /* in seconds; no two entries have the same */
  guint64 size;
  gboolean is_live;
  gboolean is_marked;
  gboolean is_file;
  gboolean remains;
  int fd; /* with the lock, or -1 */
} Entry;

typedef struct
{
  Entry entries[MAX_ENTRIES];
  guint n_entries;
  double timeout;
  TmRootFlags flags;
  guint max_entries;
  guint64 max_size;
} World;

/* For nftw(), which has no data. */
static GHashTable *counted_inodes;
static guint64 counted_size;

static int
count_cb (const char *path, const struct stat *status, int type, struct FTW *ftw)
{
  if (S_ISDIR (status->st_mode) || status->st_nlink == 1 ||
      g_hash_table_add (counted_inodes, GSIZE_TO_POINTER (status->st_ino)))
    counted_size += (guint64) status->st_blocks * 512;
  return 0;
}

/* As du(1). */
static guint64
get_size (const char *path)
{
  counted_inodes = g_hash_table_new (NULL, NULL);
  counted_size = 0;
  g_assert_no_errno (nftw (path, count_cb, 256, FTW_PHYS));
  g_hash_table_unref (counted_inodes);
  return counted_size;
}

static void
make_file_of_size (const char *path, gsize size)
{
  g_autofree char *content = g_strnfill (size, 'x');

  g_assert_true (g_file_set_contents (path, content, (gssize) size, NULL));
}

/* Files of random sizes, one below, and a hard link. */
static void
fill (const char *path, GRand *rand)
{
  guint n_files = (guint) g_rand_int_range (rand, 0, 5);
  g_autofree char *below = g_build_filename (path, "below", NULL);

  make_directory (below);
  for (guint i = 0; i < n_files; i++)
    {
      g_autofree char *file = g_strdup_printf ("%s/%u", i % 2 == 0 ? path : below, i);

      make_file_of_size (file, (gsize) g_rand_int_range (rand, 0, 60000));
      if (i == 0)
        {
          g_autofree char *link_path = g_build_filename (below, "link", NULL);

          g_assert_no_errno (link (file, link_path));
        }
    }
}

static void
make_entry (Entry *entry, const char *root, guint i, GRand *rand)
{
  g_autofree char *path = NULL;

  *entry = (Entry){
    .age = g_rand_int_range (rand, 0, 100) * 100 + i,
    .is_live = g_rand_int_range (rand, 0, 4) == 0,
    .is_marked = g_rand_boolean (rand),
    .is_file = g_rand_int_range (rand, 0, 4) == 0,
    .remains = TRUE,
    .fd = -1,
  };
  g_snprintf (entry->name, sizeof entry->name, "%u-%.19s%c", i, RANDOM_PART, 'a' + (int) i % 26);
  path = g_build_filename (root, entry->name, NULL);
  if (entry->is_file)
    make_file_of_size (path, (gsize) g_rand_int_range (rand, 0, 100000));
  else
    {
      make_directory (path);
      fill (path, rand);
      g_assert_no_errno (chmod (path, entry->is_marked ? 01700 : 0700));
    }
  entry->is_marked &= !entry->is_file;
  entry->size = get_size (path);
  make_old (path, entry->age + 10);
  if (entry->is_live)
    {
      entry->fd = open (path, O_RDONLY | O_CLOEXEC | O_NOATIME);
      g_assert_no_errno (entry->fd);
      g_assert_no_errno (flock (entry->fd, LOCK_SH | LOCK_NB));
    }
}

static void
world_init (World *world, const char *root, GRand *rand)
{
  static const TmRootFlags flags[] = { TM_ROOT_FLAGS_RECLAIM_ABANDONED,
                                       TM_ROOT_FLAGS_INCLUDE_FILES };
  guint64 total = 0;

  *world = (World){ .n_entries = (guint) g_rand_int_range (rand, 0, MAX_ENTRIES) };
  for (guint i = 0; i < world->n_entries; i++)
    {
      make_entry (&world->entries[i], root, i, rand);
      total += world->entries[i].size;
    }

  /* Half a minute away from every age, since the entries become older during the test. */
  world->timeout =
      g_rand_boolean (rand) ? g_rand_int_range (rand, 0, 120) * 100 + 70 : TM_NO_TIMEOUT;
  for (guint i = 0; i < G_N_ELEMENTS (flags); i++)
    if (g_rand_boolean (rand))
      world->flags |= flags[i];
  if (g_rand_boolean (rand))
    world->max_entries = (guint) g_rand_int_range (rand, 1, MAX_ENTRIES);
  if (g_rand_boolean (rand))
    world->max_size = 1 + (guint64) (g_rand_double (rand) * (double) total);
}

static void
world_clear (World *world)
{
  for (guint i = 0; i < world->n_entries; i++)
    if (world->entries[i].fd >= 0)
      close (world->entries[i].fd);
}

static gboolean
counts (const World *world, const Entry *entry)
{
  return entry->remains && (!entry->is_file || (world->flags & TM_ROOT_FLAGS_INCLUDE_FILES) != 0);
}

/* Returns the entry that would go next, or NULL. */
static Entry *
find_oldest (World *world)
{
  Entry *oldest = NULL;

  for (guint i = 0; i < world->n_entries; i++)
    {
      Entry *entry = &world->entries[i];

      if (counts (world, entry) && !entry->is_live && (oldest == NULL || entry->age > oldest->age))
        oldest = entry;
    }
  return oldest;
}

static gboolean
is_over_limits (const World *world)
{
  guint n_entries = 0;
  guint64 size = 0;

  for (guint i = 0; i < world->n_entries; i++)
    if (counts (world, &world->entries[i]))
      {
        n_entries++;
        size += world->entries[i].size;
      }
  return (world->max_entries > 0 && n_entries > world->max_entries) ||
         (world->max_size > 0 && size > world->max_size);
}

/* The reference: one entry after the other, and everything computed anew each time. */
static guint
decide (World *world)
{
  gboolean reclaims = (world->flags & TM_ROOT_FLAGS_RECLAIM_ABANDONED) != 0;
  guint n_removed = 0;
  Entry *oldest;

  for (guint i = 0; i < world->n_entries; i++)
    {
      Entry *entry = &world->entries[i];

      if (!entry->is_live && counts (world, entry) &&
          ((reclaims && entry->is_marked) ||
           (world->timeout >= 0 && (double) entry->age + 10 > world->timeout)))
        {
          entry->remains = FALSE;
          n_removed++;
        }
    }
  while (is_over_limits (world) && (oldest = find_oldest (world)) != NULL)
    {
      oldest->remains = FALSE;
      n_removed++;
    }
  return n_removed;
}

static const Entry *
find_entry (const World *world, const char *name)
{
  for (guint i = 0; i < world->n_entries; i++)
    if (g_str_equal (world->entries[i].name, name))
      return &world->entries[i];

  g_assert_not_reached ();
}

static void
assert_list_agrees (const World *world, TmRoot *root)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GListModel) entries = tm_root_list_entries (root, TM_LIST_FLAGS_MEASURE, NULL, &error);
  guint n_expected = 0;

  g_assert_no_error (error);
  for (guint i = 0; i < world->n_entries; i++)
    n_expected += !world->entries[i].is_file || (world->flags & TM_ROOT_FLAGS_INCLUDE_FILES) != 0;
  g_assert_cmpuint (g_list_model_get_n_items (entries), ==, n_expected);
  for (guint i = 0; i < n_expected; i++)
    {
      g_autoptr (TmRootEntry) entry = g_list_model_get_item (entries, i);
      const Entry *expected = find_entry (world, tm_root_entry_get_name (entry));

      g_assert_cmpint (tm_root_entry_get_removable (entry), ==, !expected->remains);
      g_assert_cmpuint (tm_root_entry_get_size (entry), ==, expected->size);
    }
}

static void
check_world (Sandbox *sandbox, GRand *rand)
{
  g_autofree char *path = sandbox_path (sandbox, "root");
  g_autoptr (GFile) file = g_file_new_for_path (path);
  g_autoptr (TmRoot) root = NULL;
  World world;
  guint n_removed;

  make_directory (path);
  world_init (&world, path, rand);
  root = open_root (path, world.timeout, world.flags);
  tm_root_set_max_entries (root, world.max_entries);
  tm_root_set_max_size (root, world.max_size);
  n_removed = decide (&world);

  assert_list_agrees (&world, root);
  assert_cleanup (root, n_removed);
  for (guint i = 0; i < world.n_entries; i++)
    {
      g_autofree char *entry = g_build_filename (path, world.entries[i].name, NULL);

      g_assert_cmpint (path_exists (entry), ==, world.entries[i].remains);
    }
  world_clear (&world);
  g_assert_true (tm_delete_recursively (file, TM_DELETE_FLAGS_NONE, NULL, NULL, NULL, NULL));
}

/* List and cleanup agree with the reference. */
static void
test_random_roots (Sandbox *sandbox, gconstpointer data)
{
  Limit limit = limit_of_soak (4);
  guint64 n_roots = 0;

  for (; n_roots == 0 || !limit_is_reached (&limit, n_roots); n_roots++)
    {
      guint32 seed = (guint32) g_test_rand_int ();
      g_autoptr (GRand) rand = g_rand_new_with_seed (seed);

      if (is_soak () || n_roots % 64 == 0)
        g_test_message ("seed %u", seed);
      check_world (sandbox, rand);
    }
  g_test_message ("%" G_GUINT64_FORMAT " roots", n_roots);
}

/* With live directories alone, a limit that does not hold is no error. */
static void
test_live_alone (Sandbox *sandbox, gconstpointer data)
{
  g_autoptr (TmRoot) root = open_root (sandbox->path, TM_NO_TIMEOUT, TM_ROOT_FLAGS_NONE);
  g_autoptr (GPtrArray) directories = g_ptr_array_new_with_free_func (g_object_unref);

  tm_root_set_max_entries (root, 2);
  tm_root_set_max_size (root, 1);
  for (guint i = 0; i < 5; i++)
    g_ptr_array_add (directories, create_under (root));
  assert_cleanup (root, 0);
  g_assert_cmpuint (count_entries (sandbox->path), ==, 5);
}

/* Creation makes room for the new directory, and does not measure. */
static void
test_creation (Sandbox *sandbox, gconstpointer data)
{
  g_autoptr (TmRoot) root = open_root (sandbox->path, TM_NO_TIMEOUT, TM_ROOT_FLAGS_NONE);

  for (guint i = 0; i < 5; i++)
    {
      g_autofree char *name = g_strdup_printf ("%u", i);
      g_autofree char *G_GNUC_UNUSED path =
          make_old_directory (sandbox, name, HOUR * (gint64) (i + 1));
    }
  tm_root_set_max_entries (root, 3);
  tm_root_set_max_size (root, 1);
  for (guint i = 0; i < 5; i++)
    {
      g_autoptr (TmTemporaryDirectory) directory = create_under (root);
      g_autofree char *newest = sandbox_path (sandbox, "0");

      g_assert_cmpuint (count_entries (sandbox->path), ==, 3);
      g_assert_true (path_exists (newest));
      g_assert_true (tm_temporary_directory_close (directory, NULL, NULL));
    }
  tm_root_set_max_size (root, 0);
  assert_cleanup (root, 0);
}

static int
count_reads_cb (const SystemCall *call, gpointer user_data)
{
  if (g_str_equal (call->name, "getdents64"))
    ++*(guint *) user_data;
  return 0;
}

/* Returns how often the creation reads a directory. */
static guint
count_reads_of_creation (TmRoot *root)
{
  g_autoptr (TmTemporaryDirectory) directory = NULL;
  guint n_reads = 0;

  interpose (count_reads_cb, &n_reads);
  directory = create_under (root);
  interpose_end ();
  g_assert_true (tm_temporary_directory_close (directory, NULL, NULL));
  return n_reads;
}

/* Within the limit, a creation does not read the root where its links tell the number of entries.
 * They do not tell the number of files. */
static void
test_cost_of_creation (Sandbox *sandbox, gconstpointer data)
{
  g_autoptr (TmRoot) root = open_root (sandbox->path, TM_NO_TIMEOUT, TM_ROOT_FLAGS_NONE);
  g_autoptr (TmRoot) root_of_files =
      open_root (sandbox->path, TM_NO_TIMEOUT, TM_ROOT_FLAGS_INCLUDE_FILES);
  g_autofree char *file = sandbox_path (sandbox, "file");
  g_autofree char *entry = make_old_directory (sandbox, "entry", HOUR);
  struct statfs status;

  g_assert_no_errno (statfs (sandbox->path, &status));
  if (status.f_type != TMPFS_MAGIC && status.f_type != EXT4_SUPER_MAGIC)
    {
      g_test_skip ("the file system of the test may not count links");
      return;
    }

  make_file (file);
  tm_root_set_max_entries (root, 2);
  g_assert_cmpuint (count_reads_of_creation (root), ==, 0);
  tm_root_set_max_entries (root_of_files, 3);
  g_assert_cmpuint (count_reads_of_creation (root_of_files), >, 0);

  g_assert_true (path_exists (file));
  g_assert_true (path_exists (entry));
  tm_root_set_max_entries (root, 1);
  g_assert_cmpuint (count_reads_of_creation (root), >, 0);
  g_assert_false (path_exists (entry));
}

/* What was used after the scan has read its times is not evicted. */
typedef struct
{
  const char *path;
  gboolean is_used;
} Use;

static int
use_cb (const SystemCall *call, gpointer user_data)
{
  Use *use = user_data;

  if (!use->is_used && g_str_equal (call->name, "flock"))
    {
      use->is_used = TRUE;
      make_old (use->path, 0);
    }
  return 0;
}

static void
test_used_meanwhile (Sandbox *sandbox, gconstpointer data)
{
  g_autoptr (TmRoot) root = open_root (sandbox->path, TM_NO_TIMEOUT, TM_ROOT_FLAGS_NONE);
  g_autofree char *oldest = make_old_directory (sandbox, "a", 3 * HOUR);
  g_autofree char *second = make_old_directory (sandbox, "b", 2 * HOUR);
  g_autofree char *third = make_old_directory (sandbox, "c", HOUR);
  Use use = { .path = second };

  tm_root_set_max_entries (root, 1);
  interpose (use_cb, &use);
  assert_cleanup (root, 2);
  interpose_end ();
  g_assert_true (use.is_used);
  g_assert_false (path_exists (oldest));
  g_assert_true (path_exists (second));
  g_assert_false (path_exists (third));
}

/* The same for an entry that is used after the eviction has read its times, before it has the
 * lock. */
static void
test_used_before_lock (Sandbox *sandbox, gconstpointer data)
{
  static const TmAgeBasis bases[] = { TM_AGE_BASIS_ACCESSED_OR_MODIFIED,
                                      TM_AGE_BASIS_NEWEST_CONTENT };

  for (guint i = 0; i < G_N_ELEMENTS (bases); i++)
    {
      g_autofree char *root_path = sandbox_path (sandbox, i == 0 ? "0" : "1");
      g_autofree char *oldest = g_build_filename (root_path, "a", NULL);
      g_autofree char *second = g_build_filename (root_path, "b", NULL);
      g_autofree char *file = g_build_filename (oldest, "file", NULL);
      g_autoptr (TmRoot) root = NULL;
      Use use = { .path = i == 0 ? oldest : file };

      make_directory (oldest);
      make_directory (second);
      make_file (file);
      make_old (file, 4 * HOUR);
      make_old (oldest, 3 * HOUR);
      make_old (second, 2 * HOUR);
      root = open_root (root_path, TM_NO_TIMEOUT, TM_ROOT_FLAGS_NONE);
      tm_root_set_age_basis (root, bases[i]);
      tm_root_set_max_entries (root, 1);
      interpose (use_cb, &use);
      assert_cleanup (root, 1);
      interpose_end ();
      g_assert_true (use.is_used);
      g_assert_true (path_exists (oldest));
      g_assert_false (path_exists (second));
    }
}

/* Where a name does not tell the type, a file that is no entry of the root does not count either.
 */
static void
test_unknown_types (Sandbox *sandbox, gconstpointer data)
{
  static const char *const exclude[] = { "*.keep", NULL };
  g_autoptr (TmRoot) root = open_root (sandbox->path, 10 * HOUR, TM_ROOT_FLAGS_NONE);
  g_autofree char *file = sandbox_path (sandbox, "file.keep");
  g_autofree char *old = make_old_directory (sandbox, "old", 2 * HOUR);
  g_autofree char *kept = make_old_directory (sandbox, "old.keep", 3 * HOUR);

  make_file (file);
  tm_root_set_exclude (root, exclude);
  tm_root_set_max_entries (root, 2);
  hide_entry_types (TRUE);
  assert_cleanup (root, 0);
  tm_root_set_max_entries (root, 1);
  assert_cleanup (root, 1);
  hide_entry_types (FALSE);
  g_assert_false (path_exists (old));
  g_assert_true (path_exists (kept));
}

typedef struct
{
  const char *path;
  TmRootFlags flags;
  gssize n_removed;
} Cleaner;

static gpointer
clean_up_thread (gpointer data)
{
  Cleaner *cleaner = data;
  g_autoptr (TmRoot) root = open_root (cleaner->path, TM_NO_TIMEOUT, cleaner->flags);
  g_autoptr (GError) error = NULL;

  tm_root_set_max_entries (root, 10);
  cleaner->n_removed = tm_root_cleanup (root, NULL, &error);
  g_assert_no_error (error);
  return NULL;
}

/* Together they remove what one alone would have, and at most one more for each on which another
 * has begun: it counts as live. */
static void
test_several_cleaners (Sandbox *sandbox, gconstpointer data)
{
  enum
  {
    N_CLEANERS = 4
  };
  TmRootFlags flags = (TmRootFlags) GPOINTER_TO_INT (data);

  for (guint round = 0; round < 50; round++)
    {
      g_autofree char *path = sandbox_path (sandbox, "root");
      g_autoptr (GFile) file = g_file_new_for_path (path);
      Cleaner cleaners[N_CLEANERS];
      GThread *threads[N_CLEANERS];
      gssize n_removed = 0;

      make_directory (path);
      for (guint i = 0; i < 60; i++)
        {
          g_autofree char *entry = g_strdup_printf ("%s/%02u", path, i);

          if ((flags & TM_ROOT_FLAGS_INCLUDE_FILES) != 0)
            make_file (entry);
          else
            make_directory (entry);
          make_old (entry, (gint64) i * 100 + 100);
        }
      for (guint i = 0; i < N_CLEANERS; i++)
        {
          cleaners[i] = (Cleaner){ .path = path, .flags = flags };
          threads[i] = g_thread_new ("cleaner", clean_up_thread, &cleaners[i]);
        }
      for (guint i = 0; i < N_CLEANERS; i++)
        {
          g_thread_join (threads[i]);
          n_removed += cleaners[i].n_removed;
        }
      g_assert_cmpuint (count_entries (path), ==, 60 - (guint) n_removed);
      g_assert_cmpint (n_removed, >=, 50);
      g_assert_cmpint (n_removed, <=, 50 + N_CLEANERS - 1);
      g_assert_true (tm_delete_recursively (file, TM_DELETE_FLAGS_NONE, NULL, NULL, NULL, NULL));
    }
}

/* Writers that fill a file system of 64 MiB, each directory with 4 MiB, and close nothing. In a
 * child with a mount namespace of its own. */
static void
write_child (gpointer data)
{
  g_autoptr (TmRoot) root = NULL;
  struct statfs status;

  if (!enter_mount_namespace () || !mount_tmpfs_of_size (data, 64))
    _exit (CHILD_CANNOT);

  root = open_root (data, TM_NO_TIMEOUT, TM_ROOT_FLAGS_NONE);
  tm_root_set_min_free_space (root, 8 * 1024 * 1024);
  for (guint i = 0; i < 100; i++)
    {
      g_autoptr (TmTemporaryDirectory) directory = tm_root_create_temp_dir (root, NULL, NULL);
      g_autofree char *file = NULL;
      g_autofree char *content = g_malloc0 (4 * 1024 * 1024);
      g_autoptr (GError) error = NULL;

      child_assert (directory != NULL);
      file = g_build_filename (tm_temporary_directory_get_path (directory), "file", NULL);
      g_file_set_contents (file, content, 4 * 1024 * 1024, &error);
      child_assert (error == NULL);
      child_assert (tm_temporary_directory_keep (directory, NULL, NULL));
    }
  child_assert (statfs (data, &status) == 0);
  child_assert ((guint64) status.f_bavail * (guint64) status.f_bsize >= 4 * 1024 * 1024);
  child_assert (count_entries (data) > 5);
}

static void
test_low_space (Sandbox *sandbox, gconstpointer data)
{
  skip_or_assert_success (run_in_child (write_child, sandbox->path), "no mounts here");
}

/* Several writers, each a process of its own. */
enum
{
  N_WRITERS = 4
};

typedef struct
{
  const char *path;
  guint n_rounds;
  guint n_files; /* in each directory */
  gsize file_size;
} Writing;

/* Each writes after each creation, and keeps the directory. The limit has room for one such
 * directory of every writer: all of them may have found enough free space at the same moment. */
static void
concurrent_writer_child (gpointer data)
{
  const Writing *writing = data;
  g_autoptr (TmRoot) root = open_root (writing->path, TM_NO_TIMEOUT, TM_ROOT_FLAGS_NONE);
  g_autofree char *content = g_malloc0 (writing->file_size);

  tm_root_set_min_free_space (root,
                              N_WRITERS * writing->n_files * writing->file_size + 1024 * 1024);
  for (guint i = 0; i < writing->n_rounds; i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (TmTemporaryDirectory) directory = tm_root_create_temp_dir (root, NULL, &error);

      if (error != NULL)
        g_printerr ("round %u: %s\n", i, error->message);
      child_assert (directory != NULL);
      for (guint j = 0; j < writing->n_files; j++)
        {
          g_autofree char *file =
              g_strdup_printf ("%s/%u", tm_temporary_directory_get_path (directory), j);
          int fd = open (file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

          child_assert (fd >= 0);
          child_assert (write (fd, content, writing->file_size) == (gssize) writing->file_size);
          close (fd);
        }
      child_assert (tm_temporary_directory_keep (directory, NULL, NULL));
    }
}

static void
concurrent_writers_child (gpointer data)
{
  Writing *writing = data;
  pid_t pids[N_WRITERS];
  gboolean is_done = TRUE;

  if (!enter_mount_namespace () || !mount_tmpfs_of_size (writing->path, 64))
    _exit (CHILD_CANNOT);

  for (guint i = 0; i < N_WRITERS; i++)
    pids[i] = start_child (concurrent_writer_child, writing);
  for (guint i = 0; i < N_WRITERS; i++)
    is_done &= wait_for_child (pids[i]) == 0;
  child_assert (is_done);
  child_assert (count_entries (writing->path) > 0);
}

static void
test_concurrent_writers (Sandbox *sandbox, gconstpointer data)
{
  Writing writings[] = {
    /* Many entries can be evicted. */
    { sandbox->path, 60, 1, 4 * 1024 * 1024 },
    /* Few can: those in use and the limit take most of the space. Deletions take long. */
    { sandbox->path, 20, 448, 16 * 1024 },
  };

  for (guint i = 0; i < (is_soak () ? 50 : 1) * G_N_ELEMENTS (writings); i++)
    skip_or_assert_success (
        run_in_child (concurrent_writers_child, &writings[i % G_N_ELEMENTS (writings)]),
        "no mounts here");
}

/* A file system that shows freed space late: no more is evicted than necessary, as measured before
 * each deletion. Files with a link elsewhere free nothing. */
static void
test_late_space (Sandbox *sandbox, gconstpointer data)
{
  const gsize size = 1024 * 1024;
  g_autofree char *root_path = sandbox_path (sandbox, "root");
  g_autoptr (TmRoot) root = NULL;
  g_autoptr (GListModel) entries = NULL;

  for (guint i = 0; i < 10; i++)
    {
      g_autofree char *name = g_strdup_printf ("root/%u/below", i);
      g_autofree char *below = sandbox_path (sandbox, name);
      g_autofree char *file = g_build_filename (below, "file", NULL);
      g_autofree char *entry = g_path_get_dirname (below);
      g_autofree char *link_name = g_strdup_printf ("link-%u", i);
      g_autofree char *link_path = sandbox_path (sandbox, link_name);

      make_directory (below);
      make_file_of_size (file, size);
      if (i < 2)
        g_assert_no_errno (link (file, link_path));
      else if (i == 2)
        {
          /* All links are in the entry. */
          g_autofree char *other = g_build_filename (entry, "other", NULL);

          g_assert_no_errno (link (file, other));
        }
      make_old (entry, HOUR * (gint64) (20 - i));
    }

  root = open_root (root_path, TM_NO_TIMEOUT, TM_ROOT_FLAGS_NONE);
  tm_root_set_min_free_space (root, 10 * size + size / 2 + 2 * size);
  pretend_free_space (10 * size);
  entries = tm_root_list_entries (root, TM_LIST_FLAGS_NONE, NULL, NULL);
  for (guint i = 0; i < 10; i++)
    {
      g_autoptr (TmRootEntry) entry = g_list_model_get_item (entries, i);

      g_assert_cmpint (tm_root_entry_get_removable (entry), ==, i < 5);
    }
  assert_cleanup (root, 5);
  g_assert_cmpuint (count_entries (root_path), ==, 5);

  /* The next cleanup relies on the file system again. */
  assert_cleanup (root, 3);
  /* Expired entries free space as well. */
  tm_root_set_min_free_space (root, 10 * size + size / 2);
  {
    g_autoptr (TmRoot) expiring = open_root (root_path, HOUR * 11 + HOUR / 2, TM_ROOT_FLAGS_NONE);

    tm_root_set_min_free_space (expiring, 10 * size + size / 2);
    assert_cleanup (expiring, 1);
  }
  pretend_free_space (0);
  g_assert_cmpuint (count_entries (root_path), ==, 1);
}

/* The file system shows freed space during the cleanup, or other processes use or free some. */
typedef struct
{
  guint64 shown[4]; /* the free space after each removal, in MiB */
  guint n_removed;  /* how many removals are needed to reach 12.5 MiB */
} Change;

typedef struct
{
  const Change *change;
  guint n_removed;
} Changes;

static void
change_cb (TmRoot *root, TmRootEntry *entry, gpointer user_data)
{
  Changes *changes = user_data;

  g_assert_cmpuint (changes->n_removed, <, G_N_ELEMENTS (changes->change->shown));
  pretend_free_space (changes->change->shown[changes->n_removed++] << 20);
}

static void
test_changing_space (Sandbox *sandbox, gconstpointer data)
{
  static const Change all[] = {
    { { 10, 10, 10, 10 }, 3 }, /* not shown */
    { { 11, 12, 13, 14 }, 3 }, /* shown at once */
    { { 10, 11, 11, 11 }, 3 }, /* shown in part */
    { { 9, 9, 9, 9 }, 4 },     /* another process has used some */
    { { 20, 20, 20, 20 }, 1 }, /* another process has freed some */
  };

  for (guint i = 0; i < G_N_ELEMENTS (all); i++)
    {
      g_autofree char *name = g_strdup_printf ("root-%u", i);
      g_autofree char *root_path = sandbox_path (sandbox, name);
      g_autoptr (TmRoot) root = NULL;
      Changes changes = { .change = &all[i] };

      for (guint j = 0; j < 6; j++)
        {
          g_autofree char *entry = g_strdup_printf ("%s/%u", root_path, j);
          g_autofree char *file = g_build_filename (entry, "file", NULL);

          make_directory (entry);
          make_file_of_size (file, 1 << 20);
          make_old (entry, HOUR * (gint64) (10 - j));
        }
      root = open_root (root_path, TM_NO_TIMEOUT, TM_ROOT_FLAGS_NONE);
      tm_root_set_min_free_space (root, 25 << 19);
      g_signal_connect (root, "entry-removed", G_CALLBACK (change_cb), &changes);
      pretend_free_space (10 << 20);
      assert_cleanup (root, all[i].n_removed);
      pretend_free_space (0);
    }
}

typedef struct
{
  guint n_failed;
  gboolean has_failed[4]; /* by the names of the entries */
  TmRemovalReason reason;
} Failures;

static void
failed_cb (TmRoot *root, TmRootEntry *entry, GError *error, gpointer user_data)
{
  Failures *failures = user_data;

  child_assert (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED));
  failures->n_failed++;
  failures->has_failed[*tm_root_entry_get_name (entry) - '0'] = TRUE;
  failures->reason = tm_root_entry_get_reason (entry);
}

static void
assert_failures (TmRoot *root, const char *names, TmRemovalReason reason)
{
  Failures failures = { 0 };
  g_autoptr (GError) error = NULL;
  gulong handler = g_signal_connect (root, "entry-failed", G_CALLBACK (failed_cb), &failures);

  child_assert (tm_root_cleanup (root, NULL, &error) == (*names != '\0' ? -1 : 0));
  child_assert ((error != NULL) == (*names != '\0'));
  if (error != NULL)
    child_assert (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED));
  child_assert (failures.n_failed == strlen (names));
  for (; *names != '\0'; names++)
    child_assert (failures.has_failed[*names - '0']);
  child_assert (failures.reason == reason);
  g_signal_handler_disconnect (root, handler);
}

/* Nothing can be removed from the root: each entry over a limit fails, as an expired one does. */
static void
unwritable_root_child (gpointer data)
{
  g_autofree char *path = g_build_filename (data, "root", NULL);
  g_autoptr (TmRoot) root = NULL;
  g_autoptr (TmRoot) expiring = NULL;
  g_autoptr (GListModel) entries = NULL;

  child_assert (become_ordinary_user ());
  for (guint i = 0; i < 4; i++)
    {
      g_autofree char *entry = g_strdup_printf ("%s/%u", path, i);
      g_autofree char *file = g_build_filename (entry, "file", NULL);

      make_directory (entry);
      make_file_of_size (file, 100000);
      make_old (entry, HOUR * (gint64) (10 - i));
    }
  root = open_root (path, TM_NO_TIMEOUT, TM_ROOT_FLAGS_NONE);
  expiring = open_root (path, HOUR * 9 + HOUR / 2, TM_ROOT_FLAGS_NONE);
  child_assert (chmod (path, 0500) == 0);

  tm_root_set_max_entries (root, 4);
  assert_failures (root, "", TM_REMOVAL_REASON_NONE);
  tm_root_set_max_entries (root, 2);
  assert_failures (root, "01", TM_REMOVAL_REASON_OVER_COUNT);
  tm_root_set_max_entries (root, 0);
  tm_root_set_max_size (root, 250000);
  assert_failures (root, "01", TM_REMOVAL_REASON_OVER_SIZE);
  tm_root_set_max_size (root, 0);
  tm_root_set_min_free_space (root, G_MAXUINT64);
  assert_failures (root, "0123", TM_REMOVAL_REASON_LOW_SPACE);
  /* Entries that have expired do not count for the limits. */
  tm_root_set_max_entries (expiring, 3);
  assert_failures (expiring, "0", TM_REMOVAL_REASON_EXPIRED);

  entries = tm_root_list_entries (root, TM_LIST_FLAGS_NONE, NULL, NULL);
  for (guint i = 0; i < 4; i++)
    {
      g_autoptr (TmRootEntry) entry = g_list_model_get_item (entries, i);

      child_assert (!tm_root_entry_get_removable (entry));
    }
  child_assert (chmod (path, 0700) == 0 && count_entries (path) == 4);
}

static void
test_unwritable_root (Sandbox *sandbox, gconstpointer data)
{
  assert_success_in_child (run_in_child (unwritable_root_child, sandbox->path));
}

/* A file system without a size tells zeros, and is not full. */
static void
unlimited_child (gpointer data)
{
  g_autofree char *entry = g_build_filename (data, "entry", NULL);
  g_autoptr (TmRoot) root = NULL;
  g_autoptr (GListModel) entries = NULL;
  g_autoptr (TmRootEntry) listed = NULL;
  struct statfs status;

  if (!enter_mount_namespace () || !mount_tmpfs_of_size (data, 0))
    _exit (CHILD_CANNOT);

  child_assert (statfs (data, &status) == 0 && status.f_blocks == 0);
  make_directory (entry);
  root = open_root (data, TM_NO_TIMEOUT, TM_ROOT_FLAGS_NONE);
  tm_root_set_min_free_space (root, 1);
  entries = tm_root_list_entries (root, TM_LIST_FLAGS_NONE, NULL, NULL);
  child_assert (entries != NULL);
  listed = g_list_model_get_item (entries, 0);
  child_assert (!tm_root_entry_get_removable (listed));
  child_assert (tm_root_cleanup (root, NULL, NULL) == 0);
  child_assert (path_exists (entry));
}

static void
test_unlimited_space (Sandbox *sandbox, gconstpointer data)
{
  skip_or_assert_success (run_in_child (unlimited_child, sandbox->path), "no mounts here");
}

/* A user who measures the entry of another one sets its access time, after its age is found out. In
 * a child. */
static void
other_user_child (gpointer data)
{
  g_autofree char *root_path = g_build_filename (data, "root", NULL);
  g_autofree char *entry = g_build_filename (root_path, "entry", NULL);
  g_autofree char *file = g_build_filename (entry, "file", NULL);
  g_autoptr (TmRoot) root = NULL;
  g_autoptr (GListModel) entries = NULL;
  g_autoptr (TmRootEntry) listed = NULL;
  g_autoptr (GDateTime) now = NULL;

  make_directory (entry);
  child_assert (chmod (data, 0755) == 0 && chmod (root_path, 0777) == 0 &&
                chmod (entry, 0777) == 0);
  make_file_of_size (file, 10000);
  make_old (entry, HOUR);
  if (!become_ordinary_user () || access (root_path, W_OK) < 0)
    _exit (CHILD_CANNOT);

  root = open_root (root_path, TM_NO_TIMEOUT, TM_ROOT_FLAGS_NONE);
  entries = tm_root_list_entries (root, TM_LIST_FLAGS_MEASURE, NULL, NULL);
  child_assert (g_list_model_get_n_items (entries) == 1);
  listed = g_list_model_get_item (entries, 0);
  child_assert (tm_root_entry_get_size (listed) >= 10000);
  now = g_date_time_new_now_utc ();
  child_assert (g_date_time_difference (now, tm_root_entry_get_last_used (listed)) >=
                HOUR * G_TIME_SPAN_SECOND);

  tm_root_set_max_size (root, 1);
  child_assert (tm_root_cleanup (root, NULL, NULL) == 1);
}

static void
test_other_user (Sandbox *sandbox, gconstpointer data)
{
  skip_or_assert_success (run_in_child (other_user_child, sandbox->path), "no second user here");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  add_test_of_soak ("/limits/random-roots", NULL, of_descriptors (test_random_roots));
  add_test ("/limits/live-alone", of_descriptors (test_live_alone));
  add_test ("/limits/creation", of_descriptors (test_creation));
  add_test ("/limits/cost-of-creation", of_descriptors (test_cost_of_creation));
  add_test ("/limits/used-meanwhile", of_descriptors (test_used_meanwhile));
  add_test ("/limits/used-before-lock", of_descriptors (test_used_before_lock));
  add_test ("/limits/unknown-types", of_descriptors (test_unknown_types));
  g_test_add ("/limits/several-cleaners/directories", Sandbox, GINT_TO_POINTER (TM_ROOT_FLAGS_NONE),
              sandbox_set_up, of_descriptors (test_several_cleaners), sandbox_tear_down);
  g_test_add ("/limits/several-cleaners/files", Sandbox,
              GINT_TO_POINTER (TM_ROOT_FLAGS_INCLUDE_FILES), sandbox_set_up,
              of_descriptors (test_several_cleaners), sandbox_tear_down);
  add_test ("/limits/low-space", of_descriptors (test_low_space));
  add_test ("/limits/concurrent-writers", of_descriptors (test_concurrent_writers));
  add_test ("/limits/late-space", of_descriptors (test_late_space));
  add_test ("/limits/changing-space", of_descriptors (test_changing_space));
  add_test ("/limits/unwritable-root", of_descriptors (test_unwritable_root));
  add_test ("/limits/other-user", of_descriptors (test_other_user));
  add_test ("/limits/unlimited-space", of_descriptors (test_unlimited_space));

  return g_test_run ();
}
