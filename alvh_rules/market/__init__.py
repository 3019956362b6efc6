"""Data in: files and frames to the arrays that an evaluation reads.

`read` is the way in (`read_market`, `market_from_frame`); `events` has the calendars; `simulate`
makes a market where there is none. Nothing is imported here: pandas, Arrow and the exchange's
calendar are loaded by what needs them.
"""
