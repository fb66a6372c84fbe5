/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* A forked child has copies of the objects of its parent, and must not delete their directories:
 * however it was forked, whatever its process ID is, and whatever the kernel reports about its
 * pages. Nor may it create a name that its parent creates. */

#include "support/directories.h"
#include "support/interpose.h"
#include "support/support.h"

#include <errno.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

static void
unref_child (gpointer data)
{
  g_object_unref (data);
}

/* The first process of a namespace. */
static void
first_child (gpointer data)
{
  g_autoptr (TmTemporaryDirectory) directory = create_in (data);
  const char *path = tm_temporary_directory_get_path (directory);

  child_assert (getpid () == 1);
  child_assert (unshare (CLONE_NEWPID) == 0);
  child_assert (run_in_child (unref_child, directory) == 0);
  child_assert (path_exists (path));
  child_assert (tm_temporary_directory_close (directory, NULL, NULL));
  child_assert (!path_exists (path));
}

static void
namespace_child (gpointer data)
{
  if (!enter_mount_namespace () || unshare (CLONE_NEWPID) < 0)
    _exit (CHILD_CANNOT);

  child_assert (run_in_child (first_child, data) == 0);
}

static void
test_same_number (Sandbox *sandbox, gconstpointer data)
{
  skip_or_assert_success (run_in_child (namespace_child, sandbox->path),
                          "no process namespaces here");
}

/* As a program does that makes system calls directly: no pthread_atfork() handler runs in the
 * child. */
static int
run_past_handlers (ChildFunc function, gpointer data)
{
  pid_t pid = _Fork ();

  g_assert_no_errno (pid);
  if (pid == 0)
    {
      function (data);
      _exit (0);
    }
  return wait_for_child (pid);
}

/* The same with the bare system call. */
static int
run_cloned (ChildFunc function, gpointer data)
{
#ifdef __s390__
  pid_t pid = (pid_t) syscall (SYS_clone, NULL, SIGCHLD, NULL, NULL, NULL);
#else
  pid_t pid = (pid_t) syscall (SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);
#endif

  g_assert_no_errno (pid);
  if (pid == 0)
    {
      function (data);
      _exit (0);
    }
  return wait_for_child (pid);
}

static void
check_wiped_child (gpointer data)
{
  if (*(const volatile char *) data != 0)
    _exit (1);
}

/* Whether the kernel wipes pages in a forked child. qemu-user only says so. */
static gboolean
kernel_wipes (void)
{
  char *page = mmap (NULL, 1, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  gboolean wipes;

  g_assert_true (page != MAP_FAILED);
  *page = 1;
  wipes =
      madvise (page, 1, MADV_WIPEONFORK) == 0 && run_past_handlers (check_wiped_child, page) == 0;
  munmap (page, 1);
  return wipes;
}

/* If the kernel says that it wipes pages and does not, nothing tells of a child without handlers.
 */
static gboolean
can_detect_child_without_handlers (void)
{
  return g_strcmp0 (g_getenv (WIPE_ON_FORK_VARIABLE), "refused") == 0 || kernel_wipes ();
}

/* In a process of its own: the library prepares for forks when it is loaded. */
static void
test_forked (Sandbox *sandbox, gconstpointer data)
{
  g_autoptr (TmTemporaryDirectory) directory = create_in (sandbox->path);
  const char *path = tm_temporary_directory_get_path (directory);

  g_assert_cmpint (run_in_child (unref_child, directory), ==, 0);
  g_assert_true (path_exists (path));

  if (can_detect_child_without_handlers ())
    {
      g_assert_cmpint (run_past_handlers (unref_child, directory), ==, 0);
      g_assert_true (path_exists (path));
    }

  close_successfully (directory);
  g_assert_false (path_exists (path));
}

/* A child returns its names to its parent. */
typedef struct
{
  const char *place;
  char names[3][64];
} Names;

static void
make_names (Names *names)
{
  for (guint i = 0; i < G_N_ELEMENTS (names->names); i++)
    {
      g_autoptr (TmTemporaryDirectory) directory = create_in (names->place);
      g_autofree char *name = g_path_get_basename (tm_temporary_directory_get_path (directory));

      g_strlcpy (names->names[i], name, sizeof names->names[i]);
      close_successfully (directory);
    }
}

static void
names_child (gpointer data)
{
  make_names (data);
}

static gboolean
have_common_name (const Names *these, const Names *those)
{
  for (guint i = 0; i < G_N_ELEMENTS (these->names); i++)
    for (guint j = 0; j < G_N_ELEMENTS (those->names); j++)
      if (g_str_equal (these->names[i], those->names[j]))
        return TRUE;

  return FALSE;
}

/* A child, and its parent after it, create names from random bytes that were read before the
 * fork. */
static void
assert_names_differ (Sandbox *sandbox, int (*run) (ChildFunc, gpointer))
{
  Names *of_child =
      mmap (NULL, sizeof *of_child, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  Names own = { .place = sandbox->path };

  g_assert_true (of_child != MAP_FAILED);
  of_child->place = sandbox->path;

  /* After this one, random bytes for more names are left. */
  make_names (&own);
  g_assert_cmpint (run (names_child, of_child), ==, 0);
  g_assert_cmpstr (of_child->names[0], !=, "");
  g_assert_false (have_common_name (of_child, &own));
  make_names (&own);
  g_assert_false (have_common_name (of_child, &own));

  munmap (of_child, sizeof *of_child);
}

/* In a process of its own, as test_forked(). */
static void
test_forked_names (Sandbox *sandbox, gconstpointer data)
{
  assert_names_differ (sandbox, run_in_child);

  if (can_detect_child_without_handlers ())
    {
      assert_names_differ (sandbox, run_past_handlers);
      assert_names_differ (sandbox, run_cloned);
    }
}

static void
test_wiping (Sandbox *sandbox, gconstpointer data)
{
  const char *subprocess = data;
  /* "ignored": as qemu-user, which reports success and does not wipe. "refused": before Linux
   * 4.14. */
  static const char *const behaviours[] = { NULL, "ignored", "refused" };

  for (guint i = 0; i < G_N_ELEMENTS (behaviours); i++)
    {
      if (behaviours[i] != NULL)
        g_setenv (WIPE_ON_FORK_VARIABLE, behaviours[i], TRUE);
      g_test_trap_subprocess (subprocess, 0, G_TEST_SUBPROCESS_INHERIT_STDERR);
      g_unsetenv (WIPE_ON_FORK_VARIABLE);
      g_test_trap_assert_passed ();
    }

  if (!kernel_wipes ())
    g_test_skip ("the kernel does not wipe pages: a child without handlers is not detected");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  add_test ("/processes/same-number", test_same_number);
  add_test_in_memory ("/processes/wiping", "/processes/subprocess/forked", test_wiping);
  add_test_in_memory ("/processes/names", "/processes/subprocess/forked-names", test_wiping);
  add_test ("/processes/subprocess/forked", test_forked);
  add_test ("/processes/subprocess/forked-names", test_forked_names);

  return g_test_run ();
}
