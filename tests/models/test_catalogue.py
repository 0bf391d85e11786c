"""Everything that the service model has is there by name, described, and can be built."""

from __future__ import annotations

import ast
import importlib
import inspect
from typing import TYPE_CHECKING, Literal, get_args, get_origin, get_type_hints, is_typeddict

import pytest
from botocore import xform_name
from pydantic import BaseModel, TypeAdapter
from strategies import service_shapes as drs

from drs_sdk import DRSClient, errors, models
from drs_sdk._core.base import Request, Response, SentShape, Shape
from drs_sdk._core.open_enum import OpenEnum

if TYPE_CHECKING:
    from collections.abc import Iterator

EXCEPTIONS = drs.exceptions()
STRUCTURES = sorted(drs.structures().keys() - EXCEPTIONS.keys())
ENUMS = sorted(drs.enums())
SIDES = [f"{name}{side}" for name in drs.OPERATIONS for side in ("Request", "Response")]
CLASSES = sorted({*STRUCTURES, *SIDES})
ONLY_SENT = sorted(set(STRUCTURES) & (drs.sent() - drs.received()))
TWINS = sorted(set(STRUCTURES) & drs.sent() - {f"{name}Request" for name in drs.OPERATIONS})


def _model(name: str) -> type[BaseModel]:
    return getattr(models, name)


def _exported_classes() -> Iterator[type[BaseModel]]:
    for name in models.__all__:
        value = getattr(models, name)
        if inspect.isclass(value) and issubclass(value, BaseModel):
            yield value


def test_the_service_model_is_as_large_as_it_was() -> None:
    assert len(drs.OPERATIONS) >= 70
    assert len(drs.structures()) >= 213
    assert len(ENUMS) >= 46
    assert sum(map(len, drs.enums().values())) >= 257
    assert len(EXCEPTIONS) == 8
    assert len(drs.PAGINATORS) >= 15


@pytest.mark.parametrize("name", CLASSES)
def test_every_structure_is_exported_by_the_service_name(name: str) -> None:
    assert name in models.__all__
    found = _model(name)
    assert found.__name__ == name
    assert issubclass(found, Shape)
    assert found.__doc__
    assert found.__doc__ != Shape.__doc__


@pytest.mark.parametrize("name", sorted(EXCEPTIONS))
def test_every_exception_is_exported_by_the_service_name(name: str) -> None:
    assert name in errors.__all__
    assert issubclass(getattr(errors, name), errors.APIError)


def test_nothing_else_is_exported() -> None:
    known = {*CLASSES, *ENUMS}
    known |= {f"{name}Dict" for name in TWINS}
    known |= {f"{name}Like" for name in ENUMS if name in drs.sent()}
    assert set(models.__all__) == known
    assert len(models.__all__) == len(set(models.__all__))
    assert set(models.__all__) <= set(dir(models))
    with pytest.raises(AttributeError, match="NoSuchThing"):
        _ = models.NoSuchThing


@pytest.mark.parametrize("name", STRUCTURES)
def test_every_member_is_a_field_with_a_description(name: str) -> None:
    fields = _model(name).model_fields
    members = drs.members(drs.structures()[name])

    assert set(fields) == {python for _, python, _ in members}
    for alias, python, member in members:
        field = fields[python]
        assert field.description
        assert (field.validation_alias or python) == alias
        assert (field.serialization_alias or python) == alias
        assert field.alias is None, "type checkers would take it for the parameter's name"
        assert field.repr is not drs.is_sensitive(member)


@pytest.mark.parametrize("operation", drs.OPERATIONS)
def test_every_operation_is_a_method_between_its_request_and_response(operation: str) -> None:
    request, response = _model(f"{operation}Request"), _model(f"{operation}Response")
    output = drs.operation(operation).output_shape

    assert issubclass(request, Request)
    assert issubclass(response, Response)
    assert request.operation == operation
    assert request.response_type is response
    assert request.safety in {"read", "idempotent", "unsafe"}
    if output is None:
        assert not response.model_fields
    elif output.name != response.__name__:
        assert issubclass(response, _model(output.name))
    assert set(response.model_fields) == (
        {xform_name(member) for member in output.members} if output else set()
    )
    method = getattr(DRSClient, xform_name(operation))
    assert operation in (inspect.getdoc(method) or "")


