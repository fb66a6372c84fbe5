/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "tm-version.h"

/**
 * tm_get_major_version:
 *
 * Gets the major version of the library that the program runs with, 1 in 1.2.3.
 *
 * It can differ from [const@MAJOR_VERSION], which is that of the headers it was
 * compiled with.
 *
 * Returns: the major version
 *
 * Since: 1.0
 */
guint
tm_get_major_version (void)
{
  return TM_MAJOR_VERSION;
}

/**
 * tm_get_minor_version:
 *
 * Gets the minor version of the library that the program runs with, 2 in 1.2.3.
 *
 * Returns: the minor version
 *
 * Since: 1.0
 */
guint
tm_get_minor_version (void)
{
  return TM_MINOR_VERSION;
}

/**
 * tm_get_micro_version:
 *
 * Gets the micro version of the library that the program runs with, 3 in 1.2.3.
 *
 * Returns: the micro version
 *
 * Since: 1.0
 */
guint
tm_get_micro_version (void)
{
  return TM_MICRO_VERSION;
}
