/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Forced deletion: immutable and append-only files and directories, and read-only snapshots. Each
 * test mounts a file system that only its child sees. */

#include "support/directories.h"
#include "support/interpose.h"
#include "support/support.h"

#include <tempman.h>

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#define IMMUTABLE FS_IMMUTABLE_FL
#define APPEND_ONLY FS_APPEND_FL

/* Enough files for two threads. */
#define N_LARGE 5000

typedef void (*ForceFunc) (const char *base);

typedef struct
{
  const char *type;   /* (nullable): of an image; NULL for a tmpfs */
  const char *option; /* of the program that makes the image */
  guint megabytes;
  ForceFunc function;
} Case;

typedef struct
{
  const Case *with;
  const char *path;
} Job;

static char *
below (const char *base, const char *name)
{
  return g_build_filename (base, name, NULL);
}

/* Returns -1 with errno if the file system has no attributes. */
static int
get_attributes (const char *path)
{
  int fd = open (path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
  int flags = -1;

  child_assert (fd >= 0);
  if (ioctl (fd, FS_IOC_GETFLAGS, &flags) < 0)
    flags = -1;
  close (fd);
  return flags < 0 ? -1 : flags & (IMMUTABLE | APPEND_ONLY);
}

static gboolean
try_to_set_attributes (const char *path, int attributes)
{
  int fd = open (path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
  gboolean is_set;
  int flags = 0;

  child_assert (fd >= 0);
  is_set = ioctl (fd, FS_IOC_GETFLAGS, &flags) == 0;
  flags = (flags & ~(IMMUTABLE | APPEND_ONLY)) | attributes;
  is_set = is_set && ioctl (fd, FS_IOC_SETFLAGS, &flags) == 0;
  close (fd);
  return is_set;
}

static void
set_attributes (const char *path, int attributes)
{
  child_assert (try_to_set_attributes (path, attributes));
}

static gboolean
delete_with (const char *path, TmDeleteFlags flags, GError **error)
{
  g_autoptr (GFile) file = g_file_new_for_path (path);

  return tm_delete_recursively (file, flags, NULL, NULL, NULL, error);
}

static void
assert_deletes (const char *path, TmDeleteFlags flags)
{
  g_autoptr (GError) error = NULL;

  if (!delete_with (path, flags, &error))
    g_printerr ("%s\n", error->message);
  child_assert (error == NULL);
  child_assert (path_exists (path) == ((flags & TM_DELETE_FLAGS_KEEP_DIRECTORY) != 0));
}

static void
assert_fails (const char *path, TmDeleteFlags flags, GIOErrorEnum code, const char *reason)
{
  g_autoptr (GError) error = NULL;

  child_assert (!delete_with (path, flags, &error));
  if (!g_error_matches (error, G_IO_ERROR, (int) code) || strstr (error->message, reason) == NULL)
    {
      g_printerr ("%s\n", error->message);
      _exit (1);
    }
}

/* A file outside the tree, whose attributes are checked at each call: the deletion must not change
 * them even for a moment. */
static int
watch_victim_cb (const SystemCall *call, gpointer user_data)
{
  const char *victim = user_data;

  child_assert (get_attributes (victim) == IMMUTABLE);
  return 0;
}

static void
assert_fails_without_victim (const char *path,
                             const char *victim,
                             GIOErrorEnum code,
                             const char *reason)
{
  interpose (watch_victim_cb, (gpointer) victim);
  assert_fails (path, TM_DELETE_FLAGS_FORCE, code, reason);
  interpose_end ();
  child_assert (get_attributes (victim) == IMMUTABLE);
}

typedef struct
{
  const char *path;
  gboolean is_directory;
  int attributes;
} Item;

/* At several depths; the entries of a directory come before it. */
static const Item items[] = {
  { "tree/file-i", FALSE, IMMUTABLE },
  { "tree/file-a", FALSE, APPEND_ONLY },
  { "tree/plain", FALSE, 0 },
  { "tree/empty-i", TRUE, IMMUTABLE },
  { "tree/empty-a", TRUE, APPEND_ONLY },
  { "tree/one/two/file-both", FALSE, IMMUTABLE | APPEND_ONLY },
  { "tree/one/two/plain", FALSE, 0 },
  { "tree/one/two/three/file", FALSE, 0 },
  { "tree/one/two/three", TRUE, APPEND_ONLY },
  { "tree/one/two", TRUE, IMMUTABLE },
  { "tree", TRUE, IMMUTABLE },
};

static void
make_items (const char *base)
{
  for (guint i = 0; i < G_N_ELEMENTS (items); i++)
    {
      g_autofree char *path = below (base, items[i].path);
      g_autofree char *directory = g_path_get_dirname (path);

      make_directory (items[i].is_directory ? path : directory);
      if (!items[i].is_directory)
        make_file (path);
    }
  for (guint i = 0; i < G_N_ELEMENTS (items); i++)
    {
      g_autofree char *path = below (base, items[i].path);

      set_attributes (path, items[i].attributes);
    }
}

static int
count_ioctl_cb (const SystemCall *call, gpointer user_data)
{
  guint *n = user_data;

  *n += g_str_equal (call->name, "ioctl");
  return 0;
}

/* Without the flag, the deletion changes no attribute, and does not even read them. */
static void
work_at_all_depths (const char *base)
{
  g_autofree char *tree = below (base, "tree");
  guint n_ioctls = 0;

  make_items (base);
  interpose (count_ioctl_cb, &n_ioctls);
  assert_fails (tree, TM_DELETE_FLAGS_NONE, G_IO_ERROR_PERMISSION_DENIED, g_strerror (EPERM));
  interpose_end ();
  child_assert (n_ioctls == 0);
  for (guint i = 0; i < G_N_ELEMENTS (items); i++)
    {
      g_autofree char *path = below (base, items[i].path);

      if (items[i].attributes != 0)
        child_assert (get_attributes (path) == items[i].attributes);
    }

  assert_deletes (tree, TM_DELETE_FLAGS_FORCE);
  child_assert (count_entries (base) == 0);
}

/* The top is kept, with its attribute. */
static void
work_in_kept_directory (const char *base)
{
  g_autofree char *tree = below (base, "tree");

  make_items (base);
  assert_deletes (tree, TM_DELETE_FLAGS_FORCE | TM_DELETE_FLAGS_KEEP_DIRECTORY);
  child_assert (count_entries (tree) == 0);
  child_assert (get_attributes (tree) == IMMUTABLE);
  assert_deletes (tree, TM_DELETE_FLAGS_FORCE);
}

static void
work_on_single_file (const char *base)
{
  const int attributes[] = { IMMUTABLE, APPEND_ONLY };
  g_autofree char *path = below (base, "file");

  for (guint i = 0; i < G_N_ELEMENTS (attributes); i++)
    {
      make_file (path);
      set_attributes (path, attributes[i]);
      assert_fails (path, TM_DELETE_FLAGS_NONE, G_IO_ERROR_PERMISSION_DENIED, g_strerror (EPERM));
      child_assert (get_attributes (path) == attributes[i]);
      assert_deletes (path, TM_DELETE_FLAGS_FORCE);
    }
}

/* The types of entries are unknown on some file systems. */
static void
work_without_types (const char *base)
{
  g_autofree char *tree = below (base, "tree");

  make_items (base);
  hide_entry_types (TRUE);
  assert_deletes (tree, TM_DELETE_FLAGS_FORCE);
  hide_entry_types (FALSE);
}

static void
work_with_threads (const char *base)
{
  g_autofree char *tree = below (base, "tree");

  make_directory (tree);
  for (guint i = 0; i < N_LARGE; i++)
    {
      g_autofree char *path = g_strdup_printf ("%s/%u", tree, i);

      child_assert (mknod (path, S_IFREG | 0600, 0) == 0);
      if (i % 50 == 0)
        set_attributes (path, IMMUTABLE);
    }
  set_attributes (tree, APPEND_ONLY);
  assert_deletes (tree, TM_DELETE_FLAGS_FORCE);
}

/* Nothing outside the tree changes: neither the directory above it, nor another hard link, nor the
 * target of a link, nor a mounted file. */
static void
work_outside (const char *base)
{
  g_autofree char *above = below (base, "above");
  g_autofree char *tree = below (above, "tree");
  g_autofree char *linked = below (tree, "linked");
  g_autofree char *link_path = below (tree, "link");
  g_autofree char *mounted = below (tree, "mounted");
  g_autofree char *victim = below (base, "victim");
  g_autofree char *outside = below (base, "outside");

  make_directory (tree);
  make_file (outside);
  child_assert (link (outside, linked) == 0);
  set_attributes (outside, IMMUTABLE);
  assert_fails_without_victim (tree, outside, G_IO_ERROR_PERMISSION_DENIED, "other hard links");
  set_attributes (outside, 0);

  make_file (victim);
  set_attributes (victim, IMMUTABLE);
  child_assert (symlink (victim, link_path) == 0);
  make_file (mounted);
  child_assert (mount (victim, mounted, "none", MS_BIND, "") == 0);
  assert_fails_without_victim (tree, victim, G_IO_ERROR_BUSY, mounted);
  child_assert (!path_exists (link_path) && !path_exists (linked));
  child_assert (umount (mounted) == 0);

  /* The kernel looks at the attributes of the mount point first. */
  set_attributes (mounted, IMMUTABLE);
  child_assert (mount (victim, mounted, "none", MS_BIND, "") == 0);
  assert_fails_without_victim (tree, victim, G_IO_ERROR_PERMISSION_DENIED, mounted);
  child_assert (umount (mounted) == 0);
  child_assert (get_attributes (mounted) == IMMUTABLE);
  assert_deletes (mounted, TM_DELETE_FLAGS_FORCE);

  set_attributes (above, IMMUTABLE);
  assert_fails (tree, TM_DELETE_FLAGS_FORCE, G_IO_ERROR_PERMISSION_DENIED, g_strerror (EPERM));
  child_assert (get_attributes (above) == IMMUTABLE);
  child_assert (path_exists (tree) && count_entries (tree) == 0);
  set_attributes (above, APPEND_ONLY);
  assert_fails (tree, TM_DELETE_FLAGS_FORCE, G_IO_ERROR_PERMISSION_DENIED, g_strerror (EPERM));
  child_assert (get_attributes (above) == APPEND_ONLY);
}

/* The owner of the files lacks the capability. */
static void
owner_child (gpointer data)
{
  const char *base = data;
  g_autofree char *tree = below (base, "tree");

  child_assert (become_ordinary_user ());
  assert_fails (tree, TM_DELETE_FLAGS_FORCE, G_IO_ERROR_PERMISSION_DENIED,
                "it is immutable or append-only, and this process may not change that");
}

static void
work_as_owner (const char *base)
{
  g_autofree char *tree = below (base, "tree");
  const char *const own[] = { "chown", "-R", "65534:65534", base, NULL };
  g_autofree char *file = below (tree, "file");
  g_autofree char *inner = below (tree, "inner");
  g_autofree char *plain = below (inner, "plain");
  const char *paths[] = { file, inner, tree };

  /* Each time, one has an attribute; the rest is deleted. */
  for (guint i = 0; i < G_N_ELEMENTS (paths); i++)
    {
      make_directory (inner);
      make_file (file);
      make_file (plain);
      child_assert (run_command (own));
      set_attributes (paths[i], IMMUTABLE);
      child_assert (run_in_child (owner_child, (gpointer) base) == 0);
      child_assert (get_attributes (paths[i]) == IMMUTABLE);
      child_assert (path_exists (file) == (i != 1));
      child_assert (path_exists (plain) == (i == 1));
      /* Root can. */
      assert_deletes (tree, TM_DELETE_FLAGS_FORCE);
    }
}

/* Not even root, if it lacks the capability. */
static void
root_child (gpointer data)
{
  const char *base = data;
  g_autofree char *tree = below (base, "tree");

  child_assert (drop_capability_to_change_attributes ());
  assert_fails (tree, TM_DELETE_FLAGS_FORCE, G_IO_ERROR_PERMISSION_DENIED,
                "it is immutable or append-only, and this process may not change that");
}

static void
work_as_root_of_container (const char *base)
{
  g_autofree char *tree = below (base, "tree");

  make_items (base);
  child_assert (run_in_child (root_child, (gpointer) base) == 0);
  child_assert (get_attributes (tree) == IMMUTABLE);
}

/* The calls that fail. */
typedef struct
{
  const char *name;
  int error_number;
  guint n_let_through; /* before they fail */
  guint n_opened;      /* files that were opened by their descriptor */
} Refusal;

static int
refuse_cb (const SystemCall *call, gpointer user_data)
{
  Refusal *refusal = user_data;

  refusal->n_opened += g_str_equal (call->name, "open") && call->path != NULL &&
                       g_str_has_prefix (call->path, "/proc/self/fd/") &&
                       (call->flags & O_DIRECTORY) == 0;
  if (!g_str_equal (call->name, "unlinkat") || !g_str_equal (call->path, refusal->name))
    return 0;
  if (refusal->n_let_through > 0)
    {
      refusal->n_let_through--;
      return 0;
    }
  return refusal->error_number;
}

/* The attributes of a file or directory that stays are restored. */
static void
work_restoring (const char *base)
{
  g_autofree char *tree = below (base, "tree");
  g_autofree char *inner = below (tree, "inner");
  g_autofree char *file = below (inner, "file");
  /* The second attempt is the one after the attributes were cleared; the third one is that after
   * those of the file were. */
  Refusal refusal = { "file", EIO, 2, 0 };

  make_directory (inner);
  make_file (file);
  set_attributes (file, APPEND_ONLY);
  set_attributes (inner, IMMUTABLE);
  set_attributes (tree, APPEND_ONLY);
  interpose (refuse_cb, &refusal);
  assert_fails (tree, TM_DELETE_FLAGS_FORCE, G_IO_ERROR_FAILED, file);
  interpose_end ();
  child_assert (refusal.n_let_through == 0);
  child_assert (get_attributes (file) == APPEND_ONLY);
  child_assert (get_attributes (inner) == IMMUTABLE);
  child_assert (get_attributes (tree) == APPEND_ONLY);

  refusal = (Refusal){ "inner", EIO, 0, 0 };
  interpose (refuse_cb, &refusal);
  assert_fails (tree, TM_DELETE_FLAGS_FORCE, G_IO_ERROR_FAILED, inner);
  interpose_end ();
  child_assert (!path_exists (file));
  child_assert (get_attributes (inner) == IMMUTABLE);
  child_assert (get_attributes (tree) == APPEND_ONLY);
  assert_deletes (tree, TM_DELETE_FLAGS_FORCE);
}

/* Opening a device or a pipe can have effects. */
static void
work_with_devices (const char *base)
{
  g_autofree char *tree = below (base, "tree");
  static const mode_t types[] = { S_IFIFO, S_IFCHR, S_IFBLK, S_IFSOCK };

  for (guint i = 0; i < G_N_ELEMENTS (types); i++)
    {
      g_autofree char *path = below (tree, "special");
      Refusal refusal = { "special", EPERM, 0, 0 };

      make_directory (tree);
      child_assert (mknod (path, types[i] | 0600, 0) == 0);
      interpose (refuse_cb, &refusal);
      assert_fails (tree, TM_DELETE_FLAGS_FORCE, G_IO_ERROR_PERMISSION_DENIED, path);
      interpose_end ();
      child_assert (refusal.n_opened == 0);
      assert_deletes (tree, TM_DELETE_FLAGS_FORCE);
    }

  /* The control: a regular file is opened. */
  {
    g_autofree char *path = below (tree, "special");
    Refusal refusal = { "special", EPERM, 0, 0 };

    make_directory (tree);
    make_file (path);
    interpose (refuse_cb, &refusal);
    assert_fails (tree, TM_DELETE_FLAGS_FORCE, G_IO_ERROR_PERMISSION_DENIED, path);
    interpose_end ();
    child_assert (refusal.n_opened > 0);
  }
}

typedef struct
{
  char *entry;      /* (owned): in the tree */
  char *victim;     /* (owned): outside */
  char *moved;      /* (owned): where the entry goes */
  const char *call; /* the exchange comes before the call with this name */
  guint nth;        /* and number */
  guint n_calls;
} Exchange;

/* Another process moves the entry away, and puts a link to an immutable victim in its place. */
static void
exchange_entry (const Exchange *exchange)
{
  if (!path_exists (exchange->entry))
    return;
  set_attributes (exchange->entry, 0);
  child_assert (rename (exchange->entry, exchange->moved) == 0);
  child_assert (symlink (exchange->victim, exchange->entry) == 0);
}

static int
exchange_cb (const SystemCall *call, gpointer user_data)
{
  Exchange *exchange = user_data;

  child_assert (get_attributes (exchange->victim) == IMMUTABLE);
  if (g_str_equal (call->name, exchange->call) && exchange->n_calls++ == exchange->nth)
    exchange_entry (exchange);
  return 0;
}

/* Before each call that the deletion makes. */
static void
attack (const char *base, const char *call, gboolean is_directory)
{
  gboolean is_done = FALSE;

  for (guint nth = 0; !is_done; nth++)
    {
      g_autofree char *name = g_strdup_printf ("%s-%u", call, nth);
      g_autofree char *parent = below (base, name);
      g_autofree char *tree = below (parent, "tree");
      Exchange exchange = {
        .entry = below (tree, "entry"),
        .victim = below (parent, "victim"),
        .moved = below (parent, "moved"),
        .call = call,
        .nth = nth,
      };

      make_directory (tree);
      if (is_directory)
        {
          make_directory (exchange.entry);
          make_directory (exchange.victim);
        }
      else
        {
          make_file (exchange.entry);
          make_file (exchange.victim);
        }
      set_attributes (exchange.entry, IMMUTABLE);
      set_attributes (exchange.victim, IMMUTABLE);

      interpose (exchange_cb, &exchange);
      delete_with (tree, TM_DELETE_FLAGS_FORCE, NULL);
      interpose_end ();
      is_done = exchange.n_calls <= nth;

      child_assert (path_exists (exchange.victim));
      child_assert (get_attributes (exchange.victim) == IMMUTABLE);
      delete_with (tree, TM_DELETE_FLAGS_FORCE, NULL);
      child_assert (!path_exists (tree));
      child_assert (get_attributes (exchange.victim) == IMMUTABLE);
      assert_deletes (parent, TM_DELETE_FLAGS_FORCE);
      g_free (exchange.entry);
      g_free (exchange.victim);
      g_free (exchange.moved);
    }
}

static void
work_under_attack (const char *base)
{
  static const char *const calls[] = { "unlinkat", "openat2", "openat", "open", "ioctl", "fstat" };

  for (guint i = 0; i < G_N_ELEMENTS (calls); i++)
    {
      attack (base, calls[i], FALSE);
      attack (base, calls[i], TRUE);
    }
}

static gboolean
is_read_only (const char *path)
{
  g_autofree char *file = below (path, "try");
  int fd = open (file, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

  if (fd < 0)
    return errno == EROFS;

  close (fd);
  child_assert (g_unlink (file) == 0);
  return FALSE;
}

static void
make_snapshot (const char *base, const char *path)
{
  g_autofree char *source = below (base, "source");
  g_autofree char *deep = below (source, "one/two");
  g_autofree char *file = below (deep, "file");
  const char *const create[] = { "btrfs", "-q", "subvolume", "create", source, NULL };
  const char *const snapshot[] = {
    "btrfs", "-q", "subvolume", "snapshot", "-r", source, path, NULL
  };

  if (!path_exists (source))
    {
      if (!run_command (create))
        _exit (CHILD_CANNOT);
      make_directory (deep);
      make_file (file);
    }
  child_assert (run_command (snapshot));
  child_assert (is_read_only (path));
}

static void
work_with_snapshots (const char *base)
{
  g_autofree char *tree = below (base, "tree");
  g_autofree char *nested = below (tree, "nested/snapshot");
  g_autofree char *parent = below (tree, "nested");
  g_autofree char *top = below (base, "top");
  g_autofree char *inside = below (top, "one");

  /* In the tree. */
  make_directory (parent);
  make_snapshot (base, nested);
  assert_fails (tree, TM_DELETE_FLAGS_NONE, G_IO_ERROR_READ_ONLY, nested);
  child_assert (is_read_only (nested));
  assert_deletes (tree, TM_DELETE_FLAGS_FORCE);

  /* The file to delete is in a snapshot that is not to be deleted. */
  make_snapshot (base, top);
  assert_fails (inside, TM_DELETE_FLAGS_FORCE, G_IO_ERROR_READ_ONLY, inside);
  child_assert (is_read_only (top));

  /* The snapshot itself. */
  assert_fails (top, TM_DELETE_FLAGS_NONE, G_IO_ERROR_READ_ONLY, top);
  child_assert (is_read_only (top));
  assert_deletes (top, TM_DELETE_FLAGS_FORCE | TM_DELETE_FLAGS_KEEP_DIRECTORY);
  child_assert (is_read_only (top) && count_entries (top) == 0);
  assert_deletes (top, TM_DELETE_FLAGS_FORCE);
}

static void
mount_for (const Case *with, const char *base, const char *target)
{
  g_autofree char *image = below (base, "image");
  g_autofree char *program = g_strconcat ("mkfs.", with->type, NULL);
  const char *make[] = { program, "-q", with->option, image, NULL };
  const char *mount_loop[] = { "mount", "-o", "loop", image, target, NULL };
  int fd;

  if (with->type == NULL)
    {
      if (!mount_tmpfs (target))
        _exit (CHILD_CANNOT);
      return;
    }

  fd = open (image, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  child_assert (fd >= 0 && ftruncate (fd, (off_t) with->megabytes << 20) == 0);
  close (fd);
  if (!run_command (make) || !run_command (mount_loop))
    _exit (CHILD_CANNOT);
  child_assert (g_unlink (image) == 0);
}

static void
force_child (gpointer data)
{
  const Job *job = data;
  g_autofree char *target = below (job->path, "mounted");
  g_autofree char *trial = below (target, "trial");
  g_autofree char *base = below (target, "base");

  if (!enter_mount_namespace ())
    _exit (CHILD_CANNOT);

  make_directory (target);
  mount_for (job->with, job->path, target);
  make_file (trial);
  if (!try_to_set_attributes (trial, IMMUTABLE))
    _exit (CHILD_CANNOT);
  set_attributes (trial, 0);

  make_directory (base);
  child_assert (g_chmod (base, 0777) == 0);
  job->with->function (base);
}

static void
test_case (Sandbox *sandbox, gconstpointer data)
{
  Job job = { data, sandbox->path };

  if (skip_unless_root ())
    return;

  g_assert_no_errno (chmod (sandbox->path, 0755));
  skip_or_assert_success (run_in_child (force_child, &job),
                          "the file system cannot be mounted, or has no attributes here");
}

typedef struct
{
  const char *name;
  ForceFunc function;
} Work;

static const Work works[] = {
  { "depths", work_at_all_depths },
  { "kept-directory", work_in_kept_directory },
  { "single-file", work_on_single_file },
  { "without-types", work_without_types },
  { "threads", work_with_threads },
  { "outside", work_outside },
  { "owner", work_as_owner },
  { "root-of-container", work_as_root_of_container },
  { "restored", work_restoring },
  { "devices", work_with_devices },
  { "attacks", work_under_attack },
};

static const Case file_systems[] = {
  { NULL, NULL, 0, NULL },
  { "ext4", "-F", 64, NULL },
  { "btrfs", "-f", 128, NULL },
};

int
main (int argc, char **argv)
{
  static Case cases[G_N_ELEMENTS (works) * G_N_ELEMENTS (file_systems) + 1];
  Case *with = cases;

  g_test_init (&argc, &argv, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (works); i++)
    for (guint j = 0; j < G_N_ELEMENTS (file_systems); j++)
      {
        g_autofree char *path =
            g_strdup_printf ("/force/%s/%s", works[i].name,
                             file_systems[j].type != NULL ? file_systems[j].type : "tmpfs");

        *with = file_systems[j];
        with->function = works[i].function;
        g_test_add (path, Sandbox, with, sandbox_set_up,
                    on_this_platform (path, of_descriptors (test_case)), sandbox_tear_down);
        with++;
      }

  *with = file_systems[2];
  with->function = work_with_snapshots;
  g_test_add ("/force/snapshots/btrfs", Sandbox, with, sandbox_set_up,
              on_this_platform ("/force/snapshots/btrfs", of_descriptors (test_case)),
              sandbox_tear_down);

  return g_test_run ();
}
