"""Source text as pages show it: formatted from the text itself, and coloured, without parsing what may be hostile."""
