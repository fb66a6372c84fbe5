/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "tool-i18n.h"

#include <locale.h>

/* The locale of the command, and the catalogue of its messages. The library has its messages in the
 * same catalogue. */

/* Called before another thread is started. */
void
tool_i18n_prepare (void)
{
  setlocale (LC_ALL, "");
#ifdef ENABLE_NLS
  bindtextdomain (GETTEXT_PACKAGE, LOCALEDIR);
  bind_textdomain_codeset (GETTEXT_PACKAGE, "UTF-8");
  /* If there is no translation into the language of the locale, GLib does not translate its own
   * messages either, so that the help is in one language. */
  textdomain (GETTEXT_PACKAGE);
#else
  /* The messages of GLib and of the C library are in English as well. */
  setlocale (LC_MESSAGES, "C");
#endif
}
