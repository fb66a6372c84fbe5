/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "core/tm-age-private.h"

G_BEGIN_DECLS

/* What has to be asked of a directory for tm_last_use_gio_find(). */
#define TM_TIMES_GIO_ATTRIBUTES                                                                    \
  G_FILE_ATTRIBUTE_STANDARD_NAME                                                                   \
  "," G_FILE_ATTRIBUTE_STANDARD_TYPE "," G_FILE_ATTRIBUTE_TIME_MODIFIED                            \
  "," G_FILE_ATTRIBUTE_TIME_MODIFIED_USEC "," G_FILE_ATTRIBUTE_TIME_MODIFIED_NSEC                  \
  "," G_FILE_ATTRIBUTE_TIME_ACCESS "," G_FILE_ATTRIBUTE_TIME_ACCESS_USEC                           \
  "," G_FILE_ATTRIBUTE_TIME_ACCESS_NSEC "," G_FILE_ATTRIBUTE_TIME_CHANGED                          \
  "," G_FILE_ATTRIBUTE_TIME_CHANGED_USEC "," G_FILE_ATTRIBUTE_TIME_CHANGED_NSEC                    \
  "," G_FILE_ATTRIBUTE_TIME_CREATED "," G_FILE_ATTRIBUTE_TIME_CREATED_USEC                         \
  "," G_FILE_ATTRIBUTE_TIME_CREATED_NSEC "," G_FILE_ATTRIBUTE_ID_FILE                              \
  "," G_FILE_ATTRIBUTE_ID_FILESYSTEM "," G_FILE_ATTRIBUTE_UNIX_MODE

TmTimes tm_times_from_info (GFileInfo *info);
gboolean tm_last_use_gio_find (const TmAgeRule *rule,
                               GFile *file,
                               GFileInfo *info,
                               gboolean exactly,
                               GCancellable *cancellable,
                               TmTimestamp *last_used,
                               GError **error);

G_END_DECLS
