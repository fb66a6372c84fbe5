/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <gio/gio.h>
#include <sys/types.h>
#include <time.h>

G_BEGIN_DECLS

/* An ordinary user: the tests drop to it where root would be allowed what they expect to fail. */
#define TEST_UID 65534

/* A directory that one test has to itself, and everything below it. */
typedef struct
{
  char *path;
  gboolean is_mounted;
} Sandbox;

void sandbox_set_up (Sandbox *sandbox, gconstpointer data);
void sandbox_tear_down (Sandbox *sandbox, gconstpointer data);
void sandbox_set_up_in_memory (Sandbox *sandbox, gconstpointer data);
void sandbox_tear_down_in_memory (Sandbox *sandbox, gconstpointer data);

char *sandbox_path (Sandbox *sandbox, const char *name);
GFile *sandbox_file (Sandbox *sandbox, const char *name);

void make_directory (const char *path);
void make_file (const char *path);
void make_tree (const char *path);
void make_old (const char *path, gint64 seconds);
char *make_old_directory (Sandbox *sandbox, const char *name, gint64 seconds);

void wait_for_clock_tick (void);
void append_time (GString *string, struct timespec time);

gboolean path_exists (const char *path);
guint count_entries (const char *path);
guint count_open_descriptors (void);

/* A name as the library makes them: only with such a one is the sticky bit the mark. */
#define OUR_NAME(prefix) prefix "-abcdefghijklmnopqrst"

/* When a test that proves more the longer it runs has run long enough. */
typedef struct
{
  gint64 end;    /* monotonic time */
  guint64 count; /* of whatever the test counts */
} Limit;

gboolean is_soak (void);
Limit limit_from_now (double seconds);
Limit limit_of_soak (double otherwise);
gboolean limit_is_reached (const Limit *limit, guint64 count);

typedef void (*ChildFunc) (gpointer data);

int run_in_child (ChildFunc function, gpointer data);
pid_t start_child (ChildFunc function, gpointer data);
int wait_for_child (pid_t pid);
void wait_to_be_killed (void) G_GNUC_NORETURN;
gboolean become_ordinary_user (void);
gboolean enter_mount_namespace (void);
gboolean mount_tmpfs (const char *path);
gboolean drop_access_to_everything (void);
void run_on_small_stack (gpointer (*function) (gpointer), gpointer data);

#define assert_success_in_child(status) g_assert_cmpint ((status), ==, 0)

/* What a child returns whose machine does not allow what the test is about. */
#define CHILD_CANNOT 77

void keep_result_cb (GObject *source, GAsyncResult *result, gpointer user_data);
GAsyncResult *wait_for_result (GAsyncResult **result);

void skip_or_assert_success (int status, const char *reason);
gboolean skip_unless_root (void);
void skip_unless_control_fell (gboolean fell);

typedef void (*SandboxFunc) (Sandbox *sandbox, gconstpointer data);

gboolean library_has_descriptors (void);
SandboxFunc of_descriptors (SandboxFunc function);

/* The test functions of one type share their fixture. */
#define add_test(name, function)                                                                   \
  g_test_add (name, Sandbox, NULL, sandbox_set_up, function, sandbox_tear_down)

#define add_test_in_memory(name, data, function)                                                   \
  g_test_add (name, Sandbox, data, sandbox_set_up_in_memory, function, sandbox_tear_down_in_memory)

/* A soak is about the file system that TMPDIR is on; else memory is faster. */
#define add_test_of_soak(name, data, function)                                                     \
  G_STMT_START                                                                                     \
  {                                                                                                \
    if (is_soak ())                                                                                \
      g_test_add (name, Sandbox, data, sandbox_set_up, function, sandbox_tear_down);               \
    else                                                                                           \
      add_test_in_memory (name, data, function);                                                   \
  }                                                                                                \
  G_STMT_END

/* In a forked child, where GTest's own assertions would write into the parent's report. */
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
