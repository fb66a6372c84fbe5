/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "core/tm-error-private.h"

#include "core/tm-file-private.h"
#include "core/tm-i18n-private.h"

#include <errno.h>

/* The messages of the errors that the library returns.
 *
 * Each is a whole sentence with a path and a reason: a translator cannot translate a sentence that
 * is composed of pieces. All formats are literals, so that the compiler checks their arguments. A
 * reason is a clause that can be translated alone. */

/* Returns (transfer full): the message. @name and @reason are UTF-8. */
static char *
make_message (TmAction action, const char *name, const char *reason)
{
  switch (action)
    {
    case TM_ACTION_CREATE:
      /* Translators: in all of these messages, the last %s is the reason: a clause such as
         “it is closed”, or a message of the system such as “Permission denied”. */
      return g_strdup_printf (_ ("Could not create the temporary directory “%s”: %s"), name,
                              reason);
    case TM_ACTION_CREATE_IN:
      return g_strdup_printf (_ ("Could not create a temporary directory in “%s”: %s"), name,
                              reason);
    case TM_ACTION_CREATE_WITH_NAME:
      return g_strdup_printf (_ ("Could not create a temporary directory with the name “%s”: %s"),
                              name, reason);
    case TM_ACTION_CREATE_WITH_PREFIX:
      return g_strdup_printf (_ ("Could not create a temporary directory with the prefix “%s”: %s"),
                              name, reason);
    case TM_ACTION_CREATE_WITH_SUFFIX:
      return g_strdup_printf (_ ("Could not create a temporary directory with the suffix “%s”: %s"),
                              name, reason);
    case TM_ACTION_CREATE_WITH_MODE:
      return g_strdup_printf (_ ("Could not create a temporary directory with the mode “%s”: %s"),
                              name, reason);
    case TM_ACTION_ADOPT:
      /* Translators: a process takes over a temporary directory of its parent process. */
      return g_strdup_printf (_ ("Could not adopt “%s”: %s"), name, reason);
    case TM_ACTION_KEEP:
      return g_strdup_printf (_ ("Could not keep “%s”: %s"), name, reason);
    case TM_ACTION_PUBLISH:
      /* Translators: to publish is to give a temporary directory its final name. */
      return g_strdup_printf (_ ("Could not publish “%s”: %s"), name, reason);
    case TM_ACTION_DELETE:
      return g_strdup_printf (_ ("Could not delete “%s”: %s"), name, reason);
    case TM_ACTION_EMPTY:
      return g_strdup_printf (_ ("Could not delete everything in “%s”: %s"), name, reason);
    case TM_ACTION_DELETE_REPLACED:
      return g_strdup_printf (_ ("Could not delete the replaced file “%s”: %s"), name, reason);
    case TM_ACTION_OPEN_DIRECTORY:
      return g_strdup_printf (_ ("Could not open the directory “%s”: %s"), name, reason);
    case TM_ACTION_READ_DIRECTORY:
      return g_strdup_printf (_ ("Could not read the directory “%s”: %s"), name, reason);
    case TM_ACTION_RETURN_FROM_DIRECTORY:
      return g_strdup_printf (_ ("Could not return to the parent of “%s”: %s"), name, reason);
    case TM_ACTION_OPEN_ROOT:
      /* Translators: a root is a directory in which a program creates temporary directories. */
      return g_strdup_printf (_ ("Could not open the root “%s”: %s"), name, reason);
    case TM_ACTION_READ_ROOT:
      return g_strdup_printf (_ ("Could not read the root “%s”: %s"), name, reason);
    case TM_ACTION_EXAMINE:
      return g_strdup_printf (_ ("Could not examine “%s”: %s"), name, reason);
    default:
      g_assert_not_reached ();
    }
}

static void
set_named (GError **error, TmAction action, const char *name, GIOErrorEnum code, const char *reason)
{
  g_autofree char *message = make_message (action, name, reason);

  g_set_error_literal (error, G_IO_ERROR, code, message);
}

/*
 * tm_error_set:
 * @error: (nullable): return location for an error
 * @action: the action that failed
 * @path: a path in the file name encoding
 * @code: the error code
 * @reason: the reason, a clause
 */
void
tm_error_set (GError **error,
              TmAction action,
              const char *path,
              GIOErrorEnum code,
              const char *reason)
{
  g_autofree char *name = g_filename_display_name (path);

  set_named (error, action, name, code, reason);
}

/*
 * tm_error_set_from_errno:
 * @error: (nullable): return location for an error
 * @action: the action that failed
 * @path: a path in the file name encoding
 * @error_number: the `errno` of the system call that failed
 */
void
tm_error_set_from_errno (GError **error, TmAction action, const char *path, int error_number)
{
  tm_error_set (error, action, path, tm_error_get_code (error_number),
                tm_error_get_reason (error_number));
}

/*
 * tm_error_set_unopened:
 * @error: (nullable): return location for an error
 * @action: the action that failed
 * @path: a path that could not be opened, in the file name encoding
 * @refused: (nullable): the link in the path that the library refused to follow
 * @error_number: the `errno`, used only if @refused is %NULL
 */
