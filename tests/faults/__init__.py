"""The fault matrix: what breaks, how many events were owed meanwhile, and how many were lost (`make faults`)."""
