"""The caller's part in a launch: gates before waves, hooks around them, and their answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drs_sdk.recovery.hooks import Errands, HookContext, HookResult, WaveGate
from drs_sdk.recovery.instances import launched_instances

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Collection
    from datetime import datetime

    from drs_sdk.recovery.memory import LaunchOptions, Memory
    from drs_sdk.recovery.run import Run
    from drs_sdk.recovery.standing import Standing, WaveStanding


class Asking:
    """Asks the caller, beside the run, and takes in what comes back."""

    def __init__(
        self, run: Run, options: LaunchOptions, memory: Memory, deadline: datetime | None
    ) -> None:
        """Ask nothing yet."""
        self._run = run
        self._options = options
        self._memory = memory
        self._deadline = deadline
        self.errands: Errands = Errands()

    def ask(self, standing: Standing) -> None:
        """Begin the gates and hooks that are due."""
        options = self._options
        for wave in standing.waves.values():
            name = wave.wave.name
            if wave.state == "waiting for approval" and options.approve is not None:
                gate = WaveGate(
                    run=self._run.name,
                    wave=wave.wave,
                    source_server_ids=tuple(m.server_id for m in wave.members),
                    status=standing.status(),
                )
                self.errands.begin("gate", name, options.approve, gate)
            elif (
                wave.state == "waiting"
                and wave.can_start
                and not wave.has_begun
                and options.before_wave is not None
            ):
                before = self._run.predecessors(wave.wave)
                context = self._context(standing, wave, before)
                self.errands.begin("before", name, options.before_wave, context)
            elif wave.awaits_verdict and options.after_wave is not None:
                context = self._context(standing, wave, (name,))
                self.errands.begin("after", name, options.after_wave, context)

    def _context(
        self, standing: Standing, wave: WaveStanding, waves: Collection[str]
    ) -> HookContext:
        return HookContext(
            run=self._run.name,
            wave=wave.wave,
            instances=launched_instances(standing, waves),
            deadline=self._deadline,
        )

    def take_answers(self) -> None:
        """Take in what gates and hooks have answered."""
        memory = self._memory
        for name, task in self.errands.finished("gate").items():
            if name not in memory.approved | memory.denied:
                approves = task.exception() is None and task.result() is True  # "no" is true, too
                (memory.approved if approves else memory.denied).add(name)
                self._take_result(name, "approve", task)
        for when in ("before", "after"):
            for name, task in self.errands.finished(when).items():
                self._take_result(name, when, task)

    def _take_result(self, wave: str, when: str, task: asyncio.Task[object]) -> None:
        memory = self._memory
        known = {(result.wave, result.when) for result in memory.hook_results}
        if (wave, when) in known:
            return
        error = task.exception()
        if error is not None and not isinstance(error, Exception):
            raise error
        told = None if error is None else f"{type(error).__name__}: {error}"
        returned = None if error is not None or task.result() is None else str(task.result())
        if when == "approve" and error is None and not isinstance(task.result(), bool):
            told = f"answered {task.result()!r}, and only True approves"
        memory.hook_results.append(HookResult(wave=wave, when=when, returned=returned, error=told))
        if when == "approve":  # taken in by `take_answers`
            return
        if when == "after":
            memory.verdicts[wave] = None if told is None else f"the check after it failed: {told}"
        elif told is None:
            memory.cleared.add(wave)
        else:
            memory.verdicts[wave] = f"the check before it failed: {told}"

    def has_answers(self) -> bool:
        """Whether something has come back that was not taken in."""
        known = {(result.wave, result.when) for result in self._memory.hook_results}
        gates = self.errands.finished("gate").keys() - self._memory.approved - self._memory.denied
        return bool(gates) or any(
            (wave, when) not in known
            for when in ("before", "after")
            for wave in self.errands.finished(when)
        )

    def holds_back(self, wave: str) -> bool:
        """Whether a hook before a wave has failed."""
        return any(
            result.wave == wave and result.when == "before" and result.error is not None
            for result in self._memory.hook_results
        )
