/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#if !defined(_TEMPMAN_INSIDE) && !defined(TM_COMPILATION)
#error "Only <tempman.h> can be included directly."
#endif

#include "tm-version.h"

#include <glib-object.h>

G_BEGIN_DECLS

/**
 * TmRootFlags:
 * @TM_ROOT_FLAGS_NONE: the directory must exist, and a cleanup deletes only expired entries that
 *   are not in use
 * @TM_ROOT_FLAGS_CREATE_DIRECTORY: create a missing directory, and its missing parents, with mode
 *   0700, and refuse a directory that belongs to another user, if the file system shows its user
 * @TM_ROOT_FLAGS_RECLAIM_ABANDONED: a cleanup also deletes the entries whose owner has exited
 *   without closing them, at any age; on a file system that other machines can use, once they had
 *   no heartbeat for the lease of the root, see [class@Root]
 * @TM_ROOT_FLAGS_EXPIRE_LIVE: the timeout applies to entries in use as well
 * @TM_ROOT_FLAGS_INCLUDE_FILES: files, links and other entries that are not directories count,
 *   expire and are deleted as well; a cleanup keeps a file on which a process holds a BSD lock
 *
 * Options of a [class@Root] for its directory and its cleanups.
 *
 * Since: 1.0
 */
typedef enum /*< flags >*/
{
  TM_ROOT_FLAGS_NONE = 0,
  TM_ROOT_FLAGS_CREATE_DIRECTORY = 1 << 0,
  TM_ROOT_FLAGS_RECLAIM_ABANDONED = 1 << 1,
  TM_ROOT_FLAGS_EXPIRE_LIVE = 1 << 2,
  TM_ROOT_FLAGS_INCLUDE_FILES = 1 << 3,
} TmRootFlags;

TM_AVAILABLE_IN_1_0
GType tm_root_flags_get_type (void) G_GNUC_CONST;
#define TM_TYPE_ROOT_FLAGS (tm_root_flags_get_type ())

/**
 * TmAgeBasis:
 * @TM_AGE_BASIS_ACCESSED_OR_MODIFIED: the access time or the modification time of the entry itself,
 *   whichever is later
 * @TM_AGE_BASIS_MODIFIED: the modification time of the entry itself, for file systems on which an
 *   indexer or a backup program updates the access times
 * @TM_AGE_BASIS_CHANGED: the latest of the access, modification, change and birth time of the entry
 *   itself
 * @TM_AGE_BASIS_NEWEST_CONTENT: the latest access or modification time of the entry or of any file
 *   or directory in it, at any depth
 *
 * The timestamps that determine the age of an entry of a [class@Root].
 *
 * Any program can set the access time and the modification time of its files, and unpacking an
 * archive sets them to the times in the archive: a new directory can have times that are years old.
 * No program can set the change time. The file system updates it with every change of an attribute,
 * such as a time, the mode or the name. With [enum@Tempman.AgeBasis.CHANGED], a directory therefore
 * never appears older than it is. A cleanup that fails to delete the directory, or that has to
 * change its mode to find out whether it is in use, also updates the change time. The change time
 * and the birth time count only if the file system has them.
 *
 * A time in the future is wrong, and the change time counts instead. If the change time is unknown,
 * or in the future as well, the file counts as just used.
 *
 * Writing to a file deep inside an entry does not change the times of the entry itself: only
 * [enum@Tempman.AgeBasis.NEWEST_CONTENT] detects it. With this basis, tempman reads the entries
 * whose own times are old, and stops at the first recent file or directory. It follows no links and
 * crosses no mount points. It preserves access times where it may. Reading a directory of another
 * user changes its access time, which therefore does not count. The access time of a remote
 * directory does not count either. If the process has no permission to read a directory inside an
 * entry, only the times of this directory itself count. If the mode of an entry denies the user
 * access, the entry counts as just used, since its content is unknown.
 *
 * Since: 1.0
 */
typedef enum
{
  TM_AGE_BASIS_ACCESSED_OR_MODIFIED,
  TM_AGE_BASIS_MODIFIED,
  TM_AGE_BASIS_CHANGED,
  TM_AGE_BASIS_NEWEST_CONTENT,
} TmAgeBasis;

TM_AVAILABLE_IN_1_0
GType tm_age_basis_get_type (void) G_GNUC_CONST;
#define TM_TYPE_AGE_BASIS (tm_age_basis_get_type ())

/**
 * TmListFlags:
 * @TM_LIST_FLAGS_NONE: no flags
 * @TM_LIST_FLAGS_MEASURE: measure the size of each entry
 *
 * Options of [method@Root.list_entries].
 *
 * Since: 1.0
 */
typedef enum /*< flags >*/
{
  TM_LIST_FLAGS_NONE = 0,
  TM_LIST_FLAGS_MEASURE = 1 << 0,
} TmListFlags;

TM_AVAILABLE_IN_1_0
GType tm_list_flags_get_type (void) G_GNUC_CONST;
#define TM_TYPE_LIST_FLAGS (tm_list_flags_get_type ())

