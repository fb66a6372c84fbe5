/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "chance.h"
#include "interpose.h"

#include <glib.h>
#include <sys/types.h>

G_BEGIN_DECLS

/* One round of the random campaign: a tree that the library works on, an attacker that changes it
 * meanwhile, and a canary outside of it that has to stay as it is.
 *
 * base/root/   where the library creates, cleans and deletes
 * base/outside/victim/   the canary: its names are those of the tree
 * base/outside/   what the attacker uses otherwise */

/* A directory of the tree that no attack touches. */
#define WORLD_TREASURE "kept"

typedef struct
{
  char *base;
  char *root;
  char *outside;
  char *victim;
  Chance *chance;   /* (unowned): guarded by the mutex of the round */
  GPtrArray *paths; /* (element-type filename): directories of the tree, relative to its top */
  GPtrArray *canaries;
  guint n_made; /* names that the attacker has used */
  gboolean may_mount;
  gboolean may_move_top; /* whether the attacker may move the top of the tree itself */
  gboolean has_mounted;
  gboolean has_moved_top;
} World;

World *world_new (const char *base, Chance *chance, gboolean may_mount);
void world_free (World *world);

void world_fill (World *world, const char *top);
gboolean world_has_treasure (int fd);
void world_attack (World *world, const char *top, const SystemCall *call);
void world_end_attacks (World *world);
const char *world_find_damage (World *world);
void world_clear (const char *path);

G_END_DECLS
