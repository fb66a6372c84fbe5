/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "tm-claim-private.h"

#include "tm-file-system-private.h"
#include "tm-mark-private.h"
#include "tm-name-private.h"
#include "tm-path-private.h"
#include "tm-privilege-private.h"
#include "tm-restore-private.h"
#include "tm-tree-local-private.h"

#include <errno.h>
#include <sys/file.h>
#include <unistd.h>

/* A directory of ours, from its creation to its end.
 *
 * Who uses a directory holds a shared BSD lock on it, for as long as its descriptor is open; who
 * wants to delete one of somebody else has to get the exclusive lock. The lock dies with the
 * process, and the mark in the mode of the directory stays: a marked directory that nobody holds
 * has lost its owner.
 *
 * Between mkdir and flock a directory looks like that too, and a cleaner may take it. That is why
 * the creator looks, once it has the lock, whether its name still stands for its directory, and
 * begins again with another name if it does not. It rests on names never coming back. */

#define MODE_MARKED (TM_MARK | S_IRWXU)

/* More than any number of cleaners that run without a pause can take away in a row. */
#define MAX_CREATE_ATTEMPTS 1000

/* What stands under a new name and is not what was made there has been put there by an attacker, or
 * the file system cannot be trusted to tell the one from the other. */
#define MAX_EXCHANGES 3

/* A cleaner or a list that only looks at the lock holds it for microseconds. */
#define MAX_LOCK_ATTEMPTS 10
#define LOCK_RETRY_MICROSECONDS 100

/* Somebody who keeps adding files to a directory is waited for this many times. */
#define MAX_RESCANS 10

struct _TmClaim
{
  int fd;           /* (owned): carries the lock, and is closed last of all but the parent */
  TmParent *parent; /* (owned): where the name is, wherever that directory may have been moved */
  char *name;       /* (owned) */
  TmFileIdentity identity;
  mode_t repaired_mode;          /* to be restored when the directory stays as we left it */
  mode_t left_mode;              /* as we left it, if it is to be restored */
  struct timespec times[2];      /* of access and modification, when it was created or opened */
  TmTimestamp begin;             /* when it was opened: what is in it and newer is not ours */
  off_t size;                    /* of the directory itself, then */
  gboolean needs_privilege;      /* since the parent has the sticky bit, and neither is ours */
  gboolean is_left_to_its_owner; /* for want of that */
  gboolean is_marked;            /* by us, when we created it */
  gboolean is_removed;           /* both descriptors were seen to be ours when it was removed */
  gboolean is_to_be_unlocked;    /* we took a lock on a directory of another process */
};

static void
claim_remember (TmClaim *claim, const struct stat *status)
{
  claim->begin = tm_restore_begin ();
  claim->identity = tm_file_identity (status);
  claim->times[0] = status->st_atim;
  claim->times[1] = status->st_mtim;
  claim->size = status->st_size;
}

/* Whether nothing seems to have been added to it or taken out since it was created or opened. */
static gboolean
claim_seems_untouched (TmClaim *claim, const TmFileLook *look)
{
  return look->size == (guint64) claim->size && look->modified.tv_sec == claim->times[1].tv_sec &&
         look->modified.tv_nsec == (guint32) claim->times[1].tv_nsec;
}

static TmClaim *
claim_new (int fd, TmParent *parent, const char *name, mode_t repaired_mode)
{
  TmClaim *claim = g_new0 (TmClaim, 1);

  claim->fd = fd;
  claim->parent = tm_parent_ref (parent);
  claim->name = g_strdup (name);
  claim->repaired_mode = repaired_mode;
  claim->left_mode = repaired_mode | TM_DIRFD_MODE_USABLE;
  return claim;
}

static gboolean
lock_is_unsupported (int error_number)
{
  return error_number == EOPNOTSUPP || error_number == ENOSYS || error_number == EINVAL;
}

