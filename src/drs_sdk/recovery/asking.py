"""The caller's part in a launch: gates before waves, hooks around them, and word of how it goes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drs_sdk.recovery.errands import LATE, STUBBORN, Errands, answer_of
from drs_sdk.recovery.hooks import HookContext, HookResult, WaveGate
from drs_sdk.recovery.instances import launched_instances
from drs_sdk.recovery.parting import part_with
from drs_sdk.recovery.telling import Telling

if TYPE_CHECKING:
    from collections.abc import Collection

    from drs_sdk.recovery.errands import Answer
    from drs_sdk.recovery.memory import LaunchOptions, Memory
    from drs_sdk.recovery.run import Run
    from drs_sdk.recovery.standing import Standing, WaveStanding
    from drs_sdk.recovery.status import RunStatus
    from drs_sdk.recovery.time_limit import TimeLimit


class Asking:
    """Asks and tells the caller, beside the run, and takes in what comes back."""

    def __init__(self, run: Run, options: LaunchOptions, memory: Memory, limit: TimeLimit) -> None:
        """Ask nothing yet."""
        self._run = run
        self._options = options
        self._memory = memory
        self._limit = limit
        self.errands: Errands = Errands()
        self.telling: Telling[RunStatus] = Telling(options.on_update, run.clock)
        self._told: object = None

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
                self.errands.begin("approve", name, options.approve, gate)
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
            deadline=self._limit.until,
        )

    def take_answers(self) -> None:
        """Take in what gates and hooks have answered."""
        known = {(result.wave, result.when) for result in self._memory.hook_results}
        for when in ("approve", "before", "after"):
            for name, task in self.errands.finished(when).items():
                if (name, when) not in known:
                    self._take_result(name, when, answer_of(task))

    def _take_result(self, wave: str, when: str, answer: Answer) -> None:
        memory = self._memory
        told = answer.error
        returned = None if answer.returned is None else str(answer.returned)
        if when == "approve" and told is None and not isinstance(answer.returned, bool):
            told = f"answered {answer.returned!r}, and only True approves"
        memory.hook_results.append(HookResult(wave=wave, when=when, returned=returned, error=told))
        if when == "approve":
            approves = answer.returned is True  # "no" is true, too
            (memory.approved if approves else memory.denied).add(wave)
        elif when == "after":
            memory.verdicts[wave] = None if told is None else f"the check after it failed: {told}"
        elif told is None:
            memory.cleared.add(wave)
        else:
            memory.verdicts[wave] = f"the check before it failed: {told}"

    def give_up(self) -> None:
        """Take in what has come back by the end of the time; a check that has not has failed."""
        self.take_answers()
        for (when, wave), task in self.errands.all.items():
            if when != "approve" and not task.done():
                self._memory.verdicts[wave] = f"the check {when} it failed: {LATE}"

    def tell(self, status: RunStatus) -> None:
        """Tell where the run stands, where that has changed."""
        told = status.model_dump(exclude={"at", "next_look_in"})
        if told != self._told:
            self._told = told
            self.telling.tell(status)

    async def stop(self) -> None:
        """Cancel what has not come back; what was cut off stands in the report.

        A gate is often answered for elsewhere: it stands there only where it goes on.
        """
        self.telling.drop()
        cut = {task: at for at, task in self.errands.all.items() if not task.done()}
        updates = self.telling.tasks
        goes_on = await part_with({*self.errands.all.values(), *updates}, self._run.clock)
        results = [
            HookResult(
                wave=wave, when=when, returned=None, error=STUBBORN if task in goes_on else LATE
            )
            for task, (when, wave) in cut.items()
            if when != "approve" or task in goes_on
        ]
        error = STUBBORN if updates & goes_on else self.telling.error
        if error is not None:
            results.append(HookResult(wave="", when="update", returned=None, error=error))
        self._memory.hook_results += results

    def has_answers(self) -> bool:
        """Whether something has come back that was not taken in."""
        known = {(result.wave, result.when) for result in self._memory.hook_results}
        return any(
            (wave, when) not in known
            for when in ("approve", "before", "after")
            for wave in self.errands.finished(when)
        )

    def holds_back(self, wave: str) -> bool:
        """Whether a hook before a wave has failed."""
        return any(
            result.wave == wave and result.when == "before" and result.error is not None
            for result in self._memory.hook_results
        )
