"""What users hand in is looked at where it comes in: not all of them check types.

Otherwise it would fail in the middle of a call, in an error that does not say what to do. What was
given is told by its type alone: it may be a secret.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import inf

from drs_sdk._core.errors import ConfigurationError


def require_type(value: object, name: str, kind: type | tuple[type, ...], wanted: str) -> None:
    """Refuse an option of a type that it cannot have.

    Args:
        value: What was given.
        name: The name of the option.
        kind: What it may be.
        wanted: The same in words, with an example where one helps.

    Raises:
        ConfigurationError: It is something else.
    """
    if not isinstance(value, kind):
        raise ConfigurationError(f"{name} must be {wanted}, got {type(value).__name__}")


def require_text(value: object, name: str) -> None:
    """Refuse an option that is neither a text nor left out.

    Raises:
        ConfigurationError: It is something else.
    """
    require_type(value, name, (str, type(None)), "a text")


def require_callable(value: object, name: str) -> None:
    """Refuse what is to be called and cannot be.

    Raises:
        ConfigurationError: It cannot.
    """
    if not callable(value):
        raise ConfigurationError(f"{name} must be a function, got {type(value).__name__}")


def require_positive(value: object, name: str, unit: str, *, whole: bool = False) -> None:
    """Refuse a number that makes no sense, before it does harm in the middle of a call.

    Raises:
        ConfigurationError: It is no number, or not above zero, or endless.
    """
    numbers = int if whole else (int, float)
    if isinstance(value, bool) or not isinstance(value, numbers) or not 0 < value < inf:
        kind = "whole number" if whole else "number"
        raise ConfigurationError(f"{name} must be a {kind} of {unit} above zero, got {value!r}")


def texts(given: Iterable[str], name: str) -> tuple[str, ...]:
    """Take several texts.

    Raises:
        ConfigurationError: It is a single one, which would be taken apart into its letters, or
            something else.
    """
    if isinstance(given, str) or not isinstance(given, Iterable):  # pyright: ignore[reportUnnecessaryIsInstance]  # not all users check types
        raise ConfigurationError(f"{name} are several texts, got {given!r}")
    found = tuple(given)
    for each in found:
        require_type(each, name, str, "texts")
    return found
