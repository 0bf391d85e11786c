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
    from collections.abc import Iterator, Mapping, Sequence
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
        return self._sorted(_way_out(self))

    @property
    def order_home(self) -> tuple[Wave, ...]:
        """The waves in an order that respects ``fail_back_after``; else the last out first."""
        home = _way_home(self)
        return self._sorted({wave.name: home[wave.name] for wave in reversed(self.order)})

    def wave(self, name: str) -> Wave:
        """Give the wave of a name.

        Args:
            name: The wave's name.

        Raises:
            RunbookError: There is no such wave.
        """
        found = next((wave for wave in self.waves if wave.name == name), None)
        if found is None:
            names = [wave.name for wave in self.waves]
            raise RunbookError(f"runbook {self.name!r}: {_no_wave(name, names)}")
        return found

    def after(self, name: str) -> tuple[str, ...]:
        """Name the waves that must have come up before a wave starts.

        Args:
            name: The wave's name.

        Raises:
            RunbookError: There is no such wave.
        """
        return _way_out(self)[self.wave(name).name]

    def fail_back_after(self, name: str) -> tuple[str, ...]:
        """Name the waves that must be home before a wave is launched home.

        Args:
            name: The wave's name.

        Raises:
            RunbookError: There is no such wave.
        """
        return _way_home(self)[self.wave(name).name]

    @property
    def digest(self) -> str:
        """16 hexadecimal digits that tell one plan from another.

        They change with the name, and with the waves' names, order, ``after`` and selectors; not
        with objectives, pauses, attempts, points in time, descriptions or the way back.
        """
        return digest_of(self.name, self.waves, _way_out(self))

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

    def _sorted(self, after: Mapping[str, Sequence[str]]) -> tuple[Wave, ...]:
        waves = {wave.name: wave for wave in self.waves}
        return tuple(waves[name] for name in in_order(after))


def _way_out(runbook: Runbook) -> dict[str, tuple[str, ...]]:
    """For each wave, in the order of the list, the waves that it comes after."""
    found: dict[str, tuple[str, ...]] = {}
    before: tuple[str, ...] = ()
    for wave in runbook.waves:
        found[wave.name] = before if wave.after is None else wave.after
        before = (wave.name,)
    return found


def _way_home(runbook: Runbook) -> dict[str, tuple[str, ...]]:
    """For each wave, in the order of the list, the waves that must be home before it."""
    followers: dict[str, list[str]] = {wave.name: [] for wave in runbook.waves}
    for name, before in _way_out(runbook).items():
        for each in set(before):
            followers[each].append(name)
    return {
        wave.name: tuple(followers[wave.name])
        if wave.fail_back_after is None
        else wave.fail_back_after
        for wave in runbook.waves
    }


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
    for field, way in (("after", _way_out), ("fail_back_after", _way_home)):
        circle = circle_in(way(runbook))
        if circle:
            chain = " after ".join(map(repr, circle))
            told = next(name for name in circle if getattr(runbook.wave(name), field) is not None)
            yield ("waves", names.index(told), field), f"waves wait for each other: {chain}"
            return  # the way home follows from the way out
