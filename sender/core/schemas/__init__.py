"""JSON Schema 2020-12 for payloads: infer one from an example, check one, and hold a payload against one.

Nothing here fetches anything, and each call ends in bounded time whatever schema or payload it is given.
"""

from __future__ import annotations

from sender.core.schemas.checking import check_schema
from sender.core.schemas.inferring import infer
from sender.core.schemas.problem import Problem
from sender.core.schemas.validating import validate

__all__ = ["Problem", "check_schema", "infer", "validate"]
