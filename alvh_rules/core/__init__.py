"""What every stage shares: sources and spans, diagnostics, kinds, three-valued truth, bounds."""
