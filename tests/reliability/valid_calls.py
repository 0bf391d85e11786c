"""A valid call of every operation, and the account in which it is valid."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from whole_service import WholeService

from drs_sdk import models
from drs_sdk.testing import DRSEmulator
from drs_sdk.testing.service.model import load_service

if TYPE_CHECKING:
    from collections.abc import Mapping

    from drs_sdk._core.base import Request, Response

OPERATIONS = sorted(load_service().operations)


@dataclass(frozen=True)
class ValidCall:
    """A request, and what to restore so that it is not refused."""

    request: Request[Response]
    account: dict[str, object]


def request_type(operation: str) -> type[Request[Response]]:
    return getattr(models, f"{operation}Request")


UNSAFE = [name for name in OPERATIONS if request_type(name).safety == "unsafe"]


@cache
def valid_calls() -> Mapping[str, ValidCall]:
    """Walk through the whole service once, and keep the first call of each operation."""
    found: dict[str, ValidCall] = {}

    async def walk() -> None:
        async with DRSEmulator(initialized=False) as emulator, emulator.client() as drs:

            async def call(operation: str, params: dict[str, Any]) -> dict[str, Any]:
                request = request_type(operation).model_validate(params)
                if operation not in found:
                    if request.token_member is not None:
                        request = request.model_copy(update={request.token_member: operation})
                    found[operation] = ValidCall(request, emulator.snapshot())
                answer = await drs.send(request)
                return answer.model_dump(mode="json", by_alias=True, exclude_unset=True)

            await WholeService(emulator, call).walk()

    with ThreadPoolExecutor(1) as thread:  # the caller may have a loop that runs
        thread.submit(asyncio.run, walk()).result()
    assert sorted(found) == OPERATIONS
    return found
