/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#define _TEMPMAN_INSIDE

#include "tm-delete.h"
#include "tm-deletion.h"
#include "tm-enums.h"
#include "tm-root-entry.h"
#include "tm-root.h"
#include "tm-temporary-directory.h"
#include "tm-version.h"

#undef _TEMPMAN_INSIDE
