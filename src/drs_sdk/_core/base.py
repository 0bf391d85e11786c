"""What every generated model builds on: shapes, requests, responses and their metadata.

Annotations are objects here: as text, pydantic would evaluate them anew for every model.
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Literal, TypeAlias, TypeVar, cast

from pydantic import BaseModel, ConfigDict, PrivateAttr, ValidationError, model_validator
from pydantic_core import core_schema

from drs_sdk._core.copying import deep_copy, is_as_read
from drs_sdk._core.sharing import Sharing
from drs_sdk._core.unread import Unread  # pydantic reads it

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Self

    from pydantic import GetCoreSchemaHandler, ModelWrapValidatorHandler, ValidationInfo

Safety: TypeAlias = Literal["read", "idempotent", "unsafe"]
"""What a repeat of an operation can do: nothing, nothing more, or the same thing twice."""


def empty_list() -> list[Any]:
    """Make the default of a list: of `list` itself, pydantic has Python parse a signature."""
    return []


class Shape(BaseModel, frozen=True):
    """A structure of the service: frozen, lenient, built by Python names or the service's own.

    Members that the service adds before this package knows them stand in ``model_extra``.
    """

    model_config: ClassVar[ConfigDict] = ConfigDict(
        extra="allow",
        validate_by_name=True,
        validate_by_alias=True,
        defer_build=True,
        hide_input_in_errors=True,
        val_temporal_unit="seconds",
    )

    is_union: ClassVar[bool] = False
    """Whether the service wants exactly one member to be set."""

    @property
    def model_fields_set(self) -> set[str]:
        """The fields that were given, by name: a set of the caller's own."""
        return set(self.__pydantic_fields_set__)

    @property
    def model_extra(self) -> dict[str, Any] | None:
        """The members without a field of their own, by the service's name: a dict of the caller's.

        None where the class takes no such members.
        """
        extras = self.__pydantic_extra__
        return extras if extras is None else dict(extras)

    def model_post_init(self, context: object, /) -> None:
        """Share what is alike in most structures that are read: the fields given, and no extras.

        Args:
            context: What the structure is validated with; None where a user builds it.
        """
        if isinstance(context, Sharing):
            context.lighten(self)

    def __deepcopy__(self, memo: dict[int, Any] | None = None) -> "Self":
        """Copy it with what is in it; structures that nobody can write to stand in both."""
        if is_as_read(self):
            return deep_copy(self, {} if memo is None else memo)
        return super().__deepcopy__(memo)


class SharedShape(Shape, frozen=True):
    """A small structure that many answers repeat: equal ones of an answer are one object."""

    @model_validator(mode="wrap")
    @classmethod
    def _shared(
        cls,
        value: object,
        handler: "ModelWrapValidatorHandler[Self]",
        info: "ValidationInfo[object]",
    ) -> "Self":
        if isinstance(info.context, Sharing):
            return info.context.structure(cls, value, handler)
        return handler(value)


class SharedItems:
    """Marks a list of shared structures: lists that are sent alike hold the same ones."""

    @classmethod
    def __get_pydantic_core_schema__(
        cls, source: object, handler: "GetCoreSchemaHandler"
    ) -> "core_schema.CoreSchema":
        """Look a list up before its items are read one by one."""

        def shared(
            value: object,
            build: "core_schema.ValidatorFunctionWrapHandler",
            info: "ValidationInfo[object]",
        ) -> object:
            if isinstance(info.context, Sharing):
                return info.context.items(source, value, build)
            return build(value)

        return core_schema.with_info_wrap_validator_function(shared, handler(source))


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseMetadata:
    """What came with an answer besides its content.

    A response that you build by hand, as a fake, has one with nothing in it.

    Attributes:
        request_id: The service's id of the request; quote it to AWS support.
        http_status: The HTTP status code.
        headers: The HTTP headers, names in lower case.
        retry_attempts: How many attempts failed before this answer; 0 is the usual number.
        unparsed: Values that did not fit their member, by path (``items[3].tags``): the member
            reads None or empty, the raw value stands here.
    """

    request_id: str | None = None
    http_status: int | None = None
    headers: "Mapping[str, str]" = field(default_factory=dict[str, str], repr=False)
    retry_attempts: int = 0
    unparsed: "Mapping[str, object]" = field(default_factory=dict[str, object])

    def __getstate__(self) -> dict[str, object]:
        """Give plain dicts to pickle."""
        return {
            "request_id": self.request_id,
            "http_status": self.http_status,
            "headers": dict(self.headers),
            "retry_attempts": self.retry_attempts,
            "unparsed": dict(self.unparsed),
        }

    def __setstate__(self, state: "Mapping[str, object]") -> None:
        """Take what `__getstate__` gave."""
        for name, value in state.items():
            object.__setattr__(self, name, value)


