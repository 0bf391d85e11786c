"""Enums that stay open: a value the service adds tomorrow is a member, not an error."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Self


class OpenEnum(StrEnum):
    """A string enum that takes values it does not know.

    A known value is a member as in any enum. An unknown one becomes a member of its own, whose
    ``is_known`` is False and whose ``str()`` is the value. It is equal to its string and to
    another member made from the same string; it is not kept, so junk cannot pile up.
    """

    @classmethod
    def unknown(cls, value: str) -> Self:
        """Make a value that this package does not know, and mean it: requests take it.

        Args:
            value: As the service writes it. A value that is known gives its member.

        Raises:
            RequestValidationError: It is no text, or empty.
        """
        if not isinstance(value, str) or not value:  # pyright: ignore[reportUnnecessaryIsInstance]  # not all users check types
            from drs_sdk._core.errors import RequestValidationError

            raise RequestValidationError.of(cls.__name__, "must be a text that is not empty")
        member = cls(value)
        if not member.is_known:
            vars(member)["_is_meant"] = True
        return member

    @classmethod
    def _missing_(cls, value: object) -> OpenEnum | None:
        """Make a flagged member for a string that has none; refuse anything else."""
        if not isinstance(value, str):
            return None
        member = str.__new__(cls, value)
        member._name_ = value
        member._value_ = value
        return member

    @property
    def is_known(self) -> bool:
        """Whether the service model that this package was built from knows the value."""
        return type(self).__members__.get(self.name) is self

    @property
    def is_sendable(self) -> bool:
        """Whether requests take it: it is known, or was made by `unknown`."""
        return self.is_known or "_is_meant" in vars(self)

    def __reduce_ex__(self, proto: object) -> tuple[object, ...]:
        """Pickle by value; what is meant stays so."""
        kind = type(self)
        if self.is_sendable and not self.is_known:
            return kind.unknown, (self.value,)
        return kind, (self.value,)

    def __hash__(self) -> int:
        """Hash as the string, so that a member and its string are one key."""
        return str.__hash__(self)

    def __repr__(self) -> str:
        """Show the member, or the unknown value."""
        label = self.name if self.is_known else f"unknown {self.value!r}"
        return f"<{type(self).__name__}.{label}>"
