"""The verbs of the sender, and the only code that commits."""