/* Returns 0, or -1 with errno. */
static int
lock_shared (int fd)
{
  for (guint i = 0; i < MAX_LOCK_ATTEMPTS; i++)
    {
      if (tm_dirfd_lock (fd, LOCK_SH) == 0)
        return 0;
      if (errno != EWOULDBLOCK)
        return -1;
      g_usleep (LOCK_RETRY_MICROSECONDS);
    }

  errno = EWOULDBLOCK;
  return -1;
}

typedef enum
{
  ATTEMPT_DONE,
  ATTEMPT_FAILED,
  ATTEMPT_LOST,      /* to a cleaner that deleted the directory before it was ours */
  ATTEMPT_EXCHANGED, /* something else has its name */
  ATTEMPT_FOREIGN,   /* likewise, by its owner */
} Attempt;

/* Whether the directory can be handed out: by the path and not by the descriptor of the parent,
 * since it is the path that is handed out. Returns ATTEMPT_FAILED with errno. */
static Attempt
claim_verify (TmClaim *claim, const char *path, const struct stat *status)
{
#ifndef TM_CLAIM_WITHOUT_VERIFICATION
  struct stat found;
  gboolean has_path = tm_dirfd_stat_child (AT_FDCWD, path, &found) == 0;

  /* For whatever reason the path cannot be used, whoever is given it could not use it either. */
  if (!has_path && errno != ENOENT && errno != ENOTDIR)
    return ATTEMPT_FAILED;

  if (!has_path || !tm_file_identity_equal (tm_file_identity (&found), tm_file_identity (status)))
    {
      if (tm_dirfd_stat_child (tm_parent_get_fd (claim->parent), claim->name, &found) < 0)
        return errno == ENOENT ? ATTEMPT_LOST : ATTEMPT_FAILED;

      /* It has its name, but the directory it was made in is not where it was: nobody who is given
       * the path would find it. */
      if (tm_file_identity_equal (tm_file_identity (&found), tm_file_identity (status)))
        {
          errno = ENOENT;
          return ATTEMPT_FAILED;
        }
      return ATTEMPT_EXCHANGED;
    }

  if (tm_file_system_shows_foreign_owner (claim->fd, status, tm_parent_get_fd (claim->parent),
                                          TRUE))
    return ATTEMPT_FOREIGN;
#endif

  return ATTEMPT_DONE;
}

/* Locks and verifies what has just been made. */
static Attempt
claim_secure (TmClaim *claim, const char *parent_path, GError **error)
{
  g_autofree char *path = g_build_filename (parent_path, claim->name, NULL);
  int parent = tm_parent_get_fd (claim->parent);
  gboolean has_lock = lock_shared (claim->fd) == 0;
  struct stat status;
  mode_t mode;

  if (!has_lock)
    {
      /* A cleaner has it, which will delete it; or somebody who only looked at the lock, and was
       * held up: then it must not stay behind. */
      if (errno == EWOULDBLOCK)
        {
          tm_dirfd_remove (parent, claim->name);
          return ATTEMPT_LOST;
        }
      if (!lock_is_unsupported (errno))
        goto failed;
    }

  if (tm_dirfd_stat (claim->fd, &status) < 0)
    goto failed;

  /* From here on what is released is compared with it. */
  claim_remember (claim, &status);

  switch (claim_verify (claim, path, &status))
    {
    case ATTEMPT_DONE:
      break;
    case ATTEMPT_LOST:
      return ATTEMPT_LOST;
    case ATTEMPT_EXCHANGED:
      return ATTEMPT_EXCHANGED;
    case ATTEMPT_FOREIGN:
      return ATTEMPT_FOREIGN;
    case ATTEMPT_FAILED:
    default:
      goto failed;
    }

  /* The umask may have taken from the owner's permissions. Bits that a parent with the set-group-ID
   * bit passes on are kept. Without a lock the mark would say that the owner is gone. */
  mode = (status.st_mode & 07777) | S_IRWXU;
  if (!has_lock)
    mode &= (mode_t) ~TM_MARK;
  if (tm_dirfd_set_mode (claim->fd, status.st_mode, mode) < 0)
    goto failed;

  claim->is_marked = (mode & TM_MARK) != 0;
  return ATTEMPT_DONE;

failed:
  {
    int errsv = errno;

    tm_dirfd_remove (parent, claim->name);
    tm_dirfd_set_error (error, "Creating the temporary directory", path, errsv);
    return ATTEMPT_FAILED;
  }
}

