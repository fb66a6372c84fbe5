/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "tool-creation.h"

#include "tool-age.h"
#include "tool-i18n.h"
#include "tool-paths.h"

/* The creation of a directory by `run` and `create`. */

void
tool_creation_get_entries (ToolCreation *creation, GOptionEntry entries[TOOL_CREATION_N_ENTRIES])
{
  const GOptionEntry all[TOOL_CREATION_N_ENTRIES] = {
    { "in", 'i', 0, G_OPTION_ARG_FILENAME, &creation->parent_path,
      N_ ("Create the directory in DIR, not in the directory for temporary files"), N_ ("DIR") },
    { "root", 0, 0, G_OPTION_ARG_FILENAME, &creation->root_path,
      N_ ("Create the directory in the root DIR, and clean up DIR first"), N_ ("DIR") },
    { "timeout", 't', 0, G_OPTION_ARG_FILENAME, &creation->timeout_text,
      N_ ("With --root: delete directories unused for longer than AGE: 90s, 2h, 7d, 1w"),
      N_ ("AGE") },
    { "age-basis", 0, 0, G_OPTION_ARG_FILENAME, &creation->age_basis_text,
      N_ ("With --root: timestamps that count as a use; see “tempman cleanup --help”"),
      N_ ("BASIS") },
    { "exclude", 'x', 0, G_OPTION_ARG_FILENAME_ARRAY, &creation->exclude,
      N_ ("With --root: keep directories whose name matches; may be repeated"), N_ ("PATTERN") },
    { "max-entries", 0, 0, G_OPTION_ARG_FILENAME, &creation->limits.max_entries_text,
      N_ ("With --root: keep at most N directories, with the new one"), N_ ("N") },
    { "min-free", 0, 0, G_OPTION_ARG_FILENAME, &creation->limits.min_free_text,
      N_ ("With --root: keep SIZE of the file system free, or a share of it: 10G, 5%"),
      N_ ("SIZE") },
    { "prefix", 'p', 0, G_OPTION_ARG_FILENAME, &creation->prefix,
      N_ ("Start the name with PREFIX, not with “tempman”"), N_ ("PREFIX") },
    { "suffix", 0, 0, G_OPTION_ARG_FILENAME, &creation->suffix,
      N_ ("End the name with SUFFIX, which does not begin with a letter or a digit"),
      N_ ("SUFFIX") },
    { "mode", 'm', 0, G_OPTION_ARG_FILENAME, &creation->mode_text,
      N_ ("Set the permissions to MODE, in octal, not to 700"), N_ ("MODE") },
    { NULL, 0, 0, 0, NULL, NULL, NULL },
  };

  for (gsize i = 0; i < TOOL_CREATION_N_ENTRIES; i++)
    entries[i] = all[i];
}

/* @value: (nullable): the value of an option that requires --root */
static gboolean
is_of_root (const ToolCreation *creation, gconstpointer value, const char *option, GError **error)
{
  if (value == NULL || creation->root_path != NULL)
    return TRUE;

  g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_FAILED, _ ("%s is only valid with --root"),
               option);
  return FALSE;
}

static gboolean
understand_mode (ToolCreation *creation, GError **error)
{
  guint64 mode;

  if (creation->mode_text == NULL)
    return TRUE;

  if (!g_ascii_string_to_unsigned (creation->mode_text, 8, 0, 0777, &mode, NULL))
    {
      g_autofree char *display_text = g_filename_display_name (creation->mode_text);

      g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_FAILED,
                   _ ("“%s” is not a mode: write it in octal, from 0 to 777"), display_text);
      return FALSE;
    }

  creation->mode = (guint) mode;
  return TRUE;
}

/* Parses the values of the options. Returns FALSE with a usage error. */
gboolean
tool_creation_understand (ToolCreation *creation, GError **error)
{
  creation->timeout = TM_NO_TIMEOUT;
  creation->mode = 0700;

  if (creation->parent_path != NULL && creation->root_path != NULL)
    {
      g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_FAILED,
                   _ ("--in and --root cannot be used together"));
      return FALSE;
    }

  if (!is_of_root (creation, creation->timeout_text, "--timeout", error) ||
      !is_of_root (creation, creation->age_basis_text, "--age-basis", error) ||
      !is_of_root (creation, creation->exclude, "--exclude", error) ||
      !is_of_root (creation, creation->limits.max_entries_text, "--max-entries", error) ||
      !is_of_root (creation, creation->limits.min_free_text, "--min-free", error))
    return FALSE;

  return (creation->timeout_text == NULL ||
          tool_age_parse (creation->timeout_text, &creation->timeout, error)) &&
         tool_age_parse_basis (creation->age_basis_text, &creation->age_basis, error) &&
         tool_limits_understand (&creation->limits, error) && understand_mode (creation, error) &&
         tool_age_check_exclude (creation->exclude, error);
}

