"""A real recovery is confirmed by typing its name."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from drs_sdk.recovery.command.terminal import Terminal
    from drs_sdk.recovery.recovery import Recovery


async def is_confirmed(recovery: Recovery, terminal: Terminal, *, yes: bool) -> bool:
    """Ask for the run's name, where it is real and somebody sits there.

    Without a terminal nobody is asked: a script that says ``--recovery`` means it.
    """
    if recovery.mode != "recovery" or yes or not terminal.can_ask:
        return True
    waves = ", ".join(wave.name for wave in recovery.runbook.waves)
    terminal.say(f"This is no drill: {recovery.name} launches for real ({waves}).")
    answer = await terminal.ask(f"Type {recovery.name} to go on:")
    return answer == recovery.name
