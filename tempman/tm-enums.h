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
 * @TM_ROOT_FLAGS_NONE: the directory has to be there; only the timeout decides what
 *   a cleanup deletes, and never of a directory in use
 * @TM_ROOT_FLAGS_CREATE_DIRECTORY: make the directory, and its parents, with mode 0700
 *   when it is missing, and refuse one that belongs to another user, if the file system tells
 * @TM_ROOT_FLAGS_RECLAIM_ABANDONED: a cleanup also deletes the directories whose owner
 *   is gone without having closed them, whatever their age; none on a file system that
 *   other machines can use, see [enum@Tempman.RootEntryState]
 * @TM_ROOT_FLAGS_EXPIRE_LIVE: the timeout holds for directories in use as well
 *
 * How a [class@Root] treats its directory and what a cleanup may delete.
 *
 * Since: 1.0
 */
typedef enum /*< flags >*/
{
  TM_ROOT_FLAGS_NONE = 0,
  TM_ROOT_FLAGS_CREATE_DIRECTORY = 1 << 0,
  TM_ROOT_FLAGS_RECLAIM_ABANDONED = 1 << 1,
  TM_ROOT_FLAGS_EXPIRE_LIVE = 1 << 2,
} TmRootFlags;

TM_AVAILABLE_IN_1_0
GType tm_root_flags_get_type (void) G_GNUC_CONST;
#define TM_TYPE_ROOT_FLAGS (tm_root_flags_get_type ())

/**
 * TmAgeBasis:
 * @TM_AGE_BASIS_ACCESSED_OR_MODIFIED: the access time or the modification time of the
 *   sub-directory itself, whichever is later
 * @TM_AGE_BASIS_MODIFIED: its modification time alone, for file systems on which an
 *   indexer or a backup keeps the access times young
 * @TM_AGE_BASIS_CHANGED: the latest of its access, modification, change and birth time
 * @TM_AGE_BASIS_NEWEST_CONTENT: the latest access or modification time of the sub-directory or of
 * anything in it, at any depth
 *
 * From when the age of a sub-directory of a [class@Root] runs.
 *
 * Any program can set the access and the modification time of its files, and unpacking an
 * archive sets them to those of the archive: a directory that was made a moment ago can
 * have times of years ago. No program can set the change time, which the file system
 * updates whenever it changes an attribute of the file, such as its times, its mode or its
 * name. With [enum@Tempman.AgeBasis.CHANGED] a directory is therefore never older than it is. The
 * change time also counts a cleanup that could not delete the directory, or that had to
 * change its mode to find out whether it is in use. The change time and the birth time
 * count where the file system has them.
 *
 * A time in the future is wrong. The change time counts in its place; only if that lies in
 * the future as well, or is not known, the file counts as just used.
 *
 * What is written deep inside a sub-directory changes no time of its own: only
 * [enum@Tempman.AgeBasis.NEWEST_CONTENT] sees it. For that it reads the sub-directories whose
 * own times are old, as far as the first young entry. It follows no link and crosses no
 * mount point. It leaves the access times alone where it may: of a directory that
 * belongs to another user the access time does not count, since reading it changes that
 * time, and neither does that of any directory that is not a local file. A directory inside
 * that it has no permission to read counts with its own times alone; a sub-directory that
 * its mode bars the user from counts as just used, since nothing is known of its content.
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
 *
 * Options of [method@Root.list_entries].
 *
 * There are none so far.
 *
 * Since: 1.0
 */
typedef enum /*< flags >*/
{
  TM_LIST_FLAGS_NONE = 0,
} TmListFlags;

TM_AVAILABLE_IN_1_0
GType tm_list_flags_get_type (void) G_GNUC_CONST;
#define TM_TYPE_LIST_FLAGS (tm_list_flags_get_type ())

/**
 * TmRootEntryState:
 * @TM_ROOT_ENTRY_STATE_LIVE: a process holds its lock, or it is not known whether one does
 * @TM_ROOT_ENTRY_STATE_ABANDONED: it has the mark of a temporary directory and a free lock: its
 *   owner has exited without closing it
 * @TM_ROOT_ENTRY_STATE_UNOWNED: it has no mark and a free lock: it was kept, or created by hand or
 *   by a program that uses no lock
 *
 * The state of an entry of a [class@Root].
 *
 * The locks of other machines are not seen. On a file system that other machines can use,
 * such as NFS, SMB or any FUSE file system, and of files that are not local, no directory is
 * abandoned: one with the mark is live, since its owner may be on another machine. Temporary
 * directories that are created there have no mark, and are unowned to every other machine.
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
 * @TM_REMOVAL_REASON_NONE: a cleanup keeps it
 * @TM_REMOVAL_REASON_EXPIRED: it has not been used for longer than the timeout of the root
 * @TM_REMOVAL_REASON_ABANDONED: it is abandoned, and the root has
 *   [flags@Tempman.RootFlags.RECLAIM_ABANDONED]
 *
 * Why a cleanup of a [class@Root] removes an entry.
 *
 * Since: 1.0
 */
typedef enum
{
  TM_REMOVAL_REASON_NONE,
  TM_REMOVAL_REASON_EXPIRED,
  TM_REMOVAL_REASON_ABANDONED,
} TmRemovalReason;

TM_AVAILABLE_IN_1_0
GType tm_removal_reason_get_type (void) G_GNUC_CONST;
#define TM_TYPE_REMOVAL_REASON (tm_removal_reason_get_type ())

/**
 * TmDeleteFlags:
 * @TM_DELETE_FLAGS_NONE: delete the file or directory, which has to exist
 * @TM_DELETE_FLAGS_KEEP_DIRECTORY: delete everything in the directory, but not the directory
 *   itself, which may be a mount point
 * @TM_DELETE_FLAGS_ALLOW_MISSING: succeed if the file or directory does not exist
 *
 * How [func@delete_recursively] deletes.
 *
 * Since: 1.0
 */
typedef enum /*< flags >*/
{
  TM_DELETE_FLAGS_NONE = 0,
  TM_DELETE_FLAGS_KEEP_DIRECTORY = 1 << 0,
  TM_DELETE_FLAGS_ALLOW_MISSING = 1 << 1,
} TmDeleteFlags;

TM_AVAILABLE_IN_1_0
GType tm_delete_flags_get_type (void) G_GNUC_CONST;
#define TM_TYPE_DELETE_FLAGS (tm_delete_flags_get_type ())

/**
 * TmPersistFlags:
 * @TM_PERSIST_FLAGS_NONE: fail when there is something under the new name
 * @TM_PERSIST_FLAGS_REPLACE: take the place of what is there, which is deleted
 *
 * How [method@TemporaryDirectory.persist] treats its destination.
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
