"""What pydantic finds in a request, in words that say what is wanted."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

_WANTED = {
    "bool_type": "True or False",
    "datetime_from_date_parsing": "a datetime with an offset, such as datetime.now(UTC)",
    "datetime_parsing": "a datetime with an offset, such as datetime.now(UTC)",
    "datetime_type": "a datetime with an offset, such as datetime.now(UTC)",
    "dict_type": "a dict",
    "int_type": "a whole number",
    "list_type": "a list",
    "model_type": "a dict or a {class_name}",
    "string_type": "a string",
}
"""By the type of pydantic's error."""

_ID = re.compile(r"\^\(\?:([a-z]+-)\[(0-9a-zA-Z|0-9a-fA-F)\]\{(\d+)(,?)\}\)\$")
"""The pattern of an id: what it begins with, of which characters it is, and how many."""

_CHARACTERS = {"0-9a-zA-Z": "letters or digits", "0-9a-fA-F": "hex digits"}


def wording(found: ErrorDetails) -> str:
    """Say what is wanted, and of which type what was given is; never its value.

    Args:
        found: One finding, with its input and its context.
    """
    context = found.get("ctx", {})
    if found["type"] == "string_pattern_mismatch":
        parts = _ID.fullmatch(context["pattern"])
        if parts is not None:
            start, characters, number, more = parts.groups()
            count = f"{number} or more" if more else number
            return f"Should be an id: {start!r} and {count} {_CHARACTERS[characters]}"
    if found["type"] == "timezone_aware":
        return "Should have an offset: datetime.now(UTC), say, instead of datetime.now()"
    wanted = _WANTED.get(found["type"])
    if wanted is None:
        return found["msg"]
    given = found["input"]
    text = f"Should be {wanted.format_map(context)}, not {_named(given)}"
    if found["type"] == "list_type" and not isinstance(given, (type(None), dict)):
        text += "; one goes into [ ], too"
    return text


def _named(given: object) -> str:
    return "None" if given is None else type(given).__name__
