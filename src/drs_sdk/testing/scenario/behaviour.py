"""What can be set on a place at any time: quotas, quirks and the pace of jobs."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from drs_sdk.testing.scenario.stage import Stage

if TYPE_CHECKING:
    from drs_sdk.testing.job_durations import JobDurations
    from drs_sdk.testing.quirks import Quirks
    from drs_sdk.testing.settings import Quotas


class BehaviourScenario(Stage):
    """The part of `DRSEmulator` about how the service behaves in this account and Region."""

    @property
    def quotas(self) -> Quotas:
        """The quotas of this account in this Region; set others at any time."""
        return self._account.settings.quotas

    @quotas.setter
    def quotas(self, quotas: Quotas) -> None:
        """Set the quotas from now on; what exceeds them already stays."""
        account = self._settled()
        account.settings = replace(account.settings, quotas=quotas)

    @property
    def quirks(self) -> Quirks:
        """What the service does at times, here; set others at any time."""
        return self._account.settings.quirks

    @quirks.setter
    def quirks(self, quirks: Quirks) -> None:
        """Set what the service does from now on."""
        account = self._settled()
        account.settings = replace(account.settings, quirks=quirks)

    @property
    def job_durations(self) -> JobDurations:
        """How long the steps of jobs take here, from the next step on."""
        return self._account.settings.job_durations

    @job_durations.setter
    def job_durations(self, durations: JobDurations) -> None:
        """Set how long the steps take that begin from now on."""
        account = self._settled()
        account.settings = replace(account.settings, job_durations=durations)
