"""What arrived at the emulator, for assertions in tests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


@dataclass(slots=True, kw_only=True)
class RecordedRequest:
    """One request, in the order of arrival.

    Attributes:
        operation: The service's name of the operation, or empty when the path is none's.
        params: The parameters as they were sent, in the service's terms.
        headers: The HTTP headers, names in lower case.
        received_at: The emulator's clock at arrival.
        status: The HTTP status that was answered; None while in work or when the connection
            was dropped.
        error_code: Code of the error that was answered, or None.
        fault: Kind of the injected fault that struck, or None.
        handled: Whether the operation was carried out: no fault and no refusal came before. The
            client need not have heard of it.
    """

    operation: str
    params: Mapping[str, object]
    headers: Mapping[str, str]
    received_at: datetime
    status: int | None = None
    error_code: str | None = None
    fault: str | None = None
    handled: bool = False
