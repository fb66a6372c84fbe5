/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* The actions that can fail. Each has a sentence in tm-error.c. */
typedef enum
{
  TM_ACTION_CREATE,
  TM_ACTION_CREATE_IN,          /* the path is that of the parent */
  TM_ACTION_CREATE_WITH_NAME,   /* the path is the name alone */
  TM_ACTION_CREATE_WITH_PREFIX, /* the path is the prefix; likewise the next two */
  TM_ACTION_CREATE_WITH_SUFFIX,
  TM_ACTION_CREATE_WITH_MODE,
  TM_ACTION_ADOPT,
  TM_ACTION_KEEP,
  TM_ACTION_PUBLISH,
  TM_ACTION_DELETE,
  TM_ACTION_EMPTY,
  TM_ACTION_DELETE_REPLACED, /* the path is the new path of the replaced file */
  TM_ACTION_OPEN_DIRECTORY,
  TM_ACTION_READ_DIRECTORY,
  TM_ACTION_RETURN_FROM_DIRECTORY, /* to its parent */
  TM_ACTION_OPEN_ROOT,
  TM_ACTION_READ_ROOT,
  TM_ACTION_EXAMINE,
} TmAction;

#define TM_N_ACTIONS (TM_ACTION_EXAMINE + 1)

/* Instead of an errno: an attribute keeps a file from being deleted, and this process may not clear
 * it; or the file has other hard links, which may be outside of the tree. */
#define TM_ERROR_NUMBER_ATTRIBUTES 0x10000
#define TM_ERROR_NUMBER_LINKED 0x10001

void tm_error_set (GError **error,
                   TmAction action,
                   const char *path,
                   GIOErrorEnum code,
                   const char *reason);
void tm_error_set_from_errno (GError **error, TmAction action, const char *path, int error_number);
void tm_error_set_unopened (GError **error,
                            TmAction action,
                            const char *path,
                            const char *refused,
                            int error_number);

void tm_error_set_for_file (GError **error,
                            TmAction action,
                            GFile *file,
                            GIOErrorEnum code,
                            const char *reason);
void tm_error_set_from_gio (GError **error, TmAction action, GFile *file, const GError *cause);

void tm_error_set_unpublished (GError **error,
                               const char *path,
                               const char *destination,
                               GIOErrorEnum code,
                               const char *reason);
void tm_error_set_unpublished_file (GError **error,
                                    GFile *file,
                                    GFile *destination,
                                    GIOErrorEnum code,
                                    const char *reason);

GIOErrorEnum tm_error_get_code (int error_number);
const char *tm_error_get_reason (int error_number);
char *tm_error_describe_refused (const char *refused);
GIOErrorEnum tm_error_get_code_from_gio (const GError *cause);

G_END_DECLS
