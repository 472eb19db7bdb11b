"""The receiver's verbs; the only code that commits."""
