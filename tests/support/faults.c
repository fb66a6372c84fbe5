/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "faults.h"

#include "interpose.h"
#include "kernel.h"
#include "support.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tempman.h>
#include <unistd.h>

typedef struct
{
  int error_number;
  const char *name;
  const char *calls; /* the calls that can return it, on one file system or another */
} FaultKind;

#define KIND(error_number, calls)                                                                  \
  {                                                                                                \
    error_number, #error_number, " " calls " "                                                     \
  }

#define EVERY_OPEN "open openat openat2"
#define EVERY_STAT "fstat fstatat statx"
#define EVERY_CHMOD "fchmod chmod futimens"

/* Files are moved to a directory whose name is that of the directory of the scenario, and this
 * suffix. */
#define ELSEWHERE ".elsewhere"

/* The calls that write to the disk. */
#define EVERY_CHANGE EVERY_CHMOD " mkdirat unlinkat renameat2"

static const FaultKind kinds[] = {
  KIND (EINTR,
        EVERY_OPEN " " EVERY_STAT " " EVERY_CHANGE " getdents64 flock fstatfs fstatvfs close"),
  KIND (EIO,
        EVERY_OPEN " " EVERY_STAT " " EVERY_CHANGE
                   " getdents64 flock fstatfs fstatvfs close lseek getentropy"),
  KIND (ESTALE, EVERY_OPEN " " EVERY_STAT " " EVERY_CHANGE " getdents64 flock fstatfs fstatvfs"),
  KIND (ENOSPC, EVERY_CHANGE " close"),
  KIND (EDQUOT, EVERY_CHANGE " close"),
  KIND (EROFS, EVERY_CHANGE),
  KIND (EACCES, EVERY_OPEN " fstatat statx mkdirat unlinkat renameat2 getdents64"),
  KIND (EPERM, "openat openat2 " EVERY_CHANGE),
  KIND (ENOENT, "openat openat2 unlinkat renameat2 fstatat statx getdents64"),
  KIND (ENOTDIR, EVERY_OPEN " rmdir"),
  KIND (EXDEV, "openat2 renameat2"),
  KIND (EAGAIN, "openat2 flock"),
  KIND (EMFILE, EVERY_OPEN),
  KIND (ENFILE, EVERY_OPEN),
  KIND (ENOMEM, EVERY_OPEN " " EVERY_STAT " mkdirat unlinkat renameat2 getdents64"),
  KIND (EBUSY, "unlinkat renameat2"),
  KIND (EISDIR, "unlink"),
  KIND (ENOTEMPTY, "rmdir"),
  KIND (EEXIST, "mkdirat rmdir rename"),
  KIND (EMLINK, "mkdirat renameat2"),
  KIND (EINVAL, "flock lseek getdents64 renameat2"),
  KIND (EOVERFLOW, "fstat fstatat lseek"),
  KIND (ENOLCK, "flock"),
  KIND (ENOSYS, "flock getentropy renameat2"),
  KIND (EOPNOTSUPP, "flock"),
};

static struct
{
  const FaultKind *kind;
  FaultDuration duration;
  guint nth;
  char *elsewhere; /* (owned): a directory for files that are moved away */

  gint n_calls; /* atomic: the number of calls that can fail in this way */

  /* Set by the thread that meets the fault first. */
  gint is_met;      /* atomic */
  gint hid_a_mount; /* atomic */
  char call[24];
  char path[64];
} fault;

static gboolean
can_return (const FaultKind *kind, const char *name)
{
  g_autofree char *word = g_strdup_printf (" %s ", name);

  return strstr (kind->calls, word) != NULL;
}

static gboolean
call_can_return (const SystemCall *call, const FaultKind *kind)
{
  if (can_return (kind, call->name))
    return TRUE;

  /* The kernel has one call for both. */
  if (g_str_equal (call->name, "unlinkat"))
    return can_return (kind, (call->flags & AT_REMOVEDIR) != 0 ? "rmdir" : "unlink");
  return g_str_equal (call->name, "renameat2") && (call->flags & KERNEL_RENAME_EXCHANGE) == 0 &&
         can_return (kind, "rename");
}

/* Returns an errno that the call can return, or 0 if there is none. Never ENOENT, for which the
 * file would have to be moved away. */
int
fault_at_random (const SystemCall *call, Chance *chance)
{
  guint first = chance_pick (chance, G_N_ELEMENTS (kinds));

  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    {
      const FaultKind *kind = &kinds[(first + i) % G_N_ELEMENTS (kinds)];

      if (kind->error_number != ENOENT && call_can_return (call, kind))
        return kind->error_number;
    }

  return 0;
}

gboolean
fault_is_possible (const SystemCall *call, int error_number)
{
  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    if (kinds[i].error_number == error_number)
      return call_can_return (call, &kinds[i]);

  return FALSE;
}

/* Whether @dirfd is the directory of the scenario, or lies in it. The directories above are opened
 * when a path is resolved, and belong to other tests. */
