/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* A remote file of a backend in the test program itself: it serves a local path, and the test sees
 * each request, may let it fail, and may act right before it. */

typedef enum
{
  REQUEST_QUERY,
  REQUEST_SET,
  REQUEST_MAKE,
  REQUEST_DELETE,
  REQUEST_MOVE,
  REQUEST_ENUMERATE,
  REQUEST_NEXT, /* of an enumeration */
} Request;

/* In the thread that makes the request. Returns FALSE with an error to fail it. */
typedef gboolean (*RequestFunc) (Request request, const char *path, gpointer data, GError **error);

GFile *served_file_new (const char *path);
void served_file_watch (RequestFunc function, gpointer data);
void served_file_hide (const char *attributes);

G_END_DECLS
