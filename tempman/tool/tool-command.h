/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <glib.h>

/* What a command ends with: one of these or, as a negative number, the signal that ended it. Those
 * from 125 on are for `run`, whose lower ones are those of the program that it runs. */
enum
{
  TOOL_STATUS_DONE = 0,
  TOOL_STATUS_FAILED = 1,
  TOOL_STATUS_USAGE = 2,
  TOOL_STATUS_RUN_FAILED = 125,
  TOOL_STATUS_NOT_EXECUTABLE = 126,
  TOOL_STATUS_NOT_FOUND = 127,
};

#define TOOL_STATUS_ENDED_BY(signal_number) (-(signal_number))

/* As a shell tells of the end by a signal. */
#define TOOL_STATUS_OF_SIGNAL(signal_number) (128 + (signal_number))

typedef struct _ToolCommand ToolCommand;

/* @arguments begin with the name of the command and belong to it. */
typedef int (*ToolCommandFunc) (const ToolCommand *command, char ***arguments);

struct _ToolCommand
{
  const char *name;
  const char *parameters;
  const char *summary;
  const char *description; /* (nullable): what else the help says */
  int usage_status;        /* what it ends with when it is called wrongly */
  ToolCommandFunc func;
};

extern const ToolCommand tool_cleanup_command;
extern const ToolCommand tool_create_command;
extern const ToolCommand tool_delete_command;
extern const ToolCommand tool_list_command;
extern const ToolCommand tool_run_command;
