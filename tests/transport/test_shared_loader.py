"""What sessions of ours share: they go where aiobotocore's own would, and nobody writes to it."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import botocore
import botocore.handlers
import pytest
from aiobotocore.config import AioConfig
from aiobotocore.session import AioSession
from botocore.exceptions import UnknownServiceError
from botocore.loaders import Loader

from drs_sdk import DRSClient
from drs_sdk._transport.aws.endpoint_table import EndpointTable
from drs_sdk._transport.aws.handlers import is_needed
from drs_sdk._transport.aws.loading import SharedLoader
from drs_sdk._transport.aws.sessions import new_session
from drs_sdk.errors import DRSError

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.usefixtures("own_environment")

TABLE = Path(Loader.BUILTIN_DATA_PATH, "endpoints.json").read_text("utf-8")
WHOLE: dict[str, Any] = json.loads(TABLE)
CALLED = ["drs", "sts", "sso", "sso-oidc", "signin"]
MODELS = ["service-2", "endpoint-rule-set-1", "paginators-1"]
KEYS = {"aws_access_key_id": "AKIAIOSFODNN7EXAMPLE", "aws_secret_access_key": "example"}
CONFIG = """
[profile plain]
region = us-west-2
[profile fips]
region = us-east-1
use_fips_endpoint = true
[profile dual]
region = eu-central-1
use_dualstack_endpoint = true
[profile services]
region = eu-west-1
services = ours
[services ours]
drs =
  endpoint_url = https://drs.example.internal/with/a/path
[profile url]
region = eu-north-1
endpoint_url = https://all.example.internal
[profile smart]
region = ap-southeast-2
defaults_mode = standard
"""
PLACES = [
    *((profile, None) for profile in ("plain", "fips", "dual", "services", "url", "smart")),
    *(("plain", region) for region in ("us-gov-west-1", "cn-north-1", "us-iso-east-1", "xx-no-1")),
]
KINDS = [(None, None), (True, None), (None, True), (True, True)]


def loader_of(session: AioSession) -> Any:  # noqa: ANN401 - botocore has no types
    return session.get_component("data_loader")


# The table of endpoints


def test_a_table_in_parts_says_what_the_whole_one_says() -> None:
    table: Any = EndpointTable(TABLE).read()
    assert len(table["partitions"]) == len(WHOLE["partitions"]) > 5
    for part, whole in zip(table["partitions"], WHOLE["partitions"], strict=True):
        assert type(part["services"]) is not dict, "it was read whole"
        assert {**part, "services": None} == {**whole, "services": None}
        for name, service in whole["services"].items():
            assert part["services"][name] == service
        assert "no-such-service" not in part["services"]
        assert part["services"].get("no-such-service", 7) == 7
        assert list(part["services"]) == list(whole["services"])
        assert len(part["services"]) == len(whole["services"])
        assert part["services"] == whole["services"]


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(WHOLE),
        json.dumps(WHOLE, indent=4),
        json.dumps(WHOLE, indent=2),
        TABLE.replace('    "services" : {\n', '    "services" :  {\n', 1),
        TABLE.replace("\n    }\n", "\n    }  \n"),
        '{"partitions": []}',
        "{}",
    ],
    ids=["dense", "four", "other-colons", "one-differs", "other-ends", "none", "empty"],
)
def test_a_table_in_another_layout_says_the_same(text: str) -> None:
    assert EndpointTable(text).read() == json.loads(text)


def test_a_service_in_another_layout_is_found() -> None:
    table: Any = EndpointTable(TABLE.replace('\n      "drs" : {', '\n      "drs":{')).read()
    for part, whole in zip(table["partitions"], WHOLE["partitions"], strict=True):
        assert part["services"].get("drs") == whole["services"].get("drs")


# The loader


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("service", CALLED)
def test_models_are_botocores(service: str, model: str) -> None:
    assert loader_of(new_session(None)).load_service_model(service, model) == (
        Loader().load_service_model(service, model)
    )


def test_a_service_that_there_is_not_is_refused_as_by_botocore() -> None:
    with pytest.raises(UnknownServiceError) as theirs:
        Loader().load_service_model("no-such-service", "service-2")
    with pytest.raises(UnknownServiceError) as ours:
        loader_of(new_session(None)).load_service_model("no-such-service", "service-2")
    assert str(ours.value) == str(theirs.value)


def test_nothing_looks_through_all_services(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("all services were listed")

    monkeypatch.setattr(Loader, "list_available_services", refuse)
    paths = tuple(Loader().search_paths)
    assert SharedLoader(paths).load_service_model("drs", "service-2")["metadata"]["serviceId"]


def test_sessions_of_ours_share_one_and_a_folder_has_one_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = loader_of(new_session(None))
    assert isinstance(first, SharedLoader)
    assert loader_of(new_session(None)) is first
    model = {"metadata": {"serviceId": "drs"}, "operations": {}, "mine": True}
    folder = tmp_path / "drs" / "2999-01-01"
    folder.mkdir(parents=True)
    (folder / "service-2.json").write_text(json.dumps(model))
    (folder / "service-2.sdk-extras.json").write_text('{"merge": {"extra": 1}}')
    monkeypatch.setenv("AWS_DATA_PATH", str(tmp_path))
    other = loader_of(new_session(None))
    assert other is not first
    for loader in (other, Loader([str(tmp_path)])):
        assert loader.load_service_model("drs", "service-2") == {**model, "extra": 1}
    assert "mine" not in first.load_service_model("drs", "service-2")


@pytest.fixture
def initializers() -> Iterator[list[Any]]:
    """Functions that botocore calls with every new session, as tools for tracing have it do."""
    called: list[Any] = []

    def initialize(session: AioSession) -> None:
        for each in called:
            each(session)

    botocore.register_initializer(initialize)
    yield called
    botocore.unregister_initializer(initialize)


def test_an_initializers_loader_is_kept(initializers: list[Any]) -> None:
    class Own(Loader):
        """A loader of somebody's own."""

    own = Own()
    initializers.append(lambda session: session.register_component("data_loader", own))
    assert loader_of(new_session(None)) is own


