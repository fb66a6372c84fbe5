/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "skips.h"

#include "children.h"

#include <unistd.h>

void
skip_or_assert_success (int status, const char *reason)
{
  if (status == CHILD_CANNOT)
    g_test_skip (reason);
  else
    g_assert_cmpint (status, ==, 0);
}

gboolean
skip_unless_root (void)
{
  if (geteuid () == 0)
    return FALSE;

  g_test_skip ("needs a second user: only root has one");
  return TRUE;
}

/* For a control that falls for an attack only by chance. If it does not, on a slow disk or a busy
 * machine, the library has made no mistake, but the test proves nothing. */
void
skip_unless_control_fell (gboolean fell)
{
  if (!fell)
    g_test_skip ("the control did not fall for the attack either");
}

/* Returns FALSE if the library was built to reach local files through GIO alone. */
gboolean
library_has_descriptors (void)
{
  return g_getenv ("TEMPMAN_TEST_GIO_ONLY") == NULL;
}

/* Returns FALSE if the library was built with -Dlinux_calls=disabled. */
gboolean
library_has_linux_calls (void)
{
  return g_getenv ("TEMPMAN_TEST_LINUX_CALLS") == NULL;
}

static void
skip_without_descriptors (Sandbox *sandbox, gconstpointer data)
{
  g_test_skip ("the library was built to use neither descriptors nor locks");
}

/* For a test of descriptors, locks, marks, mounts or system calls, or of an attack on names: GIO
 * alone has none of these. Returns the function to run in its place. */
SandboxFunc
of_descriptors (SandboxFunc function)
{
  return library_has_descriptors () ? function : skip_without_descriptors;
}
