/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The heartbeat on a file system that other machines can use. Numbers in brackets are those of the
 * invariants in docs/invariants.md. check_models.py runs spin on this file.
 *
 * One directory, its owner, and one cleaner, on one machine or on two. Time passes in ticks. Either
 * process can be suspended at any moment and for any time: its machine sleeps, the process is stopped,
 * or the connection to the server is lost. The owner can crash, close or keep the directory at any
 * moment. The cleaner can look at any moment, and as rarely as it likes. Its machine caches the
 * attributes of the directory. Cleaners do not communicate, so one stands for all.
 *
 * OWNER_LIVES, at the last look before a deletion: the directory does not belong to an owner that
 * lives, and was not kept [18, 22], unless the owner was suspended
 * - at all, with any clocks [19, 21];
 * - for more than LEASE - H - JITTER - CACHE in total between two beats, if the clock of the owner agrees
 *   with that of the file system [19, 20].
 * A suspension does not count any more once the owner has beaten again and the cache does not hide
 * this beat [22]. An exception: if the last look can only read the cache, a cleaner that was itself
 * suspended meanwhile can be misled, because its cache does not expire while it is suspended.
 *
 * LOCK_COUNTS: a cleaner in the kernel of the owner never deletes the directory while the owner
 * lives, even if the owner is stopped [19].
 *
 * DEAD_IS_TAKEN: a cleaner that looks twice after the death of the owner, SILENCE apart on its clock and
 * for the second time after the lease, deletes the directory [21].
 *
 * LOSS_IS_NOTICED: an owner whose directory was deleted while it was suspended notices this instead of
 * its next beat [23].
 *
 * Assumptions: two beats in succession set different times, and the cleaner compares times with
 * the full resolution that the file system reports. The beats of an owner have a delay of at most JITTER
 * while it is not suspended; a longer one is a suspension.
 *
 * Not in the model: forked children, which do not beat, and the time that a deletion takes. An owner
 * that wakes up after the last look loses the directory. It can still find the name at its late beat.
 *
 * Controls: each of the macros below that check_models.py defines breaks one rule, and spin must
 * then find that a property is violated. */

/* In ticks: the time between two beats, the longest delay of a beat, the time for which a machine caches
 * attributes, and the time for which a root must have seen the same modification time. Only the
 * proportions matter. */
#ifndef H
#define H 2
#endif
#ifndef JITTER
#define JITTER 1
#endif
#ifndef CACHE
#define CACHE 1
#endif
#ifndef SHORT_SILENCE
#define SILENCE (H + JITTER + CACHE + 1)
#else
#define SILENCE (H + JITTER + CACHE)
#endif
#define LEASE (H + JITTER + CACHE + 2)

/* The properties. A control checks only the one that it must break. */
#define ALL 0
#define OWNER_LIVES 1
#define LOCK_COUNTS 2
#define DEAD_IS_TAKEN 3
#define LOSS_IS_NOTICED 4
#ifndef PROPERTY
#define PROPERTY ALL
#endif
#define REQUIRE(property, condition)                                                                \
  assert ((condition) || (PROPERTY != ALL && PROPERTY != property))

/* Whether a suspension of this length can cost the directory: with any clocks, and with clocks that
 * agree. */
#define IS_SUSPENDED(time) ((time) > 0)
#define IS_OVERSLEPT(time) (H + JITTER + (time) + CACHE > LEASE)

#define MAX(a, b) ((a) > (b) -> (a) : (b))
#define COUNT(time, maximum) time = ((time) < (maximum) -> (time) + 1 : (time))
#define MAX_SLEPT (MAX (SILENCE, LEASE) + 1)

#define NONE 255

/* The scenarios. The last two differ only in the lock: there, the last look can only read the cache. */
#define FRESH_LAST_LOOK 1
#define CACHED_LAST_LOOK 2
#define ANY_CLOCKS 3
#define SAME_MACHINE 4
#define IS_TO_CHECK(scenario) (SCENARIO == ALL || SCENARIO == scenario)
#ifndef SCENARIO
#define SCENARIO ALL
#endif
bit clocks_agree;     /* else any time can look stale, or not, at any moment */
bit can_bypass_cache; /* the last look reaches the server */
bit is_same_machine;  /* the cleaner's kernel knows the lock of the owner */

/* The file system. Each beat has a number in place of its time; a number returns only when no process
 * remembers it. */
byte mtime;
byte mtime_age; /* by the clock of the file system */
bit is_marked = 1;
bit exists = 1;

