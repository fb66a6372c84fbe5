/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "fuse.h"

#include "support.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* How long the start of a server may take. */
#define MAX_POLLS 3000
#define POLL_MICROSECONDS 10000

#define SFTP_SERVER "/usr/lib/openssh/sftp-server"

static dev_t
get_device (const char *path)
{
  struct stat status;

  return lstat (path, &status) == 0 ? status.st_dev : 0;
}

/* Starts a server that stays in the foreground. Returns its process, or 0 if it cannot mount. */
pid_t
fuse_mount (const char *const *command, const char *target)
{
  g_autofree char *program = g_find_program_in_path (command[0]);
  dev_t device = get_device (target);
  pid_t parent = getpid ();
  pid_t pid;

  if (program == NULL || access ("/dev/fuse", R_OK | W_OK) < 0)
    return 0;

  pid = fork ();
  if (pid == 0)
    {
      int null = open ("/dev/null", O_RDWR);

      /* Its output must not get into the test's report, and its files must not count as the
       * test's. */
      dup2 (null, STDOUT_FILENO);
      dup2 (null, STDERR_FILENO);
      if (prctl (PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid () != parent)
        _exit (126);
      execv (program, (char **) command);
      _exit (127);
    }

  for (guint i = 0; pid > 0 && i < MAX_POLLS; i++)
    {
      if (get_device (target) != device)
        return pid;
      if (waitpid (pid, NULL, WNOHANG) != 0)
        return 0;
      g_usleep (POLL_MICROSECONDS);
    }

  return 0;
}

typedef struct
{
  const char *base;
  const char *const *options; /* (nullable) */
  FuseFunc function;
} Job;

/* Unmounts it afterwards, even if a file is open there or the working directory is in it. */
static void
work (const Job *job, const char *target)
{
  job->function (target);
  child_assert (umount2 (target, MNT_DETACH) == 0);
}

static void
bindfs_child (gpointer data)
{
  const Job *job = data;
  g_autofree char *source = g_build_filename (job->base, "source", NULL);
  g_autofree char *target = g_build_filename (job->base, "target", NULL);
  g_autoptr (GPtrArray) command = g_ptr_array_new ();

  make_directory (source);
  make_directory (target);

  g_ptr_array_add (command, (gpointer) "bindfs");
  g_ptr_array_add (command, (gpointer) "-f");
  for (guint i = 0; job->options != NULL && job->options[i] != NULL; i++)
    g_ptr_array_add (command, (gpointer) job->options[i]);
  g_ptr_array_add (command, source);
  g_ptr_array_add (command, target);
  g_ptr_array_add (command, NULL);

  if (!enter_mount_namespace () || fuse_mount ((const char *const *) command->pdata, target) == 0)
    _exit (CHILD_CANNOT);
  work (job, target);
}

static void
ntfs_child (gpointer data)
{
  const Job *job = data;
  g_autofree char *image = g_build_filename (job->base, "image", NULL);
  g_autofree char *target = g_build_filename (job->base, "target", NULL);
  const char *make[] = { "mkntfs", "-q", "-F", image, NULL };
  const char *mount[] = { "ntfs-3g", "-o", "no_detach", image, target, NULL };
  int fd = open (image, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

  make_directory (target);
  child_assert (fd >= 0 && ftruncate (fd, 8 << 20) == 0);
  close (fd);

  if (!run_command (make) || !enter_mount_namespace () || fuse_mount (mount, target) == 0)
    _exit (CHILD_CANNOT);
  work (job, target);
}

/* The server of OpenSSH, started without a connection. */
static void
sshfs_child (gpointer data)
{
  const Job *job = data;
  g_autofree char *source = g_build_filename (job->base, "source", NULL);
  g_autofree char *target = g_build_filename (job->base, "target", NULL);
  g_autofree char *script = g_build_filename (job->base, "ssh", NULL);
  g_autofree char *command_option = g_strconcat ("ssh_command=", script, NULL);
  g_autofree char *address = g_strconcat ("localhost:", source, NULL);
  const char *command[] = { "sshfs", "-f", "-o", command_option, address, target, NULL };

  if (access (SFTP_SERVER, X_OK) < 0)
    _exit (CHILD_CANNOT);
  make_directory (source);
  make_directory (target);
  child_assert (g_file_set_contents_full (script, "#!/bin/sh\nexec " SFTP_SERVER "\n", -1,
                                          G_FILE_SET_CONTENTS_NONE, 0700, NULL));

  if (!enter_mount_namespace () || fuse_mount (command, target) == 0)
    _exit (CHILD_CANNOT);
  work (job, target);
}

/* The files of a directory through bindfs, with @options. */
void
test_on_bindfs (const char *base, const char *const *options, FuseFunc function)
{
  Job job = { base, options, function };

  skip_or_assert_success (run_in_child (bindfs_child, &job),
                          "needs bindfs, and FUSE mounts in a namespace");
}

/* A new file system of ntfs-3g. */
void
test_on_ntfs (const char *base, FuseFunc function)
{
  Job job = { base, NULL, function };

  skip_or_assert_success (run_in_child (ntfs_child, &job),
                          "needs ntfs-3g, and FUSE mounts in a namespace");
}

/* The files of a directory through sshfs. */
void
test_on_sshfs (const char *base, FuseFunc function)
{
  Job job = { base, NULL, function };

  skip_or_assert_success (run_in_child (sshfs_child, &job),
                          "needs sshfs, " SFTP_SERVER ", and FUSE mounts in a namespace");
}
