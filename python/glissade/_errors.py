# SPDX-License-Identifier: Apache-2.0
"""The one exception of this package; all others are Python's own."""

from __future__ import annotations


class DivergedError(FloatingPointError, ValueError):
    """Training met a sum that is not finite. The message names step, batch and likely cause.

    It is a ValueError too, which is what scikit-learn raises then.
    """
