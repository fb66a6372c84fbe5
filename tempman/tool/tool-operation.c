/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "tool-operation.h"

#include "tool-command.h"
#include "tool-output.h"
#include "tool-signals.h"

/* Work that the command waits for, with one asynchronous call after the other: it can be
 * interrupted, and shows how long it takes. */

struct _ToolOperation
{
  GCancellable *cancellable; /* (owned) */
  ToolSignals *signals;      /* (owned) */
  ToolProgress *progress;    /* (owned) */
  GAsyncResult *result;      /* (owned) (nullable) */
  int interrupted_by;        /* a signal, or 0 */
  gboolean has_failed;
};

static void
interrupt_cb (const struct signalfd_siginfo *signal_info, gpointer user_data)
{
  ToolOperation *operation = user_data;

  if (operation->interrupted_by == 0)
    operation->interrupted_by = (int) signal_info->ssi_signo;
  g_cancellable_cancel (operation->cancellable);
}

/*
 * tool_operation_new:
 * @signals: which signals interrupt it, and 0
 * @format: what is being done
 * @...: arguments of @format
 */
ToolOperation *
tool_operation_new (const int *signals, const char *format, ...)
{
  ToolOperation *operation = g_new0 (ToolOperation, 1);
  g_autofree char *title = NULL;
  va_list args;

  va_start (args, format);
  title = g_strdup_vprintf (format, args);
  va_end (args);

  operation->cancellable = g_cancellable_new ();
  operation->signals = tool_signals_watch (signals, interrupt_cb, operation);
  operation->progress = tool_progress_new (title);
  return operation;
}

void
tool_operation_free (ToolOperation *operation)
{
  tool_progress_free (operation->progress);
  tool_signals_unwatch (operation->signals);
  g_clear_object (&operation->result);
  g_object_unref (operation->cancellable);
  g_free (operation);
}

GCancellable *
tool_operation_get_cancellable (ToolOperation *operation)
{
  return operation->cancellable;
}

ToolProgress *
tool_operation_get_progress (ToolOperation *operation)
{
  return operation->progress;
}

/* The callback of the asynchronous calls. */
void
tool_operation_ready_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  ToolOperation *operation = user_data;

  operation->result = g_object_ref (result);
}

/*
 * tool_operation_wait:
 * @operation: an operation, of which a call has been started
 *
 * Returns: (transfer full): the result of that call
 */
GAsyncResult *
tool_operation_wait (ToolOperation *operation)
{
  while (operation->result == NULL)
    g_main_context_iteration (NULL, TRUE);

  return g_steal_pointer (&operation->result);
}

gboolean
tool_operation_is_interrupted (ToolOperation *operation)
{
  return operation->interrupted_by != 0;
}

/*
 * tool_operation_fail:
 * @operation: an operation
 * @error: (transfer full): what went wrong in it
 *
 * Says what went wrong. That it was interrupted need not be said to whoever has done that.
 */
void
tool_operation_fail (ToolOperation *operation, GError *error)
{
  operation->has_failed = TRUE;
  if (!tool_operation_is_interrupted (operation) ||
      !g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    {
      tool_progress_hide (operation->progress);
      tool_complain ("%s", error->message);
    }
  g_error_free (error);
}

/* What the command is to end with: @failed_status if the operation failed. */
int
tool_operation_get_status (ToolOperation *operation, int failed_status)
{
  if (tool_operation_is_interrupted (operation))
    return TOOL_STATUS_ENDED_BY (operation->interrupted_by);

  return operation->has_failed ? failed_status : TOOL_STATUS_DONE;
}
