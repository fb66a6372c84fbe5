/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "tm-holding-private.h"

#include "tm-claim-private.h"
#include "tm-file-private.h"

/* A local directory of ours: a claim, and the path for messages. */

typedef struct
{
  TmHolding holding;
  TmClaim *claim; /* (owned) */
} LocalHolding;

static TmClaim *
get_claim (TmHolding *holding)
{
  return ((LocalHolding *) holding)->claim;
}

static int
local_get_fd (TmHolding *holding)
{
  return tm_claim_get_fd (get_claim (holding));
}

static gboolean
local_delete (TmHolding *holding, GCancellable *cancellable, GError **error)
{
  return tm_claim_delete (get_claim (holding), g_file_peek_path (holding->file), NULL, cancellable,
                          error);
}

static gboolean
local_disown (TmHolding *holding, GError **error)
{
  return tm_claim_disown (get_claim (holding), g_file_peek_path (holding->file), error);
}

static gboolean
local_publish (TmHolding *holding,
               GFile *destination,
               gboolean replace,
               TmReplaced **replaced,
               GError **error)
{
  if (!tm_file_is_local (destination))
    {
      tm_file_set_error_literal (error, "Publishing a temporary directory as", destination,
                                 G_IO_ERROR_NOT_SUPPORTED, "not a local file");
      return FALSE;
    }

  return tm_publish (get_claim (holding), g_file_peek_path (holding->file),
                     g_file_peek_path (destination), replace, replaced, error);
}

static void
local_free (TmHolding *holding)
{
  tm_claim_release (get_claim (holding));
  g_free (holding);
}

static const TmHoldingBody local_body = {
  .get_fd = local_get_fd,
  .delete = local_delete,
  .disown = local_disown,
  .publish = local_publish,
  .free = local_free,
};

/*
 * tm_holding_local_create:
 * @parent: the directory to create it in
 * @open_parent: the same, open; it stays open for as long as the new directory lives
 * @prefix: what its name begins with
 * @cancellable: (nullable): to cancel it with
 * @error: as tm_claim_create()
 *
 * Returns: (nullable): a new directory, ours alone, or %NULL with nothing left behind
 */
TmHolding *
tm_holding_local_create (GFile *parent,
                         TmParent *open_parent,
                         const char *prefix,
                         GCancellable *cancellable,
                         GError **error)
{
  TmClaim *claim =
      tm_claim_create (open_parent, g_file_peek_path (parent), prefix, cancellable, error);
  LocalHolding *local;

  if (claim == NULL)
    return NULL;

  local = g_new0 (LocalHolding, 1);
  local->claim = claim;
  tm_holding_init (&local->holding, &local_body, parent, tm_claim_get_name (claim));
  return &local->holding;
}
