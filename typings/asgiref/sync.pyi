from collections.abc import Awaitable, Callable
from typing import TypeVar

_Result = TypeVar("_Result")

def sync_to_async(function: Callable[..., _Result]) -> Callable[..., Awaitable[_Result]]: ...
