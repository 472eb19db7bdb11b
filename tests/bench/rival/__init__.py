"""The same work as done by others: run by the Python of a temporary environment in which they are installed."""
