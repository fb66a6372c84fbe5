/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "servers.h"

#include "support.h"

#include <arpa/inet.h>
#include <errno.h>
#include <glib/gstdio.h>
#include <netinet/in.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static char *directory; /* (owned): everything that the servers need and leave */
static pid_t bus;
static pid_t ssh;
static guint16 ssh_port;
static gboolean is_mounted[N_SERVERS];

static char *
make_text_file (const char *name, int mode, const char *text)
{
  char *path = g_build_filename (directory, name, NULL);
  g_autoptr (GError) error = NULL;

  g_file_set_contents_full (path, text, -1, G_FILE_SET_CONTENTS_NONE, mode, &error);
  g_assert_no_error (error);
  return path;
}

/* Keeps the output of a server out of the test's report, and ends it with the test. */
static void
prepare_server (void)
{
  g_autofree char *log = g_build_filename (directory, "log", NULL);
  FILE *file = freopen (log, "a", stdout);

  if (file == NULL || dup2 (STDOUT_FILENO, STDERR_FILENO) < 0 ||
      prctl (PR_SET_PDEATHSIG, SIGTERM) < 0)
    _exit (126);

  /* Warnings of the server are no failures of the test. */
  g_unsetenv ("G_DEBUG");
}

static pid_t
start_server (const char *const *arguments, void (*prepare) (void))
{
  pid_t pid = fork ();

  g_assert_no_errno (pid);
  if (pid == 0)
    {
      prepare_server ();
      if (prepare != NULL)
        prepare ();
      execv (arguments[0], (char **) arguments);
      _exit (127);
    }
  return pid;
}

static void
stop_server (pid_t *pid)
{
  if (*pid == 0)
    return;

  kill (*pid, SIGTERM);
  waitpid (*pid, NULL, 0);
  *pid = 0;
}

static gboolean
is_running (pid_t pid)
{
  return waitpid (pid, NULL, WNOHANG) == 0;
}

