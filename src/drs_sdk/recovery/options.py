"""The arguments of a launch, checked."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from drs_sdk._core.errors import RequestValidationError
from drs_sdk.recovery.memory import LaunchOptions
from drs_sdk.waiters.waiting import duration, optional_duration

if TYPE_CHECKING:
    from collections.abc import Collection

    from drs_sdk.recovery.hooks import Approve, OnStatus, WaveHook
    from drs_sdk.recovery.run import Run
    from drs_sdk.waiters.waiting import Duration


def launch_options(
    run: Run,
    *,
    approve: Approve | None = None,
    approved: Collection[str] = (),
    attempts: int | None = None,
    replace_instances_of: Collection[str] = (),
    not_launched: Collection[str] = (),
    before_wave: WaveHook | None = None,
    after_wave: WaveHook | None = None,
    on_update: OnStatus | None = None,
    timeout: Duration | None = timedelta(hours=24),
    min_delay: Duration | None = None,
    max_delay: Duration | None = None,
) -> LaunchOptions:
    """Check what a launch was given.

    Raises:
        RequestValidationError: Something cannot be.
        RunbookError: An approved wave is none of the runbook's.
    """
    for name, given in (
        ("approved", approved),
        ("replace_instances_of", replace_instances_of),
        ("not_launched", not_launched),
    ):
        if isinstance(given, str):
            raise RequestValidationError.of(name, "must be a list of names, got one text")
    for wave in approved:
        run.runbook.wave(wave)
    if attempts is not None and (isinstance(attempts, bool) or attempts < 1):
        raise RequestValidationError.of("attempts", "must be a whole number of at least 1")
    least = duration(min_delay, "min_delay") if min_delay is not None else timedelta(seconds=5)
    most = duration(max_delay, "max_delay") if max_delay is not None else timedelta(seconds=30)
    if not least or most < least:
        raise RequestValidationError.of("max_delay", "must be above zero and not below min_delay")
    return LaunchOptions(
        approve=approve,
        approved=frozenset(approved),
        attempts=attempts,
        replace_instances_of=frozenset(replace_instances_of),
        not_launched=frozenset(not_launched),
        before_wave=before_wave,
        after_wave=after_wave,
        on_update=on_update,
        timeout=optional_duration(timeout, "timeout"),
        min_delay=least,
        max_delay=most,
    )
