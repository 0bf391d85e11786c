"""The table of commands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from drs_sdk.recovery.command import actions, option_groups as options, way_back

if TYPE_CHECKING:
    from argparse import ArgumentParser
    from collections.abc import Callable, Coroutine

    from drs_sdk.clock import Clock
    from drs_sdk.recovery.command.exit_codes import ExitCode
    from drs_sdk.recovery.command.given import Given
    from drs_sdk.recovery.command.terminal import Terminal

AddOptions: TypeAlias = "Callable[[ArgumentParser], None]"
Action: TypeAlias = "Callable[[Given, Terminal, Clock], Coroutine[object, object, ExitCode]]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A command.

    Attributes:
        name: What is typed.
        summary: What it does, in a few words.
        options: Adds its options, group by group.
        act: Does it.
        can_go_on: Whether the same command goes on where it was interrupted.
    """

    name: str
    summary: str
    options: tuple[AddOptions, ...]
    act: Action
    can_go_on: bool = False


_RUN = (options.a_run, options.places, options.origin, options.as_json)

COMMANDS: tuple[Command, ...] = (
    Command(
        name="preflight",
        summary="look for what stands in the way; nothing is changed",
        options=(*_RUN, options.quotas),
        act=actions.preflight,
    ),
    Command(
        name="launch",
        summary="launch the waves, from wherever the run stands",
        options=(*_RUN, options.quotas, options.launching, options.report_files),
        act=actions.launch,
        can_go_on=True,
    ),
    Command(
        name="status",
        summary="tell where the run stands; nothing is changed",
        options=(*_RUN, options.report_files),
        act=actions.status,
    ),
    Command(
        name="approve",
        summary="approve a wave that waits, wherever the run is carried out",
        options=(*_RUN, options.approving),
        act=actions.approve,
    ),
    Command(
        name="close",
        summary="let nothing more start under the key; jobs under way go on",
        options=(*_RUN, options.closing),
        act=actions.close,
    ),
    Command(
        name="clean-up",
        summary="remove what a drill has launched, and nothing else",
        options=(*_RUN, options.quotas, options.cleaning_up),
        act=actions.clean_up,
        can_go_on=True,
    ),
    Command(
        name="reprotect",
        summary="replicate a recovery's instances home, until they can be launched there",
        options=(
            *_RUN,
            options.quotas,
            options.naming_instances,
            options.replicating,
            options.report_files,
        ),
        act=way_back.reprotect,
        can_go_on=True,
    ),
    Command(
        name="fail-back",
        summary="launch home what is replicated there, protect it, and clean up",
        options=(
            *_RUN,
            options.quotas,
            options.naming_instances,
            options.coming_home,
            options.report_files,
        ),
        act=way_back.fail_back,
        can_go_on=True,
    ),
    Command(
        name="rehearse-way-back",
        summary="practise the way back of a drill, and remove all that it made",
        options=(*_RUN, options.quotas, options.replicating, options.report_files),
        act=way_back.rehearse,
        can_go_on=True,
    ),
    Command(
        name="runs",
        summary="list runs, with what they have left running",
        options=(options.looking_back, options.places, options.as_json),
        act=actions.runs,
    ),
)