static gboolean
is_in_base (int dirfd)
{
  g_autofree char *base =
      g_strndup (fault.elsewhere, strlen (fault.elsewhere) - strlen (ELSEWHERE));
  g_autofree char *link = g_strdup_printf ("/proc/self/fd/%d", dirfd);
  g_autofree char *path = g_file_read_link (link, NULL);

  return path != NULL && g_str_has_prefix (path, base);
}

/* Changes the files so that the error is true, for example moves a file away for ENOENT. Returns
 * FALSE if that is not possible. */
static gboolean
make_true (const SystemCall *call, guint n)
{
  /* close() closes the descriptor even when it fails. */
  if (g_str_equal (call->name, "close"))
    close (call->fd);

  /* As if another process had moved it away. Files with an absolute path stay. */
  if (fault.kind->error_number == ENOENT && call->path != NULL && call->fd != AT_FDCWD)
    {
      g_autofree char *name = g_strdup_printf ("%u", n);
      g_autofree char *moved = g_build_filename (fault.elsewhere, name, NULL);

      return is_in_base (call->fd) && renameat (call->fd, call->path, AT_FDCWD, moved) == 0;
    }

  return TRUE;
}

static int
fault_cb (const SystemCall *call, gpointer user_data)
{
  guint n;

  if (!call_can_return (call, fault.kind))
    return 0;

  n = (guint) g_atomic_int_add (&fault.n_calls, 1);
  if (n != fault.nth && !(n > fault.nth && fault.duration == FAULT_FROM_THEN_ON))
    return 0;
  if (!make_true (call, n))
    return 0;

  if (n == fault.nth)
    {
      g_strlcpy (fault.call, call->name, sizeof fault.call);
      g_strlcpy (fault.path, call->path != NULL ? call->path : "", sizeof fault.path);
      g_atomic_int_set (&fault.is_met, TRUE);
    }
  if (call->path != NULL && g_str_has_prefix (call->path, "/proc/self/fdinfo/") &&
      fault.kind->error_number != EMFILE && fault.kind->error_number != ENFILE)
    g_atomic_int_set (&fault.hid_a_mount, TRUE);
  return fault.kind->error_number;
}

void
fault_begin (void)
{
  if (fault.kind != NULL)
    interpose (fault_cb, NULL);
}

void
fault_end (void)
{
  interpose_end ();
}

gboolean
fault_was_met (void)
{
  return g_atomic_int_get (&fault.is_met);
}

gboolean
fault_was (int error_number)
{
  return fault_was_met () && fault.kind->error_number == error_number;
}

/* @call is a name of the kernel: "unlinkat" for unlink() and rmdir(), too. */
gboolean
fault_was_of (const char *call)
{
  return fault_was_met () && g_str_equal (fault.call, call);
}

/* The same for a call with the name of a file, and not for an open file. */
gboolean
fault_was_of_name (const char *call)
{
  return fault_was_of (call) && fault.path[0] != '\0';
}

gboolean
fault_lasts (void)
{
  return fault_was_met () && fault.duration == FAULT_FROM_THEN_ON;
}

/* Whether the fault has moved the file @name away. */
gboolean
fault_moved_away (const char *name)
{
  return fault_was (ENOENT) && g_str_has_suffix (fault.path, name);
}

/* Whether the fault hid the mount of a directory, without openat2(): the library then treats it as
 * another mount. */
gboolean
fault_hid_a_mount (void)
{
  return g_atomic_int_get (&fault.hid_a_mount);
}

/* Whether the library must hide the fault from its caller. */
gboolean
fault_is_to_be_hidden (void)
{
  return !fault_was_met () || fault_was (EINTR) || fault_was (EAGAIN) ||
         (fault_was_of ("close") && !fault_lasts ());
}

/* The documented code for the errno of the fault. */
static GIOErrorEnum
expected_code (void)
{
  int error_number = fault.kind->error_number;
  gboolean is_rename = fault_was_of ("renameat2");

  switch (error_number)
    {
    case EIO:
    case ESTALE:
      return G_IO_ERROR_FAILED;
    case ENOSPC:
    case EDQUOT:
      return G_IO_ERROR_NO_SPACE;
    case EROFS:
      return G_IO_ERROR_READ_ONLY;
    case EACCES:
    case EPERM:
      return G_IO_ERROR_PERMISSION_DENIED;
    case ENOENT:
      return G_IO_ERROR_NOT_FOUND;
    case ENOTDIR:
      return G_IO_ERROR_NOT_DIRECTORY;
    case EINVAL:
    case ENOSYS:
      return is_rename ? G_IO_ERROR_NOT_SUPPORTED : g_io_error_from_errno (error_number);
    case EXDEV:
      return is_rename ? G_IO_ERROR_NOT_SUPPORTED : G_IO_ERROR_BUSY;
    case EEXIST:
      return is_rename ? G_IO_ERROR_EXISTS : G_IO_ERROR_BUSY;
    case EBUSY:
    case ENOTEMPTY:
      return G_IO_ERROR_BUSY;
    case EMFILE:
    case ENFILE:
      return G_IO_ERROR_TOO_MANY_OPEN_FILES;
    default:
      return g_io_error_from_errno (error_number);
    }
}