_SHOWN = 10
"""Entries of a list that `repr` shows of an answer: the text of a long page helps nobody."""


class _Rest:
    """Stands for the entries of a list that are not shown."""

    def __init__(self, count: int) -> None:
        self._count = count

    def __repr__(self) -> str:
        return f"... {self._count} more"


class Response(Shape, frozen=True):
    """The answer of an operation. ``repr`` shows the first ten entries of each of its lists."""

    _response_metadata: ResponseMetadata = PrivateAttr(default_factory=ResponseMetadata)

    @property
    def response_metadata(self) -> ResponseMetadata:
        """Request id, status, headers, retries, and what could not be parsed."""
        return self._response_metadata

    def with_metadata(self, metadata: ResponseMetadata) -> "Self":
        """Attach metadata, in place, and return the response itself."""
        self._response_metadata = metadata  # pyright: ignore[reportAttributeAccessIssue]  # a private attribute, not a field
        return self

    def __repr_args__(self) -> "Iterable[tuple[str | None, Any]]":
        """Leave out what follows the first entries of a long list."""
        for name, value in super().__repr_args__():
            entries = cast("list[object]", value) if type(value) is list else []
            rest = len(entries) - _SHOWN
            yield name, [*entries[:_SHOWN], _Rest(rest)] if rest > 1 else value

    def __eq__(self, other: object) -> bool:
        """Compare content: two answers that say the same are equal, whatever their request id."""
        if not isinstance(other, Response) or type(self) is not type(other):
            return NotImplemented
        return self.__dict__ == other.__dict__ and self.model_extra == other.model_extra

    def __hash__(self) -> int:
        """Hash the content, where all of it can be hashed."""
        return hash((type(self), *self.__dict__.values()))


ResponseT_co = TypeVar("ResponseT_co", bound=Response, covariant=True)


if TYPE_CHECKING:

    class SentShape(Shape, frozen=True):
        """A structure that stands in requests only: no unknown fields, all constraints checked.

        Called with a wrong, missing or unknown field, it raises `RequestValidationError`;
        pydantic's own ways to build it, as ``model_validate``, raise pydantic's error.
        """

else:

    class _Checked(type(BaseModel)):
        """Turns pydantic's error into ours where a user builds the object, not where it nests."""

        def __call__(cls, *args: object, **members: object) -> object:
            try:
                return super().__call__(*args, **members)
            except ValidationError as error:
                from drs_sdk._core.errors import RequestValidationError

                # Not chained: pydantic's text names the keys of maps, which may be secret.
                raise RequestValidationError.from_pydantic(cls, error) from None

    class SentShape(Shape, metaclass=_Checked, frozen=True):
        """A structure that stands in requests only: no unknown fields, all constraints checked.

        Called with a wrong, missing or unknown field, it raises `RequestValidationError`;
        pydantic's own ways to build it, as ``model_validate``, raise pydantic's error.
        """

        model_config: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

        @classmethod
        def model_construct(cls, _fields_set: set[str] | None = None, **values: object) -> "Self":
            """Build it unchecked, but refuse a name that pydantic would drop without a word."""
            names = {*cls.model_fields, *(f.validation_alias for f in cls.model_fields.values())}
            if cls.model_config.get("extra") == "forbid" and (unknown := values.keys() - names):
                from drs_sdk._core.errors import FieldProblem, RequestValidationError

                problems = [FieldProblem(name, "Unknown field") for name in sorted(unknown)]
                raise RequestValidationError.listing(cls, problems)
            return super().model_construct(_fields_set, **values)


class Request(SentShape, Generic[ResponseT_co], frozen=True):
    """What an operation is asked. ``await drs.send(request)`` gives its response."""

    operation: ClassVar[str]
    """The operation's name in the service model."""

    safety: ClassVar[Safety]
    """What a repeat of the operation can do."""

    response_type: ClassVar[type[Response]]
    """The class of the answer."""

    token_member: ClassVar[str | None] = None
    """The field that holds the idempotency token, where the operation has one."""

    _unread: Unread | None = PrivateAttr(default=None)

    if not TYPE_CHECKING:

        def __class_getitem__(cls, _: object) -> "type[Self]":
            """Take the type argument for type checkers only: no class is made at run time."""
            return cls


RequestT = TypeVar("RequestT", bound=Request[Response])


def leaving_unread(request: RequestT, unread: Unread) -> RequestT:
    """Copy a request, to be answered by a page whose items are made as they are asked for.

    Args:
        request: What is asked.
        unread: Takes the items.
    """
    copied = request.model_copy()
    copied._unread = unread  # noqa: SLF001  # pyright: ignore[reportPrivateUsage, reportAttributeAccessIssue]  # a private attribute, not a field
    return copied


def unread_of(request: Request[Response]) -> Unread | None:
    """Find what takes the items of the page that answers the request; None for a whole page."""
    return request._unread  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
