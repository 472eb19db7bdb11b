"""Generated test values: JSON values, and schemas that are about such values."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""However slow the machine is, it is no failure."""

NAMES = st.sampled_from(["a", "b", "c", "$ref", "", "ü"])
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-3, 3)
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5)
)
VALUES: st.SearchStrategy[Any] = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES | st.text(max_size=3), inner, max_size=4)
)
TYPES = st.sampled_from(["string", "integer", "number", "boolean", "object", "array", "null"])
SMALL = st.integers(0, 3)


def _around(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Return schemas made of the schemas `inner`."""
    some = st.lists(inner, min_size=1, max_size=2)
    named = st.dictionaries(NAMES, inner, max_size=2)
    keywords: dict[str, st.SearchStrategy[Any]] = {
        "properties": named,
        "additionalProperties": inner,
        "unevaluatedProperties": inner,
        "items": inner,
        "prefixItems": some,
        "contains": inner,
        "propertyNames": inner,
        "allOf": some,
        "anyOf": some,
        "oneOf": some,
        "not": inner,
        "if": inner,
        "then": inner,
        "else": inner,
        "$defs": named,
        "$ref": st.sampled_from(["#/$defs/a", "#/$defs/b", "#/properties/a"]),
        "type": TYPES | st.lists(TYPES, min_size=1, max_size=2, unique=True),
        "required": st.lists(NAMES, max_size=2, unique=True),
        "dependentRequired": st.dictionaries(NAMES, st.lists(NAMES, max_size=2, unique=True), max_size=1),
        "enum": st.lists(SCALARS, min_size=1, max_size=3),
        "const": VALUES,
        "uniqueItems": st.booleans(),
        "minimum": st.integers(-3, 3),
        "exclusiveMaximum": st.integers(-3, 3),
        "multipleOf": st.integers(1, 3),
        "minLength": SMALL,
        "maxItems": SMALL,
        "minProperties": SMALL,
        "pattern": st.sampled_from(["a", "^b", "c$"]),
    }
    return st.lists(st.sampled_from(sorted(keywords)), min_size=1, max_size=4, unique=True).flatmap(
        lambda chosen: st.fixed_dictionaries({name: keywords[name] for name in chosen})
    )


SCHEMAS: st.SearchStrategy[dict[str, Any]] = _around(
    st.recursive(st.booleans() | TYPES.map(lambda kind: {"type": kind}), _around, max_leaves=6)
)
