"""Asks for approvals at the terminal, while approvals from elsewhere count, too."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from drs_sdk.recovery.command.display import Display
    from drs_sdk.recovery.command.terminal import Terminal
    from drs_sdk.recovery.hooks import WaveGate
    from drs_sdk.recovery.status import RunStatus

_ANSWERS = {"y": True, "yes": True, "n": False, "no": False, "": False}
_APPROVED = frozenset({"waiting", "launching", "up", "failed"})
"""States in which a wave that was asked about does not wait for its approval any more."""


class Approver:
    """Asks about one wave at a time."""

    def __init__(self, terminal: Terminal, display: Display) -> None:
        """Ask nothing yet."""
        self._terminal = terminal
        self._display = display
        self._one_at_a_time = asyncio.Lock()
        self._asked: defaultdict[str, asyncio.Future[bool]] = defaultdict(
            lambda: asyncio.get_running_loop().create_future()
        )

    async def ask(self, gate: WaveGate) -> bool:
        """Ask whether a wave may start; whoever says so first, here or elsewhere."""
        name = gate.wave.name
        elsewhere = self._asked[name]
        async with self._one_at_a_time:
            if not elsewhere.done():
                with self._display.paused():
                    asking = asyncio.create_task(self._ask(name, len(gate.source_server_ids)))
                    try:
                        await asyncio.wait({asking, elsewhere}, return_when=asyncio.FIRST_COMPLETED)
                        if asking.done():
                            return asking.result()
                        self._terminal.say(f"\nThe wave {name} was answered for elsewhere.")
                    finally:
                        asking.cancel()
                        await asyncio.wait({asking})
            return elsewhere.result()

    def note(self, status: RunStatus) -> None:
        """See whether somebody else has approved what is asked about, or closed the run."""
        for wave in status.waves:
            if wave.name in self._asked and not self._asked[wave.name].done():
                if status.closed is not None:
                    self._asked[wave.name].set_result(False)
                elif wave.state in _APPROVED:
                    self._asked[wave.name].set_result(True)

    async def _ask(self, wave: str, servers: int) -> bool:
        """Ask until the answer is one; the end of the input is a no."""
        question = f"The wave {wave} ({servers} servers) waits for approval. Start it? [y/N]"
        while True:
            answer = await self._terminal.ask(question)
            if answer is None:
                return False
            if (meant := _ANSWERS.get(answer.lower())) is not None:
                return meant
            question = "Type y to start it, n to leave it. Start it? [y/N]"