void
tm_error_set_unopened (GError **error,
                       TmAction action,
                       const char *path,
                       const char *refused,
                       int error_number)
{
  g_autofree char *reason = NULL;

  if (refused == NULL)
    {
      tm_error_set_from_errno (error, action, path, error_number);
      return;
    }

  reason = tm_error_describe_refused (refused);
  tm_error_set (error, action, path, G_IO_ERROR_PERMISSION_DENIED, reason);
}

/*
 * tm_error_set_for_file:
 * @error: (nullable): return location for an error
 * @action: the action that failed
 * @file: a file
 * @code: the error code
 * @reason: the reason, a clause
 */
void
tm_error_set_for_file (GError **error,
                       TmAction action,
                       GFile *file,
                       GIOErrorEnum code,
                       const char *reason)
{
  g_autofree char *name = tm_file_get_display_name (file);

  set_named (error, action, name, code, reason);
}

/*
 * tm_error_set_from_gio:
 * @error: (nullable): return location for an error
 * @action: the action that failed
 * @file: a file
 * @cause: the error of GIO
 */
void
tm_error_set_from_gio (GError **error, TmAction action, GFile *file, const GError *cause)
{
  tm_error_set_for_file (error, action, file, tm_error_get_code_from_gio (cause), cause->message);
}

static void
set_unpublished (GError **error,
                 const char *name,
                 const char *new_name,
                 GIOErrorEnum code,
                 const char *reason)
{
  g_set_error (error, G_IO_ERROR, code, _ ("Could not publish “%s” as “%s”: %s"), name, new_name,
               reason);
}

/*
 * tm_error_set_unpublished:
 * @error: (nullable): return location for an error
 * @path: the path of a directory, in the file name encoding
 * @destination: the destination that it could not be moved to
 * @code: the error code
 * @reason: the reason, a clause
 */
void
tm_error_set_unpublished (GError **error,
                          const char *path,
                          const char *destination,
                          GIOErrorEnum code,
                          const char *reason)
{
  g_autofree char *name = g_filename_display_name (path);
  g_autofree char *new_name = g_filename_display_name (destination);

  set_unpublished (error, name, new_name, code, reason);
}

/* Like tm_error_set_unpublished(). */
void
tm_error_set_unpublished_file (GError **error,
                               GFile *file,
                               GFile *destination,
                               GIOErrorEnum code,
                               const char *reason)
{
  g_autofree char *name = tm_file_get_display_name (file);
  g_autofree char *new_name = tm_file_get_display_name (destination);

  set_unpublished (error, name, new_name, code, reason);
}

/*
 * tm_error_get_code:
 * @error_number: an `errno`
 *
 * Returns: the error code of the library
 */
GIOErrorEnum
tm_error_get_code (int error_number)
{
  switch (error_number)
    {
    /* From openat2(): a mount point, which must not be crossed. */
    case EXDEV:
    /* From rmdir(): another process keeps adding files. */
    case ENOTEMPTY:
      return G_IO_ERROR_BUSY;

    case ENAMETOOLONG:
      return G_IO_ERROR_INVALID_FILENAME;

    case EDQUOT:
      return G_IO_ERROR_NO_SPACE;

    /* See tm_dirfd_check(). */
    case EBADF:
      return G_IO_ERROR_FAILED;

    case TM_ERROR_NUMBER_ATTRIBUTES:
    case TM_ERROR_NUMBER_LINKED:
      return G_IO_ERROR_PERMISSION_DENIED;

    default:
      return g_io_error_from_errno (error_number);
    }
}

/*
 * tm_error_get_reason:
 * @error_number: an `errno`
 *
 * Returns: the reason, a clause in UTF-8
 */
const char *
tm_error_get_reason (int error_number)
{
  switch (error_number)
    {
    case EXDEV:
      return _ ("a file system is mounted there");
    case ENOTEMPTY:
      return _ ("another process keeps adding files to it");
    case EBADF:
      return _ ("other code has closed its file descriptor");
    case TM_ERROR_NUMBER_ATTRIBUTES:
      return _ ("it is immutable or append-only, and this process may not change that");
    case TM_ERROR_NUMBER_LINKED:
      return _ ("it is immutable or append-only, and has other hard links");
    default:
      return g_strerror (error_number);
    }
}

/*
 * tm_error_describe_refused:
 * @refused: the path of a link that is not followed
 *
 * Returns: (transfer full): the reason, a clause
 */
char *
tm_error_describe_refused (const char *refused)
{
  g_autofree char *name = g_filename_display_name (refused);

  return g_strdup_printf (_ ("the link “%s” belongs to another user and is not followed"), name);
}

/*
 * tm_error_get_code_from_gio:
 * @cause: an error of GIO
 *
 * Returns: the error code of the library
 */
GIOErrorEnum
tm_error_get_code_from_gio (const GError *cause)
{
  if (cause->domain != G_IO_ERROR)
    return G_IO_ERROR_FAILED;

  return cause->code == G_IO_ERROR_FILENAME_TOO_LONG ? G_IO_ERROR_INVALID_FILENAME
                                                     : (GIOErrorEnum) cause->code;
}
