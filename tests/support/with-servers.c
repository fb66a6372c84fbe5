/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Runs a test in another language with what serves remote files, and ends as it does. The test
 * finds the URIs of "/" in TEMPMAN_TEST_SERVERS, separated by spaces: none where there is no GVfs.
 */

#include "servers.h"

#include <stdlib.h>
#include <sys/wait.h>

static int
run (char **arguments)
{
  g_autoptr (GError) error = NULL;
  int status;

  if (!g_spawn_sync (NULL, arguments, NULL, G_SPAWN_SEARCH_PATH | G_SPAWN_CHILD_INHERITS_STDIN,
                     NULL, NULL, NULL, NULL, &status, &error))
    {
      g_printerr ("%s\n", error->message);
      return EXIT_FAILURE;
    }

  return WIFEXITED (status) ? WEXITSTATUS (status) : 128 + WTERMSIG (status);
}

int
main (int argc, char **argv)
{
  g_autoptr (GString) uris = g_string_new (NULL);
  int status;

  if (argc < 2)
    {
      g_printerr ("Usage: with-servers PROGRAM [ARGUMENT…]\n");
      return EXIT_FAILURE;
    }

  servers_start ();
  for (Server server = 0; server < N_SERVERS; server++)
    {
      g_autofree char *uri = servers_get_uri (server, "/");

      if (servers_have (server))
        g_string_append_printf (uris, "%s%s", uris->len > 0 ? " " : "", uri);
    }
  g_setenv ("TEMPMAN_TEST_SERVERS", uris->str, TRUE);

  status = run (argv + 1);
  servers_stop ();
  return status;
}
