/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "views.h"

#include "actors.h"
#include "fuse.h"
#include "servers.h"
#include "support.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <sys/mount.h>
#include <unistd.h>

const Pair pairs[N_PAIRS] = {
  { VIEW_FIRST, VIEW_SECOND },  { VIEW_SECOND, VIEW_FIRST }, { VIEW_FIRST, VIEW_SERVED },
  { VIEW_SECOND, VIEW_SERVED }, { VIEW_SERVED, VIEW_FIRST }, { VIEW_SERVED, VIEW_SECOND },
};

static const char *why_no_views; /* (nullable) */

/* sshfs caches attributes for 20 seconds, and the kernel for one more, unless told otherwise: too
 * long for the silence of the library with short intervals, as a test cannot wait for the real one.
 * It connects again when the connection was lost. */
#define MOUNT_OPTIONS "reconnect,dcache_timeout=1,attr_timeout=1,entry_timeout=1"

/* No other process sees what is mounted from then on, and it is gone with the test. The server has
 * to see what the test mounts later: so its own directory in /run is made here, for it would enter
 * another namespace to make it. */
static const char *
prepare (void)
{
  g_autofree char *program = g_find_program_in_path ("sshfs");

  if (!library_has_descriptors ())
    return "the library was built to use neither descriptors nor locks";
  if (program == NULL)
    return "sshfs is not installed";
  if (geteuid () != 0)
    return "only root can mount it";
  if (access ("/dev/fuse", R_OK | W_OK) < 0)
    return "there is no /dev/fuse";
  if (!enter_mount_namespace ())
    return "no mount namespaces here";
  if (!g_file_test ("/run/sshd", G_FILE_TEST_IS_DIR) &&
      (!mount_tmpfs ("/run") || g_mkdir ("/run/sshd", 0755) < 0))
    return "there cannot be an SSH server here";
  if (!servers_start_ssh ())
    return "there is no SSH server here";
  return NULL;
}

/* To be called before the first test, in the thread of the tests. servers_stop() ends it. */
void
views_prepare (void)
{
  why_no_views = prepare ();
}

/* sshfs does not stay the parent of the program that has its connection: so that program writes
 * down its number. */
#define PID_SUFFIX ".pid"
#define SSH "#!/bin/sh\necho $$ > '%s" PID_SUFFIX "'\nexec ssh \"$@\"\n"

static char *
make_ssh (const char *target)
{
  char *path = g_strconcat (target, ".ssh", NULL);
  g_autofree char *script = g_strdup_printf (SSH, target);
  g_autoptr (GError) error = NULL;

  g_file_set_contents_full (path, script, -1, G_FILE_SET_CONTENTS_NONE, 0700, &error);
  g_assert_no_error (error);
  return path;
}

static pid_t
mount_served (const Views *views, View view, const char *clock)
{
  g_autoptr (GPtrArray) command = clock_command_new (clock);
  const char *served = views->paths[VIEW_SERVED];
  const char *target = views->paths[view];
  g_autofree char *ssh = make_ssh (target);

  make_directory (target);
  g_ptr_array_add (command, g_strdup ("sshfs"));
  g_ptr_array_add (command, g_strdup ("-f"));
  g_ptr_array_add (command, g_strdup ("-p"));
  g_ptr_array_add (command, g_strdup_printf ("%u", servers_get_ssh_port ()));
  g_ptr_array_add (command, g_strdup ("-o"));
  g_ptr_array_add (command, g_strconcat (MOUNT_OPTIONS ",ssh_command=", ssh, NULL));
  g_ptr_array_add (command, g_strdup_printf ("%s@127.0.0.1:%s", g_get_user_name (), served));
  g_ptr_array_add (command, g_strdup (target));
  g_ptr_array_add (command, NULL);
  return fuse_mount ((const char *const *) command->pdata, target);
}

/* Mounts the views. @clocks: (nullable): offsets of the clocks of the clients, as of faketime(1).
 * Returns FALSE when the test is skipped. */
gboolean
views_set_up (Views *views, Sandbox *sandbox, const char *const clocks[N_CLIENTS])
{
  gboolean is_mounted = TRUE;

  *views = (Views){ 0 };
  if (why_no_views != NULL)
    {
      g_test_skip (why_no_views);
      return FALSE;
    }

  views->paths[VIEW_SERVED] = sandbox_path (sandbox, "served");
  make_directory (views->paths[VIEW_SERVED]);
  for (View view = 0; view < N_CLIENTS; view++)
    {
      g_autofree char *name = g_strdup_printf ("client-%u", view);

      views->paths[view] = sandbox_path (sandbox, name);
      views->clients[view] = mount_served (views, view, clocks != NULL ? clocks[view] : NULL);
      is_mounted &= views->clients[view] != 0;
    }

  if (!is_mounted)
    {
      g_test_skip ("sshfs cannot mount here");
      views_tear_down (views);
    }
  return is_mounted;
}

void
views_tear_down (Views *views)
{
  for (View view = 0; view < N_CLIENTS; view++)
    {
      umount2 (views->paths[view], MNT_DETACH);
      if (views->clients[view] != 0)
        {
          kill (views->clients[view], SIGKILL);
          wait_for_child (views->clients[view]);
          clock_command_clear (views->clients[view]);
        }
    }
  for (View view = 0; view < N_VIEWS; view++)
    g_free (views->paths[view]);
}

/* Returns (transfer full): its path on the server. */
char *
views_make_root (const Views *views, const char *name)
{
  char *path = views_path (views, VIEW_SERVED, name, NULL);

  make_directory (path);
  return path;
}

/* Returns (transfer full): the path of an entry of a root, or of the root, in a view. */
char *
views_path (const Views *views, View view, const char *root, const char *name)
{
  return g_build_filename (views->paths[view], root, name, NULL);
}

/* Returns the process that has the connection of a client: a program of the test's own, which sshfs
 * started last. */
pid_t
views_get_connection (const Views *views, View view)
{
  g_autofree char *path = g_strconcat (views->paths[view], PID_SUFFIX, NULL);
  g_autofree char *text = NULL;

  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  return (pid_t) g_ascii_strtoll (text, NULL, 10);
}