static Attempt
attempt_create (TmParent *parent,
                const char *parent_path,
                const char *prefix,
                TmClaim **claim_out,
                GError **error)
{
  g_autofree char *name = tm_name_new (prefix);
  g_autoptr (TmClaim) claim = NULL;
  int parent_fd = tm_parent_get_fd (parent);
  Attempt attempt;
  mode_t repaired_mode;
  int fd;

  if (name == NULL)
    {
      tm_dirfd_set_error (error, "Creating a temporary directory in", parent_path, errno);
      return ATTEMPT_FAILED;
    }

  /* Where our lock is not seen by others, the mark would say that the owner is gone. */
  if (tm_dirfd_make (parent_fd, name, tm_parent_is_local (parent) ? MODE_MARKED : S_IRWXU) < 0)
    {
      /* Nobody else could know the name. A server that was asked twice says so of what it has made
       * itself. */
      if (errno == EEXIST)
        {
          tm_dirfd_remove (parent_fd, name);
          return ATTEMPT_LOST;
        }

      /* The name is what is too long, not the path of a directory that could be opened. */
      if (errno == ENAMETOOLONG)
        tm_dirfd_set_error (error, "Creating a temporary directory with the prefix", prefix, errno);
      else
        tm_dirfd_set_error (error, "Creating a temporary directory in", parent_path, errno);
      return ATTEMPT_FAILED;
    }

  fd = tm_dirfd_open_child (parent_fd, name, 0, &repaired_mode);
  if (fd < 0)
    {
      int errsv = errno;

      if (errsv == ENOENT)
        return ATTEMPT_LOST;

      tm_dirfd_remove (parent_fd, name);
      tm_dirfd_set_error (error, "Opening a new temporary directory in", parent_path, errsv);
      return ATTEMPT_FAILED;
    }

  claim = claim_new (fd, parent, name, TM_DIRFD_MODE_UNTOUCHED);
  attempt = claim_secure (claim, parent_path, error);
  if (attempt == ATTEMPT_DONE)
    *claim_out = g_steal_pointer (&claim);

  /* If it is not ours after all, it is an empty directory that another user could put under our
   * name, and so could remove as well. */
  if (attempt == ATTEMPT_EXCHANGED || attempt == ATTEMPT_FOREIGN)
    tm_dirfd_remove (parent_fd, name);

  return attempt;
}

static void
fail_as_foreign (const char *parent_path, GError **error)
{
  g_autofree char *display_name = g_filename_display_name (parent_path);

  g_set_error (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED,
               "Creating a temporary directory in “%s”: the new directory belongs to another user",
               display_name);
}

/*
 * tm_claim_create:
 * @parent: the directory to create it in
 * @parent_path: its absolute path
 * @prefix: what its name begins with; without a separator
 * @cancellable: (nullable): looked at before each attempt
 * @error: %G_IO_ERROR_INVALID_FILENAME when the prefix is too long, %G_IO_ERROR_NOT_FOUND when
 *   the parent has been removed or moved from @parent_path
 *
 * Creates a directory under a name that has never been there, marks it, locks it and makes sure
 * that it is still there.
 *
 * Returns: (nullable): the directory, ours alone, or %NULL with nothing left behind
 */
