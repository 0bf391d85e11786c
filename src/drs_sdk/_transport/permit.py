"""The permit to send: the bytes of an unsafe operation leave once for each that is granted."""

from __future__ import annotations

from dataclasses import dataclass

from drs_sdk._core.errors import DRSError


@dataclass(slots=True, eq=False)
class Permit:
    """Leave to send a request once.

    Only the loop over attempts grants another one, when the last is known not to have happened.
    Whatever else repeats an attempt, such as a client class that calls twice, sends nothing.

    Attributes:
        is_granted: Whether a request may leave now.
    """

    is_granted: bool = True

    def spend(self) -> None:
        """Take the leave, right before the first byte.

        Raises:
            DRSError: It is spent: a second launch would go out.
        """
        if not self.is_granted:
            raise DRSError(
                "something in this process tried to send the request once more, which could "
                "launch, create or terminate twice; look for a class or a hook of the session that "
                "calls again"
            )
        self.is_granted = False

    def grant(self) -> None:
        """Allow one more attempt: the last one is known not to have happened."""
        self.is_granted = True
