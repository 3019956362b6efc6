"""Options and futures as they are listed, quoted and settled."""