/* What failed, where, and why: Could not delete “/tmp/x”: Input/output error */
void
fault_check_error (const GError *error, const char *base)
{
  g_autofree char *place = g_strconcat (" “", base, NULL);
  gboolean is_sentence;
  gboolean has_code;

  fault_assert (error != NULL && error->domain == G_IO_ERROR);
  is_sentence = g_str_has_prefix (error->message, "Could not ");
  has_code = error->code == (int) expected_code () ||
             (fault_hid_a_mount () && error->code == G_IO_ERROR_BUSY);

  if (!is_sentence || !has_code || strstr (error->message, place) == NULL)
    g_printerr ("%s (%d)\n", error->message, error->code);
  fault_assert (is_sentence);
  fault_assert (strstr (error->message, place) != NULL);
  fault_assert (strstr (error->message, "”: ") != NULL);
  fault_assert (has_code);
}

void
fault_fail (const char *file, int line, const char *expression)
{
  interpose_end ();
  g_printerr ("%s:%d: not so: %s\n", file, line, expression);
  if (fault.kind != NULL)
    g_printerr ("when the call %u%s of those that can return %s did: %s %s\n", fault.nth,
                fault.duration == FAULT_FROM_THEN_ON ? " and all after it" : "", fault.kind->name,
                fault_was_met () ? fault.call : "none", fault.path);
  abort ();
}

static gboolean
has_open_below (const char *base)
{
  g_autoptr (GDir) dir = g_dir_open ("/proc/self/fd", 0, NULL);
  const char *name;

  fault_assert (dir != NULL);
  while ((name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *link = g_build_filename ("/proc/self/fd", name, NULL);
      g_autofree char *path = g_file_read_link (link, NULL);

      if (path != NULL && g_str_has_prefix (path, base))
        return TRUE;
    }

  return FALSE;
}

/* Returns the number of open descriptors. None may be below @base: if one is, it belongs to an
 * object whose last reference is held by the thread that returned the result, and that ends
 * later. */
static guint
count_descriptors (const char *base)
{
  for (guint i = 0; i < 1000 && has_open_below (base); i++)
    g_usleep (1000);

  fault_assert (!has_open_below (base));
  return count_open_descriptors ();
}

/* Returns FALSE if no call met the fault. */
static gboolean
run_with_fault (ScenarioFunc scenario, const char *base)
{
  guint n_descriptors = count_descriptors (base);
  g_autoptr (GFile) elsewhere = g_file_new_for_path (fault.elsewhere);

  g_atomic_int_set (&fault.n_calls, 0);
  g_atomic_int_set (&fault.is_met, FALSE);
  g_atomic_int_set (&fault.hid_a_mount, FALSE);
  fault.path[0] = '\0';
  make_directory (fault.elsewhere);

  scenario (base);

  fault_assert (tm_delete_recursively (elsewhere, TM_DELETE_FLAGS_NONE, NULL, NULL, NULL, NULL));
  fault_assert (count_descriptors (base) == n_descriptors);
  fault_assert (count_entries (base) == 0);
  return fault_was_met ();
}

static guint
fault_each_call (ScenarioFunc scenario,
                 const char *base,
                 guint step,
                 const FaultKind *kind,
                 FaultDuration duration)
{
  guint n = 0;

  fault.kind = kind;
  fault.duration = duration;
  fault.elsewhere = g_strconcat (base, ELSEWHERE, NULL);
  /* The last run is the one that made too few calls. A run whose fault could not be made true is
   * not the last one. */
  for (fault.nth = 0;; fault.nth += step, n++)
    if (!run_with_fault (scenario, base) && (guint) g_atomic_int_get (&fault.n_calls) <= fault.nth)
      break;

  g_clear_pointer (&fault.elsewhere, g_free);
  fault.kind = NULL;
  return n;
}

/* Runs @scenario in the empty directory @base, with every fault of one kind, or one of every @step.
 * The scenario has to leave @base empty. Returns the number of faults. */
guint
fault_each_of (ScenarioFunc scenario,
               const char *base,
               guint step,
               int error_number,
               FaultDuration duration)
{
  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    if (kinds[i].error_number == error_number)
      return fault_each_call (scenario, base, step, &kinds[i], duration);

  g_assert_not_reached ();
}

/* The same with faults of every kind, each of which occurs once. */
guint
fault_each (ScenarioFunc scenario, const char *base, guint step)
{
  guint n = 0;

  make_directory (base);
  /* The first run also creates resources that the process keeps, such as threads of GLib. */
  scenario (base);
  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    n += fault_each_call (scenario, base, step, &kinds[i], FAULT_ONCE);

  return n;
}
