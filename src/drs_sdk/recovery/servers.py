"""Which servers a wave launches: by id, tag or name, or all, in some targets or everywhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Annotated, NotRequired, Self, TypedDict

from pydantic import Field, StrictBool, StrictStr, model_validator

from drs_sdk.recovery.fields import AccountID, SourceServerID, Text
from drs_sdk.recovery.part import Part, misplaced
from drs_sdk.recovery.whereabouts import place_of

if TYPE_CHECKING:
    import drs_sdk.models as models

_WAYS = ("source_server_ids", "tags", "names")


class TargetPattern(Part, frozen=True):
    """Which targets are meant: by Region, account, or both."""

    region_name: Text | None = Field(
        default=None,
        description="Region, or a pattern: ``*`` is any characters, ``?`` one.",
        examples=["eu-west-1", "us-*"],
    )
    """Region, or a pattern: ``*`` is any characters, ``?`` one."""

    account_id: AccountID | None = Field(
        default=None, description="Account, 12 digits.", examples=["111122223333"]
    )
    """Account, 12 digits."""

    if TYPE_CHECKING:

        def __init__(
            self, *, region_name: str | None = None, account_id: str | None = None
        ) -> None:
            """Mean the targets of a Region, of an account, or of an account in a Region.

            Args:
                region_name: Region, or a pattern: ``*`` is any characters, ``?`` one.
                account_id: Account, 12 digits.

            Raises:
                RunbookError: Neither is given, or one cannot be.
            """

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.region_name is None and self.account_id is None:
            raise ValueError("must have a region_name, an account_id or both")
        return self

    def matches(self, *, region_name: str, account_id: str | None) -> bool:
        """Whether a target is meant.

        Args:
            region_name: The target's Region.
            account_id: The target's account; one that is not known is no particular one.
        """
        return (self.account_id is None or self.account_id == account_id) and (
            self.region_name is None or fnmatchcase(region_name, self.region_name)
        )


class Servers(Part, frozen=True):
    """Which servers are meant. Ways that are given together narrow each other.

    A server is meant when its id is among ``source_server_ids``, **and** it has all ``tags``,
    **and** its name fits one of ``names``, as far as these are given, in one of ``targets``.
    ``all`` stands instead of the three.
    """

    source_server_ids: Annotated[tuple[SourceServerID, ...], Field(min_length=1)] | None = Field(
        default=None,
        description="Source server ids: the server is one of them.",
        examples=[["s-1111111111aaaaaaa"]],
    )
    """Source server ids: the server is one of them."""

    tags: Annotated[dict[Text, StrictStr], Field(min_length=1)] | None = Field(
        default=None,
        description="Tags of the source server: it has them all, values exactly so.",
        examples=[{"app": "erp", "tier": "db"}],
    )
    """Tags of the source server: it has them all, values exactly so."""

    names: Annotated[tuple[Text, ...], Field(min_length=1)] | None = Field(
        default=None,
        description=(
            "Names or patterns: the server's name (its ``Name`` tag, else its host name, else its "
            "id) is one of them or fits one. ``*`` is any characters, ``?`` one, ``[ab]`` a or b; "
            "case counts."
        ),
        examples=[["erp-db-1", "erp-db-*"]],
    )
    """Names or patterns: the server's name is one of them or fits one.

    The name is the ``Name`` tag, else the host name, else the id. ``*`` is any characters, ``?``
    one, ``[ab]`` a or b; case counts.
    """

    all: StrictBool = Field(
        default=False, description="All servers, in place of ids, tags and names."
    )
    """All servers, in place of ids, tags and names."""

    targets: Annotated[tuple[TargetPattern, ...], Field(min_length=1)] | None = Field(
        default=None,
        description="In which accounts and Regions; left out, in all that the run reaches.",
        examples=[[{"region_name": "eu-west-1"}, {"account_id": "111122223333"}]],
    )
    """In which accounts and Regions; None: in all that the run reaches."""

    if TYPE_CHECKING:

        def __init__(
            self,
            *,
            source_server_ids: Sequence[str] | None = None,
            tags: Mapping[str, str] | None = None,
            names: Sequence[str] | None = None,
            all: bool = False,  # noqa: A002 - as it reads in a runbook
            targets: Sequence[TargetPattern | TargetPatternDict] | None = None,
        ) -> None:
            """Select servers.

            Args:
                source_server_ids: Source server ids: the server is one of them.
                tags: Tags of the source server: it has them all, values exactly so.
                names: Names or patterns: the server's name is one of them or fits one.
                all: All servers, in place of ids, tags and names.
                targets: In which accounts and Regions; None: in all that the run reaches.

            Raises:
                RunbookError: No way to select is given, one is empty, or ``all`` stands beside
                    another.
            """

    @model_validator(mode="after")
    def _selects(self) -> Self:
        given = [way for way in _WAYS if getattr(self, way) is not None]
        if not given and not self.all:
            raise ValueError(f"must select servers by {', '.join(_WAYS)}, or all of them by all")
        if given and self.all:
            raise misplaced(
                [(("all",), f"must not stand beside {' and '.join(given)}, which select fewer")]
            )
        return self

    def matches(
        self, server: models.SourceServer, *, region_name: str, account_id: str | None
    ) -> bool:
        """Whether a server is meant.

        Args:
            server: A source server, as the service describes it.
            region_name: The Region of the target where it was found.
            account_id: The account of that target; where it is not known, the account is read
                from the server's ARN.
        """
        account_id = account_id or place_of(server)[0]
        return (
            (self.source_server_ids is None or server.source_server_id in self.source_server_ids)
            and all(server.tags.get(key) == value for key, value in (self.tags or {}).items())
            and (self.names is None or any(_fits(server.name, name) for name in self.names))
            and self.reaches(region_name=region_name, account_id=account_id)
        )

    def reaches(self, *, region_name: str, account_id: str | None) -> bool:
        """Whether servers of a target can be meant at all.

        Args:
            region_name: The target's Region.
            account_id: The target's account; None fits no pattern that names an account.
        """
        return self.targets is None or any(
            target.matches(region_name=region_name, account_id=account_id)
            for target in self.targets
        )


class TargetPatternDict(TypedDict, total=False):
    """`TargetPattern` as a dict."""

    region_name: NotRequired[str | None]
    account_id: NotRequired[str | None]


class ServersDict(TypedDict, total=False):
    """`Servers` as a dict."""

    source_server_ids: NotRequired[Sequence[str] | None]
    tags: NotRequired[Mapping[str, str] | None]
    names: NotRequired[Sequence[str] | None]
    all: NotRequired[bool]
    targets: NotRequired[Sequence[TargetPattern | TargetPatternDict] | None]


def _fits(name: str | None, pattern: str) -> bool:
    return name is not None and (name == pattern or fnmatchcase(name, pattern))
