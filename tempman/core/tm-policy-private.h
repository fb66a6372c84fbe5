/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "core/tm-age-private.h"
#include "core/tm-name-private.h"
#include "core/tm-watch-private.h"
#include "tm-enums.h"

#include <gio/gio.h>

G_BEGIN_DECLS

/* What a root keeps within. 0 is no limit. */
typedef struct
{
  guint max_entries;
  guint64 max_size;       /* of all entries, in bytes allocated */
  guint64 min_free_space; /* of the file system, in bytes */
} TmLimits;

/* By which the entries of one root are kept or removed, in one cleanup. */
typedef struct
{
  TmAgeRule age;
  TmRootFlags flags;
  GStrv exclude; /* (owned) (nullable): patterns of names that are kept */
  double lease;  /* the age in seconds at which a heartbeat is stale */
  TmLimits limits;
  gboolean is_for_creation; /* there will be one more entry */
  gboolean measures;        /* sizes are to be reported */

  /* Set to evict one entry, whatever its age, unless it is live or was used since. */
  TmRemovalReason eviction;
  TmTimestamp eviction_last_used;
  gint64 eviction_size; /* of this entry, for the report of its removal */

  /* Set by the backend. */
  TmWatch *watch;     /* (unowned): of the root */
  gboolean is_shared; /* processes that do not see the locks can use the entries */
  gboolean has_marks; /* the mode of an entry can contain the mark */
  int removal_error;  /* why nothing can be removed from the root, as an errno, or 0 */
} TmPolicy;

typedef enum
{
  TM_LOCK_SIGN_FREE, /* no process that sees the lock holds it */
  TM_LOCK_SIGN_HELD,
  TM_LOCK_SIGN_NONE /* the file system has no locks */
} TmLockSign;

/* What an entry tells of its owner. */
typedef struct
{
  TmNameKind name;
  mode_t mode;
  TmLockSign lock;
  TmHeartbeatSigns heartbeat; /* if tm_policy_needs_heartbeat() */
} TmOwnerSigns;

/* Why a cleanup keeps an entry. */
typedef enum
{
  TM_KEEP_REASON_NONE,         /* it does not */
  TM_KEEP_REASON_LIVE,         /* a process holds its lock */
  TM_KEEP_REASON_HEARTBEAT,    /* of its owner, is not stale */
  TM_KEEP_REASON_WATCHED,      /* its heartbeat is stale, but was not watched for long enough */
  TM_KEEP_REASON_UNSEEN_OWNER, /* marked, where the lock of the owner is not seen */
  TM_KEEP_REASON_YOUNG,
  TM_KEEP_REASON_NO_TIMEOUT, /* nothing expires, and it is not abandoned */
  TM_KEEP_REASON_EXCLUDED,   /* by a pattern of the root */
  TM_KEEP_REASON_WELL_KNOWN, /* by its name, in a directory that every user may write to */
  TM_KEEP_REASON_NO_DIRECTORY,
  TM_KEEP_REASON_MOUNT_POINT,
  TM_KEEP_REASON_IMMUTABLE,
  TM_KEEP_REASON_OTHER_USER,    /* who alone may remove it: the root has the sticky bit */
  TM_KEEP_REASON_NO_PERMISSION, /* to remove anything from it */
  TM_KEEP_REASON_NO_LOCK,       /* it cannot be opened to try the lock */
  TM_KEEP_REASON_ROOT,          /* nothing can be removed from the root */
  TM_KEEP_REASON_UNKNOWN,       /* it cannot be examined; a cleanup fails for it */
  TM_KEEP_REASON_VANISHED,      /* or another file has its name now */
} TmKeepReason;

/* What a cleanup does with an entry, and why. */
typedef struct
{
  TmTimes times;         /* its own, as far as the file system tells them */
  TmTimestamp last_used; /* on the basis of the rule */
  gint64 size;           /* in bytes allocated, or -1 if it is not measured */
  GFileType type;        /* UNKNOWN: not found out */
  double heartbeat_age;  /* in seconds, or -1 if it has no heartbeat */
  TmRootEntryState state;
  TmKeepReason live_reason; /* why the state is live */
  TmRemovalReason reason;   /* NONE: the cleanup keeps it */
  TmKeepReason keep_reason;
} TmVerdict;

/* A sub-directory of a root. */
typedef struct
{
  char *name; /* (owned) */
  TmVerdict verdict;
  TmTimestamp last_seen; /* what its last use is if no process has used it since the scan */
  guint64 freeable;      /* what its deletion frees, if it is measured */
} TmListedEntry;

void tm_policy_clear (TmPolicy *policy);
gboolean tm_policy_reclaims (const TmPolicy *policy);
gboolean tm_policy_expires_live (const TmPolicy *policy);
gboolean tm_policy_includes_files (const TmPolicy *policy);
gboolean tm_policy_may_remove_any (const TmPolicy *policy);
TmKeepReason tm_policy_find_exclusion (const TmPolicy *policy,
                                       const char *name,
                                       gboolean root_is_world_writable);
gboolean tm_policy_could_remove (const TmPolicy *policy, const char *name, TmTimestamp last_used);
gboolean tm_policy_needs_heartbeat (const TmPolicy *policy, TmNameKind name, mode_t mode);
TmRootEntryState tm_policy_find_state (const TmPolicy *policy,
                                       const TmOwnerSigns *signs,
                                       TmKeepReason *live_reason);
gboolean tm_policy_depends_on_age (const TmPolicy *policy, TmRootEntryState state);
void tm_policy_decide (const TmPolicy *policy, TmVerdict *verdict);

GArray *tm_listed_entries_new (void);
void tm_listed_entries_sort (GArray *entries);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (TmPolicy, tm_policy_clear)

G_END_DECLS
