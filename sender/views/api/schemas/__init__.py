"""What the API takes and gives: one source for validation, serialisation and the OpenAPI description."""
