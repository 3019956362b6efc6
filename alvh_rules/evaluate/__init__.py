"""From a plan and a market to decisions."""
