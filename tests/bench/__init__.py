"""Benchmarks: they print figures and are run by hand (`make bench`); no test depends on a time."""
