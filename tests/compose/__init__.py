"""Checks of the compose demo; they need a Docker engine and are run by hand, see CONTRIBUTING.md."""