/* The owner. */
mtype = { BEATING, DEAD, CLOSED, KEPT, LOST };
mtype state = BEATING;
bit owner_sleeps;
byte since_beat; /* without the time asleep, as of a timer */
byte slept;      /* since the last beat */

/* The cache of the cleaner's machine. */
bit cleaner_sleeps;
byte cached_mtime;
byte cached_age;
bit cached_mark = 1;
byte cache_time = CACHE + 1; /* since it was fetched; a clock that stops in suspend */

/* The cleaner: the time that it has seen, and since when, on the same clock. */
byte seen = NONE;
byte seen_for;

/* Only the properties read these variables; no process decides by them. */
bit was_suspended;
bit was_overslept;
bit cache_is_frozen; /* its machine was suspended since it was fetched */
byte news;           /* how long the last beat, or the end of the mark, has been there for the cleaner */
bit lost_in_sleep;   /* the directory was gone when the owner woke up */
byte watched = NONE; /* how long ago the cleaner looked for the first time after the death */

/* By a clock that goes on while the machine sleeps [23]. */
#ifndef LATE_BY_RUNNING_TIME
#define SEEMS_LATE (since_beat + slept > H + JITTER)
#else
#define SEEMS_LATE (since_beat > H + JITTER)
#endif

/* Whether the directory of an owner that lives, or one that was kept, may be lost. */
#define MAY_BE_TAKEN                                                                                \
  (was_suspended &&                                                                                 \
   (was_overslept || !clocks_agree || (cache_is_frozen && !can_bypass_cache)))

inline beat ()
{
  if
  :: cached_mtime != 0 && seen != 0 -> mtime = 0
  :: cached_mtime != 1 && seen != 1 -> mtime = 1
  :: else -> mtime = 2
  fi;
  mtime_age = 0;
  since_beat = 0;
  slept = 0;
  news = 0;
  lost_in_sleep = 0
}

proctype Owner ()
{
  do
  :: atomic {
       state == BEATING && !owner_sleeps && since_beat >= H ->
       if
#ifndef NO_LATE_CHECK
       :: SEEMS_LATE && !exists ->
          state = LOST;
          since_beat = 0;
          slept = 0;
          lost_in_sleep = 0;
          break
#endif
       :: else ->
          REQUIRE (LOSS_IS_NOTICED, !lost_in_sleep);
          beat ()
       fi
     }
  :: atomic { state == BEATING -> state = DEAD; break }
  :: atomic { state == BEATING && !owner_sleeps -> state = CLOSED; exists = 0; break }
  /* The mark ends before the beats [18]. */
  :: atomic { state == BEATING && !owner_sleeps -> is_marked = 0; news = 0; state = KEPT; break }
  od;

  atomic {
    owner_sleeps = 0;
    since_beat = 0;
    slept = 0;
    lost_in_sleep = 0
  }
}

inline fetch ()
{
  cached_mtime = mtime;
  cached_age = mtime_age;
  cached_mark = is_marked;
  cache_time = 0;
  cache_is_frozen = 0
}

/* Reads the attributes: those in the cache, or new ones. */
inline read_attributes ()
{
  if
#ifndef UNBOUNDED_CACHE
  :: cache_time <= CACHE
#else
  :: true
#endif
  :: fetch ()
  fi
}

/* By the clock of the file system, never by that of this machine [20]. */
inline find_staleness ()
{
  if
#ifndef BY_OWN_CLOCK
  :: clocks_agree -> is_stale = (cached_age > LEASE)
  :: !clocks_agree -> is_stale = 1
  :: !clocks_agree -> is_stale = 0
#else
  :: is_stale = 1
  :: is_stale = 0
#endif
  fi
}

#ifndef NO_LOCK
#define IS_LOCKED (is_same_machine && state == BEATING)
#else
#define IS_LOCKED false
#endif

#ifndef NO_STALENESS
#define IS_STALE is_stale
#else
#define IS_STALE true
#endif

#ifndef NO_SILENCE
#define IS_SILENT (seen_for >= SILENCE)
#else
#define IS_SILENT true
#endif

