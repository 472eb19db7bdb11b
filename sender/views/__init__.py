"""HTTP in and out: the JSON API, the pages and the live streams."""
