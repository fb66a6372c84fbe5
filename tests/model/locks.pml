/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The protocol of lock and mark on a file system that belongs to one kernel. Numbers in brackets are
 * those of the invariants in docs/invariants.md. check_models.py runs spin on this file.
 *
 * Creators, their forked children and cleaners take one step at a time, a system call each, in any
 * order. Every process can die before each of its steps. At the end a last cleaner comes, which does
 * not die.
 *
 * OWNER_FINDS: an owner always finds its directory under its name, with its contents [8].
 *
 * LIVE_STAYS: no cleaner deletes a directory that was handed out, or anything in it, while a process that
 * owns it or has inherited it lives [1, 2, 3, 7].
 *
 * PUBLISHED_STAYS: no cleaner deletes anything in a published directory [14].
 *
 * KEPT_STAYS: no cleaner deletes a kept directory that is not old, or anything in it [3, 11].
 *
 * NONE_IS_LEFT: the last cleaner deletes everything but kept and published directories: those that were
 * never handed out, and those of dead processes, even if they died in the middle of a creation, a close
 * or a cleanup [5, 10].
 *
 * Not in the model: roots with EXPIRE_LIVE, file systems without locks, the replacement of a published
 * directory, and modes that deny access.
 *
 * Controls: each of the macros below that check_models.py defines breaks one rule, and spin must
 * then find that a property is violated. */

#ifndef N_CREATORS
#define N_CREATORS 2
#endif
#ifndef N_CLEANERS
#define N_CLEANERS 2
#endif
/* The number of creators that fork a child. */
#ifndef N_FORKING
#define N_FORKING 1
#endif
/* The number of directories that can be made in total. A creator that loses one makes another. */
#ifndef N_DIRECTORIES
#define N_DIRECTORIES 3
#endif

/* The properties. A control checks only the one that it must break. */
#define ALL 0
#define OWNER_FINDS 1
#define LIVE_STAYS 2
#define PUBLISHED_STAYS 3
#define KEPT_STAYS 4
#define NONE_IS_LEFT 5
#ifndef PROPERTY
#define PROPERTY ALL
#endif
#define REQUIRE(property, condition)                                                                \
  assert ((condition) || (PROPERTY != ALL && PROPERTY != property))

#define NONE 255

/* The open file descriptions: one of each creator, of each cleaner, and of the last cleaner. Forked
 * children have copies of them. */
#define N_DESCRIPTIONS (N_CREATORS + N_CLEANERS + 1)
#define DESCRIPTION_OF_CLEANER(k) (N_CREATORS + (k))

#define UNLOCKED 0
#define SHARED 1
#define EXCLUSIVE 2

/* The disk. A directory is known by its inode, and inodes are numbered in the order of mkdir(). The
 * kernel can give the number of an inode away when its last descriptor is closed. The library compares
 * identities only with those of open descriptors, so distinct numbers lose nothing here. */
byte entry[N_DIRECTORIES] = NONE; /* by name: the inode, or NONE */
bit is_marked[N_DIRECTORIES];
bit is_old[N_DIRECTORIES]; /* the age exceeds the timeout */
bit has_content[N_DIRECTORIES];
bit is_published[N_DIRECTORIES]; /* it has a name outside the root */
byte n_made;

/* The table of locks. */
byte n_shared[N_DIRECTORIES];
bit is_exclusive[N_DIRECTORIES];
byte lock[N_DESCRIPTIONS];
byte n_copies[N_DESCRIPTIONS];

bit has_exited[N_CREATORS]; /* without closing: a child can adopt the directory */

/* Only the properties read these variables; no process decides by them. */
byte n_owners[N_DIRECTORIES]; /* the creator that has handed it out, and children that inherited it */
bit is_kept[N_DIRECTORIES];
byte n_running;

/* A step, or the end of the process before it. */
#define STEP(...) atomic { if :: true -> __VA_ARGS__ :: goto died fi }
/* The same, but for the last cleaner. */
#define CLEANER_STEP(...) atomic { if :: true -> __VA_ARGS__ :: (!is_last) -> goto died fi }

/* Whether flock() fails with EWOULDBLOCK. A lock of the same description does not conflict. */
#define IS_BLOCKED_SHARED(o, i) (is_exclusive[i] && lock[o] != EXCLUSIVE)
#define IS_BLOCKED_EXCLUSIVE(o, i)                                                                   \
  (IS_BLOCKED_SHARED (o, i) || n_shared[i] - (lock[o] == SHARED) > 0)

