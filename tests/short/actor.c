/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Usage: actor DIRECTORY TIMEOUT FLAGS LEASE
 *
 * A process that uses one view of a shared directory, as a program on another machine does. It
 * reads a command from each line of its input, and answers each with one line:
 *
 *   go PATH    creates in another directory from then on
 *   create N   creates temporary directories; answers with the name of the last one
 *   keep, persist NAME, close
 *              does that to the last one
 *   fork       forks a child, which answers with its process, and does nothing until the end
 *   adopt      likewise, and the child adopts the last directory
 *   look       cleans up; answers with the number of removed entries, and for the last one with a
 *              heartbeat, for how many seconds this process saw its last beat, and how old the beat
 *              was by the clock of the file system
 *   list NAME  answers with the state of an entry
 *
 * It ends at the end of the input. What it sees of heartbeats it finds out itself, without the
 * library. */

#include "../support/kernel.h"

#include <tempman.h>

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct
{
  gint64 modified; /* in nanoseconds */
  gint64 since;    /* monotonic time at which it was first seen */
} Beat;

typedef struct
{
  char *path;
  TmRoot *root;
  GPtrArray *directories;
  GHashTable *beats;   /* (element-type utf8 Beat) */
  const Beat *removed; /* (nullable): of the entry that was removed last */
} Actor;

static void G_GNUC_NORETURN
fail (const char *message)
{
  printf ("error: %s\n", message);
  fflush (stdout);
  exit (EXIT_FAILURE);
}

/* Returns the modification time in nanoseconds, or -1 with errno. Attributes that the kernel caches
 * do not count. */
static gint64
get_modified (const char *path)
{
  KernelStatus status;

  if (kernel_statx (AT_FDCWD, path, AT_SYMLINK_NOFOLLOW | KERNEL_FORCE_SYNC, KERNEL_WANTS_MODIFIED,
                    &status) < 0)
    return -1;
  return status.modified.seconds * 1000000000 + status.modified.nanoseconds;
}

static TmTemporaryDirectory *
get_last (Actor *actor)
{
  if (actor->directories->len == 0)
    fail ("there is no directory");
  return actor->directories->pdata[actor->directories->len - 1];
}

static void
create (Actor *actor, guint n)
{
  g_autoptr (GFile) parent = g_file_new_for_path (actor->path);

  for (guint i = 0; i < n; i++)
    {
      g_autoptr (GError) error = NULL;
      TmTemporaryDirectory *directory = tm_temporary_directory_new (parent, "t", NULL, &error);

      if (directory == NULL)
        fail (error->message);
      g_ptr_array_add (actor->directories, directory);
    }
}

static void
persist (Actor *actor, const char *name)
{
  g_autofree char *path = g_build_filename (actor->path, name, NULL);
  g_autoptr (GFile) destination = g_file_new_for_path (path);
  g_autoptr (GError) error = NULL;

  if (!tm_temporary_directory_persist (get_last (actor), destination, TM_PERSIST_FLAGS_NONE, NULL,
                                       &error))
    fail (error->message);
}

/* Ends with the input, which it shares with its parent. */
static void G_GNUC_NORETURN
forked_child (Actor *actor, gboolean adopts)
{
  g_autoptr (GError) error = NULL;
  char byte;

  if (adopts && !tm_temporary_directory_adopt (get_last (actor), &error))
    fail (error->message);
  printf ("%d\n", getpid ());
  fflush (stdout);
  while (read (STDIN_FILENO, &byte, 1) > 0)
    ;
  _exit (0);
}

static void
remember_beats (Actor *actor)
{
  g_autoptr (GDir) dir = g_dir_open (actor->path, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (actor->path, name, NULL);
      gint64 modified = get_modified (path);
      Beat *beat = g_hash_table_lookup (actor->beats, name);

      if ((strstr (name, "-0") == NULL && strstr (name, "-1") == NULL) || modified < 0)
        continue;
      if (beat == NULL)
        {
          beat = g_new0 (Beat, 1);
          g_hash_table_insert (actor->beats, g_strdup (name), beat);
        }
      if (beat->modified != modified)
        *beat = (Beat){ modified, g_get_monotonic_time () };
    }
}

static void
removed_cb (TmRoot *root, TmRootEntry *entry, gpointer data)
{
  Actor *actor = data;
  const Beat *beat = g_hash_table_lookup (actor->beats, tm_root_entry_get_name (entry));

  if (beat != NULL)
    actor->removed = beat;
}

/* Returns the present time of the file system, in nanoseconds; if it is full, that of this machine.
 */