TmClaim *
tm_claim_create (TmParent *parent,
                 const char *parent_path,
                 const char *prefix,
                 GCancellable *cancellable,
                 GError **error)
{
  guint n_exchanges = 0;
  Attempt attempt = ATTEMPT_LOST;

  for (guint i = 0; i < MAX_CREATE_ATTEMPTS && n_exchanges < MAX_EXCHANGES; i++)
    {
      TmClaim *claim = NULL;

      if (g_cancellable_set_error_if_cancelled (cancellable, error))
        return NULL;

      attempt = attempt_create (parent, parent_path, prefix, &claim, error);
      switch (attempt)
        {
        case ATTEMPT_DONE:
          return claim;
        case ATTEMPT_FAILED:
          return NULL;
        case ATTEMPT_LOST:
          break;
        case ATTEMPT_EXCHANGED:
        case ATTEMPT_FOREIGN:
          n_exchanges++;
          break;
        default:
          g_assert_not_reached ();
        }
    }

  if (attempt == ATTEMPT_FOREIGN)
    fail_as_foreign (parent_path, error);
  else
    tm_dirfd_set_error (error, "Creating a temporary directory in", parent_path, EBUSY);
  return NULL;
}

/* Nothing is asked about it yet: most of what is opened is found to be live, and left. Takes @fd
 * over. */
static TmClaim *
claim_new_opened (TmParent *parent, const char *name, int fd, mode_t repaired_mode)
{
  return fd < 0 ? NULL : claim_new (fd, parent, name, repaired_mode);
}

/* Returns 0, or -1 with errno. */
static int
claim_learn (TmClaim *claim, struct stat *status)
{
  if (tm_dirfd_stat (claim->fd, status) < 0)
    return -1;

  claim_remember (claim, status);
  claim->needs_privilege = tm_privilege_is_needed (status, tm_parent_get_look (claim->parent));
  claim->is_left_to_its_owner = claim->needs_privilege && !tm_privilege_suffices (status);
  return 0;
}

/* Of one that may only have been opened. Returns 0, or -1 with errno. */
static int
claim_ensure_learnt (TmClaim *claim)
{
  struct stat status;

  return claim->identity.inode != 0 ? 0 : claim_learn (claim, &status);
}

/*
 * tm_claim_open:
 * @parent: a directory
 * @name: the name of a sub-directory of it
 *
 * Opens a directory of somebody else to lock it and delete it. Neither access nor modification time
 * change. If it is ours and its mode bars us from it, the mode is repaired until it is released.
 *
 * Returns: (nullable): the directory, or %NULL with errno; `EXDEV` for a mount point
 */
TmClaim *
tm_claim_open (TmParent *parent, const char *name)
{
  mode_t repaired_mode;
  int fd = tm_dirfd_open_child (tm_parent_get_fd (parent), name, O_NOATIME, &repaired_mode);

  return claim_new_opened (parent, name, fd, repaired_mode);
}

/*
 * tm_claim_look_into:
 * @parent: a directory
 * @name: the name of a sub-directory of it
 *
 * Opens a directory of somebody else to look at its lock, and changes nothing about it. Who locks
 * it has to release it at once.
 *
 * Returns: (nullable): the directory, or %NULL with errno; `EXDEV` for a mount point
 */
TmClaim *
tm_claim_look_into (TmParent *parent, const char *name)
{
  return claim_new_opened (parent, name, tm_dirfd_look_into (tm_parent_get_fd (parent), name),
                           TM_DIRFD_MODE_UNTOUCHED);
}

/* Takes the exclusive lock. Returns 0, or -1 with errno: `EWOULDBLOCK` when an owner has a lock. */
static int
lock_exclusively (TmClaim *claim)
{
  int result;

  for (guint i = 0;; i++)
    {
      if (tm_dirfd_lock (claim->fd, LOCK_EX) == 0)
        {
          claim->is_to_be_unlocked = TRUE;
          return 0;
        }
      if (errno != EWOULDBLOCK)
        return -1;

      /* The lock of an owner is a shared one. Only another cleaner or list, which is done in a
       * moment, keeps us from getting such a one as well. */
      if (tm_dirfd_lock (claim->fd, LOCK_SH) == 0)
        break;
      if (errno != EWOULDBLOCK || i == MAX_LOCK_ATTEMPTS)
        return -1;
      g_usleep (LOCK_RETRY_MICROSECONDS);
    }

  /* Nobody has the exclusive lock. The one that had it may have been done between our two calls. If
   * the conversion fails, ours is lost, which is all we want; but a lock that a server keeps may
   * stay. */
  result = tm_dirfd_lock (claim->fd, LOCK_EX);
  claim->is_to_be_unlocked = result == 0 || !tm_parent_is_local (claim->parent);
  return result;
}

