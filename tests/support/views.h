/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "sandbox.h"

#include <sys/types.h>

G_BEGIN_DECLS

/* One directory as three machines see it: two clients of an SSH server, and the server. */
typedef enum
{
  VIEW_FIRST,
  VIEW_SECOND,
  VIEW_SERVED,
} View;

#define N_VIEWS 3
#define N_CLIENTS 2

typedef struct
{
  char *paths[N_VIEWS];
  pid_t clients[N_CLIENTS]; /* the processes of sshfs */
} Views;

/* An owner and a cleaner of directories in a root of their own, on different machines. */
typedef struct
{
  View owner;
  View cleaner;
} Pair;

#define N_PAIRS 6

extern const Pair pairs[N_PAIRS];

void views_prepare (void);
gboolean views_set_up (Views *views, Sandbox *sandbox, const char *const clocks[N_CLIENTS]);
void views_tear_down (Views *views);
char *views_make_root (const Views *views, const char *name);
char *views_path (const Views *views, View view, const char *root, const char *name);
pid_t views_get_connection (const Views *views, View view);

G_END_DECLS
