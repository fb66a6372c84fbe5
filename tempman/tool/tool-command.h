/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <glib.h>

/* The status of a command: one of these or, as a negative number, the signal that ended it. Only
 * `run` uses those from 125 on: its lower ones are those of the program that it runs. */
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

/* The exit status by which a shell reports a signal. */
#define TOOL_STATUS_OF_SIGNAL(signal_number) (128 + (signal_number))

typedef struct _ToolCommand ToolCommand;

/* @arguments: (inout): the name of the command and its arguments, from which it removes options */
typedef int (*ToolCommandFunc) (const ToolCommand *command, char ***arguments);

struct _ToolCommand
{
  const char *name;
  const char *parameters;
  const char *summary;
  const char *description; /* (nullable): further text of the help */
  int usage_status;        /* the status after a usage error */
  ToolCommandFunc func;
};

extern const ToolCommand tool_cleanup_command;
extern const ToolCommand tool_create_command;
extern const ToolCommand tool_delete_command;
extern const ToolCommand tool_list_command;
extern const ToolCommand tool_run_command;
