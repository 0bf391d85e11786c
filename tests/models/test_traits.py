"""What the traits say follows from the members, for whatever the service may send."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, strategies as st
from strategies import service_shapes as drs

from drs_sdk import models
from drs_sdk.models import (
    DataReplicationInfo,
    DataReplicationInfoReplicatedDisk,
    IdentificationHints,
    Job,
    ParticipatingResource,
    ParticipatingServer,
    RecoveryInstance,
    RecoveryInstanceDataReplicationInfo,
    RecoveryInstanceFailback,
    RecoveryPlanExecution,
    SourceNetwork,
    SourceProperties,
    SourceServer,
)


def values_of(enum: str) -> st.SearchStrategy[str | None]:
    return st.sampled_from([*drs.enums()[enum], "SAID_BY_A_LATER_SERVICE", None])


def objects(structure: str) -> st.SearchStrategy[dict[str, Any]]:
    return drs.objects_of(structure)


launch_statuses = st.lists(values_of("LaunchStatus"), min_size=1, max_size=5)
byte_counts = st.one_of(st.none(), st.integers(0, 100), st.integers(0, 2**62))
disks = st.lists(
    st.builds(
        DataReplicationInfoReplicatedDisk,
        total_storage_bytes=byte_counts,
        replicated_storage_bytes=byte_counts,
        backlogged_storage_bytes=byte_counts,
    ),
    max_size=3,
)


def server_in(state: str | None, *, copied: list[tuple[int, int]] = ()) -> SourceServer:  # type: ignore[assignment]
    """A server in a state, with disks of which so many bytes of so many are copied."""
    info = DataReplicationInfo(
        data_replication_state=state,
        replicated_disks=[
            DataReplicationInfoReplicatedDisk(
                replicated_storage_bytes=done, total_storage_bytes=total
            )
            for done, total in copied
        ],
    )
    return SourceServer(source_server_id="s-1", data_replication_info=info)


def job_with(status: str | None, kind: str | None, servers: list[str | None]) -> Job:
    return Job(
        job_id="drsjob-1",
        status=status,
        type=kind,
        participating_servers=[
            ParticipatingServer(source_server_id=f"s-{number}", launch_status=launched)
            for number, launched in enumerate(servers)
        ],
    )


class TestJob:
    @given(values_of("JobStatus"), values_of("JobType"), launch_statuses)
    def test_every_server_is_pending_failed_or_in_the_good_end(
        self, status: str | None, kind: str | None, statuses: list[str | None]
    ) -> None:
        job = job_with(status, kind, statuses)
        good = job.terminated_servers if kind == "TERMINATE" else job.launched_servers
        parts = [*job.pending_servers, *job.failed_servers, *good]

        assert sorted(server.source_server_id for server in parts) == [
            server.source_server_id for server in job.participating_servers
        ]

    @given(values_of("JobStatus"), values_of("JobType"), launch_statuses)
    def test_success_is_completion_and_the_good_end_of_every_server(
        self, status: str | None, kind: str | None, statuses: list[str | None]
    ) -> None:
        job = job_with(status, kind, statuses)
        good = "TERMINATED" if kind == "TERMINATE" else "LAUNCHED"

        assert job.is_completed is (status == "COMPLETED")
        assert job.succeeded is (status == "COMPLETED" and set(statuses) == {good})
        if job.succeeded:
            assert not job.failed_servers
            assert not job.pending_servers

    @pytest.mark.parametrize("kind", [*drs.enums()["JobType"], None])
    def test_a_launch_or_termination_that_names_nobody_is_no_success(
        self, kind: str | None
    ) -> None:
        job = job_with("COMPLETED", kind, [])
        assert job.succeeded is (kind not in {"LAUNCH", "TERMINATE"})

    def test_a_job_on_networks_names_resources(self) -> None:
        resource = ParticipatingResource(launch_status="LAUNCHED")
        job = Job(status="COMPLETED", type="LAUNCH", participating_resources=[resource])
        assert job.succeeded

    def test_completed_is_not_success(self) -> None:
        job = job_with("COMPLETED", "LAUNCH", ["LAUNCHED", "FAILED"])
        assert job.is_completed
        assert not job.succeeded
        assert [server.source_server_id for server in job.failed_servers] == ["s-1"]
        assert [server.source_server_id for server in job.launched_servers] == ["s-0"]

    def test_completed_for_a_moment_with_a_pending_server_is_no_success_yet(self) -> None:
        job = job_with("COMPLETED", "LAUNCH", ["LAUNCHED", "PENDING"])
        assert job.is_completed
        assert not job.succeeded
        assert not job.failed_servers
        assert [server.source_server_id for server in job.pending_servers] == ["s-1"]

    def test_terminated_is_the_good_end_of_a_termination_only(self) -> None:
        assert job_with("COMPLETED", "TERMINATE", ["TERMINATED"]).succeeded
        assert not job_with("COMPLETED", "LAUNCH", ["TERMINATED"]).succeeded
        assert not job_with("COMPLETED", "TERMINATE", ["LAUNCHED"]).succeeded

    def test_resources_count_as_servers_do(self) -> None:
        def job(launched: str) -> Job:
            return Job(
                status="COMPLETED",
                type="LAUNCH",
                participating_resources=[ParticipatingResource(launch_status=launched)],
            )

        assert job("LAUNCHED").succeeded
        assert not job("FAILED").succeeded

    @given(st.one_of(st.none(), drs.moments), st.one_of(st.none(), drs.moments))
    def test_the_duration_is_from_creation_to_end(
        self, created: datetime | None, ended: datetime | None
    ) -> None:
        job = Job(creation_date_time=created, end_date_time=ended)
        expected = ended - created if created and ended else None
        assert job.duration == expected

    @pytest.mark.parametrize(
        ("status", "pending"),
        [("PENDING", True), ("IN_PROGRESS", True), (None, True), ("LAUNCHED", False),
         ("FAILED", False), ("TERMINATED", False)],
    )  # fmt: skip
    def test_a_server_is_pending_until_its_part_ended(
        self, status: str | None, *, pending: bool
    ) -> None:
        assert ParticipatingServer(launch_status=status).is_pending is pending


class TestSourceServer:
    @given(objects("SourceServer"))
    def test_every_trait_of_every_server_can_be_read(self, drawn: dict[str, Any]) -> None:
        server = SourceServer.model_validate(drawn)
        progress = server.initial_sync_progress

        assert progress is None or 0 <= progress <= 1
        assert server.backlog_bytes >= 0
        assert isinstance(server.is_launchable, bool)
        assert isinstance(server.is_replicating, bool)
        assert server.lag is None or isinstance(server.lag, timedelta)
        assert not server.is_replicating or server.is_launchable

    @given(values_of("DataReplicationState"), disks)
    def test_progress_is_between_nothing_and_everything(
        self, state: str | None, found: list[DataReplicationInfoReplicatedDisk]
    ) -> None:
        info = DataReplicationInfo(data_replication_state=state, replicated_disks=found)
        progress = SourceServer(data_replication_info=info).initial_sync_progress

        assert progress is None or 0 <= progress <= 1
        if state == "CONTINUOUS":
            assert progress == 1
        elif progress == 1:
            assert all(
                disk.replicated_storage_bytes is not None
                and disk.total_storage_bytes is not None
                and disk.replicated_storage_bytes >= disk.total_storage_bytes
                for disk in found
            ), "1 only when every byte is there"

    @given(disks)
    def test_the_backlog_is_summed_over_all_disks(
        self, found: list[DataReplicationInfoReplicatedDisk]
    ) -> None:
        info = DataReplicationInfo(replicated_disks=found)
        expected = sum(disk.backlogged_storage_bytes or 0 for disk in found)
        assert SourceServer(data_replication_info=info).backlog_bytes == expected

    @pytest.mark.parametrize("state", drs.enums()["DataReplicationState"])
    def test_continuous_is_the_only_healthy_state(self, state: str) -> None:
        assert server_in(state).is_replicating is (state == "CONTINUOUS")
        assert server_in(state).replication_state == state

    def test_a_healthy_server_is_launchable(self) -> None:
        assert server_in("CONTINUOUS").is_launchable

    @pytest.mark.parametrize(
        "state",
        [None, "STOPPED", "DISCONNECTED", "INITIATING", "INITIAL_SYNC", "CREATING_SNAPSHOT"],
    )
    def test_without_a_snapshot_for_sure_nothing_is_launchable(self, state: str | None) -> None:
        assert not server_in(state, copied=[(5, 5)]).is_launchable

    @pytest.mark.parametrize("state", ["BACKLOG", "STALLED", "PAUSED", "RESCAN"])
    def test_lag_and_stall_are_launchable_once_the_initial_sync_is_done(self, state: str) -> None:
        assert server_in(state, copied=[(5, 5), (7, 7)]).is_launchable
        assert not server_in(state, copied=[(5, 5), (6, 7)]).is_launchable
        assert not server_in(state).is_launchable

    @pytest.mark.parametrize(
        "state", ["REPLICATION_STATE_NOT_AVAILABLE", "SAID_BY_A_LATER_SERVICE"]
    )
    def test_a_state_that_is_not_known_is_not_launchable(self, state: str) -> None:
        assert not server_in(state, copied=[(5, 5)]).is_launchable

    @pytest.mark.parametrize(
        "unknown", [{}, {"total_storage_bytes": 0}, {"replicated_storage_bytes": 5}], ids=str
    )
    def test_a_disk_without_figures_is_not_taken_for_complete(
        self, unknown: dict[str, int]
    ) -> None:
        whole = DataReplicationInfoReplicatedDisk(
            total_storage_bytes=100, replicated_storage_bytes=100
        )
        info = DataReplicationInfo(
            data_replication_state="STALLED",
            replicated_disks=[whole, DataReplicationInfoReplicatedDisk(**unknown)],
        )
        server = SourceServer(data_replication_info=info)
        assert server.initial_sync_progress is not None
        assert 0.99 < server.initial_sync_progress < 1
        assert not server.is_launchable

    def test_the_initial_sync_itself_is_not_launchable(self) -> None:
        assert not server_in("INITIAL_SYNC", copied=[(1, 2)]).is_launchable

    def test_one_missing_byte_is_not_rounded_away(self) -> None:
        server = server_in("STALLED", copied=[(2**60 - 1, 2**60)])
        assert server.initial_sync_progress != 1
        assert not server.is_launchable

    def test_progress_counts_bytes_over_all_disks(self) -> None:
        assert server_in("INITIAL_SYNC", copied=[(1, 2), (0, 2)]).initial_sync_progress == 0.25
        assert server_in("INITIAL_SYNC").initial_sync_progress is None
        assert server_in("INITIAL_SYNC", copied=[(0, 0)]).initial_sync_progress is None
        assert server_in("INITIAL_SYNC", copied=[(9, 2), (0, 2)]).initial_sync_progress == 0.5
        assert server_in("CONTINUOUS").initial_sync_progress == 1

    def test_the_lag_is_a_duration_and_missing_after_a_disconnect(self) -> None:
        info = '{"dataReplicationInfo": {"lagDuration": "%s"}}'
        assert SourceServer.model_validate_json(info % "PT11M").lag == timedelta(minutes=11)
        assert SourceServer.model_validate_json(info % "P0D").lag == timedelta(0)
        assert server_in("DISCONNECTED").lag is None
        assert SourceServer().lag is None

    def test_the_name_is_the_tag_else_the_host_else_the_id(self) -> None:
        def server(tags: dict[str, str], hostname: str | None, fqdn: str | None) -> SourceServer:
            hints = IdentificationHints(hostname=hostname, fqdn=fqdn)
            return SourceServer(
                source_server_id="s-1",
                tags=tags,
                source_properties=SourceProperties(identification_hints=hints),
            )

        assert server({"Name": "db"}, "host", "host.example").name == "db"
        assert server({}, "host", "host.example").name == "host"
        assert server({"Name": ""}, None, "host.example").name == "host.example"
        assert server({}, None, None).name == "s-1"
        assert SourceServer().name is None
        assert SourceServer().hostname is None
        assert SourceServer(source_properties=SourceProperties()).hostname is None


class TestRecoveryInstance:
    @pytest.mark.parametrize("state", [*drs.enums()["EC2InstanceState"], None])
    def test_running_is_what_ec2_says(self, state: str | None) -> None:
        instance = RecoveryInstance(ec2_instance_state=state)
        assert instance.is_running is (state == "RUNNING")

    @pytest.mark.parametrize("state", [*drs.enums()["FailbackState"], None])
    def test_ready_for_failback_is_one_state(self, state: str | None) -> None:
        instance = RecoveryInstance(failback=RecoveryInstanceFailback(state=state))
        assert instance.is_ready_for_failback is (state == "FAILBACK_READY_FOR_LAUNCH")

    def test_without_members_nothing_is_so(self) -> None:
        assert not RecoveryInstance().is_running
        assert not RecoveryInstance().is_ready_for_failback
        assert RecoveryInstance().lag is None

    def test_the_lag_is_a_duration_though_the_service_model_says_date_time(self) -> None:
        info = RecoveryInstanceDataReplicationInfo.model_validate({"lagDuration": "P152D"})
        assert RecoveryInstance(data_replication_info=info).lag == timedelta(days=152)


class TestRecoveryPlanExecution:
    @pytest.mark.parametrize(
        "status", [*drs.enums()["RecoveryPlanExecutionStatus"], "TIMED_OUT", "LATER", None]
    )
    def test_it_is_finished_when_nothing_moves_any_more(self, status: str | None) -> None:
        finished = {"COMPLETED", "FAILED", "CANCELLED", "TIMED_OUT"}
        assert RecoveryPlanExecution(status=status).is_finished is (status in finished)

    def test_the_duration_is_from_start_to_completion(self) -> None:
        start = datetime(2026, 1, 2, tzinfo=UTC)
        end = start + timedelta(minutes=9)
        assert RecoveryPlanExecution(started_at=start, completed_at=end).duration == end - start
        assert RecoveryPlanExecution(started_at=start).duration is None
        assert RecoveryPlanExecution(completed_at=end).duration is None


class TestSourceNetwork:
    @pytest.mark.parametrize("status", [*drs.enums()["ReplicationStatus"], None])
    def test_protected_is_one_status(self, status: str | None) -> None:
        assert SourceNetwork(replication_status=status).is_protected is (status == "PROTECTED")


def test_the_table_of_the_docs_lists_every_trait() -> None:
    page = (Path(__file__).parents[2] / "docs" / "models.md").read_text()
    listed = {
        row[1]: re.findall(r"`(\w+)`", row[2])
        for row in re.finditer(r"^\| `(\w+)` \| (.*) \|$", page, re.MULTILINE)
    }
    there = {
        name: [
            member
            for base in model.__bases__
            if base.__module__.startswith("drs_sdk.traits.")
            for member in vars(base)
            if not member.startswith("_")
        ]
        for name in models.__all__
        if isinstance(model := getattr(models, name), type)
    }
    assert sum(map(len, there.values())) > 20
    assert {name: sorted(listed.get(name, [])) for name in there} == {
        name: sorted(members) for name, members in there.items()
    }
