"""Data in: files and frames to the arrays that an evaluation reads."""
