"""Faults inside an otherwise good answer: values, members and page tokens that mislead."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from drs_sdk.testing.handlers.listing import paging
from drs_sdk.testing.service.documents import Doc, copy_doc

if TYPE_CHECKING:
    from drs_sdk.testing.faults import Fault
    from drs_sdk.testing.service.model import Operation, Shape
    from drs_sdk.testing.world.account import Account


def corrupt(account: Account, operation: Operation, params: Doc, answer: Doc, fault: Fault) -> Doc:
    """Return the answer as the fault makes it; other kinds of fault leave it alone."""
    shape = operation.output
    if shape is None:
        return answer
    if fault.kind == "unknown_enum_value":
        answer = copy_doc(answer)
        _replace_enums(shape, answer, fault)
    elif fault.kind == "unknown_member":
        answer = copy_doc(answer)
        _add_members(shape, answer, fault)
    elif fault.kind == "repeat_page_token":
        answer = {**answer, "nextToken": params["nextToken"]}
    elif fault.kind == "empty_page" and "nextToken" in shape.members:
        empty: Doc = {
            name: [] for name, member in shape.members.items() if member.shape.kind == "list"
        }
        token = paging.equivalent_token(account, operation.name, params)
        answer = {**answer, **empty, "nextToken": token}
    return answer


def _replace_enums(shape: Shape, value: object, fault: Fault) -> bool:
    """Replace the enums meant; True once the walk may end."""
    if shape.kind == "structure":
        document = cast("Doc", value)
        for name, member in shape.members.items():
            if name not in document:
                continue
            if member.shape.enum is not None and fault.name in {"", name}:
                document[name] = fault.value
                if not fault.name:
                    return True
            elif _replace_enums(member.shape, document[name], fault):
                return True
    elif shape.kind == "list" and shape.element is not None:
        for item in cast("list[object]", value):
            if _replace_enums(shape.element, item, fault):
                return True
    return False


def _add_members(shape: Shape, value: object, fault: Fault) -> None:
    if shape.kind == "structure":
        document = cast("Doc", value)
        for name, member in shape.members.items():
            if name in document:
                _add_members(member.shape, document[name], fault)
        if not shape.is_union:
            document[fault.name] = fault.value
    elif shape.kind == "list" and shape.element is not None:
        for item in cast("list[object]", value):
            _add_members(shape.element, item, fault)
