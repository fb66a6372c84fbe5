/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <glib.h>
#include <stdlib.h>
#include <sys/types.h>
#include <unistd.h>

G_BEGIN_DECLS

typedef void (*ChildFunc) (gpointer data);

int run_in_child (ChildFunc function, gpointer data);
pid_t start_child (ChildFunc function, gpointer data);
int wait_for_child (pid_t pid);
void wait_to_be_killed (void) G_GNUC_NORETURN;
gboolean run_command (const char *const *command);
void add_program (GPtrArray *command, const char *path);
char *find_own_program (void);
void run_on_small_stack (gpointer (*function) (gpointer), gpointer data);

#define assert_success_in_child(status) g_assert_cmpint ((status), ==, 0)

/* The exit status of a child on a machine that lacks something that the test needs. */
#define CHILD_CANNOT 77

/* For a forked child, where GTest's own assertions would write into the parent's report. */
#define child_assert(expression)                                                                   \
  G_STMT_START                                                                                     \
  {                                                                                                \
    if (!(expression))                                                                             \
      {                                                                                            \
        g_printerr ("%s:%d: not so: %s\n", __FILE__, __LINE__, #expression);                       \
        _exit (1);                                                                                 \
      }                                                                                            \
  }                                                                                                \
  G_STMT_END

G_END_DECLS
