"""Writing JSON as it is stored and sent: compact, in the given order, in UTF-8 where that is possible."""

from __future__ import annotations

import json
from typing import Any


def dump(value: Any) -> str:
    """Return `value` as compact JSON text (RFC 8259) that can be encoded in UTF-8.

    A lone surrogate, which JSON may hold as an escape but UTF-8 cannot, makes the text fall back to escapes.
    """
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    try:
        text.encode()
    except UnicodeEncodeError:
        return json.dumps(value, separators=(",", ":"), allow_nan=False)
    return text
