/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <tempman.h>
#include <sys/types.h>

G_BEGIN_DECLS

/* Processes that use one view of a shared directory, each as a program on a machine of its own:
 * owners and cleaners. They run the program `actor`, which describes its commands, with the library
 * of short intervals. */
typedef struct
{
  pid_t pid; /* 0: ended */
  int in;
  int out;
} Actor;

typedef struct
{
  const char *program; /* (nullable): in the folder of the tests, for another library */
  const char *clock;   /* (nullable): offset of its clock, as of faketime(1) */
  double timeout;
  TmRootFlags flags;
  double lease;
} ActorOptions;

/* What a cleaner saw. */
typedef struct
{
  int n_removed;
  double watched; /* for how long it saw the same heartbeat, of an entry that it removed */
  double age;     /* of that heartbeat, by the clock of the file system */
} Look;

GPtrArray *clock_command_new (const char *clock);
void clock_command_clear (pid_t pid);
Actor *actor_start (const char *directory, const ActorOptions *options);
char *actor_ask (Actor *actor, const char *format, ...) G_GNUC_PRINTF (2, 3);
Look actor_look (Actor *actor);
void actor_begin_look (Actor *actor);
Look actor_end_look (Actor *actor);
void actor_signal (Actor *actor, int signal);
void actor_kill (Actor *actor);
void actor_free (Actor *actor);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Actor, actor_free)

G_END_DECLS
