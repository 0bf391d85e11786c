"""Durations of answers: one meaning, whether they are read from bytes or from plain data."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, TypeAlias

from pydantic import BeforeValidator
from pydantic_core import PydanticCustomError


def _no_truth(value: object) -> object:
    """Refuse true and false: pydantic reads them as a second and none, though not from JSON."""
    if value is True or value is False:
        raise PydanticCustomError("duration", "Input should be a duration")
    return value


Duration: TypeAlias = Annotated[timedelta, BeforeValidator(_no_truth)]
"""A `timedelta`. A lag of True would be a second, as of a healthy server."""
