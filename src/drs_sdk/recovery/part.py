"""What every part of a runbook builds on: frozen, no unknown fields, errors in our words."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, ClassVar, TypeAlias, cast

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import PydanticCustomError

from drs_sdk._core.errors import FieldProblem
from drs_sdk._core.paths import python_path, siblings
from drs_sdk.recovery.errors import RunbookError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pydantic_core import ErrorDetails

Location: TypeAlias = tuple[str | int, ...]
"""The way to a field: names, indexes of lists, keys of maps."""

# By pydantic's type of an error; its context fills the gaps.
_WORDS = {
    "missing": "is missing",
    "string_type": "must be text; in a file, put it in quotes",
    "invalid_key": "must be text; in a file, put it in quotes",
    "bool_type": "must be true or false",
    "int_type": "must be a whole number",
    "tuple_type": "must be a list",
    "dict_type": "must be a table of text by text",
    "model_type": "must be a table with fields of its own",
    "too_short": "must not be empty",
    "string_too_short": "must not be empty",
    "literal_error": "must be {expected}",
    "greater_than_equal": "must be at least {ge}",
}


def misplaced(problems: Iterable[tuple[Location, str]]) -> PydanticCustomError:
    """Tell what is wrong with fields further inside, for a validator of the whole to raise."""
    return PydanticCustomError("misplaced", "is not valid", {"problems": list(problems)})


def meant(wrong: str, known: Iterable[str]) -> str:
    """Ask whether a name that is known was meant; empty when none is like it."""
    close = get_close_matches(wrong, sorted(known), n=1)
    return f"; did you mean {close[0]!r}?" if close else ""


def problems_of(model: type[BaseModel], error: ValidationError) -> list[FieldProblem]:
    """Put pydantic's findings into our words."""
    everything = error.errors(include_url=False, include_input=False)
    around = {found["loc"][:length] for found in everything for length in range(len(found["loc"]))}
    return [
        FieldProblem(python_path(model, (*_place(found), *inner)), text)
        for found in everything
        # A list whose items are all wrong passes for an empty one, too.
        if not (found["type"] == "too_short" and found["loc"] in around)
        for inner, text in _told(model, found)
    ]


def _place(found: ErrorDetails) -> Location:
    """Give the place of what is wrong; a name that is no text stands there as one."""
    place = found["loc"]
    if place and place[-1] == "[key]":
        place = place[:-1]
    elif found["type"] != "invalid_key":
        return place
    return (*place[:-1], str(place[-1]))


def _told(model: type[BaseModel], found: ErrorDetails) -> Sequence[tuple[Location, str]]:
    context = found.get("ctx", {})
    if found["type"] == "misplaced":
        return cast("list[tuple[Location, str]]", context["problems"])
    if found["type"] == "extra_forbidden":
        known = siblings(model, found["loc"])
        hint = meant(str(found["loc"][-1]), known)
        return [((), f"is no field{hint or '.'} There are {', '.join(known)}")]
    if found["type"] == "value_error":
        return [((), str(context["error"]))]
    words = _WORDS.get(found["type"])
    return [((), words.format_map(context) if words else found["msg"])]


if TYPE_CHECKING:

    class Part(BaseModel, frozen=True):
        """A part of a runbook. What is wrong with it raises `RunbookError`."""

else:

    class _Checked(type(BaseModel)):
        """Turns pydantic's error into ours where a user builds the part, not where it nests."""

        def __call__(cls, *args: object, **members: object) -> object:
            try:
                return super().__call__(*args, **members)
            except ValidationError as error:
                found = problems_of(cls, error)
                raise RunbookError.listing(f"this {cls.__name__}", found) from None

    class Part(BaseModel, metaclass=_Checked, frozen=True):
        """A part of a runbook. What is wrong with it raises `RunbookError`."""

        model_config: ClassVar[ConfigDict] = ConfigDict(extra="forbid")
