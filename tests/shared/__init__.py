"""Tests of what both services share."""