void
tool_creation_clear (ToolCreation *creation)
{
  g_clear_pointer (&creation->parent_path, g_free);
  g_clear_pointer (&creation->root_path, g_free);
  g_clear_pointer (&creation->timeout_text, g_free);
  g_clear_pointer (&creation->age_basis_text, g_free);
  g_clear_pointer (&creation->exclude, g_strfreev);
  g_clear_pointer (&creation->prefix, g_free);
  g_clear_pointer (&creation->suffix, g_free);
  g_clear_pointer (&creation->mode_text, g_free);
  tool_limits_clear (&creation->limits);
}

/* An existing root may belong to another user, as /var/tmp does. CREATE_DIRECTORY would refuse it,
 * so the flag is used only if the root is missing. */
static TmRoot *
open_root (const ToolCreation *creation, GCancellable *cancellable, GError **error)
{
  g_autoptr (GFile) directory = tool_paths_new_directory (creation->root_path, error);
  g_autoptr (GError) local_error = NULL;
  g_autoptr (TmRoot) root = NULL;

  if (directory == NULL)
    return NULL;

  root = tm_root_new (directory, creation->timeout, TM_ROOT_FLAGS_RECLAIM_ABANDONED, cancellable,
                      &local_error);
  if (g_error_matches (local_error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND))
    {
      g_clear_error (&local_error);
      root = tm_root_new (directory, creation->timeout,
                          TM_ROOT_FLAGS_RECLAIM_ABANDONED | TM_ROOT_FLAGS_CREATE_DIRECTORY,
                          cancellable, &local_error);
    }

  if (root == NULL)
    {
      g_propagate_error (error, g_steal_pointer (&local_error));
      return NULL;
    }

  if (!tool_limits_apply (&creation->limits, root, error))
    return NULL;

  tm_root_set_age_basis (root, creation->age_basis);
  tm_root_set_exclude (root, (const char *const *) creation->exclude);
  return g_steal_pointer (&root);
}

static TmTemporaryDirectory *
create_in (const ToolCreation *creation, GFile *parent, GCancellable *cancellable, GError **error)
{
  return g_initable_new (TM_TYPE_TEMPORARY_DIRECTORY, cancellable, error, "parent", parent,
                         "prefix", creation->prefix, "suffix", creation->suffix, "mode",
                         creation->mode, NULL);
}

/* Does the same as tm_root_create_temp_dir(), which has no parameters for suffix and mode. An error
 * of the cleanup does not prevent the creation. With a limit of the number, the new directory
 * counts as well: the cleanup comes second, and keeps the directory, which is live. If there is no
 * space for it, the cleanup comes first. */
static TmTemporaryDirectory *
create_under_root (const ToolCreation *creation, ToolOperation *operation, GError **error)
{
  GCancellable *cancellable = tool_operation_get_cancellable (operation);
  g_autoptr (TmRoot) root = open_root (creation, cancellable, error);
  g_autoptr (GError) local_error = NULL;
  g_autoptr (TmTemporaryDirectory) directory = NULL;

  if (root == NULL)
    return NULL;

  if (creation->limits.max_entries > 0)
    directory = create_in (creation, tm_root_get_directory (root), cancellable, NULL);
  if (tm_root_cleanup (root, cancellable, &local_error) < 0 &&
      g_error_matches (local_error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    {
      g_propagate_error (error, g_steal_pointer (&local_error));
      return NULL;
    }

  if (directory == NULL)
    directory = create_in (creation, tm_root_get_directory (root), cancellable, error);
  return g_steal_pointer (&directory);
}

static TmTemporaryDirectory *
create_in_parent (const ToolCreation *creation, ToolOperation *operation, GError **error)
{
  const char *path = creation->parent_path != NULL ? creation->parent_path : g_get_tmp_dir ();
  g_autoptr (GFile) parent = tool_paths_new_directory (path, error);

  if (parent == NULL)
    return NULL;

  return create_in (creation, parent, tool_operation_get_cancellable (operation), error);
}

/*
 * tool_creation_run:
 * @creation: the parameters of the creation
 * @operation: the operation that this is a part of
 * @error: return location for an error
 *
 * Returns: (transfer full) (nullable): the new directory, or %NULL with @error set
 */
TmTemporaryDirectory *
tool_creation_run (const ToolCreation *creation, ToolOperation *operation, GError **error)
{
  return creation->root_path != NULL ? create_under_root (creation, operation, error)
                                     : create_in_parent (creation, operation, error);
}
