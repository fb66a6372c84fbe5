/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Calls that always fail, and files that come back after each deletion: the library tries again a
 * limited number of times, and names the file in the error. */

#include "support/directories.h"
#include "support/interpose.h"
#include "support/roots.h"
#include "support/support.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void
barred_path_child (gpointer data)
{
  const char *path = data;
  g_autofree char *root_path = g_build_filename (path, "above", "root", NULL);
  g_autofree char *above = g_build_filename (path, "above", NULL);
  g_autoptr (TmTemporaryDirectory) directory = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (TmRoot) root = NULL;

  child_assert (become_ordinary_user ());
  make_directory (root_path);
  root = open_root (root_path, TM_NO_TIMEOUT, TM_ROOT_FLAGS_NONE);
  child_assert (g_chmod (above, 0) == 0);

  /* It could be created, but its path would not be usable. */
  directory = tm_root_create_temp_dir (root, NULL, &error);
  child_assert (directory == NULL);
  child_assert (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED));
  child_assert (strstr (error->message, root_path) != NULL);

  child_assert (g_chmod (above, 0700) == 0);
  child_assert (count_entries (root_path) == 0);
}

static void
test_barred_path (Sandbox *sandbox, gconstpointer data)
{
  assert_success_in_child (run_in_child (barred_path_child, sandbox->path));
}

/* What another process does meanwhile, and how often it still will. */
static gint n_additions;
static guint n_attempts;   /* to remove the directory that is filled */
static const char *filled; /* its name */
static guint n_hidden;

static gboolean
take_one (gint *n)
{
  return g_atomic_int_add (n, -1) > 0;
}

/* Another process adds a file whenever the directory is about to be removed. */
static int
add_cb (const SystemCall *call, gpointer user_data)
{
  if (g_str_equal (call->name, "unlinkat") && (call->flags & AT_REMOVEDIR) != 0 &&
      g_str_has_suffix (call->path, filled))
    {
      g_autofree char *path = g_build_filename (call->path, "file", NULL);

      /* While the file still exists there is none to add. */
      n_attempts++;
      if (faccessat (call->fd, path, F_OK, AT_SYMLINK_NOFOLLOW) < 0 && take_one (&n_additions))
        g_assert_no_errno (mknodat (call->fd, path, S_IFREG | 0600, 0));
    }
  return 0;
}

/* As NFS does with a file that a process has open: unlink() only gives it another name. */
static int
rename_cb (const SystemCall *call, gpointer user_data)
{
  if (!g_str_equal (call->name, "unlinkat"))
    return 0;

  if ((call->flags & AT_REMOVEDIR) != 0)
    n_attempts += g_str_has_suffix (call->path, filled);
  else if (take_one (&n_additions))
    {
      g_autofree char *name = g_strdup_printf (".nfs%08x", n_hidden++);

      g_assert_no_errno (mknodat (call->fd, name, S_IFREG | 0600, 0));
    }
  return 0;
}

#define MAX_RESCANS 10

/* Closes a directory in which @name, or the directory itself if that is NULL, is filled again @n
 * times. More often than the rescans is an error. */
static void
close_while_filled (Sandbox *sandbox, SystemCallFunc function, const char *name, gint n)
{
  g_autoptr (TmTemporaryDirectory) directory = create_in (sandbox->path);
  const char *top = tm_temporary_directory_get_path (directory);
  g_autofree char *path = name != NULL ? child_path (directory, name) : g_strdup (top);
  g_autofree char *file = g_build_filename (path, "file", NULL);
  g_autofree char *quoted = g_strconcat ("Could not delete “", path, "”: ", NULL);
  g_autofree char *basename = g_path_get_basename (path);
  g_autoptr (GError) error = NULL;
  gboolean closed;

  make_directory (path);
  make_file (file);
  filled = basename;
  n_attempts = 0;
  g_atomic_int_set (&n_additions, n);
  interpose (function, NULL);
  closed = tm_temporary_directory_close (directory, NULL, &error);
  interpose_end ();

  if (n <= MAX_RESCANS)
    g_assert_no_error (error);
  else
    {
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_BUSY);
      g_assert_true (g_str_has_prefix (error->message, quoted));
      g_assert_true (path_exists (path));
      /* Up to two attempts for each scan: to see whether it is empty, and once the scan has found
       * it empty. */
      g_assert_cmpuint (n_attempts, >=, 1 + MAX_RESCANS);
      g_assert_cmpuint (n_attempts, <=, 2 * (1 + MAX_RESCANS) + 1);
      close_successfully (directory);
    }
  g_assert_true (closed == (error == NULL));
  g_assert_false (path_exists (top));
}

