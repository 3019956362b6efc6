"""The normal distribution to full double precision, tails included (NumPy has no `erfc`).

`erfc` and its scaled form `erfcx(x) = exp(x²) erfc(x)` follow W. J. Cody, Rational Chebyshev
approximations for the error function, Mathematics of Computation 23 (1969) 631-637, with the
coefficients of his SPECFUN (Argonne, 1990). Three intervals of |x| have a rational function each:
up to 0.46875 for erf, up to 4 and beyond for erfcx. Where erfc is wanted, exp(-x²) is taken in two
factors with x cut to sixteenths, so that the rounding of x² is not magnified.
"""

from __future__ import annotations

import numpy as np

from alvh_rules.evaluate.inputs import Float

_NEAR, _FAR = 0.46875, 4.0
_ROOT_OF_PI = 0.56418958354775628695
"""One over the square root of pi."""
ROOT_OF_TWO = 1.4142135623730951
_DENSITY = 0.3989422804014327
"""One over the square root of two pi."""

# Numerators and denominators by falling powers.
_ERF = (
    (
        1.85777706184603153e-1,
        3.16112374387056560e0,
        1.13864154151050156e2,
        3.77485237685302021e2,
        3.20937758913846947e3,
    ),
    (
        1.0,
        2.36012909523441209e1,
        2.44024637934444173e2,
        1.28261652607737228e3,
        2.84423683343917062e3,
    ),
)
_MIDDLE = (
    (
        2.15311535474403846e-8,
        5.64188496988670089e-1,
        8.88314979438837594e0,
        6.61191906371416295e1,
        2.98635138197400131e2,
        8.81952221241769090e2,
        1.71204761263407058e3,
        2.05107837782607147e3,
        1.23033935479799725e3,
    ),
    (
        1.0,
        1.57449261107098347e1,
        1.17693950891312499e2,
        5.37181101862009858e2,
        1.62138957456669019e3,
        3.29079923573345963e3,
        4.36261909014324716e3,
        3.43936767414372164e3,
        1.23033935480374942e3,
    ),
)
_TAIL = (
    (
        1.63153871373020978e-2,
        3.05326634961232344e-1,
        3.60344899949804439e-1,
        1.25781726111229246e-1,
        1.60837851487422766e-2,
        6.58749161529837803e-4,
    ),
    (
        1.0,
        2.56852019228982242e0,
        1.87295284992346047e0,
        5.27905102951428412e-1,
        6.05183413124413191e-2,
        2.33520497626869185e-3,
    ),
)


def _rational(both: tuple[tuple[float, ...], tuple[float, ...]], x: Float) -> Float:
    out = _polynomial(both[0], x)
    out /= _polynomial(both[1], x)
    return out


def _polynomial(coefficients: tuple[float, ...], x: Float) -> Float:
    """Horner's rule in one array, whose operations are those of `numpy.polyval`."""
    out = np.full(x.shape, coefficients[0])
    for coefficient in coefficients[1:]:
        out *= x
        out += coefficient
    return out


def _scaled(y: Float) -> Float:
    """erfcx of y above `_NEAR` (shape as y); zero at infinity."""
    out = _rational(_MIDDLE, np.minimum(y, _FAR))
    tail = y > _FAR
    z = y[tail]
    with np.errstate(over="ignore"):
        inverse = 1.0 / (z * z)
    out[tail] = (_ROOT_OF_PI - inverse * _rational(_TAIL, inverse)) / z
    return out


def _gaussian(y: Float) -> Float:
    """exp(-y²), its exponent exact to the last bit."""
    # Beyond 64 it is zero, and nothing may overflow on the way there.
    y = np.minimum(y, 64.0)
    cut = np.trunc(y * 16.0) / 16.0
    return np.asarray(np.exp(-cut * cut) * np.exp(-(y - cut) * (y + cut)))


def erfc(x: Float) -> Float:
    """The complementary error function of each x, any real; NaN for NaN."""
    y = np.abs(x)
    out = np.where(np.isnan(x), np.nan, 1.0 - x * _rational(_ERF, np.minimum(y, _NEAR) ** 2))
    far = y > _NEAR
    with np.errstate(under="ignore"):
        upper = _gaussian(y[far]) * _scaled(y[far])
    out[far] = np.where(x[far] < 0, 2.0 - upper, upper)
    return out


def erfcx(x: Float) -> Float:
    """exp(x²) erfc(x) of each x of zero or more; NaN for NaN."""
    near = 1.0 - x * _rational(_ERF, np.minimum(x, _NEAR) ** 2)
    with np.errstate(over="ignore"):
        out = np.where(np.isnan(x), np.nan, np.exp(np.minimum(x, _NEAR) ** 2) * near)
    far = x > _NEAR
    out[far] = _scaled(x[far])
    return out


def normal_cdf(x: Float) -> Float:
    """The probability of a standard normal at or below each x."""
    return 0.5 * erfc(-x / ROOT_OF_TWO)


def normal_density(x: Float) -> Float:
    """The standard normal density at each x."""
    with np.errstate(under="ignore", over="ignore"):
        return np.asarray(_DENSITY * np.exp(-0.5 * x * x))