/*
 * tm_claim_is_free:
 * @claim: a directory from tm_claim_open() or tm_claim_look_into()
 *
 * Tries to get the exclusive lock, which is held until the release if it was free.
 *
 * Returns: whether it was, or there are no locks here; any other failure says: keep
 */
gboolean
tm_claim_is_free (TmClaim *claim)
{
  return lock_exclusively (claim) == 0 || lock_is_unsupported (errno);
}

/*
 * tm_claim_try_lock:
 * @claim: a directory from tm_claim_open() or tm_claim_look_into()
 * @takes_live: whether it may be taken although it is live
 *
 * Tries to get the exclusive lock, which is held until the release if it was free.
 *
 * Returns: what that says of the owner; if that is %TM_ENTRY_STATE_LIVE, without @takes_live the
 *   claim can only be released
 */
TmEntryState
tm_claim_try_lock (TmClaim *claim, gboolean takes_live)
{
  gboolean lock_reaches_all = tm_parent_is_local (claim->parent);
  gboolean is_free = lock_exclusively (claim) == 0;
  gboolean has_locks = is_free || !lock_is_unsupported (errno);
  struct stat status;

  if (!is_free && has_locks && !takes_live)
    return TM_ENTRY_STATE_LIVE;

  if (claim_learn (claim, &status) < 0)
    {
      claim->is_left_to_its_owner = TRUE;
      return TM_ENTRY_STATE_LIVE;
    }

  if (!is_free && has_locks)
    return TM_ENTRY_STATE_LIVE;

  /* Where there are no locks, only the age is left. */
  if (!is_free && lock_reaches_all)
    return TM_ENTRY_STATE_UNOWNED;

  return tm_claim_mode_state (claim->name, status.st_mode, lock_reaches_all);
}

/*
 * tm_claim_is_current:
 * @claim: a directory
 *
 * Returns: whether its name still stands for it; if not, with errno: `ENOENT` when it does not, or
 *   why that cannot be told
 */
gboolean
tm_claim_is_current (TmClaim *claim)
{
  TmFileLook look;

  if (tm_dirfd_look (tm_parent_get_fd (claim->parent), claim->name, &look) < 0)
    return FALSE;

  if (!tm_file_identity_equal (look.identity, claim->identity))
    {
      errno = ENOENT;
      return FALSE;
    }

  return TRUE;
}

/* Whether the directory certainly lies in one like `/tmp` and is not ours to remove. */
gboolean
tm_claim_is_left_to_its_owner (TmClaim *claim)
{
  return claim->is_left_to_its_owner;
}

/*
 * tm_claim_may_be_removed:
 * @claim: a directory that is to be deleted
 *
 * Looks, before anything in it is deleted, whether the kernel leaves the directory to its owner, if
 * that cannot be known otherwise: by trying to remove it. The kernel asks for permission before it
 * looks whether a directory is empty.
 *
 * Returns: %FALSE when it is not ours to remove
 */
gboolean
tm_claim_may_be_removed (TmClaim *claim)
{
  return !claim->needs_privilege ||
         tm_dirfd_remove (tm_parent_get_fd (claim->parent), claim->name) == 0 ||
         (errno != EACCES && errno != EPERM);
}

/* Whether opening it has changed its mode, and so its change time. */
gboolean
tm_claim_has_repaired_mode (TmClaim *claim)
{
  return claim->repaired_mode != TM_DIRFD_MODE_UNTOUCHED;
}

