/*
 * SPDX-FileCopyrightText: 2026 The tempman authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Random operations on random trees under attack: rounds of support/campaign.h.
 *
 * Each round has a seed of its own, which a failure prints: TEMPMAN_CAMPAIGN_SEED repeats from it.
 */

#include "support/campaign.h"
#include "support/support.h"

#include <unistd.h>

static void
run_rounds (const char *base, gboolean may_mount)
{
  const char *given = g_getenv ("TEMPMAN_CAMPAIGN_SEED");
  guint32 seed = given != NULL ? (guint32) g_ascii_strtoull (given, NULL, 10) : g_random_int ();
  Limit limit = limit_of_soak (3);
  CampaignCounts counts = { 0 };

  campaign_warm_up (base);
  for (; !limit_is_reached (&limit, counts.n_rounds); seed++)
    {
      g_autofree char *path = g_build_filename (base, "round", NULL);
      g_autofree char *name = g_strdup_printf ("TEMPMAN_CAMPAIGN_SEED=%u", seed);
      Chance chance;

      chance_init_with_seed (&chance, seed);
      campaign_run_round (&chance, &chance, path, may_mount, name, &counts);
      chance_clear (&chance);
    }

  g_printerr ("# %" G_GUINT64_FORMAT " rounds, %" G_GUINT64_FORMAT " attacks, %" G_GUINT64_FORMAT
              " faults\n",
              counts.n_rounds, counts.n_attacks, counts.n_faults);
}

static void
test_campaign (Sandbox *sandbox, gconstpointer data)
{
  run_rounds (sandbox->path, FALSE);
}

static void
user_child (gpointer data)
{
  child_assert (become_ordinary_user ());
  run_rounds (data, FALSE);
}

/* A user who is subject to modes. */
static void
test_ordinary_user (Sandbox *sandbox, gconstpointer data)
{
  if (skip_unless_root ())
    return;

  assert_success_in_child (run_in_child (user_child, sandbox->path));
}

static void
mounts_child (gpointer data)
{
  if (!enter_mount_namespace ())
    _exit (CHILD_CANNOT);
  run_rounds (data, TRUE);
}

static void
test_mounts (Sandbox *sandbox, gconstpointer data)
{
  skip_or_assert_success (run_in_child (mounts_child, sandbox->path), "no mount namespaces here");
}

/* On a file system that reuses the number of an inode at once. */
static void
ext4_child (gpointer data)
{
  const char *path = data;
  g_autofree char *image = g_build_filename (path, "image", NULL);
  g_autofree char *target = g_build_filename (path, "mounted", NULL);
  const char *const make[] = { "mkfs.ext4", "-q", image, "256M", NULL };
  const char *const mount_loop[] = { "mount", "-o", "loop", image, target, NULL };

  make_directory (target);
  if (geteuid () != 0 || !enter_mount_namespace () || !run_command (make) ||
      !run_command (mount_loop))
    _exit (CHILD_CANNOT);

  run_rounds (target, TRUE);
}

static void
test_ext4 (Sandbox *sandbox, gconstpointer data)
{
  skip_or_assert_success (run_in_child (ext4_child, sandbox->path), "ext4 cannot be mounted here");
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_summary ("Random operations, attacks and faults do no damage and leave nothing open "
                  "(docs/security.md)");

  add_test ("/campaign/ordinary-user", of_descriptors (test_ordinary_user));
  add_test ("/campaign/mounts", of_descriptors (test_mounts));
  add_test ("/campaign/ext4", of_descriptors (test_ext4));
  /* Last, for the thread sanitizer: a forked child takes its own threads for those that this
   * process has had. */
  add_test ("/campaign/as-started", of_descriptors (test_campaign));

  return g_test_run ();
}
