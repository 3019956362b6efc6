"""Fewer rows to draw: what is left out lies between what is drawn.

The rows are cut into buckets of equal length; of each bucket the first row and the rows of every
series' lowest and highest value stay. A drawn line then touches every extreme that the whole one does.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from alvh_rules.evaluate.inputs import Float, Integer

MOST_DRAWN: Final = 5_000
"""Rows that a chart draws: some twenty years of sessions are drawn whole."""


def drawn_rows(series: Sequence[Float], most: int = MOST_DRAWN) -> Integer:
    """The rows to draw of series of equal length, ascending: all, where they are at most `most`.

    The last row stays too, so that there may be one more than `most`.
    """
    count = len(series[0]) if series else 0
    if count <= most:
        return np.arange(count)
    buckets = max(most // (2 * len(series) + 1), 1)
    edges = np.linspace(0, count, buckets + 1).astype(int)
    kept = {0, count - 1}
    for low, high in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        kept.add(low)
        for values in series:
            part = values[low:high]
            if not np.isnan(part).all():
                kept.add(low + int(np.nanargmin(part)))
                kept.add(low + int(np.nanargmax(part)))
    return np.array(sorted(kept))
