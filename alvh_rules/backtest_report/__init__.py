"""What is told of a finished backtest: its figures, its files, its page, and why a position was held.

Everything here works from `Backtest` (`alvh_rules/backtest/result.py`) alone, so that what is shown
and what is written can never disagree.
"""
