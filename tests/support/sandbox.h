/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* A directory that belongs to one test, with everything below it. */
typedef struct
{
  char *path;
  gboolean is_mounted;
} Sandbox;

typedef void (*SandboxFunc) (Sandbox *sandbox, gconstpointer data);

void sandbox_set_up (Sandbox *sandbox, gconstpointer data);
void sandbox_tear_down (Sandbox *sandbox, gconstpointer data);
void sandbox_set_up_in_memory (Sandbox *sandbox, gconstpointer data);
void sandbox_tear_down_in_memory (Sandbox *sandbox, gconstpointer data);

char *sandbox_path (Sandbox *sandbox, const char *name);
GFile *sandbox_file (Sandbox *sandbox, const char *name);

/* Returns the function to run for the test @path: another one if this platform lacks what it tests.
 */
SandboxFunc on_this_platform (const char *path, SandboxFunc function);

/* A test with a sandbox of its own. */
#define add_test(name, function)                                                                   \
  g_test_add (name, Sandbox, NULL, sandbox_set_up, on_this_platform (name, function),              \
              sandbox_tear_down)

/* The same in memory, for a test that creates many files. */
#define add_test_in_memory(name, data, function)                                                   \
  g_test_add (name, Sandbox, data, sandbox_set_up_in_memory, on_this_platform (name, function),    \
              sandbox_tear_down_in_memory)

G_END_DECLS