typedef enum
{
  PLACE_OURS,   /* the name stands for our directory */
  PLACE_EMPTY,  /* nothing has the name any more */
  PLACE_TAKEN,  /* something else has it */
  PLACE_UNKNOWN /* with errno */
} Place;

/* What the name stands for in @parent, and in @look, when that is our directory, what is known of
 * it. */
static Place
claim_find_in (TmClaim *claim, TmParent *parent, TmFileLook *look)
{
  int fd = tm_parent_get_fd (parent);

  if (tm_dirfd_look (fd, claim->name, look) < 0)
    {
      int errsv = errno;

      /* What another directory says of the name says nothing. */
      if (tm_parent_check (parent) < 0)
        return PLACE_UNKNOWN;

      errno = errsv;
      return errsv == ENOENT ? PLACE_EMPTY : PLACE_UNKNOWN;
    }

  /* Another directory, or the same once more. */
  if (look->is_mount_point)
    {
      errno = EXDEV;
      return PLACE_UNKNOWN;
    }

  if (tm_file_identity_equal (look->identity, claim->identity))
    return PLACE_OURS;

  if (tm_parent_check (parent) < 0)
    return PLACE_UNKNOWN;

  if (S_ISDIR (look->mode) && tm_dirfd_is_mount_point (fd, claim->name))
    {
      errno = EXDEV;
      return PLACE_UNKNOWN;
    }

  return PLACE_TAKEN;
}

/* Whether the path leads to our directory although that is not in the parent any more: its owner
 * has moved it, and put a link into the place of the parent. */
static Place
claim_find_by_path (TmClaim *claim, const char *path, TmFileLook *look)
{
  g_autofree char *parent_path = g_path_get_dirname (path);
  g_autofree char *refused = NULL;
  g_autoptr (TmParent) parent = NULL;
  int fd = tm_path_open (parent_path, O_DIRECTORY, NULL, &refused);
  Place place;

  if (fd < 0)
    return errno == ENOENT || errno == ENOTDIR ? PLACE_EMPTY : PLACE_UNKNOWN;

  /* On another file system it cannot be, and the server of that may never answer. */
  if (tm_dirfd_look (fd, "", look) == 0 &&
      look->identity.device != tm_parent_get_look (claim->parent)->identity.device)
    {
      tm_dirfd_close (fd);
      return PLACE_EMPTY;
    }

  parent = tm_parent_new (fd);
  if (parent == NULL)
    return PLACE_UNKNOWN;

  place = claim_find_in (claim, parent, look);
  if (place == PLACE_OURS)
    {
      tm_parent_unref (claim->parent);
      claim->parent = g_steal_pointer (&parent);
    }

  return place;
}

/* What stands under our name now. The parent is open: whoever renames or replaces it, or mounts
 * something over it, diverts nothing. */
static Place
claim_find (TmClaim *claim, const char *path, TmFileLook *look)
{
  Place place = claim_find_in (claim, claim->parent, look);

  return place == PLACE_EMPTY ? claim_find_by_path (claim, path, look) : place;
}

/* As tm_dirfd_stat() of the directory: -1 with `EBADF` when its descriptor is ours no more. */
int
tm_claim_stat (TmClaim *claim, struct stat *status)
{
  if (tm_dirfd_stat (claim->fd, status) < 0)
    return -1;

  if (!tm_file_identity_equal (tm_file_identity (status), claim->identity))
    {
      errno = EBADF;
      return -1;
    }

  return 0;
}

/*
 * tm_claim_delete:
 * @claim: a directory of ours, or one that we hold the exclusive lock of
 * @path: its path, for messages
 * @progress: (nullable): told of what is found in it and deleted
 * @cancellable: (nullable): looked at between runs of entries
 * @error: %G_IO_ERROR_NOT_FOUND when something else has taken its name, %G_IO_ERROR_BUSY when
 *   something is mounted in it or it keeps being filled, or what else the first failure was
 *
 * Deletes the directory with everything in it, and nothing else: not if it has been moved away,
 * which counts as success, as it being gone does. After a failure it can be tried again.
 *
 * Returns: %TRUE on success
 */
