"""All that a test does from behind the service's back, saving and loading included."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from drs_sdk.testing.life import plan_executions
from drs_sdk.testing.loading import load
from drs_sdk.testing.scenario.behaviour import BehaviourScenario
from drs_sdk.testing.scenario.jobs import JobScenario
from drs_sdk.testing.scenario.launches import LaunchScenario
from drs_sdk.testing.scenario.networks import NetworkScenario
from drs_sdk.testing.scenario.servers import ServerScenario
from drs_sdk.testing.state import recovery_plans
from drs_sdk.testing.world import saving

if TYPE_CHECKING:
    from os import PathLike

    from drs_sdk.testing.service.documents import Doc


class Scenario(BehaviourScenario, ServerScenario, NetworkScenario, JobScenario, LaunchScenario):
    """The part of `DRSEmulator` that sets the stage: resources, mishaps, saving and loading."""

    def load(self, source: str | PathLike[str] | object) -> list[str]:
        """Take over source servers, jobs, recovery instances and others from describe answers.

        What comes without its owner needs a word more. The log of a job is given to the job
        whose time and servers it fits, launch actions need `resourceId` beside their `items`,
        steps go to the plan or execution whose ARN begins theirs, or to the only one there is.
        The owner's identifier, written into the object around, comes before all this.

        Args:
            source: The path of a JSON file, or a JSON value, in which they stand at any depth:
                what `aws drs describe-source-servers` prints, for one.

        Returns:
            The identifiers of what was loaded.

        Raises:
            ValueError: Something belongs to a resource that is not there or cannot be told, or
                is not what the service describes. Nothing was loaded then.
        """
        value = load.read_source(source)
        account, loaded = load.load_resources(self._settled(), value)
        self._take(account)
        return loaded

    def time_out_recovery_plan_execution(
        self, execution_arn: str, *, step_only: bool = False
    ) -> None:
        """Let the execution of a recovery plan take too long; what it launched stays.

        Args:
            execution_arn: The execution, which must not have ended.
            step_only: Whether only the step under way is given up as TIMED_OUT: the execution
                is FAILED then, and goes on once the step is skipped. Otherwise the execution
                is TIMED_OUT as well, for good.

        Raises:
            ValueError: Nothing is under way.
        """
        account = self._settled()
        execution = recovery_plans.all_executions(account).require(execution_arn)
        plan_executions.time_out(account, execution, step_only=step_only)

    def snapshot(self) -> dict[str, object]:
        """Return the account, its future and its time as JSON; faults are not part of it.

        In a world of several places it is that of this one: save all that belong together, or
        all there are by `DRSEmulator.snapshot_world`.
        """
        return cast("dict[str, object]", self._settled().snapshot())

    def restore(self, data: dict[str, object]) -> None:
        """Go back to what `snapshot` returned; virtual time is set to its time, too.

        Args:
            data: The snapshot, of this account in this Region, in this emulator or another one.

        Raises:
            ValueError: The data is not a snapshot, or that of another place. Nothing was changed.
        """
        present = self._account
        account = saving.read_place(cast("Doc", data), present.world, saving.place_of(present))
        if self.clock.mode == "virtual":
            self.clock.set(account.now)
        self._take(account)
