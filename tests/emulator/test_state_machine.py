# ruff: noqa: ANN401 - what goes into a bundle has no type
"""Long random command sequences over all families; what must always hold is checked each time."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from account_driver import LISTINGS
from hypothesis import settings, strategies as st
from hypothesis.stateful import Bundle, initialize, invariant, multiple, rule
from server_rules import ServerRules

tag_values = st.dictionaries(st.sampled_from(["a", "b c", "ü"]), st.sampled_from(["", "1"]))


class AnyAccount(ServerRules):
    servers = ServerRules.servers
    jobs = ServerRules.jobs
    plans: Bundle[str] = Bundle("plans")
    executions: Bundle[str] = Bundle("executions")

    @initialize(target=plans)
    def begin_with_a_plan(self) -> Any:
        (server,) = self.drs.here.add_source_servers(1)
        plan = self.create_plan()
        self.add_step(plan, [server], None)
        self.add_step(plan, [], None)
        return plan

    @rule(job=jobs)
    def delete_job(self, job: str) -> None:
        self._deletes(job, self.drs.call("DeleteJob", jobID=job))
        if job in self.drs.deleted:
            assert self.drs.call("DescribeJobLogItems", jobID=job) is None

    @rule(target=plans)
    def create_plan(self) -> Any:
        answer = self.drs.call("CreateRecoveryPlan", name="plan")
        return multiple() if answer is None else answer["recoveryPlan"]["recoveryPlanArn"]

    @rule(
        plan=plans,
        chosen=st.lists(servers, max_size=3, unique=True),
        order=st.none() | st.integers(1, 3),
    )
    def add_step(self, plan: str, chosen: list[str], order: int | None) -> None:
        prefix = f"arn:aws:drs:{self.drs.here.region}:111122223333:source-server/"
        listed = [{"serverArn": prefix + server} for server in chosen]
        configuration: dict[str, Any] = {"serverStepConfiguration": {"servers": listed}}
        if not chosen:
            configuration = {"waitStepConfiguration": {"waitDurationMinutes": 5}}
        place = {} if order is None else {"stepOrder": order}
        self.drs.call(
            "CreateRecoveryPlanStep",
            recoveryPlanArn=plan,
            stepName="step",
            configuration=configuration,
            **place,
        )
        shown = self.drs.call("ListRecoveryPlanSteps", recoveryPlanArn=plan)
        steps = (shown or {"recoveryPlanSteps": []})["recoveryPlanSteps"]
        assert [step["stepOrder"] for step in steps] == list(range(1, len(steps) + 1))

    @rule(target=executions, plan=plans, mode=st.sampled_from(["DRILL", "RECOVERY"]))
    def execute(self, plan: str, mode: str) -> Any:
        answer = self.drs.call("StartRecoveryPlanExecution", recoveryPlanArn=plan, mode=mode)
        if answer is None:
            return multiple()
        return answer["recoveryPlanExecution"]["recoveryPlanExecutionArn"]

    @rule(target=executions, plan=plans)
    def fail_an_execution(self, plan: str) -> Any:
        """The whole way to a step that can be retried, which single steps would hardly find."""
        shown = self.drs.call("ListRecoveryPlanSteps", recoveryPlanArn=plan)
        for step in (shown or {"recoveryPlanSteps": []})["recoveryPlanSteps"]:
            configuration = step["configuration"].get("serverStepConfiguration", {"servers": []})
            for server in configuration["servers"]:
                self.fail_launch(server["serverArn"].rpartition("/")[2], "LAUNCH")
        execution = self.execute(plan, "DRILL")
        self.drs.advance(timedelta(minutes=30))
        return execution

    @rule(
        execution=executions,
        operation=st.sampled_from(["CancelRecoveryPlanExecution", "DeleteRecoveryPlanExecution"]),
    )
    def end_execution(self, execution: str, operation: str) -> None:
        self.drs.call(operation, recoveryPlanExecutionArn=execution)

    @rule(execution=executions, retries=st.booleans(), data=st.data())
    def step_in(self, execution: str, *, retries: bool, data: st.DataObject) -> None:
        named = {"recoveryPlanExecutionArn": execution}
        shown = self.drs.call("ListRecoveryPlanExecutionSteps", **named)
        if shown is None:
            return
        steps = [s["recoveryPlanExecutionStepArn"] for s in shown["recoveryPlanExecutionSteps"]]
        step = {"recoveryPlanExecutionStepArn": data.draw(st.sampled_from(steps))}
        if retries:
            self.drs.call("RetryRecoveryPlanExecutionStep", **step)
        else:
            self.drs.call("UpdateRecoveryPlanExecutionStep", **step, status="SKIPPED")

    @rule(plan=plans)
    def delete_plan(self, plan: str) -> None:
        if self.drs.call("DeleteRecoveryPlan", recoveryPlanArn=plan) is not None:
            assert self.drs.call("GetRecoveryPlan", recoveryPlanArn=plan) is None

    @rule(server=servers, tags=tag_values, removed=st.sampled_from(["a", "b c", "Name"]))
    def tag(self, server: str, tags: dict[str, str], removed: str) -> None:
        arn = f"arn:aws:drs:{self.drs.here.region}:111122223333:source-server/{server}"
        present = self.drs.call("ListTagsForResource", resourceArn=arn)
        if present is not None:
            self.drs.call("TagResource", resourceArn=arn, tags=tags)
            self.drs.call("UntagResource", resourceArn=arn, tagKeys=[removed])
            self.drs.tags[arn] = {**present["tags"], **tags}
            self.drs.tags[arn].pop(removed, None)

    @rule(size=st.integers(1, 3), operation=st.sampled_from(sorted(LISTINGS)))
    def page(self, size: int, operation: str) -> None:
        assert self.drs.items(operation, size) == self.drs.items(operation)

    @rule(minutes=st.sampled_from([0.1, 1, 5, 10, 60, 600]))
    def wait(self, minutes: float) -> None:
        self.drs.advance(timedelta(minutes=minutes))

    @rule()
    def move_house(self) -> None:
        self.drs.move_house()

    @invariant()
    def what_must_hold(self) -> None:
        self.drs.check()


TestAnyAccount = AnyAccount.TestCase
TestAnyAccount.settings = settings(max_examples=20, stateful_step_count=50)
