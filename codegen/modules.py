"""What goes into each generated module, ready for the templates."""

from __future__ import annotations

import pkgutil
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from codegen.types import STRICT, python_name

if TYPE_CHECKING:
    from codegen.overlay import Family, Overlay
    from codegen.service import Operation, Service, Shape
    from codegen.types import Types


_EMPTY = {"list": "empty_list", "map": "dict"}
"""What makes the default of a list or a map."""


@dataclass
class Member:
    """A field of a class, or a parameter of a method."""

    name: str
    alias: str
    annotation: str
    parameter: str
    required: bool
    default: str
    sensitive: bool
    description: str
    limits: str


@dataclass
class Class:
    """A structure as a class."""

    name: str
    bases: list[str]
    description: str
    members: list[Member]
    kind: str  # "structure", "response" or "request"
    is_union: bool = False
    operation: str = ""
    safety: str = ""
    token_member: str | None = None
    twin: bool = False


@dataclass
class Method:
    """An operation as a method of the client."""

    name: str
    operation: str
    summary: str
    details: str
    safety: str
    reason: str
    parameters: list[Member]
    positional: Member | None
    errors: list[tuple[str, str]]
    response: str
    response_description: str
    item: str = ""
    result: str = ""
    input_token: str = ""
    output_token: str = ""


@dataclass
class Module:
    """One family: its classes and its methods."""

    family: Family
    classes: list[Class]
    methods: list[Method]
    imports: dict[str, list[str]] = field(default_factory=dict)
    """Names of other generated modules that the classes need, by module."""


