/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "tool-rules.h"

#include "tool-age.h"
#include "tool-i18n.h"
#include "tool-options.h"
#include "tool-output.h"
#include "tool-paths.h"

/* The command line of those who clean up a root and of those who only look at it: which one, and
 * what of it a cleanup deletes. */

static gboolean
parse (ToolRules *rules,
       const ToolCommand *command,
       const GOptionEntry *own_entries,
       char ***arguments,
       int *status)
{
  const GOptionEntry entries[] = {
    { "timeout", 't', 0, G_OPTION_ARG_FILENAME, &rules->timeout_text,
      N_ ("Delete directories unused for longer than AGE: 90s, 2h, 7d, 1w, 1h30m"), N_ ("AGE") },
    { "reclaim", 'r', 0, G_OPTION_ARG_NONE, &rules->reclaims,
      N_ ("Delete abandoned directories, whose owner has exited, at any age"), NULL },
    { "age-basis", 0, 0, G_OPTION_ARG_FILENAME, &rules->age_basis_text,
      N_ ("Timestamps that count as a use: accessed-or-modified, modified, changed (default) or "
          "newest-content"),
      N_ ("BASIS") },
    { "max-entries", 0, 0, G_OPTION_ARG_FILENAME, &rules->limits.max_entries_text,
      N_ ("Keep at most N directories: delete the least recently used ones"), N_ ("N") },
    { "max-size", 0, 0, G_OPTION_ARG_FILENAME, &rules->limits.max_size_text,
      N_ ("Keep at most SIZE of directories: 500M, 2G, 10GiB"), N_ ("SIZE") },
    { "min-free", 0, 0, G_OPTION_ARG_FILENAME, &rules->limits.min_free_text,
      N_ ("Keep SIZE of the file system free, or a share of it: 10G, 5%"), N_ ("SIZE") },
    { "files", 0, 0, G_OPTION_ARG_NONE, &rules->includes_files,
      N_ ("Treat files and links in DIR like directories"), NULL },
    { "exclude", 'x', 0, G_OPTION_ARG_FILENAME_ARRAY, &rules->exclude,
      N_ ("Keep directories whose name matches PATTERN; may be repeated"), N_ ("PATTERN") },
    { "lease", 0, 0, G_OPTION_ARG_FILENAME, &rules->lease_text,
      N_ ("On shared file systems: an owner counts as dead if its last heartbeat is older than AGE "
          "(default: 10m)"),
      N_ ("AGE") },
    { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &rules->paths, NULL, NULL },
    { NULL, 0, 0, 0, NULL, NULL, NULL },
  };

  return tool_options_parse (command, own_entries, entries, FALSE, arguments, status);
}

static gboolean
understand_paths (ToolRules *rules, GError **error)
{
  if (rules->paths == NULL)
    {
      g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_FAILED, _ ("No directory was given"));
      return FALSE;
    }

  rules->path = rules->paths[0];
  if (rules->paths[1] == NULL)
    return TRUE;

  g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_FAILED,
               _ ("Unexpected argument “%s”: give one directory"), rules->paths[1]);
  return FALSE;
}

/* Returns FALSE with an error of the user's. */
static gboolean
understand (ToolRules *rules, gboolean needs_rule, GError **error)
{
  if (!understand_paths (rules, error))
    return FALSE;

  if (needs_rule && rules->timeout_text == NULL && !tool_limits_are_given (&rules->limits))
    {
      g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_FAILED,
                   _ ("--timeout is required, or one of --max-entries, --max-size and --min-free"));
      return FALSE;
    }

  rules->timeout = TM_NO_TIMEOUT;
  if (rules->timeout_text != NULL && !tool_age_parse (rules->timeout_text, &rules->timeout, error))
    return FALSE;

  rules->lease = TM_DEFAULT_LEASE;
  if (rules->lease_text != NULL && !tool_age_parse (rules->lease_text, &rules->lease, error))
    return FALSE;

  return tool_age_parse_basis (rules->age_basis_text, &rules->age_basis, error) &&
         tool_limits_understand (&rules->limits, error) &&
         tool_age_check_exclude (rules->exclude, error);
}

void
tool_rules_clear (ToolRules *rules)
{
  g_clear_pointer (&rules->paths, g_strfreev);
  g_clear_pointer (&rules->timeout_text, g_free);
  g_clear_pointer (&rules->age_basis_text, g_free);
  g_clear_pointer (&rules->lease_text, g_free);
  g_clear_pointer (&rules->exclude, g_strfreev);
  tool_limits_clear (&rules->limits);
}

/* Returns (transfer full) (nullable): the root */
static TmRoot *
open_root (const ToolRules *rules, GError **error)
{
  g_autoptr (GFile) directory = tool_paths_new_directory (rules->path, error);
  g_autoptr (TmRoot) root = NULL;
  TmRootFlags flags = TM_ROOT_FLAGS_NONE;

  if (directory == NULL)
    return NULL;

  if (rules->reclaims)
    flags |= TM_ROOT_FLAGS_RECLAIM_ABANDONED;
  if (rules->includes_files)
    flags |= TM_ROOT_FLAGS_INCLUDE_FILES;

  root = tm_root_new (directory, rules->timeout, flags, NULL, error);
  if (root == NULL || !tool_limits_apply (&rules->limits, root, error))
    return NULL;

  tm_root_set_age_basis (root, rules->age_basis);
  tm_root_set_exclude (root, (const char *const *) rules->exclude);
  tm_root_set_lease (root, rules->lease);
  return g_steal_pointer (&root);
}

/*
 * tool_rules_read:
 * @rules: what a cleanup is to delete, read here
 * @command: what is called
 * @own_entries: the options that it alone has
 * @needs_rule: whether a timeout or a limit is required
 * @arguments: what it was called with
 * @status: (out): what to end with, where this returns %NULL
 *
 * Returns: (transfer full) (nullable): the root, or %NULL if the command is not to go on
 */
TmRoot *
tool_rules_read (ToolRules *rules,
                 const ToolCommand *command,
                 const GOptionEntry *own_entries,
                 gboolean needs_rule,
                 char ***arguments,
                 int *status)
{
  GError *error = NULL;
  TmRoot *root;

  if (!parse (rules, command, own_entries, arguments, status))
    return NULL;

  if (!understand (rules, needs_rule, &error))
    {
      *status = tool_options_refuse (command, error);
      return NULL;
    }

  root = open_root (rules, &error);
  if (root == NULL)
    {
      tool_complain ("%s", error->message);
      g_error_free (error);
      *status = TOOL_STATUS_FAILED;
    }
  return root;
}
