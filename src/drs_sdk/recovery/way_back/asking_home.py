"""The caller's part in waves home that have machines on premises: a gate before, hooks around.

The hooks of waves that are in EC2 alone are called by the launch itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from drs_sdk.recovery.errands import ask
from drs_sdk.recovery.hooks import HookContext, LaunchedInstance, WaveGate
from drs_sdk.recovery.way_back.approvals import approved_home
from drs_sdk.recovery.way_back.steps import WAITS_FOR_APPROVAL, reached, servers_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from drs_sdk.recovery.errands import Answer
    from drs_sdk.recovery.hooks import Approve, WaveHook
    from drs_sdk.recovery.run import Run
    from drs_sdk.recovery.wave import Wave
    from drs_sdk.recovery.way_back.homecoming import Homecoming
    from drs_sdk.recovery.way_back.journey import Journey
    from drs_sdk.recovery.way_back.looking import BothSides, Looking


class AskingHome:
    """Asks the caller, once for the machines of both kinds.

    Attributes:
        failed: Waves whose hook has failed.
    """

    def __init__(
        self, run: Run, looking: Looking, how: Homecoming, reasons: dict[str, str]
    ) -> None:
        """Ask nothing yet.

        Args:
            run: The run, on its way home.
            looking: Reads both sides.
            how: How its servers come home.
            reasons: Takes why servers are not home.
        """
        self._run = run
        self._looking = looking
        self._options = how.launching
        self._deadline = how.deadline
        self._reasons = reasons
        self.failed: set[str] = set()

    async def may_begin(self, wave: Wave, both: BothSides) -> bool:
        """Ask whether a wave may start; where nobody is asked, wait for an approval elsewhere."""
        why = await self._why_not_approved(wave, both)
        if why is not None:
            self._say(wave, both, why)
            return False
        before = self._run.predecessors(wave)
        return await self._call("before", self._options.before_wave, wave, before, both)

    async def after(self, wave: Wave, both: BothSides) -> None:
        """Call what the caller does after a wave."""
        await self._call("after", self._options.after_wave, wave, (wave.name,), both)

    async def _why_not_approved(self, wave: Wave, both: BothSides) -> str | None:
        if not wave.pause_before or wave.name in self._options.approved:
            return None
        number = both.standing.waves[wave.name].number
        while number not in approved_home(self._run, both):
            if self._options.approve is not None:
                return await self._why_refused(self._options.approve, wave, both)
            if not await self._deadline.sleep():
                return WAITS_FOR_APPROVAL
            both = await self._looking.look()
        return None

    async def _why_refused(self, approve: Approve, wave: Wave, both: BothSides) -> str | None:
        gate = WaveGate(
            run=self._run.name,
            wave=wave,
            source_server_ids=tuple(one.member.server_id for one in servers_of(both, wave.name)),
            status=both.standing.status(),
        )
        answer = await self._ask("approve", approve, wave, gate)
        if answer.error is not None:
            return f"its approval failed: {answer.error}"
        if answer.returned is True:  # "no" is true, too
            return None
        return f"its wave was not approved: approve answered {answer.returned!r}"

    async def _call(
        self,
        when: str,
        hook: WaveHook | None,
        wave: Wave,
        waves: Collection[str],
        both: BothSides,
    ) -> bool:
        """Call a hook; one that fails keeps what comes after it from happening."""
        if hook is None:
            return True
        context = HookContext(
            run=self._run.name,
            wave=wave,
            instances=tuple(
                _instance(one)
                for name in waves
                for one in servers_of(both, name)
                if reached(one, "home")
            ),
            deadline=self._deadline.limit.until,
        )
        answer = await self._ask(when, hook, wave, context)
        if answer.error is not None:
            self.failed.add(wave.name)
            self._say(wave, both, f"the check {when} it failed: {answer.error}")
        return answer.error is None

    async def _ask(
        self, when: str, function: Callable[..., object], wave: Wave, told: WaveGate | HookContext
    ) -> Answer:
        """Call a function of the caller's, as long as there is time."""
        name = f"The function {when!r} for the wave {wave.name}"
        limit = self._deadline.limit
        return await ask(name, function, told, clock=self._run.clock, limit=limit)

    def _say(self, wave: Wave, both: BothSides, why: str) -> None:
        self._reasons.update({one.member.server_id: why for one in servers_of(both, wave.name)})


def _instance(journey: Journey) -> LaunchedInstance:
    """Tell of a machine at home. One on premises has no EC2 instance, and DRS no address of it."""
    instance = journey.b2 if journey.is_on_premises else journey.a3
    in_ec2 = None if journey.is_on_premises else instance
    properties = in_ec2.recovery_instance_properties if in_ec2 is not None else None
    interfaces = properties.network_interfaces if properties is not None else ()
    return LaunchedInstance(
        source_server_id=journey.member.server_id,
        name=journey.b1.name if journey.b1 is not None else None,
        wave=journey.member.wave.name,
        recovery_instance_id=instance.recovery_instance_id if instance is not None else None,
        ec2_instance_id=in_ec2.ec2_instance_id if in_ec2 is not None else None,
        addresses=tuple(address for interface in interfaces for address in interface.ips),
    )