@pytest.mark.parametrize("operation", drs.OPERATIONS)
def test_the_token_member_is_the_service_models_idempotency_token(operation: str) -> None:
    tokens = [
        python
        for _, python, member in drs.members(drs.request_shape(operation))
        if member.metadata.get("idempotencyToken")
    ]
    assert [_model(f"{operation}Request").token_member] == (tokens or [None])


@pytest.mark.parametrize("name", ENUMS)
def test_every_enum_value_is_a_member(name: str) -> None:
    enum = getattr(models, name)
    assert issubclass(enum, OpenEnum)
    assert [member.value for member in enum] == list(drs.enums()[name])
    for value in drs.enums()[name]:
        member = enum(value)
        assert member.is_known
        assert member is enum[member.name]
        assert str(member) == value == member
        assert member.name.isidentifier()


@pytest.mark.parametrize("name", [name for name in ENUMS if name in drs.sent()])
def test_an_enum_parameter_takes_the_member_or_one_of_its_strings(name: str) -> None:
    enum, literal = get_args(getattr(models, f"{name}Like"))
    assert enum is getattr(models, name)
    assert get_origin(literal) is Literal
    assert get_args(literal) == drs.enums()[name]


def test_every_enum_and_every_value_is_described() -> None:
    tree = ast.parse(inspect.getsource(importlib.import_module("drs_sdk.enums")))
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef)]
    assert {node.name for node in classes} == set(ENUMS)
    for node in classes:
        assert ast.get_docstring(node)
        values = [
            (following.value.value if isinstance(following, ast.Expr) else None)
            for statement, following in zip(node.body, [*node.body[1:], None], strict=True)
            if isinstance(statement, ast.Assign)
        ]
        assert len(values) == len(drs.enums()[node.name])
        assert all(isinstance(text, str) and text.strip() for text in values), node.name


@pytest.mark.parametrize("name", CLASSES)
def test_every_class_builds_eagerly(name: str) -> None:
    found = _model(name)
    assert found.model_rebuild(force=True, raise_errors=True)
    assert found.__pydantic_complete__
    assert TypeAdapter(found).json_schema(by_alias=True)["type"] == "object"


@pytest.mark.parametrize("name", CLASSES)
def test_every_class_is_frozen_and_lenient_or_strict_by_its_side(name: str) -> None:
    found = _model(name)
    assert found.model_config["frozen"]
    sent_only = name.endswith("Request") or name in ONLY_SENT
    assert issubclass(found, SentShape) is sent_only
    assert found.model_config["extra"] == ("forbid" if sent_only else "allow")


@pytest.mark.parametrize("name", STRUCTURES)
def test_unions_are_marked(name: str) -> None:
    assert _model(name).is_union is drs.is_union(drs.structures()[name])


@pytest.mark.parametrize("name", TWINS)
def test_a_typed_dict_twin_has_the_keys_of_its_structure(name: str) -> None:
    twin = getattr(models, f"{name}Dict")
    shape = drs.structures()[name]

    assert is_typeddict(twin)
    assert list(twin.__annotations__) == list(_model(name).model_fields)
    assert twin.__required_keys__ == {xform_name(member) for member in shape.required_members}
    assert twin.__required_keys__ | twin.__optional_keys__ == set(twin.__annotations__)
    assert get_type_hints(twin)


def test_structures_that_are_never_sent_have_no_twin() -> None:
    twins = {name.removesuffix("Dict") for name in models.__all__ if name.endswith("Dict")}
    assert twins == set(TWINS)


def test_every_exported_class_is_one_of_the_service() -> None:
    assert {found.__name__ for found in _exported_classes()} == set(CLASSES)
