/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "tm-holding-private.h"

#include "tm-dirfd-private.h"
#include "tm-file-private.h"
#include "tm-path-private.h"
#include "tm-process-private.h"

#include <errno.h>
#include <string.h>

void
tm_holding_init (TmHolding *holding, const TmHoldingBody *body, GFile *parent, const char *name)
{
  holding->body = body;
  holding->file = g_file_get_child (parent, name);
  holding->process = tm_process_get_token ();
}

static TmHolding *
create_local (GFile *parent, const char *prefix, GCancellable *cancellable, GError **error)
{
  const char *path = g_file_peek_path (parent);
  g_autofree char *resolved = NULL;
  g_autofree char *refused = NULL;
  g_autoptr (TmParent) open_parent = tm_parent_open (path, &resolved, &refused);
  g_autoptr (GFile) resolved_parent = NULL;

  if (open_parent == NULL)
    {
      tm_path_set_error (error, "Creating a temporary directory in", path, refused, errno);
      return NULL;
    }

  /* A link on the way may lead elsewhere later; the directory is named by where it is. */
  if (resolved != NULL && strcmp (resolved, path) != 0)
    resolved_parent = g_file_new_for_path (resolved);

  return tm_holding_local_create (resolved_parent != NULL ? resolved_parent : parent, open_parent,
                                  prefix, cancellable, error);
}

/*
 * tm_holding_create:
 * @parent: the directory to create it in
 * @prefix: what its name begins with; without a separator
 * @cancellable: (nullable): to cancel it with
 * @error: as documented at tm_temporary_directory_new()
 *
 * Returns: (nullable): a new directory, ours alone, or %NULL with nothing left behind
 */
TmHolding *
tm_holding_create (GFile *parent, const char *prefix, GCancellable *cancellable, GError **error)
{
  if (tm_file_is_local (parent))
    return create_local (parent, prefix, cancellable, error);

  return tm_holding_remote_create (parent, prefix, cancellable, error);
}

GFile *
tm_holding_get_file (TmHolding *holding)
{
  return holding->file;
}

gboolean
tm_holding_is_of_this_process (TmHolding *holding)
{
  return holding->process == tm_process_get_token ();
}

/* From now on it is of this process. */
void
tm_holding_adopt (TmHolding *holding)
{
  holding->process = tm_process_get_token ();
}

/* Returns -1 when it is held by no descriptor. */
int
tm_holding_get_fd (TmHolding *holding)
{
  return holding->body->get_fd (holding);
}

/*
 * tm_holding_delete:
 * @holding: a directory of ours
 * @cancellable: (nullable): to cancel it with
 * @error: the first failure; what could be deleted is
 *
 * Deletes the directory with everything in it. That it is gone already counts as success. After a
 * failure it can be tried again.
 *
 * Returns: %TRUE on success
 */
gboolean
tm_holding_delete (TmHolding *holding, GCancellable *cancellable, GError **error)
{
  return holding->body->delete (holding, cancellable, error);
}

/* Makes it a directory like any other, to be released and left there. */
gboolean
tm_holding_disown (TmHolding *holding, GError **error)
{
  return holding->body->disown (holding, error);
}

/*
 * tm_holding_publish:
 * @holding: a directory of ours
 * @destination: its new name
 * @replace: whether it takes the place of what is there
 * @replaced: (out) (nullable): what had that place, to be deleted
 * @error: as documented at tm_temporary_directory_persist()
 *
 * Gives the directory another name, in one step. After that it can only be released.
 *
 * Returns: %TRUE on success; else everything is as it was
 */
gboolean
tm_holding_publish (TmHolding *holding,
                    GFile *destination,
                    gboolean replace,
                    TmReplaced **replaced,
                    GError **error)
{
  return holding->body->publish (holding, destination, replace, replaced, error);
}

/* Drops the lock, if there is one, and forgets the directory, which stays if it is still there. */
void
tm_holding_release (TmHolding *holding)
{
  g_object_unref (holding->file);
  holding->body->free (holding);
}
