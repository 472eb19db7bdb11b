"""The receiver's HTTP: the inbox that captures, the API, the pages and the live streams."""
