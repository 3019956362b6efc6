"""What stands in for rates and dividends where the data has no column for them.

Dividend yields of the S&P 500, percent of a year: the total return of the year over that of the
price index, less one, from year-end levels of both (Cboe's and S&P's; the same that
`tests/options/` compares them with). A session uses the year before its own, so nothing is known in
advance; later years than the table use its last.

Bill rates, percent: the mean of the 3-month bill's secondary market rate over December (Federal
Reserve, H.15; from 2000 on the daily column of market data, rounded). A session uses the December
before.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from alvh_rules.evaluate.inputs import Days, Float

DIVIDEND_YIELDS: Mapping[int, float] = {
    **{1989: 3.49, 1990: 3.70, 1991: 3.29, 1992: 3.02, 1993: 2.82, 1994: 2.90, 1995: 2.59},
    **{1996: 2.24, 1997: 1.80, 1998: 1.51, 1999: 1.27, 2000: 1.15, 2001: 1.33, 2002: 1.65},
    **{2003: 1.82, 2004: 1.73, 2005: 1.86, 2006: 1.91, 2007: 1.90, 2008: 2.42, 2009: 2.44},
    **{2010: 2.02, 2011: 2.12, 2012: 2.29, 2013: 2.15, 2014: 2.06, 2015: 2.13, 2016: 2.21},
    **{2017: 2.02, 2018: 1.98, 2019: 2.02, 2020: 1.84, 2021: 1.43},
}
BILL_RATES: Mapping[int, float] = {
    **{1989: 7.63, 1990: 6.74, 1991: 4.07, 1992: 3.22, 1993: 3.06, 1994: 5.60, 1995: 5.14},
    **{1996: 4.91, 1997: 5.16, 1998: 4.39, 1999: 5.20, 2000: 5.77, 2001: 1.69, 2002: 1.19},
    **{2003: 0.90, 2004: 2.19, 2005: 3.89, 2006: 4.85, 2007: 3.00, 2008: 0.03, 2009: 0.05},
    **{2010: 0.14, 2011: 0.01, 2012: 0.07, 2013: 0.07, 2014: 0.03, 2015: 0.23, 2016: 0.51},
    **{2017: 1.32, 2018: 2.37, 2019: 1.54, 2020: 0.09, 2021: 0.06, 2022: 4.25, 2023: 5.24},
    **{2024: 4.27, 2025: 3.59},
}
VVIX = 90.0
"""The volatility of VIX where no column gives it at all: about its median since 2006."""


def of_the_year_before(table: Mapping[int, float], dates: Days) -> Float:
    """For each date the table's value of the year before; the ends' values beyond them."""
    years = np.array(sorted(table))
    values = np.array([table[year] for year in years.tolist()])
    before = dates.astype("datetime64[Y]").astype(np.int64) + 1970 - 1
    place = np.clip(np.searchsorted(years, before, "right") - 1, 0, len(years) - 1)
    return np.asarray(values[place])