class Planner:
    """Turns the service model and the overlays into modules."""

    def __init__(self, service: Service, overlay: Overlay, types: Types) -> None:
        """Plan for one service model."""
        self.service = service
        self.overlay = overlay
        self.types = types
        self.home: dict[str, str] = {}

    def modules(self) -> list[Module]:
        """All families, lowest first."""
        modules: list[Module] = []
        for family in self.overlay.families:
            classes = [*self._structures(family), *self._responses(family)]
            classes += self._requests(family)
            for each in classes:
                self.home[each.name] = family.name
            module = Module(family, classes, [self._method(name) for name in family.operations])
            module.imports = self._imports(module)
            modules.append(module)
        return modules

    def _structures(self, family: Family) -> list[Class]:
        waiting = {name: self._structure(name) for name in sorted(family.structures)}
        ordered: list[Class] = []
        while waiting:
            for name, each in list(waiting.items()):
                text = " ".join(member.annotation for member in each.members)
                if not any(re.search(rf"\b{other}\b", text) for other in waiting if other != name):
                    ordered.append(waiting.pop(name))
        return ordered

    def _structure(self, name: str) -> Class:
        shape = self.service.shapes[name]
        received = name in self.service.received or name not in self.service.sent
        bases = (
            [self.overlay.traits[name].rpartition(".")[2]] if name in self.overlay.traits else []
        )
        base = "Shape" if received else "SentShape"
        if name in self.overlay.shared:
            base = "SharedShape"
        return Class(
            name,
            [*bases, base],
            self.overlay.structures[name] + _said_of(self.overlay.traits.get(name)),
            self._members(shape, sent_only=not received),
            "structure",
            is_union=shape.is_union,
            twin=name in self.service.sent,
        )

    def _responses(self, family: Family) -> list[Class]:
        classes: list[Class] = []
        for operation in (self.service.operations[name] for name in family.operations):
            name = f"{operation.name}Response"
            bare = operation.output not in {None, name}
            members = (
                self._members(self.service.shapes[name], sent_only=False)
                if operation.output == name
                else []
            )
            bases = [operation.output, "Response"] if bare and operation.output else ["Response"]
            classes.append(Class(name, bases, self.overlay.structures[name], members, "response"))
        return classes

    def _requests(self, family: Family) -> list[Class]:
        return [
            Class(
                operation.request,
                [f'Request["{operation.name}Response"]'],
                self.overlay.structures[operation.request],
                self._members(self.service.shapes[operation.request], sent_only=True),
                "request",
                operation=operation.name,
                safety=self.overlay.safety[operation.name]["class"],
                token_member=python_name(operation.token_member)
                if operation.token_member
                else None,
            )
            for operation in (self.service.operations[name] for name in family.operations)
        ]

    def _members(self, structure: Shape, *, sent_only: bool) -> list[Member]:
        members = [self._member(structure, name, sent_only=sent_only) for name in structure.members]
        return sorted(members, key=lambda member: not (sent_only and member.required))

    def _member(self, structure: Shape, name: str, *, sent_only: bool) -> Member:
        shape = self.types.shape_of(structure.name, name)
        required = name in structure.required
        default = "default=None"
        if sent_only:
            annotation = self.types.sent(shape)
            if self.types.holds_two_sided(shape):
                annotation = f"Annotated[{annotation}, Sent]"
            if not required:
                annotation += " | None"
        else:
            two_sided = self.types.is_two_sided(structure)
            annotation = self.types.received(shape)
            if shape.kind == "list" and shape.item in self.overlay.shared:
                annotation = f"Annotated[{annotation}, SharedItems]"
            if two_sided and annotation in STRICT:
                annotation = STRICT[annotation]  # what is sent is never converted
            if shape.kind in _EMPTY:
                default = f"default_factory={_EMPTY[shape.kind]}"
            else:
                annotation += " | None"
            if two_sided:
                rule = self._rule(shape, required=required)
                annotation = f"Annotated[{annotation}, OnSend({rule})]" if rule else annotation
        description = self.overlay.member(structure.name, name) or ""
        limits = self.types.limits(shape) if structure.name in self.service.sent else ""
        return Member(
            name=python_name(name),
            alias=name,
            annotation=annotation,
            parameter=self.types.parameter(shape),
            required=required,
            default="" if sent_only and required else default,
            sensitive=self.types.is_sensitive(shape),
            description=description,
            limits="" if _numbers(limits) <= _numbers(description) else limits,
        )

    def _rule(self, shape: Shape, *, required: bool) -> str:
        plain = shape.enum or shape.kind == "structure"
        strict = "" if plain else self.types.sent(shape)
        return ", ".join(part for part in (strict, "required=True" if required else "") if part)

    def _method(self, name: str) -> Method:
        operation = self.service.operations[name]
        request = self.service.shapes[operation.request]
        parameters = [self._member(request, member, sent_only=True) for member in request.members]
        required = [member for member in parameters if member.required]
        positional = required[0] if len(required) == 1 else None
        text = self.overlay.operations[name]
        method = Method(
            name=operation.python_name,
            operation=name,
            summary=text["summary"],
            details=text.get("details", "").strip(),
            safety=self.overlay.safety[name]["class"],
            reason=self.overlay.safety[name]["reason"],
            parameters=parameters,
            positional=positional,
            errors=[
                (error, _first_sentence(self.overlay.structures[error]))
                for error in operation.errors
            ],
            response=f"{name}Response",
            response_description=self.overlay.structures[f"{name}Response"],
        )
        self._add_paging(method, operation)
        return method

    def _add_paging(self, method: Method, operation: Operation) -> None:
        pages = operation.pagination
        if pages is None:
            return
        items = self.types.shape_of(method.response, pages.result_key)
        method.item = self.types.received(self.service.shapes[items.item])
        method.result = python_name(pages.result_key)
        method.input_token = python_name(pages.input_token)
        method.output_token = python_name(pages.output_token)

    def _imports(self, module: Module) -> dict[str, list[str]]:
        text = " ".join(
            [member.annotation for each in module.classes for member in each.members]
            + [member.parameter for each in module.classes if each.twin for member in each.members]
            + [base for each in module.classes for base in each.bases if "Request[" not in base]
        )
        words = set(re.findall(r"\w+", text))
        needed: dict[str, list[str]] = {}
        for name in sorted(words):
            home = self.home.get(name)
            base = name.removesuffix("Dict")
            if home is None and base in self.home and base != name:
                home = self.home[base]
            if home is not None and home != module.family.name:
                needed.setdefault(f"models.{home}", []).append(name)
        enums = {
            name
            for name in words
            if name in self.service.enums or name.removesuffix("Like") in self.service.enums
        }
        if enums:
            needed["enums"] = sorted(enums)
        return needed


def _first_sentence(text: str) -> str:
    return re.split(r"(?<=[.])\s", text, maxsplit=1)[0]


def _numbers(text: str) -> set[str]:
    return set(re.findall(r"\d+", text))


def _said_of(traits: str | None) -> str:
    """What a docstring says of a trait class: the names of its properties."""
    members = vars(pkgutil.resolve_name(traits)) if traits else {}
    names = [
        f"``{name}``"
        for name, value in members.items()
        if isinstance(value, property) and not name.startswith("_")
    ]
    return f" Properties read from the members: {', '.join(names)}." if names else ""