static void
test_filled (Sandbox *sandbox, gconstpointer data)
{
  static const gint n_times[] = { 3, MAX_RESCANS, MAX_RESCANS + 1, G_MAXINT };
  static const char *const names[] = { NULL, "1", "1/2" };

  for (guint i = 0; i < G_N_ELEMENTS (n_times); i++)
    for (guint j = 0; j < G_N_ELEMENTS (names); j++)
      {
        close_while_filled (sandbox, add_cb, names[j], n_times[i]);
        /* A new name may be found in the same scan: the number of attempts is not exact. */
        if (n_times[i] != MAX_RESCANS + 1)
          close_while_filled (sandbox, rename_cb, names[j], n_times[i]);
      }
}

/* A call that fails each time. */
typedef struct
{
  const char *call; /* openat() stands for openat2(), too */
  const char *name; /* (nullable): the file that it concerns */
  int error_number;
  int code;
  const char *reported; /* the rest of the path, below the directory */
} Refusal;

static int
refuse_cb (const SystemCall *call, gpointer user_data)
{
  const Refusal *refusal = user_data;

  return g_str_has_prefix (call->name, refusal->call) &&
                 (refusal->name == NULL || g_strcmp0 (call->path, refusal->name) == 0)
             ? refusal->error_number
             : 0;
}

/* The error names it and the reason, after a limited number of scans; and the rest is deleted. */
static void
test_refused (Sandbox *sandbox, gconstpointer data)
{
  static const Refusal refusals[] = {
    /* As NFS does on the machine where a process has it open. */
    { "unlinkat", ".nfs01", EBUSY, G_IO_ERROR_BUSY, "/1/.nfs01" },
    { "unlinkat", "1", EBUSY, G_IO_ERROR_BUSY, "/1" },
    { "unlinkat", "1", EIO, G_IO_ERROR_FAILED, "/1" },
    { "unlinkat", "1", EPERM, G_IO_ERROR_PERMISSION_DENIED, "/1" },
    { "getdents64", NULL, EIO, G_IO_ERROR_FAILED, "" },
    /* It stands for a file that another machine has removed. If that is not so, the directory does
     * not get empty. */
    { "openat", "1", ESTALE, G_IO_ERROR_BUSY, "" },
    { "getdents64", NULL, ESTALE, G_IO_ERROR_BUSY, "" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (refusals); i++)
    {
      g_autoptr (TmTemporaryDirectory) directory = create_in (sandbox->path);
      g_autofree char *path = child_path (directory, "1");
      g_autofree char *file = child_path (directory, "1/.nfs01");
      g_autofree char *other = child_path (directory, "2");
      g_autofree char *quoted = g_strdup_printf (
          " “%s%s”: ", tm_temporary_directory_get_path (directory), refusals[i].reported);
      g_autoptr (GError) error = NULL;

      make_directory (path);
      make_directory (other);
      make_file (file);
      interpose (refuse_cb, (gpointer) &refusals[i]);
      g_assert_false (tm_temporary_directory_close (directory, NULL, &error));
      interpose_end ();

      g_assert_error (error, G_IO_ERROR, refusals[i].code);
      g_assert_nonnull (strstr (error->message, quoted));
      if (refusals[i].name != NULL)
        g_assert_false (path_exists (other));
      close_successfully (directory);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  add_test ("/obstacles/barred-path", test_barred_path);
  add_test ("/obstacles/filled", of_descriptors (test_filled));
  add_test ("/obstacles/refused", of_descriptors (test_refused));

  return g_test_run ();
}
