"""The loader of botocore's data that the sessions of ours share.

botocore reads its data anew for each session, and looks through the folders of all services
before it takes one. This loader looks for the service that is asked for, reads what is asked for
of the table of endpoints, and keeps it for the next session. What it hands out is shared, but for
the endpoints, which botocore writes to. So nobody may write to it: a session of the user's, whose
hooks may, keeps the loader that it has.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from threading import RLock
from typing import TYPE_CHECKING, Any, cast

from botocore.exceptions import DataNotFoundError
from botocore.loaders import ExtrasProcessor, JSONFileLoader, Loader

from drs_sdk._transport.aws.endpoint_table import EndpointTable

if TYPE_CHECKING:
    from aiobotocore.session import AioSession

_ENDPOINTS = "endpoints"


class _Files(JSONFileLoader):
    """Reads the files of botocore's data, the table of endpoints in part."""

    def load_file(self, file_path: str) -> Any:  # noqa: ANN401 - whatever JSON can say
        """Read a file, named without its ending; None where there is none."""
        file = Path(f"{file_path}.json")
        if file.stem != _ENDPOINTS or not file.is_file():
            return super().load_file(file_path)  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
        return EndpointTable(file.read_text("utf-8"))


class SharedLoader(Loader):
    """A loader that many sessions use, from whichever threads."""

    FILE_LOADER_CLASS = _Files

    def __init__(self, search_paths: tuple[str, ...]) -> None:
        """Take the folders to look in, in order."""
        super().__init__(list(search_paths), include_default_search_paths=False)  # pyright: ignore[reportUnknownMemberType]
        self._models: dict[tuple[str, str, str | None], object] = {}
        self._loading = RLock()

    def load_service_model(
        self, service_name: str, type_name: str, api_version: str | None = None
    ) -> Any:  # noqa: ANN401 - whatever JSON can say
        """Read a model of a service, as botocore does, without a look at all the others.

        Args:
            service_name: The service.
            type_name: The kind of model, as ``service-2``.
            api_version: The version; without one, the newest.
        """
        key = (service_name, type_name, api_version)
        with self._loading:
            if key not in self._models:
                self._models[key] = self._read(*key)
            return self._models[key]

    def load_data_with_path(self, name: str) -> tuple[Any, str]:
        """Read a file of data, and say where it was found.

        Args:
            name: Its path, without the folder that is searched and without the ending.
        """
        with self._loading:
            found: Any = super().load_data_with_path(name)  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
        data, path = cast("tuple[Any, str]", found)
        return (data.read() if isinstance(data, EndpointTable) else data), path

    def _read(self, service_name: str, type_name: str, api_version: str | None) -> object:
        try:
            version = api_version or cast(
                "str",
                self.determine_latest_version(service_name, type_name),  # pyright: ignore[reportUnknownMemberType]
            )
            model = self._data(f"{service_name}/{version}/{type_name}")
        except DataNotFoundError:  # botocore says what there is
            return super().load_service_model(service_name, type_name, api_version)  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
        extras: list[object] = []
        for kind in cast("list[str]", self.extras_types):
            try:
                name = f"{service_name}/{version}/{type_name}.{kind}-extras"
                extras.append(self._data(name))
            except DataNotFoundError:  # most have none
                continue
        ExtrasProcessor().process(model, extras)  # pyright: ignore[reportUnknownMemberType]
        return model

    def _data(self, name: str) -> object:
        return cast("object", self.load_data(name))  # pyright: ignore[reportUnknownMemberType]


@cache
def _shared(search_paths: tuple[str, ...]) -> SharedLoader:
    return SharedLoader(search_paths)


def share_loader(session: AioSession) -> None:
    """Give a session of ours the loader that all share, for the folders that it searches.

    A session that has a loader of another kind by now, from an initializer of botocore's, keeps it.
    """
    own: object = session.get_component("data_loader")  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
    if isinstance(own, Loader) and type(own) is Loader:
        paths = tuple(cast("list[str]", own.search_paths))
        session.register_component("data_loader", _shared(paths))  # pyright: ignore[reportUnknownMemberType]
