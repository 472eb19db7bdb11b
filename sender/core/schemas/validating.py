"""Holding a payload against a schema."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

from jsonschema.exceptions import UnknownType
from referencing import Registry
from referencing.exceptions import Unresolvable

from sender.core.schemas import limits, words
from sender.core.schemas.formats import CHECKER
from sender.core.schemas.keywords import BUDGET, Budget, PayloadValidator, TooMuchWork
from sender.core.schemas.problem import ROOT, Problem, path_of

_EMPTY: Any = Registry()  # no way to retrieve: a reference out of the schema is an error, never a request


def validate(payload: Any, schema: Mapping[str, Any]) -> list[Problem]:
    """Return where `payload`, a JSON value, departs from `schema` (JSON Schema 2020-12, formats checked).

    The schema has to be one that check_schema accepts. At most 50 problems are returned, in the order of the
    schema; where the check had to be given up, the last one says so. Raises nothing.
    """
    # A schema that names its dialect would make jsonschema change to its own validator, and ours be left behind.
    plain = {key: value for key, value in schema.items() if key != "$schema"}
    validator = PayloadValidator(plain, registry=_EMPTY, format_checker=CHECKER)
    token = BUDGET.set(Budget(limits.MAX_STEPS))
    try:
        return list(islice(_problems(validator, payload), limits.MAX_PROBLEMS))
    finally:
        BUDGET.reset(token)


def _tell(errors: Iterable[Any]) -> Iterator[Problem]:
    """Put errors into words; a value of the wrong kind is told once, though it also is none of the listed ones."""
    told: set[str] = set()
    for error in errors:
        field = path_of(error.absolute_path)
        if error.validator in words.KINDS:
            if field in told:
                continue
            told.add(field)
        yield Problem(field, words.describe(error))


def _problems(validator: Any, payload: Any) -> Iterator[Problem]:
    try:
        yield from _tell(leaf for error in validator.iter_errors(payload) for leaf in words.leaves(error))
    except (TooMuchWork, RecursionError):
        yield Problem(ROOT, "is too large or too deep to be checked against this schema")
    except (Unresolvable, UnknownType, ValueError, OverflowError) as error:
        yield Problem(ROOT, f"could not be checked: {words.shorten(str(error))}")
