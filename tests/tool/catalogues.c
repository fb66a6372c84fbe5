/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Preloaded into the command: it finds the catalogues of its messages in the build folder, which
 * TEMPMAN_TEST_CATALOGUES names. */

#include <dlfcn.h>
#include <libintl.h>
#include <stdlib.h>
#include <string.h>

#undef bindtextdomain

char *
bindtextdomain (const char *domain, const char *folder)
{
  char *(*next) (const char *, const char *);
  const char *catalogues = getenv ("TEMPMAN_TEST_CATALOGUES");

  *(void **) &next = dlsym (RTLD_NEXT, "bindtextdomain");
  if (folder != NULL && catalogues != NULL && strcmp (domain, GETTEXT_PACKAGE) == 0)
    folder = catalogues;
  return next (domain, folder);
}