static gint64
read_clock (Actor *actor)
{
  g_autofree char *path = g_strdup_printf ("%s/.clock-%d", actor->path, getpid ());
  int fd = open (path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  gint64 now;

  if (fd < 0)
    return g_get_real_time () * 1000;
  close (fd);
  now = get_modified (path);
  if (now < 0)
    fail (g_strerror (errno));
  unlink (path);
  return now;
}

static void
look (Actor *actor)
{
  g_autoptr (GError) error = NULL;
  double watched = -1;
  double age = -1;
  gssize n_removed;

  remember_beats (actor);
  actor->removed = NULL;
  n_removed = tm_root_cleanup (actor->root, NULL, &error);
  if (error != NULL)
    fail (error->message);

  if (actor->removed != NULL)
    {
      watched = (double) (g_get_monotonic_time () - actor->removed->since) / G_USEC_PER_SEC;
      age = (double) (read_clock (actor) - actor->removed->modified) / 1e9;
    }
  printf ("%d %.3f %.3f\n", (int) n_removed, watched, age);
}

static void
list (Actor *actor, const char *name)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GListModel) entries =
      tm_root_list_entries (actor->root, TM_LIST_FLAGS_NONE, NULL, &error);

  if (entries == NULL)
    fail (error->message);
  for (guint i = 0; i < g_list_model_get_n_items (entries); i++)
    {
      g_autoptr (TmRootEntry) entry = g_list_model_get_item (entries, i);

      if (g_str_equal (tm_root_entry_get_name (entry), name))
        {
          printf ("%d\n", tm_root_entry_get_state (entry));
          return;
        }
    }
  printf ("none\n");
}

static void
obey (Actor *actor, char **words)
{
  g_autoptr (GError) error = NULL;
  const char *argument = words[0] != NULL ? words[1] : NULL;

  if (g_strcmp0 (words[0], "create") == 0 && argument != NULL)
    {
      g_autofree char *name = NULL;

      create (actor, (guint) g_ascii_strtoull (argument, NULL, 10));
      name = g_path_get_basename (tm_temporary_directory_get_path (get_last (actor)));
      printf ("%s\n", name);
    }
  else if (g_strcmp0 (words[0], "go") == 0 && argument != NULL)
    {
      actor->path = g_strdup (argument);
      printf ("%s\n", argument);
    }
  else if (g_strcmp0 (words[0], "keep") == 0)
    {
      if (!tm_temporary_directory_keep (get_last (actor), NULL, &error))
        fail (error->message);
      printf ("kept\n");
    }
  else if (g_strcmp0 (words[0], "persist") == 0 && argument != NULL)
    {
      persist (actor, argument);
      printf ("persisted\n");
    }
  else if (g_strcmp0 (words[0], "close") == 0)
    {
      if (!tm_temporary_directory_close (get_last (actor), NULL, &error))
        fail (error->message);
      printf ("closed\n");
    }
  else if (g_strcmp0 (words[0], "fork") == 0 || g_strcmp0 (words[0], "adopt") == 0)
    {
      pid_t child = fork ();

      if (child < 0)
        fail (g_strerror (errno));
      if (child == 0)
        forked_child (actor, g_str_equal (words[0], "adopt"));
    }
  else if (g_strcmp0 (words[0], "look") == 0)
    look (actor);
  else if (g_strcmp0 (words[0], "list") == 0 && argument != NULL)
    list (actor, argument);
  else
    fail ("unknown command");
  fflush (stdout);
}

int
main (int argc, char **argv)
{
  Actor actor = { 0 };
  g_autoptr (GFile) file = NULL;
  g_autoptr (GError) error = NULL;
  char line[4096];

  if (argc != 5)
    fail ("usage: actor DIRECTORY TIMEOUT FLAGS LEASE");

  file = g_file_new_for_path (argv[1]);
  actor.path = argv[1];
  actor.directories = g_ptr_array_new ();
  actor.beats = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  actor.root = tm_root_new (file, g_ascii_strtod (argv[2], NULL),
                            (TmRootFlags) g_ascii_strtoull (argv[3], NULL, 10), NULL, &error);
  if (actor.root == NULL)
    fail (error->message);
  tm_root_set_lease (actor.root, g_ascii_strtod (argv[4], NULL));
  g_signal_connect (actor.root, "entry-removed", G_CALLBACK (removed_cb), &actor);

  while (fgets (line, sizeof line, stdin) != NULL)
    {
      g_auto (GStrv) words = g_strsplit (g_strchomp (line), " ", 2);

      obey (&actor, words);
    }

  /* Its directories stay, as when it is killed. */
  _exit (0);
}
