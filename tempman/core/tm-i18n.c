/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "core/tm-i18n-private.h"

#ifdef ENABLE_NLS
#include <libintl.h>
#endif

/* Translates the messages of the library.
 *
 * The library never calls setlocale(): the program decides about its locale. A program that does
 * not call it gets the messages in English. */

#ifdef ENABLE_NLS
/* Returns whether the program has bound the domain itself, as one does that carries its own copy of
 * the library, with the catalogues in another folder. */
static gboolean
is_bound_by_program (void)
{
  const char *folder = bindtextdomain (GETTEXT_PACKAGE, NULL);
  /* No program binds this domain: its folder is the default one, or NULL in some C libraries. */
  const char *default_folder = bindtextdomain (GETTEXT_PACKAGE "-unbound", NULL);

  return folder != NULL && g_strcmp0 (folder, default_folder) != 0;
}

/* Without a lock, which a forked child could find locked: two threads that bind the domain at the
 * same time bind it to the same folder. */
static void
ensure_bound (void)
{
  static gint is_bound; /* atomic */

  if (g_atomic_int_get (&is_bound))
    return;

  if (!is_bound_by_program ())
    bindtextdomain (GETTEXT_PACKAGE, LOCALEDIR);
  /* The messages of an error are UTF-8 in every locale. */
  bind_textdomain_codeset (GETTEXT_PACKAGE, "UTF-8");
  g_atomic_int_set (&is_bound, TRUE);
}
#endif

/*
 * tm_gettext:
 * @message: a message that is marked with _() or N_()
 *
 * Returns: the translation into the language of the locale, or @message. UTF-8, and static
 */
const char *
tm_gettext (const char *message)
{
#ifdef ENABLE_NLS
  ensure_bound ();
  /* Unlike dgettext(), it does not translate where the program itself is not translated. */
  return g_dgettext (GETTEXT_PACKAGE, message);
#else
  return message;
#endif
}