gboolean
tm_claim_delete (TmClaim *claim,
                 const char *path,
                 TmProgress *progress,
                 GCancellable *cancellable,
                 GError **error)
{
  if (claim_ensure_learnt (claim) < 0)
    {
      tm_dirfd_set_error (error, "Deleting", path, errno);
      return FALSE;
    }

  for (guint n_scans = 0;; n_scans++)
    {
      TmFileLook look;

      switch (claim_find (claim, path, &look))
        {
        case PLACE_OURS:
          break;
        case PLACE_EMPTY:
          return TRUE;
        case PLACE_TAKEN:
          tm_dirfd_set_error (error, "Deleting the directory, whose name something else has taken,",
                              path, ENOENT);
          return FALSE;
        case PLACE_UNKNOWN:
          tm_dirfd_set_error (error, "Deleting", path, errno);
          return FALSE;
        default:
          g_assert_not_reached ();
        }

      /* Other code may have closed it by mistake, and opened another directory by its number. */
      if (tm_dirfd_check (claim->fd, claim->identity) < 0)
        {
          tm_dirfd_set_error (error, "Deleting", path, errno);
          return FALSE;
        }

      /* Often enough it was never used and is empty, and the kernel tells fastest. */
      if (n_scans > 0 || claim_seems_untouched (claim, &look))
        {
          if (tm_dirfd_remove (tm_parent_get_fd (claim->parent), claim->name) == 0)
            {
              claim->is_removed = TRUE;
              return TRUE;
            }
          if (errno == ENOENT)
            return TRUE;

          /* Where nothing may be removed from the parent, what is in the directory goes all the
           * same. POSIX has no name for "somebody keeps filling it". */
          if ((errno != ENOTEMPTY && !(n_scans == 0 && (errno == EACCES || errno == EPERM))) ||
              n_scans == 1 + MAX_RESCANS)
            {
              tm_dirfd_set_error (error, "Deleting", path, errno == ENOTEMPTY ? EBUSY : errno);
              return FALSE;
            }
        }

      if (!tm_tree_local_empty (claim->fd, path, progress, cancellable, error))
        return FALSE;
    }
}

/*
 * tm_claim_disown:
 * @claim: a directory of ours
 * @path: its path, for messages
 * @error: why the mark could not be taken away
 *
 * Takes the mark away, so that the directory is not held abandoned once it is released. Where there
 * is none, nothing is changed.
 *
 * Returns: %TRUE on success
 */
gboolean
tm_claim_disown (TmClaim *claim, const char *path, GError **error)
{
  struct stat status;

  if (tm_claim_stat (claim, &status) < 0 ||
      tm_dirfd_set_mode (claim->fd, status.st_mode,
                         tm_claim_unmarked_mode (claim, status.st_mode)) < 0)
    {
      tm_dirfd_set_error (error, "Keeping the temporary directory", path, errno);
      return FALSE;
    }

  return TRUE;
}

/*
 * tm_claim_restore_times:
 * @claim: a directory from tm_claim_open() that could not be deleted
 *
 * Makes it as old as it was when it was opened: what was deleted in it must not make it look used.
 * What another process has done in it since must, and does.
 */
void
tm_claim_restore_times (TmClaim *claim)
{
  if (tm_dirfd_check (claim->fd, claim->identity) == 0)
    tm_restore_times (claim->fd, claim->times, claim->begin);
}

/*
 * tm_claim_mark:
 * @claim: a directory from tm_claim_open() that is to be deleted
 * @is_in_use: whether somebody else holds the lock
 *
 * Marks it, so that it counts as abandoned if it cannot be deleted now, once nobody uses it any
 * more. Where others may write to it the mark is none: that permission goes, but not while somebody
 * uses it.
 */
