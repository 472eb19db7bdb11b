"""The documents are checked like code: what they say must be so."""
