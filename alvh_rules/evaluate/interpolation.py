"""Interpolated tables: one formula for columns, for a bar, and for the native machine.

Between two points x0 and x1 the value is slope (x - x0) + y0, where slope is (y1 - y0) / (x1 - x0);
beyond the ends it is flat. These are `np.interp`'s operations in its order. It is not called, because
some compilers fuse the multiplication and the addition there and others do not: the bits of a bar and
of history would be those of two programs.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from dataclasses import dataclass

import numpy as np

from alvh_rules.evaluate.inputs import Float
from alvh_rules.plan import graph as g


@dataclass(frozen=True, slots=True)
class Polyline:
    """Points that ascend, the slope behind each (none behind the last), and their values."""

    points: tuple[float, ...]
    slopes: tuple[float, ...]
    values: tuple[float, ...]

    @classmethod
    def of(cls, operation: g.Interpolate) -> Polyline:
        """The line of a table."""
        points = operation.points
        # Of a zero its sign is left out: what is added to it would decide.
        values = tuple(value + 0.0 for value in operation.values)
        slopes = [
            (y1 - y0) / (x1 - x0)
            for x0, x1, y0, y1 in zip(points, points[1:], values, values[1:], strict=False)
        ]
        # Where points lie so near that there is no slope, the next one begins a step.
        finite = (slope if math.isfinite(slope) else 0.0 for slope in slopes)
        return cls(points, (*finite, 0.0), values)

    def at(self, value: float) -> float:
        """The value of the line at a number."""
        points = self.points
        value = min(max(value, points[0]), points[-1])
        place = bisect_right(points, value) - 1
        return self.slopes[place] * (value - points[place]) + self.values[place]

    def on(self, column: Float) -> Float:
        """The values of the line on a column; NaN where it is."""
        points, slopes, values = map(np.array, (self.points, self.slopes, self.values))
        value = np.minimum(np.maximum(column, points[0]), points[-1])
        # What is no number has the last place, and is none in what is worked out of it either.
        place = points.searchsorted(value, "right") - 1
        out: Float = slopes[place] * (value - points[place]) + values[place]
        return out
