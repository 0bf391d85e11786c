"""Which servers, networks and launch actions of a job went wrong, and why, by their names."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from drs_sdk.models import Job


def failed_parts(job: Job) -> dict[str, str]:
    """Name the servers and resources of a job that did not reach its good end, and why."""
    names = _server_names(job)
    return _by_name(
        [
            *(
                (names[id(server)], f"launch status {server.launch_status}")
                for server in job.failed_servers
            ),
            *(
                (name, f"launch status {status}")
                for name, status in _resources(job)
                if status == "FAILED"
            ),
        ]
    )


def unsettled_parts(job: Job) -> dict[str, str]:
    """Name the servers and resources of a job that has ended while they have not."""
    names = _server_names(job)
    ended = {"FAILED", "TERMINATED" if job.type == "TERMINATE" else "LAUNCHED"}
    return _by_name(
        [
            *(
                (names[id(server)], f"still {server.launch_status or 'without a status'}")
                for server in job.pending_servers
            ),
            *(
                (name, f"still {status or 'without a status'}")
                for name, status in _resources(job)
                if status not in ended
            ),
        ]
    )


def failed_actions(job: Job) -> dict[str, str]:
    """Name the servers of a job whose launch or whose launch actions failed, and why.

    The failure of an optional action is none, as it is none for the service.
    """
    names = _server_names(job)
    failed = list(failed_parts(job).items())
    for server in job.participating_servers:
        runs = server.launch_actions_status.runs if server.launch_actions_status else []
        for run in runs:
            if run.status == "FAILED" and not (run.action and run.action.optional):
                action = (run.action.name if run.action else None) or "a launch action"
                why = f": {run.failure_reason}" if run.failure_reason else ""
                failed.append((names[id(server)], f"{action} failed{why}"))
    return _by_name(failed)


def broken_parts(job: Job) -> dict[str, str]:
    """Name everything of a job that stands in the way of success, and why."""
    return _by_name([*unsettled_parts(job).items(), *failed_actions(job).items()])


def _server_names(job: Job) -> dict[int, str]:
    """Name each participating server, by identity: two that lack an id may well be equal."""
    return {
        id(server): server.source_server_id or server.recovery_instance_id or f"server {index}"
        for index, server in enumerate(job.participating_servers)
    }


def _resources(job: Job) -> Iterator[tuple[str, str | None]]:
    """Find the launch statuses of a job's resources, and their names."""
    for index, resource in enumerate(job.participating_resources):
        network = resource.participating_resource_id
        name = network.source_network_id if network else None
        yield name or f"resource {index}", resource.launch_status


def _by_name(told: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Gather reasons by name: what a name is told for twice, it is told for in one line."""
    gathered: dict[str, list[str]] = {}
    for name, why in told:
        gathered.setdefault(name, []).append(why)
    return {name: "; ".join(dict.fromkeys(reasons)) for name, reasons in gathered.items()}