inline unlock (o, i)
{
  if
  :: lock[o] == SHARED -> n_shared[i]--
  :: lock[o] == EXCLUSIVE -> is_exclusive[i] = 0
  :: else
  fi;
  lock[o] = UNLOCKED
}

/* The kernel removes the lock that the description has before it looks whether it can have the new
 * one: a conversion that fails loses the lock [2]. */
inline lock_shared (o, i)
{
  unlock (o, i);
  lock[o] = SHARED;
  n_shared[i]++
}

inline lock_exclusive (o, i)
{
  unlock (o, i);
  lock[o] = EXCLUSIVE;
  is_exclusive[i] = 1
}

/* The lock ends when the last copy of the descriptor is closed [2]. */
inline close_copy (o, i)
{
  n_copies[o]--;
  if
  :: n_copies[o] == 0 -> unlock (o, i)
  :: else
  fi
}

/* rmdir() of a name, which fails unless the directory is empty. */
inline remove_name (n)
{
  if
  :: entry[n] != NONE && !has_content[entry[n]] -> entry[n] = NONE
  :: else
  fi
}

/* The conditions under which a cleaner may delete a directory, or anything in it. */
#define REQUIRE_DELETABLE(i)                                                                         \
  REQUIRE (LIVE_STAYS, n_owners[i] == 0);                                                            \
  REQUIRE (PUBLISHED_STAYS, !is_published[i]);                                                       \
  REQUIRE (KEPT_STAYS, !is_kept[i] || is_old[i])

/* The forked child of a creator, with a copy of its descriptor. It closes the copy, or adopts the
 * directory after its parent has exited. */
proctype Child (byte o; byte name; byte dir)
{
  do
  :: atomic {
       has_exited[o] && !is_kept[dir] && !is_published[dir] ->
       REQUIRE (OWNER_FINDS, entry[name] == dir);
       goto adopted
     }
  :: goto died
  od;

adopted:
  do
  :: atomic {
       REQUIRE (OWNER_FINDS, entry[name] == dir);
       has_content[dir] = 1;
       is_old[dir] = 0
     }
  :: break
  od;
  STEP (REQUIRE (OWNER_FINDS, entry[name] == dir); has_content[dir] = 0);
  STEP (REQUIRE (OWNER_FINDS, entry[name] == dir); entry[name] = NONE);

died:
  atomic {
#ifdef UNLOCK_BY_OWNER
    unlock (o, dir);
#endif
    n_owners[dir]--;
    close_copy (o, dir);
    n_running--
  }
}