async def test_a_session_of_the_users_keeps_its_loader_and_handlers() -> None:
    session = AioSession()
    before = loader_of(session)
    async with DRSClient(session=session, region_name="eu-west-1", **KEYS):
        pass
    assert loader_of(session) is before
    assert type(before) is Loader


# Handlers


def test_what_is_left_out_belongs_to_services_that_are_not_called() -> None:
    left_out = {
        part
        for spec in botocore.handlers.BUILTIN_HANDLERS
        if not is_needed(spec[0])
        for part in [spec[0].split(".")[2 if spec[0].startswith("docs.") else 1]]
    }
    assert {"s3", "ec2", "rds", "glacier"} <= left_out
    assert not left_out & {*CALLED, "*"}


EVENTS = sorted({spec[0].split(".")[0] for spec in botocore.handlers.BUILTIN_HANDLERS})


@pytest.mark.parametrize("service", CALLED)
async def test_the_same_handlers_are_called_in_the_same_order(
    service: str, monkeypatch: pytest.MonkeyPatch, initializers: list[Any]
) -> None:
    calls: list[str] = []

    def noting(name: str) -> Any:  # noqa: ANN401 - a hook
        return lambda **_: calls.append(name)

    specs = [
        (spec[0], noting(f"{number} {spec[0]}"), *spec[2:])
        for number, spec in enumerate(botocore.handlers.BUILTIN_HANDLERS)
    ]
    monkeypatch.setattr(botocore.handlers, "BUILTIN_HANDLERS", specs)
    initializers.append(lambda session: session.register("before-call", noting("initializer")))
    seen: list[list[str]] = []
    for session in (AioSession(), new_session(None)):
        calls.clear()
        for event in EVENTS:
            middle = "docs.request-params" if event == "docs" else event
            for operation in ("StartRecovery", "AssumeRoleWithSAML", "CreateOAuth2Token"):
                await session.get_component("event_emitter").emit(
                    f"{middle}.{service}.{operation}.complete-section"
                )
                await session.get_component("event_emitter").emit(f"{middle}.{service}.{operation}")
        seen.append(list(calls))
    assert seen[0] == seen[1]
    assert "initializer" in seen[0]


# Where requests go


BOTOCORES = Loader()  # keeps what it has read


class TakenError(Exception):
    """Ends a call before it leaves."""


async def where(
    ours: bool,  # noqa: FBT001 - one of two
    profile: str,
    taken: list[tuple[str, str]],
    **options: Any,  # noqa: ANN401 - of both
) -> object:
    """Say where a request would go and what it is signed for; or that it would not."""
    taken.clear()
    try:
        if ours:
            async with DRSClient(profile_name=profile, **options, **KEYS) as drs:
                await drs.describe_jobs()
        else:
            session = AioSession(profile=profile)
            session.register_component("data_loader", BOTOCORES)
            async with session.create_client("drs", **options, **KEYS) as client:
                await client.describe_jobs()
    except DRSError:
        pass
    except Exception:  # noqa: BLE001, S110 - whatever raw aiobotocore raises
        pass
    return taken[:1]


async def test_requests_go_where_aiobotocores_go_and_nothing_shared_is_written_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, initializers: list[Any]
) -> None:
    (tmp_path / "config").write_text(CONFIG)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    taken: list[tuple[str, str]] = []

    def take(request: Any, **_: object) -> None:  # noqa: ANN401 - botocore's
        signed = request.headers["Authorization"]
        text = signed.decode() if isinstance(signed, bytes) else signed
        scope = text.partition("Credential=")[2].split(",")[0].split("/")
        taken.append((request.url, "/".join(scope[2:])))
        raise TakenError

    initializers.append(lambda session: session.register("before-send.drs", take))
    shared = loader_of(new_session("plain"))
    names = [("drs", model) for model in MODELS]
    before = copy.deepcopy([shared.load_service_model(*name) for name in names])
    sent = 0
    for profile, region in PLACES:
        for fips, dual in KINDS:
            for url in (None, "https://vpce.example.internal/a/path/"):
                config: Any = AioConfig(
                    use_fips_endpoint=fips,
                    use_dualstack_endpoint=dual,
                    retries={"total_max_attempts": 1},
                )
                options = {"region_name": region, "endpoint_url": url, "config": config}
                mine = await where(True, profile, taken, **options)  # noqa: FBT003
                theirs = await where(False, profile, taken, **options)  # noqa: FBT003
                assert mine == theirs, (profile, region, fips, dual, url)
                sent += bool(mine)
    assert sent > len(PLACES) * len(KINDS)
    assert [shared.load_service_model(*name) for name in names] == before
    for part, whole in zip(
        shared.load_data("endpoints")["partitions"], WHOLE["partitions"], strict=True
    ):
        assert part == whole
    for name in ("partitions", "sdk-default-configuration"):
        assert shared.load_data(name) == Loader().load_data(name)
