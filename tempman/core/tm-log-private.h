/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "core/tm-backend-private.h"

G_BEGIN_DECLS

/* Whether debug messages are shown. The other functions do not check it: a caller asks once for
 * each operation, and computes nothing for a message that is not shown. */
gboolean tm_log_is_shown (void);
gboolean tm_log_was_shown (void);

/* A number in a message. */
typedef struct
{
  char text[G_ASCII_DTOSTR_BUF_SIZE];
} TmLogNumber;

TmLogNumber tm_log_number (const char *format, double number);
double tm_log_get_milliseconds_since (gint64 start);
char *tm_log_describe_timeout (double timeout);

char *tm_log_describe_creation (TmBackendDirectory *directory);
void tm_log_message (const char *message);
void tm_log_closed (GFile *file, gint64 start);
void tm_log_kept (GFile *file);
void tm_log_published (GFile *former_file, GFile *file, gboolean replaced);
void tm_log_not_ours (GFile *file);
void tm_log_missing (const char *path);
void tm_log_lost (const char *name);
void tm_log_missed_beat (const char *name, int error_number);
void tm_log_missing_file (GFile *file);
void tm_log_deleted (GFile *file, gboolean keeps_directory, gint64 start);
void tm_log_threads (const char *path, guint n_threads);
void tm_log_error (const GError *error);

void tm_log_root_opened (TmBackendRoot *root, TmRootFlags flags, double timeout);

G_END_DECLS