/* tm_locked_directory_create(), and the life of a TmTemporaryDirectory. */
proctype Creator (byte c)
{
  byte name;
  byte dir = NONE; /* the open directory */
  bit is_owner;
  bit has_filled;
  bit has_forked;

create:
  /* mkdir() sets the mark, under a name that was never used [7, 10]. */
  STEP (if
        :: n_made == N_DIRECTORIES -> goto died
        :: n_made < N_DIRECTORIES ->
#ifdef NAMES_RETURN
           name = 0;
#else
           name = n_made;
#endif
           if
           :: entry[name] != NONE -> goto died /* EEXIST */
           :: else
           fi;
           entry[name] = n_made;
#ifndef MARK_AFTER_MKDIR
           is_marked[n_made] = 1;
#endif
           n_made++
        fi);
#ifdef MARK_AFTER_MKDIR
  STEP (if
        :: entry[name] != NONE -> is_marked[entry[name]] = 1
        :: entry[name] == NONE -> goto create
        fi);
#endif

  /* open() */
  STEP (if
        :: entry[name] == NONE -> goto create
        :: entry[name] != NONE ->
           dir = entry[name];
           n_copies[c] = 1
        fi);

  /* flock(), in directory_secure() */
wait_for_lock:
  STEP (if
        :: !IS_BLOCKED_SHARED (c, dir) -> lock_shared (c, dir)
        :: IS_BLOCKED_SHARED (c, dir) -> goto wait_for_lock
        :: IS_BLOCKED_SHARED (c, dir) ->
           /* A cleaner or a list holds it for too long. */
           remove_name (name);
           close_copy (c, dir);
           dir = NONE;
           goto create
        fi);

  /* Verify, and hand out [8]. */
  STEP (if
#ifndef NO_VERIFY_BY_CREATOR
        :: entry[name] != dir ->
           close_copy (c, dir);
           dir = NONE;
           goto create
        :: entry[name] == dir ->
#else
        :: true ->
#endif
           is_owner = 1;
           n_owners[dir]++
        fi);

live:
  do
  :: atomic { /* use */
       REQUIRE (OWNER_FINDS, entry[name] == dir);
       REQUIRE (OWNER_FINDS, has_content[dir] == has_filled);
       has_content[dir] = 1;
       has_filled = 1;
       is_old[dir] = 0
     }
  :: atomic {
       c < N_FORKING && !has_forked ->
       has_forked = 1;
       n_copies[c]++;
       n_owners[dir]++;
       n_running++;
       run Child (c, name, dir)
     }
  :: break
  od;

  if
  :: goto close
  :: goto keep
  :: goto publish
  :: goto died
  fi;

  /* tm_locked_directory_delete(), tm_locked_directory_release() */
close:
#ifdef CONVERSION_BY_OWNER
  STEP (if
        :: !IS_BLOCKED_EXCLUSIVE (c, dir) -> lock_exclusive (c, dir)
        :: IS_BLOCKED_EXCLUSIVE (c, dir) ->
           unlock (c, dir);
           goto live
        fi);
#endif
  STEP (REQUIRE (OWNER_FINDS, entry[name] == dir); has_content[dir] = 0; has_filled = 0);
  /* An error or a cancellation: the object is still open. */
  if
  :: goto live
  :: true
  fi;
  STEP (REQUIRE (OWNER_FINDS, entry[name] == dir); entry[name] = NONE);
  goto died;

  /* The mark ends before the lock [11]. */
keep:
#ifdef RELEASE_BEFORE_UNMARK
  STEP (is_kept[dir] = 1; is_owner = 0; n_owners[dir]--; close_copy (c, dir));
  atomic { is_marked[dir] = 0; dir = NONE; goto died };
#else
  STEP (is_marked[dir] = 0; is_kept[dir] = 1);
  goto died;
#endif

  /* tm_publish(): the mark ends before the rename, and returns if that fails [11]. */
publish:
  STEP (is_marked[dir] = 0; is_kept[dir] = 1);
  STEP (if
        :: REQUIRE (OWNER_FINDS, entry[name] == dir);
           entry[name] = NONE;
           is_published[dir] = 1;
           goto died
        :: true
        fi);
  STEP (is_marked[dir] = 1; is_kept[dir] = 0);
  goto live;

  /* The end of the object or of the process: the descriptor is closed, without an unlock [2]. */
died:
  atomic {
    if
    :: dir != NONE ->
       if
       :: is_owner -> n_owners[dir]--
       :: else
       fi;
       has_exited[c] = has_forked && entry[name] == dir;
       close_copy (c, dir)
    :: else
    fi;
    n_running--;
    /* The variables of the process make no difference any more. */
    name = 0;
    dir = NONE;
    is_owner = 0;
    has_filled = 0;
    has_forked = 0
  }
}

/* A child that a thread of a cleaner forked: it has a copy of the descriptor, and keeps the lock if the
 * cleaner dies. */
proctype Straggler (byte dir)
{
  atomic {
    is_exclusive[dir] = 0;
    n_running--
  }
}

/* tm_entry_acquire(), tm_locked_directory_delete(), tm_locked_directory_release(). Where it gives up
 * with the lock held, it also stands for a list [4], and for a deletion that fails. */
