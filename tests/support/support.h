/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

/* The helpers that most tests use. The others, such as interpose.h, have to be included by name. */

#include "children.h"
#include "clock.h"
#include "files.h"
#include "mounts.h"
#include "results.h"
#include "sandbox.h"
#include "second-user.h"
#include "skips.h"
#include "soak.h"
