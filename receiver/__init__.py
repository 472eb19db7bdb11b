"""The receiver: bins that capture whatever arrives at their URL, exactly as it arrived, and show it."""
