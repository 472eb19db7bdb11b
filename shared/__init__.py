"""What both services truly share; it imports neither of them."""

__version__ = "0.1.0"
