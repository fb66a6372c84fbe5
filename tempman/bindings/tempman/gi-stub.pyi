# SPDX-FileCopyrightText: 2026 The tempman authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""The types of gi.repository.Tempman, which are those of the package tempman."""

from tempman import *
