/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "faults.h"

#include "directories.h"
#include "fault-plan.h"
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
#define OUTSIDE ".outside"

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

G_STATIC_ASSERT (G_N_ELEMENTS (kinds) <= MAX_FAULT_KINDS);

static struct
{
  gboolean is_on;
  FaultDuration duration;
  char *elsewhere; /* (owned) (nullable): a directory for files that are moved away */
  char *outside;   /* (owned) (nullable): a directory that no operation may touch */

  GMutex mutex; /* guards all that follow during the operation */
  FaultPlan *plan;
  guint n_moved;
  gboolean hid_a_mount;
  MetFault met[MAX_FAULTS];
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
make_true (const SystemCall *call, const FaultKind *kind)
{
  /* close() closes the descriptor even when it fails. */
  if (g_str_equal (call->name, "close"))
    close (call->fd);

  /* As if another process had moved it away. Files with an absolute path stay. */
  if (kind->error_number == ENOENT && call->path != NULL && call->fd != AT_FDCWD)
    {
      g_autofree char *name = g_strdup_printf ("%u", fault.n_moved++);
      g_autofree char *moved = g_build_filename (fault.elsewhere, name, NULL);

      return is_in_base (call->fd) && renameat (call->fd, call->path, AT_FDCWD, moved) == 0;
    }

  return TRUE;
}

/* Whether an earlier fault lasts until this call. */
static gboolean
fault_goes_on (const SystemCall *call)
{
  return fault.duration == FAULT_FROM_THEN_ON && fault.plan->n_met > 0 &&
         call_can_return (call, &kinds[fault.plan->faults[0].kind]);
}

static guint32
kinds_of (const SystemCall *call)
{
  guint32 set = 0;

  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    if (call_can_return (call, &kinds[i]))
      set |= 1u << i;
  return set;
}

static void
remember_met (const SystemCall *call, const FaultKind *kind)
{
  MetFault *met = &fault.met[fault.plan->n_met];

  met->error_number = kind->error_number;
  g_strlcpy (met->call, call->name, sizeof met->call);
  g_strlcpy (met->path, call->path != NULL ? call->path : "", sizeof met->path);
}

/* Returns the errno of the fault that the call meets, or 0. */
static int
meet_fault (const SystemCall *call)
{
  gboolean goes_on = fault_goes_on (call);
  gboolean is_due = fault_plan_add_call (fault.plan, kinds_of (call));
  const FaultKind *kind;

  if (!goes_on && !is_due)
    return 0;

  kind = &kinds[fault.plan->faults[goes_on ? 0 : fault.plan->n_met].kind];
  if (!make_true (call, kind))
    return 0;

  if (is_due)
    {
      remember_met (call, kind);
      fault_plan_meet (fault.plan);
    }
  if (call->path != NULL && g_str_has_prefix (call->path, "/proc/self/fdinfo/") &&
      kind->error_number != EMFILE && kind->error_number != ENFILE)
    fault.hid_a_mount = TRUE;
  return kind->error_number;
}

static int
fault_cb (const SystemCall *call, gpointer user_data)
{
  int error_number;

  g_mutex_lock (&fault.mutex);
  error_number = meet_fault (call);
  g_mutex_unlock (&fault.mutex);
  return error_number;
}

void
fault_begin (void)
{
  if (fault.is_on)
    interpose (fault_cb, NULL);
}

void
fault_end (void)
{
  interpose_end ();
}

static guint
count_met (void)
{
  return fault.is_on ? fault.plan->n_met : 0;
}

gboolean
fault_was_met (void)
{
  return count_met () > 0;
}

/* Whether @function is true of one of the faults. */
gboolean
fault_any (MetFaultFunc function)
{
  for (guint i = 0; i < count_met (); i++)
    if (function (&fault.met[i]))
      return TRUE;
  return FALSE;
}

/* Whether @function is true of each fault that was met. */
gboolean
fault_all (MetFaultFunc function)
{
  for (guint i = 0; i < count_met (); i++)
    if (!function (&fault.met[i]))
      return FALSE;
  return TRUE;
}

guint
fault_count (int error_number)
{
  guint n = 0;

  for (guint i = 0; i < count_met (); i++)
    n += fault.met[i].error_number == error_number;
  return n;
}

gboolean
fault_was (int error_number)
{
  return fault_count (error_number) > 0;
}

/* @call is a name of the kernel: "unlinkat" for unlink() and rmdir(), too. */
gboolean
fault_is_of (const MetFault *met, const char *call)
{
  return g_str_equal (met->call, call);
}

gboolean
fault_was_of (const char *call)
{
  for (guint i = 0; i < count_met (); i++)
    if (fault_is_of (&fault.met[i], call))
      return TRUE;
  return FALSE;
}

/* The same for a call with the name of a file, and not for an open file. */
gboolean
fault_was_of_name (const char *call)
{
  for (guint i = 0; i < count_met (); i++)
    if (fault_is_of (&fault.met[i], call) && fault.met[i].path[0] != '\0')
      return TRUE;
  return FALSE;
}

gboolean
fault_lasts (void)
{
  return fault_was_met () && fault.duration == FAULT_FROM_THEN_ON;
}

/* Whether a second fault may have kept the library from undoing what it did before the first. */
gboolean
fault_prevents_repair (void)
{
  return fault_lasts () || count_met () > 1;
}

/* Whether a fault has moved the file @name away. */
gboolean
fault_moved_away (const char *name)
{
  for (guint i = 0; i < count_met (); i++)
    if (fault.met[i].error_number == ENOENT && g_str_has_suffix (fault.met[i].path, name))
      return TRUE;
  return FALSE;
}

/* Whether a fault hid the mount of a directory, without openat2(): the library then treats it as
 * another mount. */
gboolean
fault_hid_a_mount (void)
{
  return count_met () > 0 && fault.hid_a_mount;
}

/* Whether the library must hide it from its caller. */
gboolean
fault_is_hidden (const MetFault *met)
{
  return met->error_number == EINTR || met->error_number == EAGAIN ||
         (fault_is_of (met, "close") && !fault_lasts ());
}

gboolean
fault_is_to_be_hidden (void)
{
  return fault_all (fault_is_hidden);
}

/* The documented code for the errno. */
static GIOErrorEnum
expected_code (const MetFault *met)
{
  int error_number = met->error_number;
  gboolean is_rename = fault_is_of (met, "renameat2");

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

static gboolean
has_expected_code (const GError *error)
{
  for (guint i = 0; i < count_met (); i++)
    if (error->code == (int) expected_code (&fault.met[i]))
      return TRUE;
  return fault_hid_a_mount () && error->code == G_IO_ERROR_BUSY;
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
  has_code = has_expected_code (error);

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
  for (guint i = 0; fault.is_on && i < fault.plan->n_faults; i++)
    g_printerr (
        "%s the call %u%s of those that can return %s did: %s %s\n", i == 0 ? "when" : "and then",
        fault.plan->faults[i].nth, fault.duration == FAULT_FROM_THEN_ON ? " and all after it" : "",
        kinds[fault.plan->faults[i].kind].name, i < count_met () ? fault.met[i].call : "none",
        i < count_met () ? fault.met[i].path : "");
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

typedef struct
{
  ScenarioFunc scenario;
  const char *base;
} ScenarioRun;

static void
run_with_plan (FaultPlan *plan, gpointer user_data)
{
  const ScenarioRun *run = user_data;
  guint n_descriptors = count_descriptors (run->base);
  g_autoptr (GFile) elsewhere = g_file_new_for_path (fault.elsewhere);

  fault.plan = plan;
  fault.n_moved = 0;
  fault.hid_a_mount = FALSE;
  fault.is_on = TRUE;
  make_directory (fault.elsewhere);

  run->scenario (run->base);

  fault_assert (tm_delete_recursively (elsewhere, TM_DELETE_FLAGS_NONE, NULL, NULL, NULL, NULL));
  fault_assert (count_descriptors (run->base) == n_descriptors);
  fault_assert (count_entries (run->base) == 0);
  fault_assert (is_whole (fault.outside));
  fault.is_on = FALSE;
}

static void
set_up_directories (const char *base)
{
  make_directory (base);
  fault.elsewhere = g_strconcat (base, ELSEWHERE, NULL);
  fault.outside = g_strconcat (base, OUTSIDE, NULL);
  if (!path_exists (fault.outside))
    lay_out (fault.outside);
}

static void
clear_directories (void)
{
  g_clear_pointer (&fault.elsewhere, g_free);
  g_clear_pointer (&fault.outside, g_free);
}

/* A directory that no operation may touch, for links to it; %NULL if there are no faults. */
const char *
fault_outside (void)
{
  return fault.outside;
}

static guint
fault_each_call (ScenarioFunc scenario,
                 const char *base,
                 guint step,
                 guint kind,
                 FaultDuration duration)
{
  ScenarioRun run = { scenario, base };
  guint n = 0;

  set_up_directories (base);
  fault.duration = duration;
  for (guint nth = 0;; nth += step, n++)
    {
      FaultPlan plan = { .faults = { { kind, nth } }, .n_faults = 1 };

      /* The last run is the one that made too few calls. A run whose fault could not be made true
       * is not the last one. */
      run_with_plan (&plan, &run);
      if (plan.n_met == 0 && plan.n_calls[kind] <= nth)
        break;
    }

  clear_directories ();
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
      return fault_each_call (scenario, base, step, i, duration);

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
    n += fault_each_call (scenario, base, step, i, FAULT_ONCE);

  return n;
}

/* The same with a sample of all pairs of faults, the second of which occurs after the first. */
guint
fault_sample_pairs (ScenarioFunc scenario, const char *base, GRand *random)
{
  ScenarioRun run = { scenario, base };
  guint n;

  make_directory (base);
  scenario (base);
  set_up_directories (base);
  fault.duration = FAULT_ONCE;
  n = fault_plan_sample_pairs (run_with_plan, &run, random);
  clear_directories ();
  return n;
}
