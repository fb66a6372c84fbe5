/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "tool-outcome.h"

#include <tempman.h>

const char *tool_words_get_outcome (ToolOutcome outcome);
char *tool_words_describe_state (TmRootEntryState state, const char *heartbeat_age);
const char *tool_words_get_reason (TmRemovalReason reason);

const char *tool_words_get_state_nick (TmRootEntryState state);
const char *tool_words_get_reason_nick (TmRemovalReason reason);
