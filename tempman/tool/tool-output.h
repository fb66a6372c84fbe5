/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <glib.h>

typedef enum
{
  TOOL_COLOR_NONE,
  TOOL_COLOR_RED,
  TOOL_COLOR_GREEN,
  TOOL_COLOR_YELLOW,
} ToolColor;

/* A cell of a line. The name follows the cells, because it can contain any character. */
typedef struct
{
  const char *text; /* (nullable): NULL in a column that is not printed */
  ToolColor color;
} ToolCell;

#define TOOL_N_CELLS 5

/* How wide the cells of a line are on a terminal, in columns of the terminal. */
typedef struct
{
  int widths[TOOL_N_CELLS];
} ToolColumns;

#define TOOL_COLUMNS_INIT                                                                          \
  {                                                                                                \
    {                                                                                              \
      9, 9, 9, 8, 0                                                                                \
    }                                                                                              \
  }

gboolean tool_output_is_terminal (void);
gboolean tool_output_flush (void);
int tool_output_finish (int status);

void tool_print (const char *format, ...) G_GNUC_PRINTF (1, 2);
void tool_print_bytes (const char *bytes);
void tool_print_path (const char *path);
void tool_columns_fit (ToolColumns *columns, const ToolCell cells[TOOL_N_CELLS]);
void tool_print_row (const ToolColumns *columns,
                     const ToolCell cells[TOOL_N_CELLS],
                     const char *name);

void tool_complain (const char *format, ...) G_GNUC_PRINTF (1, 2);

char *tool_escape (const char *text);
char *tool_encode (const char *text);
