"""How long the steps of jobs take."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from drs_sdk.testing.ranges import require_seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class JobDurations:
    """How long each server takes in a job, in seconds of the emulator's time.

    The defaults are those of a real launch job, about nine minutes in all; the length of a
    termination is a guess.

    Attributes:
        snapshot: Taking the snapshot.
        until_conversion: From there until the conversion server is up.
        conversion: The conversion.
        launch: From the start of the launch until the instance has booted. The instance shows
            after a fourteenth of it.
        termination: Shutting an instance down.
        jitter: By which share each step of a launch varies from server to server, by the seed.
    """

    snapshot: float = 0.19
    until_conversion: float = 51.9
    conversion: float = 195.0
    launch: float = 280.0
    termination: float = 45.0
    jitter: float = 0.03

    def __post_init__(self) -> None:
        """Refuse what cannot be.

        Raises:
            ValueError: A number below zero, over a century or not finite, or a jitter of 1 or more.
        """
        for name, value in asdict(self).items():
            require_seconds(name, value)
        if self.jitter >= 1:
            raise ValueError("jitter must be less than 1: it is a share of a step")