proctype Cleaner ()
{
  bit is_stale;
  bit was_dead;

end:
  do
  /* It looks, and remembers [21]. */
  :: atomic {
       !cleaner_sleeps && exists ->
       read_attributes ();
       if
#ifdef FORGETFUL
       :: true ->
#else
       :: cached_mtime != seen ->
#endif
          seen = cached_mtime;
          seen_for = 0
       :: else
       fi;
       if
       :: state == DEAD && news > CACHE && watched == NONE -> watched = 0
       :: else
       fi;
       find_staleness ();
       if
       :: cached_mark && IS_STALE && IS_SILENT && !IS_LOCKED ->
          was_dead = (watched != NONE);
          break
       :: else ->
          REQUIRE (DEAD_IS_TAKEN,
                   !(state == DEAD && watched != NONE && watched >= SILENCE && is_stale));
          is_stale = 0
       fi
     }
  /* Another process of its machine looks. */
  :: atomic { !cleaner_sleeps && exists -> fetch () }
  /* The root is closed and opened again, or its table is full. */
  :: atomic { !cleaner_sleeps && seen != NONE -> seen = NONE; seen_for = 0; watched = NONE }
  od;

  /* The last look, right before the deletion [22]. */
  atomic {
    !cleaner_sleeps ->
    is_stale = 0;
#ifndef NO_CHECK_BEFORE_DELETION
    if
#ifndef NO_BYPASS
    :: exists && can_bypass_cache -> fetch ()
    :: exists && !can_bypass_cache -> read_attributes ()
#else
    :: exists -> read_attributes ()
#endif
    :: else
    fi;
    if
    :: exists && (cached_mtime != seen || !cached_mark || IS_LOCKED) ->
       REQUIRE (DEAD_IS_TAKEN, !was_dead);
       was_dead = 0;
       goto end
    :: else
    fi;
#endif
    if
    :: exists ->
       REQUIRE (OWNER_LIVES, state == DEAD || MAY_BE_TAKEN);
       REQUIRE (LOCK_COUNTS, !(is_same_machine && state == BEATING))
    :: else
    fi
  };

  /* The deletion. It goes on even if the owner wakes up now. */
  atomic {
    !cleaner_sleeps ->
    exists = 0;
    /* Its variables make no difference any more. */
    seen = NONE;
    seen_for = 0;
    watched = NONE;
    was_dead = 0;
    cached_mtime = NONE;
    cached_age = 0;
    cached_mark = 0;
    cache_time = CACHE + 1;
    cache_is_frozen = 0
  }
}

/* Time, and the ends of suspensions. Time does not pass while a beat is overdue. */
proctype Time ()
{
end:
  do
  :: atomic {
       (exists || state == BEATING) &&
       !(state == BEATING && !owner_sleeps && since_beat >= H + JITTER) ->
       if
       :: clocks_agree ->
          COUNT (mtime_age, LEASE + 1);
          COUNT (cached_age, LEASE + 1)
       :: else
       fi;
       if
       :: state == BEATING && owner_sleeps -> COUNT (slept, MAX_SLEPT)
       :: state == BEATING && !owner_sleeps -> since_beat++
       :: else
       fi;
       if
       :: !cleaner_sleeps ->
          COUNT (cache_time, CACHE + 1);
          COUNT (news, CACHE + 1);
          if
          :: seen != NONE -> COUNT (seen_for, SILENCE)
          :: else
          fi;
          if
          :: watched != NONE -> COUNT (watched, SILENCE)
          :: else
          fi
       :: else
       fi;
       if
       :: IS_SUSPENDED (slept) -> was_suspended = 1
       :: !IS_SUSPENDED (slept) && news > CACHE -> was_suspended = 0
       :: else
       fi;
       if
       :: IS_OVERSLEPT (slept) -> was_overslept = 1
       :: !IS_OVERSLEPT (slept) && news > CACHE -> was_overslept = 0
       :: else
       fi
     }
  :: atomic { state == BEATING && !owner_sleeps -> owner_sleeps = 1 }
  :: atomic { owner_sleeps -> owner_sleeps = 0; lost_in_sleep = (slept > JITTER && !exists) }
  :: atomic { !cleaner_sleeps && exists -> cleaner_sleeps = 1; cache_is_frozen = 1 }
  :: atomic { cleaner_sleeps -> cleaner_sleeps = 0 }
  od
}

init
{
  atomic {
    if
    :: IS_TO_CHECK (FRESH_LAST_LOOK) -> clocks_agree = 1; can_bypass_cache = 1
    :: IS_TO_CHECK (CACHED_LAST_LOOK) -> clocks_agree = 1
    :: IS_TO_CHECK (ANY_CLOCKS)
    :: IS_TO_CHECK (SAME_MACHINE) -> is_same_machine = 1
    fi;
    run Owner ();
    run Cleaner ();
    run Time ()
  }
}