/* Waits until the server accepts connections. */
static gboolean
wait_for_server (pid_t pid, const struct sockaddr *address, socklen_t length)
{
  for (guint i = 0; i < 1000 && is_running (pid); i++)
    {
      int fd = socket (address->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
      gboolean connected = connect (fd, address, length) == 0;

      close (fd);
      if (connected)
        return TRUE;
      g_usleep (10 * 1000);
    }
  return FALSE;
}

/* For this program and everything that GVfs starts for it. No FUSE: through it, the whole file
 * system would be in our directory. */
static void
set_up_environment (void)
{
  g_autofree char *run = g_build_filename (directory, "run", NULL);
  g_autofree char *programs = g_build_filename (directory, "bin", NULL);
  g_autofree char *path = g_strconcat (programs, ":", g_getenv ("PATH"), NULL);
  g_autofree char *address = g_strconcat ("unix:path=", directory, "/bus", NULL);

  g_assert_no_errno (g_mkdir (run, 0700));
  g_assert_no_errno (g_mkdir (programs, 0700));
  g_setenv ("XDG_RUNTIME_DIR", run, TRUE);
  g_setenv ("XDG_CONFIG_HOME", directory, TRUE);
  g_setenv ("XDG_DATA_HOME", directory, TRUE);
  g_setenv ("XDG_CACHE_HOME", directory, TRUE);
  g_setenv ("GVFS_DISABLE_FUSE", "1", TRUE);
  g_setenv ("GIO_USE_VOLUME_MONITOR", "unix", TRUE);
  g_setenv ("GSETTINGS_BACKEND", "memory", TRUE);
  g_unsetenv ("GIO_USE_VFS");
  g_unsetenv ("SSH_AUTH_SOCK");
  g_setenv ("DBUS_SESSION_BUS_ADDRESS", address, TRUE);
  g_setenv ("PATH", path, TRUE);
}

static void
make_directory_of_servers (void)
{
  g_autoptr (GError) error = NULL;

  directory = g_dir_make_tmp ("tempman-servers-XXXXXX", &error);
  g_assert_no_error (error);
  set_up_environment ();
}

/* Returns FALSE where there is none. */
static gboolean
start_bus (void)
{
  g_autofree char *program = g_find_program_in_path ("dbus-daemon");
  g_autofree char *address = NULL;
  struct sockaddr_un socket_address = { .sun_family = AF_UNIX };

  if (program == NULL)
    return FALSE;

  make_directory_of_servers ();
  address = g_strconcat ("--address=", g_getenv ("DBUS_SESSION_BUS_ADDRESS"), NULL);
  bus = start_server (
      (const char *[]){ program, "--session", "--nofork", "--nopidfile", address, NULL }, NULL);
  g_snprintf (socket_address.sun_path, sizeof socket_address.sun_path, "%s/bus", directory);
  return wait_for_server (bus, (const struct sockaddr *) &socket_address, sizeof socket_address);
}

static gboolean
make_key (const char *name)
{
  g_autofree char *path = g_build_filename (directory, name, NULL);
  const char *arguments[] = { "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path, NULL };

  return run_command (arguments);
}

static guint16
find_free_port (void)
{
  struct sockaddr_in address = { .sin_family = AF_INET,
                                 .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
  socklen_t length = sizeof address;
  int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

  g_assert_no_errno (bind (fd, (struct sockaddr *) &address, sizeof address));
  g_assert_no_errno (getsockname (fd, (struct sockaddr *) &address, &length));
  close (fd);
  return ntohs (address.sin_port);
}

/* GVfs calls the first ssh in the path: this one knows no configuration of the user's, and shares
 * no connection through a socket, for whose name our path may be too long. */
static void
configure_ssh_client (void)
{
  g_autofree char *program = g_find_program_in_path ("ssh");
  g_autofree char *configuration = g_strdup_printf ("Host *\n"
                                                    "  IdentityFile %s/user-key\n"
                                                    "  IdentitiesOnly yes\n"
                                                    "  UserKnownHostsFile %s/known-hosts\n"
                                                    "  GlobalKnownHostsFile none\n"
                                                    "  StrictHostKeyChecking yes\n",
                                                    directory, directory);
  g_autofree char *client_path = make_text_file ("client.conf", 0600, configuration);
  g_autofree char *script =
      g_strdup_printf ("#!/bin/sh\nexec '%s' -F '%s' -oControlMaster=no -oControlPath=none "
                       "\"$@\"\n",
                       program, client_path);
  g_autofree char *script_path = make_text_file ("bin/ssh", 0700, script);
  g_autofree char *key_path = g_build_filename (directory, "host-key.pub", NULL);
  g_autofree char *key = NULL;
  g_autofree char *known_hosts = NULL;
  g_autofree char *known_hosts_path = NULL;

  g_assert_true (g_file_get_contents (key_path, &key, NULL, NULL));
  known_hosts = g_strdup_printf ("[127.0.0.1]:%u %s", ssh_port, key);
  known_hosts_path = make_text_file ("known-hosts", 0600, known_hosts);
  g_assert_no_errno (g_chmod (script_path, 0700));
}

static char *
configure_ssh_server (void)
{
  g_autofree char *configuration = g_strdup_printf ("ListenAddress 127.0.0.1\n"
                                                    "Port %u\n"
                                                    "HostKey %s/host-key\n"
                                                    "AuthorizedKeysFile %s/user-key.pub\n"
                                                    "PasswordAuthentication no\n"
                                                    "PermitRootLogin prohibit-password\n"
                                                    "PidFile none\n"
                                                    "StrictModes no\n"
                                                    "Subsystem sftp internal-sftp\n"
                                                    "UsePAM no\n",
                                                    ssh_port, directory, directory);

  return make_text_file ("server.conf", 0600, configuration);
}

/* For root, the server insists on a directory in /run, which is there only where the server of the
 * system runs. */
static void
give_ssh_its_directory (void)
{
  if (geteuid () != 0 || g_file_test ("/run/sshd", G_FILE_TEST_IS_DIR))
    return;

  if (!enter_mount_namespace () || !mount_tmpfs ("/run") || g_mkdir ("/run/sshd", 0755) < 0)
    _exit (126);
}

/* Returns FALSE where there is none, or it does not run. */
static gboolean
start_ssh (void)
{
  g_autofree char *program = g_find_program_in_path ("sshd");
  g_autofree char *client = g_find_program_in_path ("ssh");
  g_autofree char *configuration = NULL;
  struct sockaddr_in address = { .sin_family = AF_INET,
                                 .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };

  if (program == NULL && g_file_test ("/usr/sbin/sshd", G_FILE_TEST_IS_EXECUTABLE))
    program = g_strdup ("/usr/sbin/sshd");
  if (program == NULL || client == NULL || !make_key ("host-key") || !make_key ("user-key"))
    return FALSE;

  ssh_port = find_free_port ();
  address.sin_port = htons (ssh_port);
  configure_ssh_client ();
  configuration = configure_ssh_server ();
  ssh = start_server ((const char *[]){ program, "-D", "-e", "-f", configuration, NULL },
                      give_ssh_its_directory);
  return wait_for_server (ssh, (const struct sockaddr *) &address, sizeof address);
}

char *
servers_get_uri (Server server, const char *path)
{
  g_autofree char *escaped =
      g_uri_escape_string (path, G_URI_RESERVED_CHARS_ALLOWED_IN_PATH, FALSE);

  return server == SERVER_SFTP
             ? g_strdup_printf ("sftp://%s@127.0.0.1:%u%s", g_get_user_name (), ssh_port, escaped)
             : g_strconcat ("localtest://", escaped, NULL);
}

/* Has GVfs connect to it, if it has not. Returns FALSE where it cannot. */
gboolean
servers_mount (Server server)
{
  g_autofree char *uri = servers_get_uri (server, "/");
  g_autoptr (GFile) file = g_file_new_for_uri (uri);
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  g_file_mount_enclosing_volume (file, G_MOUNT_MOUNT_NONE, NULL, NULL, keep_result_cb, &result);
  if (g_file_mount_enclosing_volume_finish (file, wait_for_result (&result), &error) ||
      g_error_matches (error, G_IO_ERROR, G_IO_ERROR_ALREADY_MOUNTED))
    return TRUE;

  g_printerr ("# %s\n", error->message);
  return FALSE;
}

/* Starts and mounts what there is. To be called before anything else in the program uses GIO. */
void
servers_start (void)
{
  is_mounted[SERVER_GVFS] = start_bus () && servers_mount (SERVER_GVFS);
  is_mounted[SERVER_SFTP] = is_mounted[SERVER_GVFS] && start_ssh () && servers_mount (SERVER_SFTP);
}

/* Starts the SSH server alone. Returns FALSE where there is none. */
gboolean
servers_start_ssh (void)
{
  make_directory_of_servers ();
  return start_ssh ();
}

guint16
servers_get_ssh_port (void)
{
  return ssh_port;
}

gboolean
servers_have (Server server)
{
  return is_mounted[server];
}

/* Returns 0 if it has none. */
static pid_t
find_child (pid_t process)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/task/%d/children", process, process);
  g_autofree char *children = NULL;

  g_assert_true (g_file_get_contents (path, &children, NULL, NULL));
  return (pid_t) g_ascii_strtoll (children, NULL, 10);
}

static gboolean
is_ssh_server (pid_t process)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/comm", process);
  g_autofree char *name = NULL;

  return g_file_get_contents (path, &name, NULL, NULL) && g_str_has_prefix (name, "sshd");
}

/* The process of our SSH server that serves the connection that there is. */
pid_t
servers_find_ssh_connection (void)
{
  pid_t process = ssh;
  pid_t child;

  /* Since OpenSSH 9.8 there are two programs sshd-session, one the child of the other. */
  while ((child = find_child (process)) != 0 && is_ssh_server (child))
    process = child;

  return process != ssh ? process : 0;
}

/* With the bus, the daemons of GVfs go as well, and with them their connections. */
void
servers_stop (void)
{
  const char *delete[] = { "rm", "-rf", "--one-file-system", "--", directory, NULL };

  stop_server (&ssh);
  stop_server (&bus);
  if (directory != NULL)
    g_spawn_sync (NULL, (char **) delete, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, NULL,
                  NULL);
  g_clear_pointer (&directory, g_free);
}
