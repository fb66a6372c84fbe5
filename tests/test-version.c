/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <tempman.h>

static void
test_runtime (void)
{
  g_autofree char *version = g_strdup_printf ("%u.%u.%u", tm_get_major_version (),
                                              tm_get_minor_version (), tm_get_micro_version ());

  g_assert_cmpstr (version, ==, TM_VERSION_S);
}

static void
test_check (void)
{
  g_assert_true (TM_CHECK_VERSION (1, 0, 0));
  g_assert_true (TM_CHECK_VERSION (0, 99, 99));
  g_assert_false (TM_CHECK_VERSION (TM_MAJOR_VERSION, TM_MINOR_VERSION, TM_MICRO_VERSION + 1));
  g_assert_false (TM_CHECK_VERSION (TM_MAJOR_VERSION, TM_MINOR_VERSION + 1, 0));
  g_assert_false (TM_CHECK_VERSION (TM_MAJOR_VERSION + 1, 0, 0));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/version/runtime", test_runtime);
  g_test_add_func ("/version/check", test_check);

  return g_test_run ();
}
