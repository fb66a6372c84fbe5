/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#if !defined(_TEMPMAN_INSIDE) && !defined(TM_COMPILATION)
#error "Only <tempman.h> can be included directly."
#endif

/* Included by tm-version.h alone, below the numbers of the version. */
#ifndef TM_MAJOR_VERSION
#error "Include tm-version.h, not tm-version-macros.h."
#endif

#include <glib.h>

#ifndef _TM_EXTERN
#define _TM_EXTERN __attribute__ ((visibility ("default"))) extern
#endif

/**
 * TM_VERSION_1_0:
 *
 * The version in which the first stable API appeared, for
 * `TM_VERSION_MIN_REQUIRED` and `TM_VERSION_MAX_ALLOWED`.
 *
 * Since: 1.0
 */
#define TM_VERSION_1_0 (G_ENCODE_VERSION (1, 0))

/* Both are for the program to define before it includes <tempman.h>: to be told, when it is
 * compiled, of functions deprecated since the one and of functions newer than the other. */
#ifndef TM_VERSION_MIN_REQUIRED
#define TM_VERSION_MIN_REQUIRED TM_VERSION_1_0
#endif

#ifndef TM_VERSION_MAX_ALLOWED
#define TM_VERSION_MAX_ALLOWED (G_ENCODE_VERSION (TM_MAJOR_VERSION, TM_MINOR_VERSION))
#endif

#if TM_VERSION_MAX_ALLOWED < TM_VERSION_MIN_REQUIRED
#error "TM_VERSION_MAX_ALLOWED must be >= TM_VERSION_MIN_REQUIRED"
#endif

#if TM_VERSION_MIN_REQUIRED < TM_VERSION_1_0
#error "TM_VERSION_MIN_REQUIRED must be >= TM_VERSION_1_0"
#endif

#if TM_VERSION_MAX_ALLOWED < TM_VERSION_1_0
#define TM_AVAILABLE_IN_1_0 _TM_EXTERN G_UNAVAILABLE (1, 0)
#else
#define TM_AVAILABLE_IN_1_0 _TM_EXTERN
#endif
