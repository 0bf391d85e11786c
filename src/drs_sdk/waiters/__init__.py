"""Waits: know how it went, without hammering the service.

- `kinds`: what can be waited for, and how many are asked for in one call
- `conditions`: which states succeed, fail, or mean wait on
- `polling`: one poller for each kind of subject, shared by all waits of a client
- `engine`: one wait, its deadline and its updates
- `updates`: what ``on_update`` is told
- `job_report`: what became of a job, server by server
- `methods`: ``wait_until_*``, ``watch_*`` and ``explain_job``
"""

from drs_sdk.waiters.job_report import JobReport, PhaseReport, ServerReport
from drs_sdk.waiters.updates import WaitUpdate

__all__ = ["JobReport", "PhaseReport", "ServerReport", "WaitUpdate"]
