/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <dlfcn.h>
#include <glib.h>

G_BEGIN_DECLS

/* For a function of a shared library that the test program replaces: the dynamic linker then calls
 * the program's function, from other libraries as well. */

/* Returns the function called @name, or @plain_name in a C library that has no second name for
 * large files. Several threads may call this at the same time, each as the first. */
static inline gpointer
find_next (gpointer *found, const char *name, const char *plain_name)
{
  gpointer next = g_atomic_pointer_get (found);

  if (next == NULL)
    {
      next = dlsym (RTLD_NEXT, name);
      if (next == NULL)
        next = dlsym (RTLD_NEXT, plain_name);
      g_atomic_pointer_set (found, next);
    }

  return next;
}

/* Declares next(), the function of the library that @function replaces. */
#define NEXT(function, name)                                                                       \
  static gpointer found = NULL;                                                                    \
  __typeof__ (&function) next = (__typeof__ (&function)) find_next (&found, name, #function)

/* The names of the calls for times of 64 bits on machines whose time_t had 32. */
#if defined(__USE_TIME_BITS64) && defined(__TIMESIZE) && __TIMESIZE == 32
#define WIDE_TIME(name, wide_name) wide_name
#else
#define WIDE_TIME(name, wide_name) name
#endif

G_END_DECLS
