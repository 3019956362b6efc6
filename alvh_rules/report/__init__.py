"""What a run shows a person, and the files it writes."""
