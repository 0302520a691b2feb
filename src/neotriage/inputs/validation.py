"""Values held against the project's JSON schemas: defaults filled in, the first fault raised as one line with place and fix."""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any

from neotriage.errors import InputError
from neotriage.home import schema_file
from neotriage.inputs.document import Document, Key, read_document

__all__ = ["nearest", "read_schema", "with_defaults"]


@cache
def read_schema(name: str) -> Mapping[str, Any]:
    """The JSON schema `workflow/schemas/<name>.schema.yaml`."""
    schema: Mapping[str, Any] = read_document(schema_file(name)).values
    return schema


def with_defaults(document: Document, schema_name: str) -> dict[str, Any]:
    """The document's values, checked, with the schema's default for every absent key that has one.

    Raises:
        InputError: .nan or .inf, a key that the schema does not know (with the nearest that it does), one that is lacking, or a
            value of the wrong kind; the fault that comes first in the file.
    """
    schema = read_schema(schema_name)
    if not isinstance(document.values, Mapping):
        raise InputError(
            "holds no keys", file=document.file, row=1, fix=f"give at least the keys {', '.join(schema['required'])}"
        )
    _check_finite(document, document.values, ())
    faults = list(_validator(schema_name)(document.values))
    if faults:
        raise min((_as_input_error(fault, document) for fault in faults), key=lambda e: (e.row or 0, str(e)))
    return _fill_object(document.values, schema)


def _check_finite(document: Document, value: Any, key: Key) -> None:
    """Refuse .nan and .inf, which pass as numbers, and against which every comparison fails."""
    if isinstance(value, float) and not math.isfinite(value):
        raise document.error(f"{value} is no number to compare with", key, "give a number")
    inner = value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list) else ()
    for name, held in inner:
        _check_finite(document, held, (*key, name))


def nearest(word: str, known: Iterable[str]) -> str:
    """`did you mean x?` for the known word nearest to one that is not, else the list of those known."""
    names = sorted(known)
    close = difflib.get_close_matches(word, names, n=1, cutoff=0.6)
    if close:
        return f"did you mean {close[0]}?"
    return f"use one of {', '.join(names[:20])}" if names else "there is none to name"


@cache
def _validator(name: str) -> Callable[[Any], Iterable[Any]]:
    # jsonschema takes 0.2 s to import, which only those pay who validate
    from jsonschema import Draft202012Validator

    return Draft202012Validator(read_schema(name)).iter_errors


def _fill_object(values: Mapping[str, Any], schema: Mapping[str, Any]) -> dict[str, Any]:
    properties = schema["properties"]
    given = {name: _fill(inner, properties[name]) for name, inner in values.items()}
    lacking = {n: _fill(s["default"], s) for n, s in properties.items() if n not in given and "default" in s}
    return {**given, **lacking}


def _fill(value: Any, schema: Mapping[str, Any]) -> Any:
    if isinstance(value, Mapping):
        return _fill_object(value, schema)
    if isinstance(value, list):
        return [_fill(item, schema.get("items", {})) for item in value]
    return value


def _as_input_error(fault: Any, document: Document) -> InputError:
    key = list(fault.absolute_path)
    if fault.validator == "additionalProperties":
        known = fault.schema["properties"]
        unknown = next(name for name in fault.instance if name not in known)
        key.append(str(unknown))
        problem, fix = f"unknown key {unknown!r}", nearest(str(unknown), known)
    elif fault.validator == "required":
        lacking = next(name for name in fault.validator_value if name not in fault.instance)
        description = fault.schema["properties"][lacking].get("description", "")
        problem, fix = f"the key {'.'.join(map(str, [*key, lacking]))} is lacking", f"add {lacking}: {description}"
    else:
        problem, fix = f"{fault.instance!r} is not allowed here ({_rule(fault)})", f"give {_kind(fault.schema)}"
    return document.error(problem, key, fix)


def _kind(schema: Mapping[str, Any]) -> str:
    number = {"integer": "a whole number: ", "number": "a number: "}.get(str(schema.get("type")), "")
    return f"{number}{schema.get('description') or 'keys and values: ' + ', '.join(schema['properties'])}"


def _rule(fault: Any) -> str:
    words = {"type": "wanted", "enum": "one of", "pattern": "does not match", "minLength": "shortest", "minItems": "fewest"}
    wanted = fault.validator_value
    text = ", ".join(map(str, wanted)) if isinstance(wanted, list) else str(wanted)
    return f"{words.get(fault.validator, fault.validator)} {text}"
