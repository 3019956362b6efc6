"""The mean of a column that comes in parts: the same number however it is cut.

A float sum depends on its order in the last bits, and a mean on a rounding edge would be told
differently for another size of part. Here the sum is exact. A double is a whole number of 53 bits
times a power of two; the numbers of one power are added as whole numbers, in two halves so that a
part's sum stays within the 53 bits in which doubles count without error (up to 2**26 rows a part),
and Python's whole numbers hold the rest.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from alvh_rules.evaluate.inputs import Float, Integer

_HALF = 27
_LOWEST = -1126
"""Below the exponent of every 53-bit number that a double is made of."""
_MOST = 1 << 26


class ExactMean:
    """The mean of finite numbers, rounded once."""

    def __init__(self) -> None:
        self.count = 0
        self._sum = 0

    def add(self, values: Float) -> None:
        """More numbers, all of them finite."""
        for start in range(0, len(values), _MOST):
            self._add(values[start : start + _MOST])

    def add_counted(self, values: Float, counts: Integer) -> None:
        """Finite numbers, each as often as its count says."""
        for value, count in zip(values.tolist(), counts.tolist(), strict=True):
            numerator, denominator = value.as_integer_ratio()
            # A double's denominator is a power of two, never beyond the least that is counted.
            self._sum += (numerator * count << -_LOWEST) // denominator
            self.count += count

    def _add(self, values: Float) -> None:
        self.count += len(values)
        fractions, exponents = np.frexp(values)
        whole = np.ldexp(fractions, 53).astype(np.int64)
        lowest = int(exponents.min())
        powers = exponents - lowest
        # The shift rounds down, so that low halves are never negative.
        high = np.bincount(powers, weights=whole >> _HALF)
        low = np.bincount(powers, weights=whole & ((1 << _HALF) - 1))
        for power in np.flatnonzero((high != 0) | (low != 0)):
            part = (int(high[power]) << _HALF) + int(low[power])
            self._sum += part << (lowest + int(power) - 53 - _LOWEST)

    def value(self) -> float:
        """The mean; ZeroDivisionError where there is none."""
        return float(Fraction(self._sum, self.count << -_LOWEST))
