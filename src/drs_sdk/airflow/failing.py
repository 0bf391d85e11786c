"""Which failures a retry of the task cannot mend."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from airflow.sdk.exceptions import AirflowFailException

from drs_sdk._core.errors import RequestValidationError
from drs_sdk.recovery.errors import RunbookError
from drs_sdk.recovery.run_errors import RunClosedError, RunMismatchError

if TYPE_CHECKING:
    from collections.abc import Generator

_FOR_GOOD = (RequestValidationError, RunbookError, RunMismatchError, RunClosedError)


@contextmanager
def failing_for_good() -> Generator[None, None, None]:
    """Have what no retry can mend fail the task at once, whatever its ``retries``.

    Raises:
        AirflowFailException: The key, the runbook or an argument is wrong.
    """
    try:
        yield
    except _FOR_GOOD as error:
        raise AirflowFailException(f"{type(error).__name__}: {error}") from error