proctype Cleaner (byte k; bit is_last)
{
  byte name;
  byte dir = NONE;
  bit has_forked;
#define O DESCRIPTION_OF_CLEANER (k)

next:
  atomic {
    if
    :: is_last ->
       if
       :: name < N_DIRECTORIES && entry[name] == NONE -> name++; goto next
       :: name < N_DIRECTORIES && entry[name] != NONE
       :: name == N_DIRECTORIES -> goto died
       fi
    :: !is_last ->
       select (name : 0 .. N_DIRECTORIES - 1)
    :: !is_last -> goto died
    fi
  };

  /* statx(): a cleaner opens an entry only if it may be abandoned, or is old. */
  CLEANER_STEP (if
                :: entry[name] != NONE && (is_marked[entry[name]] || is_old[entry[name]])
                :: entry[name] == NONE || (!is_marked[entry[name]] && !is_old[entry[name]]) ->
                   goto skip_entry
                fi);

  /* open() */
  CLEANER_STEP (if
                :: entry[name] == NONE -> goto skip_entry
                :: entry[name] != NONE ->
                   dir = entry[name];
                   n_copies[O] = 1
                fi);

  /* lock_exclusively(): a shared lock tells whether an owner or another cleaner has the lock [3]. */
try_lock:
  CLEANER_STEP (if
#ifdef NO_LOCK_BY_CLEANER
                :: goto locked
#endif
                :: !IS_BLOCKED_EXCLUSIVE (O, dir) ->
                   lock_exclusive (O, dir);
                   goto locked
                :: IS_BLOCKED_EXCLUSIVE (O, dir)
                fi);
  CLEANER_STEP (if
                :: IS_BLOCKED_SHARED (O, dir) -> goto try_lock
                :: IS_BLOCKED_SHARED (O, dir) -> goto release
                :: !IS_BLOCKED_SHARED (O, dir) -> lock_shared (O, dir)
                fi);
  CLEANER_STEP (if
                :: !IS_BLOCKED_EXCLUSIVE (O, dir) -> lock_exclusive (O, dir)
                :: IS_BLOCKED_EXCLUSIVE (O, dir) ->
                   unlock (O, dir);
                   goto release
                fi);

locked:
  /* Another thread of the process forks. */
  if
  :: k < N_FORKING -> has_forked = 1
  :: true
  fi;

  /* The state and the age again, now that no process can start to use it. */
  CLEANER_STEP (if
#ifndef NO_DECISION_UNDER_LOCK
                :: !is_marked[dir] && !is_old[dir] -> goto release
                :: is_marked[dir] || is_old[dir]
#else
                :: true
#endif
                :: !is_last -> goto release
                fi);

  /* The name again, before anything is deleted [14]. */
#ifndef NO_VERIFY_BY_CLEANER
  CLEANER_STEP (if
                :: entry[name] != dir -> goto release
                :: entry[name] == dir
                fi);
#endif

  CLEANER_STEP (if
                :: has_content[dir] -> REQUIRE_DELETABLE (dir); has_content[dir] = 0
                :: !has_content[dir]
                :: !is_last -> goto release
                fi);

#ifndef NO_VERIFY_BY_CLEANER
  CLEANER_STEP (if
                :: entry[name] != dir -> goto release
                :: entry[name] == dir
                fi);
#endif

  CLEANER_STEP (if
                :: entry[name] != NONE && !has_content[entry[name]] ->
                   REQUIRE_DELETABLE (entry[name]);
                   entry[name] = NONE
                :: entry[name] == NONE || has_content[entry[name]]
                fi);

  /* An explicit unlock: the child of another thread has a copy of the descriptor [5]. */
release:
  CLEANER_STEP (
#ifdef NO_UNLOCK_BY_CLEANER
                if
                :: has_forked && lock[O] == EXCLUSIVE -> lock[O] = UNLOCKED /* is_exclusive stays */
                :: else -> unlock (O, dir)
                fi;
#else
                unlock (O, dir);
#endif
                n_copies[O] = 0;
                has_forked = 0;
                dir = NONE);

skip_entry:
  atomic {
    if
    :: is_last -> name++
    :: else -> name = 0
    fi;
    goto next
  };

died:
  atomic {
    if
    :: dir != NONE && has_forked ->
       /* The child has the lock now. */
       lock[O] = UNLOCKED;
       n_copies[O] = 0;
       n_running++;
       run Straggler (dir)
    :: dir != NONE && !has_forked ->
       close_copy (O, dir)
    :: else
    fi;
    n_running--;
    name = 0;
    dir = NONE;
    has_forked = 0
  }
}

/* Time passes. The age of a marked directory decides nothing: its mark is enough for a cleaner. */
#define GETS_OLD(i) atomic { i < n_made && !is_marked[i] && !is_old[i] -> is_old[i] = 1 }
active proctype Time ()
{
end:
  do
  :: GETS_OLD (0)
  :: GETS_OLD (1)
#if N_DIRECTORIES > 2
  :: GETS_OLD (2)
#endif
#if N_DIRECTORIES > 3
  :: GETS_OLD (3)
#endif
  od
}

init
{
  byte i;

  atomic {
    n_running = N_CREATORS + N_CLEANERS;
    for (i : 0 .. N_CREATORS - 1) {
      run Creator (i)
    }
    for (i : 0 .. N_CLEANERS - 1) {
      run Cleaner (i, 0)
    }
  };

  atomic {
    n_running == 0 ->
    n_running = 1;
    run Cleaner (N_CLEANERS, 1)
  };

  atomic {
    n_running == 0 ->
    for (i : 0 .. N_DIRECTORIES - 1) {
      if
      :: entry[i] != NONE -> REQUIRE (NONE_IS_LEFT, is_kept[entry[i]] && !is_marked[entry[i]])
      :: else
      fi
    }
  }
}