void
tm_claim_mark (TmClaim *claim, gboolean is_in_use)
{
  struct stat status;
  mode_t mode;

  if (!tm_parent_is_local (claim->parent))
    return;

  if (is_in_use && claim->repaired_mode != TM_DIRFD_MODE_UNTOUCHED)
    {
      if (tm_mark_is_set (tm_claim_get_name (claim), claim->repaired_mode | TM_MARK))
        claim->repaired_mode |= TM_MARK;
      return;
    }

  if (tm_claim_stat (claim, &status) < 0)
    return;

  mode = (status.st_mode & 07777) | TM_MARK;
  if (!is_in_use)
    mode &= (mode_t) ~(S_IWGRP | S_IWOTH);

  if (tm_mark_is_set (tm_claim_get_name (claim), mode) &&
      tm_dirfd_set_mode (claim->fd, status.st_mode, mode) == 0)
    claim->repaired_mode = TM_DIRFD_MODE_UNTOUCHED;
}

/* Whether the descriptor is ours, and not that of other code which closed ours by mistake. */
static gboolean
claim_may_close (TmClaim *claim)
{
  /* Released before its identity could be learnt: opened a moment ago. */
  gboolean is_new = claim->identity.inode == 0;

  return is_new || claim->is_removed || tm_dirfd_check (claim->fd, claim->identity) == 0 ||
         errno != EBADF;
}

/* Drops the lock and forgets the directory, which stays if it is still there. */
void
tm_claim_release (TmClaim *claim)
{
  if (claim_may_close (claim))
    {
      /* Before the lock goes: the next cleaner is to find the mode that was there. */
      if (claim->repaired_mode != TM_DIRFD_MODE_UNTOUCHED)
        tm_dirfd_restore_mode (claim->fd, claim->left_mode, claim->repaired_mode);

      /* A child that was forked meanwhile has the descriptor too, and would keep the lock. What is
       * removed needs none. */
      if (claim->is_to_be_unlocked && !claim->is_removed)
        tm_dirfd_unlock (claim->fd);
      tm_dirfd_close (claim->fd);
    }

  if (claim->is_removed)
    tm_parent_unref_seen (claim->parent);
  else
    tm_parent_unref (claim->parent);
  g_free (claim->name);
  g_free (claim);
}

int
tm_claim_get_fd (TmClaim *claim)
{
  return claim->fd;
}

const char *
tm_claim_get_name (TmClaim *claim)
{
  return claim->name;
}

TmFileIdentity
tm_claim_get_identity (TmClaim *claim)
{
  /* If it cannot be learnt, it is that of no file. */
  claim_ensure_learnt (claim);
  return claim->identity;
}

/* The directory that it was created or found in, wherever that is by now. */
TmParent *
tm_claim_get_parent (TmClaim *claim)
{
  return claim->parent;
}

/*
 * tm_claim_unmarked_mode:
 * @claim: a directory of ours
 * @mode: its mode
 *
 * Takes the mark out of a mode: the sticky bit if we set it, also where group or others may write
 * by now and it does not look like the mark. When that permission is taken away, it would.
 *
 * Returns: the permission bits without the mark
 */
mode_t
tm_claim_unmarked_mode (TmClaim *claim, mode_t mode)
{
  return mode & (claim->is_marked ? 07777 & ~TM_MARK : 07777);
}

/*
 * tm_claim_mode_state:
 * @name: the name of a directory
 * @mode: its mode
 * @lock_reaches_all: whether everybody who could use it would be seen by its lock
 *
 * Returns: what that says of its owner when nobody here holds the lock. A mark that is seen where
 *   the lock does not reach is that of an owner on the machine where it does.
 */
TmEntryState
tm_claim_mode_state (const char *name, mode_t mode, gboolean lock_reaches_all)
{
  if (!tm_mark_is_set (name, mode))
    return TM_ENTRY_STATE_UNOWNED;

  return lock_reaches_all ? TM_ENTRY_STATE_ABANDONED : TM_ENTRY_STATE_LIVE;
}
