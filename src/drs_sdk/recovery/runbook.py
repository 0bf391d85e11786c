"""A runbook: which servers come up, in which waves, and what is asked of each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Self

from pydantic import AfterValidator, Field, StrictStr, ValidationError, model_validator

from drs_sdk._core.errors import FieldProblem
from drs_sdk.recovery.digest import digest_of
from drs_sdk.recovery.errors import RunbookError
from drs_sdk.recovery.fields import TagText, tag_text
from drs_sdk.recovery.loading import read_file
from drs_sdk.recovery.order import circle_in, in_order
from drs_sdk.recovery.part import Part, meant, misplaced, problems_of
from drs_sdk.recovery.wave import Wave

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from os import PathLike

    from drs_sdk.recovery.part import Location
    from drs_sdk.recovery.wave import WaveDict


def _runbook_name(name: str) -> str:
    if "/" in name:
        raise ValueError("must not hold '/': it ends the runbook's name in the tag of a run")
    tag_text(f"{name}/k")  # there must be room for a key
    return name


class Runbook(Part, frozen=True):
    """Waves of servers under a name: the plan of a recovery. A run carries it out under a key."""

    name: Annotated[TagText, AfterValidator(_runbook_name)] = Field(
        description=(
            "Name, without ``/``. Together with a run's key it must fit 256 characters that tags "
            "allow."
        ),
        examples=["erp"],
    )
    """Name, without ``/``.

    Together with a run's key it must fit 256 characters that tags allow.
    """

    waves: Annotated[tuple[Wave, ...], Field(min_length=1)] = Field(
        description="The waves. Each comes after the one before it, unless it says otherwise."
    )
    """The waves. Each comes after the one before it, unless it says otherwise."""

    description: StrictStr | None = Field(
        default=None, description="What the runbook is for, in words for people."
    )
    """What the runbook is for, in words for people."""

    if TYPE_CHECKING:

        def __init__(
            self, *, name: str, waves: Sequence[Wave | WaveDict], description: str | None = None
        ) -> None:
            """Plan a recovery.

            Args:
                name: Name, without ``/``, at most 254 characters that tags allow.
                waves: The waves, at least one.
                description: What the runbook is for, in words for people.

            Raises:
                RunbookError: A field cannot be so, two waves have one name or one server id, a
                    wave comes after one that is not there, or after itself over others.
            """

    @classmethod
    def load(cls, path: str | PathLike[str]) -> Self:
        """Read a runbook from a file: TOML, JSON or YAML, by its suffix.

        Args:
            path: The file: ``.toml``, ``.json``, ``.yaml`` or ``.yml``. YAML needs the extra
                ``yaml``.

        Raises:
            RunbookError: The file cannot be read or is no runbook; it names the line, or each
                field at fault.
        """
        file, content = read_file(path)
        try:
            return cls.model_validate(content)
        except ValidationError as error:
            raise RunbookError.listing(file, problems_of(cls, error), file=file) from error

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        for check in (_doubled_names, _doubled_servers, _unknown_waves, _circles):
            if found := list(check(self)):
                raise misplaced(found)
        return self

    @property
    def order(self) -> tuple[Wave, ...]:
        """The waves in an order that respects ``after``; else as they are listed."""
        return self._sorted({wave.name: self.after(wave.name) for wave in self.waves})

    @property
    def order_home(self) -> tuple[Wave, ...]:
        """The waves in an order that respects ``fail_back_after``; else the last out first."""
        names = [wave.name for wave in reversed(self.order)]
        return self._sorted({name: self.fail_back_after(name) for name in names})

    def wave(self, name: str) -> Wave:
        """Give the wave of a name.

        Args:
            name: The wave's name.

        Raises:
            RunbookError: There is no such wave.
        """
        return self.waves[self._index(name)]

    def after(self, name: str) -> tuple[str, ...]:
        """Name the waves that must have come up before a wave starts.

        Args:
            name: The wave's name.

        Raises:
            RunbookError: There is no such wave.
        """
        index = self._index(name)
        given = self.waves[index].after
        if given is not None:
            return given
        return (self.waves[index - 1].name,) if index else ()

    def fail_back_after(self, name: str) -> tuple[str, ...]:
        """Name the waves that must be home before a wave is launched home.

        Args:
            name: The wave's name.

        Raises:
            RunbookError: There is no such wave.
        """
        given = self.wave(name).fail_back_after
        if given is not None:
            return given
        return tuple(wave.name for wave in self.waves if name in self.after(wave.name))

    @property
    def digest(self) -> str:
        """16 hexadecimal digits that tell one plan from another.

        They change with the name, and with the waves' names, order, ``after`` and selectors; not
        with objectives, pauses, attempts, points in time, descriptions or the way back.
        """
        return digest_of(
            self.name, self.waves, {wave.name: self.after(wave.name) for wave in self.waves}
        )

    def run_tag(self, key: str) -> str:
        """Name the run that carries this runbook out under a key, as its jobs are tagged.

        Args:
            key: The key. It may hold ``/``.

        Returns:
            ``<name>/<key>``.

        Raises:
            RunbookError: The key is empty, has characters that tags do not allow, or is too long.
        """
        text = f"{self.name}/{key}"
        try:
            tag_text(key)
            return tag_text(text)
        except ValueError as error:
            problem = FieldProblem("key", str(error))
            raise RunbookError(
                f"no run of {self.name!r} can have this key: {problem.message}", problems=[problem]
            ) from error

    def _index(self, name: str) -> int:
        names = [wave.name for wave in self.waves]
        if name not in names:
            raise RunbookError(f"runbook {self.name!r}: {_no_wave(name, names)}")
        return names.index(name)

    def _sorted(self, after: dict[str, tuple[str, ...]]) -> tuple[Wave, ...]:
        return tuple(self.wave(name) for name in in_order(after))


def _no_wave(name: str, names: Sequence[str]) -> str:
    return f"no wave is named {name!r}{meant(name, names) or ';'} There are {', '.join(names)}"


def _doubled_names(runbook: Runbook) -> Iterator[tuple[Location, str]]:
    first: dict[str, int] = {}
    for index, wave in enumerate(runbook.waves):
        if first.setdefault(wave.name, index) != index:
            text = f"must be unique; waves[{first[wave.name]}] is named {wave.name!r}, too"
            yield ("waves", index, "name"), text


def _doubled_servers(runbook: Runbook) -> Iterator[tuple[Location, str]]:
    first: dict[str, int] = {}
    for index, wave in enumerate(runbook.waves):
        for place, server in enumerate(wave.servers.source_server_ids or ()):
            before = first.setdefault(server, index)
            if before != index:
                text = f"{server} is in wave {runbook.waves[before].name!r} already"
                yield ("waves", index, "servers", "source_server_ids", place), text


def _unknown_waves(runbook: Runbook) -> Iterator[tuple[Location, str]]:
    names = [wave.name for wave in runbook.waves]
    for index, wave in enumerate(runbook.waves):
        for field in ("after", "fail_back_after"):
            given: tuple[str, ...] = getattr(wave, field) or ()
            for place, name in enumerate(given):
                if name not in names:
                    yield ("waves", index, field, place), _no_wave(name, names)


def _circles(runbook: Runbook) -> Iterator[tuple[Location, str]]:
    names = [wave.name for wave in runbook.waves]
    for field, way in (("after", runbook.after), ("fail_back_after", runbook.fail_back_after)):
        circle = circle_in({name: way(name) for name in names})
        if circle:
            chain = " after ".join(map(repr, circle))
            told = next(name for name in circle if getattr(runbook.wave(name), field) is not None)
            yield ("waves", names.index(told), field), f"waves wait for each other: {chain}"
            return  # the way home follows from the way out
