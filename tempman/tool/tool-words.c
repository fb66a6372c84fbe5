/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "tool-words.h"

#include "tool-i18n.h"
#include "tool-output.h"

/* The words for outcomes, states and reasons. On a terminal, they are in the language of the user.
 * Programs read the same words in every locale: those of the public enumerations. */

static const char *
get_nick (GType type, int value)
{
  GEnumClass *enum_class = g_type_class_ref (type);
  const GEnumValue *enum_value = g_enum_get_value (enum_class, value);

  g_assert (enum_value != NULL);
  /* The values are static: they outlive the reference to the class. */
  g_type_class_unref (enum_class);
  return enum_value->value_nick;
}

const char *
tool_words_get_state_nick (TmRootEntryState state)
{
  return get_nick (TM_TYPE_ROOT_ENTRY_STATE, (int) state);
}

const char *
tool_words_get_reason_nick (TmRemovalReason reason)
{
  return get_nick (TM_TYPE_REMOVAL_REASON, (int) reason);
}

static const char *
get_outcome_for_programs (ToolOutcome outcome)
{
  switch (outcome)
    {
    case TOOL_OUTCOME_REMOVABLE:
      return "removable";
    case TOOL_OUTCOME_REMOVED:
      return "removed";
    case TOOL_OUTCOME_FAILED:
      return "failed";
    case TOOL_OUTCOME_KEPT:
    default:
      return "kept";
    }
}

const char *
tool_words_get_outcome (ToolOutcome outcome)
{
  if (!tool_output_is_terminal ())
    return get_outcome_for_programs (outcome);

  switch (outcome)
    {
    case TOOL_OUTCOME_REMOVABLE:
      /* Translators: a cleanup would delete the directory. */
      return C_ ("outcome", "removable");
    case TOOL_OUTCOME_REMOVED:
      return C_ ("outcome", "removed");
    case TOOL_OUTCOME_FAILED:
      /* Translators: the deletion of the directory failed. */
      return C_ ("outcome", "failed");
    case TOOL_OUTCOME_KEPT:
    default:
      return C_ ("outcome", "kept");
    }
}

/* Returns (transfer full): the state of an entry with a heartbeat. @age: that of the heartbeat */
static char *
describe_with_heartbeat (TmRootEntryState state, const char *age)
{
  if (!tool_output_is_terminal ())
    return g_strdup_printf ("%s (heartbeat %s ago)", tool_words_get_state_nick (state), age);

  switch (state)
    {
    case TM_ROOT_ENTRY_STATE_LIVE:
      /* Translators: the state of a directory, in a table; %s is an age such as “1m 30s”. */
      return g_strdup_printf (_ ("live (heartbeat %s ago)"), age);
    case TM_ROOT_ENTRY_STATE_ABANDONED:
      /* Translators: the state of a directory, in a table; %s is an age such as “1m 30s”. */
      return g_strdup_printf (_ ("abandoned (heartbeat %s ago)"), age);
    case TM_ROOT_ENTRY_STATE_UNOWNED:
    default:
      /* Translators: the state of a directory, in a table; %s is an age such as “1m 30s”. */
      return g_strdup_printf (_ ("unowned (heartbeat %s ago)"), age);
    }
}

/*
 * tool_words_describe_state:
 * @state: the state of an entry
 * @heartbeat_age: (nullable): the age of its heartbeat, if it has one
 *
 * Returns: (transfer full): the state, followed by the age of the heartbeat if there is one
 */
char *
tool_words_describe_state (TmRootEntryState state, const char *heartbeat_age)
{
  if (heartbeat_age != NULL)
    return describe_with_heartbeat (state, heartbeat_age);

  if (!tool_output_is_terminal ())
    return g_strdup (tool_words_get_state_nick (state));

  switch (state)
    {
    case TM_ROOT_ENTRY_STATE_LIVE:
      /* Translators: the directory is in use. */
      return g_strdup (C_ ("state", "live"));
    case TM_ROOT_ENTRY_STATE_ABANDONED:
      /* Translators: the owner of the directory, a process, has exited without deleting it. */
      return g_strdup (C_ ("state", "abandoned"));
    case TM_ROOT_ENTRY_STATE_UNOWNED:
    default:
      /* Translators: the directory has no owner. */
      return g_strdup (C_ ("state", "unowned"));
    }
}

const char *
tool_words_get_reason (TmRemovalReason reason)
{
  if (!tool_output_is_terminal ())
    return tool_words_get_reason_nick (reason);

  switch (reason)
    {
    case TM_REMOVAL_REASON_EXPIRED:
      /* Translators: why a cleanup deletes a directory: it was unused for longer than the timeout.
       */
      return C_ ("reason", "expired");
    case TM_REMOVAL_REASON_ABANDONED:
      /* Translators: why a cleanup deletes a directory: its owner has exited. */
      return C_ ("reason", "abandoned");
    case TM_REMOVAL_REASON_OVER_COUNT:
      /* Translators: why a cleanup deletes a directory: there are too many directories. */
      return C_ ("reason", "over-count");
    case TM_REMOVAL_REASON_OVER_SIZE:
      /* Translators: why a cleanup deletes a directory: the directories are too large. */
      return C_ ("reason", "over-size");
    case TM_REMOVAL_REASON_LOW_SPACE:
      /* Translators: why a cleanup deletes a directory: little space is free on the file system. */
      return C_ ("reason", "low-space");
    case TM_REMOVAL_REASON_NONE:
    default:
      /* Translators: a cleanup has no reason to delete the directory. */
      return C_ ("reason", "none");
    }
}