/**
 * TmRootEntryState:
 * @TM_ROOT_ENTRY_STATE_LIVE: a process holds the lock of the entry, its owner may still make
 *   heartbeats, or neither can be known
 * @TM_ROOT_ENTRY_STATE_ABANDONED: the entry has the mark of a temporary directory, a free lock, and
 *   no heartbeat any more: its owner has exited without closing it
 * @TM_ROOT_ENTRY_STATE_UNOWNED: the entry has no mark, a free lock, and no heartbeat: it was kept,
 * or created by hand or by a program that uses no lock
 *
 * The state of an entry of a [class@Root].
 *
 * The locks of other machines are not visible. On a file system that other machines can use, such
 * as NFS, SMB or any FUSE file system, temporary directories have heartbeats as well: see the
 * section “Shared file systems” of [class@Root]. A directory there that has the mark, but was
 * created without a heartbeat, is live: its owner may be on the server, to which the file system is
 * a local one.
 *
 * On a file system that stores no modes, directories have no mark: they are never abandoned, and
 * unowned after their heartbeat has ended.
 *
 * Since: 1.0
 */
typedef enum
{
  TM_ROOT_ENTRY_STATE_LIVE,
  TM_ROOT_ENTRY_STATE_ABANDONED,
  TM_ROOT_ENTRY_STATE_UNOWNED,
} TmRootEntryState;

TM_AVAILABLE_IN_1_0
GType tm_root_entry_state_get_type (void) G_GNUC_CONST;
#define TM_TYPE_ROOT_ENTRY_STATE (tm_root_entry_state_get_type ())

/**
 * TmRemovalReason:
 * @TM_REMOVAL_REASON_NONE: a cleanup keeps the entry
 * @TM_REMOVAL_REASON_EXPIRED: the entry has not been used for longer than the timeout of the root
 * @TM_REMOVAL_REASON_ABANDONED: the entry is abandoned, and the root has
 *   [flags@Tempman.RootFlags.RECLAIM_ABANDONED]
 * @TM_REMOVAL_REASON_OVER_COUNT: the root has more entries than [property@Root:max-entries]
 * @TM_REMOVAL_REASON_OVER_SIZE: the entries take more space than [property@Root:max-size]
 * @TM_REMOVAL_REASON_LOW_SPACE: the file system of the root has less free space than
 *   [property@Root:min-free-space]
 *
 * The reason for which a cleanup of a [class@Root] deletes an entry.
 *
 * Since: 1.0
 */
typedef enum
{
  TM_REMOVAL_REASON_NONE,
  TM_REMOVAL_REASON_EXPIRED,
  TM_REMOVAL_REASON_ABANDONED,
  TM_REMOVAL_REASON_OVER_COUNT,
  TM_REMOVAL_REASON_OVER_SIZE,
  TM_REMOVAL_REASON_LOW_SPACE,
} TmRemovalReason;

TM_AVAILABLE_IN_1_0
GType tm_removal_reason_get_type (void) G_GNUC_CONST;
#define TM_TYPE_REMOVAL_REASON (tm_removal_reason_get_type ())

/**
 * TmDeleteFlags:
 * @TM_DELETE_FLAGS_NONE: delete the file or directory, which must exist
 * @TM_DELETE_FLAGS_KEEP_DIRECTORY: delete everything in the directory, but not the directory
 *   itself, which may be a mount point
 * @TM_DELETE_FLAGS_ALLOW_MISSING: succeed if the file or directory does not exist
 * @TM_DELETE_FLAGS_FORCE: clear the attributes of local files and directories that keep them from
 *   being deleted: immutable, append-only, and read-only for a snapshot of btrfs
 *
 * Options of [func@delete_recursively] and [class@Deletion].
 *
 * The section “Forced deletion” of [class@Deletion] describes what
 * [flags@Tempman.DeleteFlags.FORCE] changes, and what it never changes.
 *
 * Since: 1.0
 */
typedef enum /*< flags >*/
{
  TM_DELETE_FLAGS_NONE = 0,
  TM_DELETE_FLAGS_KEEP_DIRECTORY = 1 << 0,
  TM_DELETE_FLAGS_ALLOW_MISSING = 1 << 1,
  TM_DELETE_FLAGS_FORCE = 1 << 2,
} TmDeleteFlags;

TM_AVAILABLE_IN_1_0
GType tm_delete_flags_get_type (void) G_GNUC_CONST;
#define TM_TYPE_DELETE_FLAGS (tm_delete_flags_get_type ())

/**
 * TmPersistFlags:
 * @TM_PERSIST_FLAGS_NONE: fail if a file or directory already has the new name
 * @TM_PERSIST_FLAGS_REPLACE: replace and delete the file or directory that has the new name
 *
 * Options of [method@TemporaryDirectory.persist].
 *
 * Since: 1.0
 */
typedef enum /*< flags >*/
{
  TM_PERSIST_FLAGS_NONE = 0,
  TM_PERSIST_FLAGS_REPLACE = 1 << 0,
} TmPersistFlags;

TM_AVAILABLE_IN_1_0
GType tm_persist_flags_get_type (void) G_GNUC_CONST;
#define TM_TYPE_PERSIST_FLAGS (tm_persist_flags_get_type ())

G_END_DECLS
