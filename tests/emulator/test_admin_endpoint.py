"""The admin endpoint: what it takes, whom it refuses, how it says so."""

from __future__ import annotations

import asyncio
import inspect
import json
import socket
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal

import aiohttp
import pytest

from drs_sdk.testing import DRSEmulator, EmulatorClock, Fault
from drs_sdk.testing.admin.endpoint import ROUTES
from drs_sdk.testing.admin.methods import methods_of, settings_of
from drs_sdk.testing.world.account import SNAPSHOT_VERSION

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable

    from drs_sdk.testing.service.documents import Doc

METHODS = methods_of(DRSEmulator)
SETTINGS = settings_of(DRSEmulator)
JSON = {"Content-Type": "application/json"}


@pytest.fixture
async def emulator() -> AsyncIterator[DRSEmulator]:
    async with DRSEmulator(admin_port=0) as emulator:
        yield emulator


async def send(
    emulator: DRSEmulator,
    method: str,
    path: str,
    body: bytes | None = None,
    headers: dict[str, str] | None = None,
) -> tuple[int, Any]:
    """Send a request; whatever the answer is, it is JSON, and an error has code and message."""
    async with (
        aiohttp.ClientSession() as http,
        http.request(method, emulator.admin_url + path, data=body, headers=headers) as answer,
    ):
        assert answer.content_type == "application/json"
        assert not [name for name in answer.headers if name.startswith("Access-Control")]
        document = json.loads(await answer.read())
        if answer.status >= 400:
            error = document.pop("error")
            assert document == {}
            assert error.keys() == {"code", "message"}
            assert error["message"]
            assert "Traceback" not in error["message"]
            return answer.status, error
        return answer.status, document


def test_every_method_of_the_emulator_can_be_called_but_those_of_the_process() -> None:
    public = {
        name
        for name, _ in inspect.getmembers(DRSEmulator, inspect.isfunction)
        if not name.startswith("_")
    }
    assert public - METHODS.keys() <= {"at", "client", "fleet", "start", "stop"}
    assert METHODS.keys() >= {"add_source_servers", "inject", "deny_role", "snapshot", "restore"}
    assert not METHODS["deny_role"].of_place
    # No method of a place or of the emulator hides behind another route, or hides one.
    fixed = {route.path.split("/")[1] for route in ROUTES.values()} - {"{method}", "{setting}"}
    assert not fixed & (METHODS.keys() | SETTINGS.keys())


@pytest.mark.parametrize("name", sorted(METHODS))
def test_the_arguments_of_every_method_are_those_of_its_signature(name: str) -> None:
    schema = METHODS[name].arguments.schema()
    parameters = dict(inspect.signature(getattr(DRSEmulator, name)).parameters)
    parameters.pop("self")
    assert list(schema.get("properties", {})) == list(parameters)  # type: ignore[call-overload]
    required = [n for n, p in parameters.items() if p.default is inspect.Parameter.empty]
    assert schema.get("required", []) == required
    with pytest.raises(ValueError, match="planet: there is no such argument"):
        METHODS[name].arguments.parse(b'{"planet": "mars"}')


@dataclass(frozen=True, kw_only=True)
class Weather:
    """Something to set and to pass."""

    wind: float = 0.0
    sky: Literal["CLEAR", "GREY"] = "CLEAR"
    gust: timedelta | None = None

    def __post_init__(self) -> None:
        if self.wind < 0:
            raise ValueError("wind cannot be below zero")


class _Tomorrow(DRSEmulator):
    """An emulator with methods and settings that nobody has written yet."""

    _weather = Weather()

    @property
    def weather(self) -> Weather:
        """The weather."""
        return self._weather

    @weather.setter
    def weather(self, weather: Weather) -> None:
        self._weather = weather

    def forecast(self, weather: Weather | None) -> str:
        """Look ahead."""
        return "none" if weather is None else weather.sky

    def wait_for(
        self,
        names: Iterable[str],
        *,
        pause: timedelta | None = None,
        tags: Doc | None = None,
        model_config: int = 0,
    ) -> list[object]:
        """Wait."""
        return [list(names), pause, tags, model_config]

    async def settle_late(self, *, share: float = 0.5) -> float:
        """Settle."""
        await asyncio.sleep(0)
        return share


async def test_a_new_method_is_there_by_itself() -> None:
    async with _Tomorrow(admin_port=0) as emulator:
        body = b'{"names": ["a", "b"], "pause": 90, "tags": {"k": "v"}, "model_config": 3}'
        status, answer = await send(emulator, "POST", "/wait_for", body, JSON)
        assert (status, answer) == (200, {"result": [["a", "b"], "PT1M30S", {"k": "v"}, 3]})
        status, answer = await send(emulator, "POST", "/settle_late", b"", JSON)
        assert (status, answer) == (200, {"result": 0.5})
        _, index = await send(emulator, "GET", "/")
        assert index["methods"]["wait_for"]["summary"] == "Wait."
        assert index["methods"]["wait_for"]["arguments"]["required"] == ["names"]


async def test_a_new_setting_is_there_by_itself() -> None:
    async with _Tomorrow(admin_port=0) as emulator:
        status, answer = await send(emulator, "PUT", "/weather", b'{"wind": 3, "gust": 90}', JSON)
        now = {"weather": {"wind": 3.0, "sky": "CLEAR", "gust": "PT1M30S"}}
        assert (status, answer) == (200, now)
        assert emulator.weather == Weather(wind=3.0, gust=timedelta(seconds=90))
        for body, told in (
            (b'{"rain": 1}', "rain: there is no such argument; there are: wind, sky, gust"),
            (b'{"wind": "3"}', "wind: Input should be a valid number"),
            (b'{"sky": "BLUE"}', "sky: Input should be 'CLEAR' or 'GREY'"),
            (b'{"wind": -1}', "below zero"),
        ):
            for path, sent in (("/weather", body), ("/forecast", b'{"weather": %b}' % body)):
                method = "PUT" if path == "/weather" else "POST"
                status, error = await send(emulator, method, path, sent, JSON)
                assert (status, error["code"]) == (400, "BadArguments")
                assert told in error["message"]
        assert (await send(emulator, "GET", "/weather"))[1] == now
        sky = b'{"weather": {"sky": "GREY"}}'
        assert (await send(emulator, "POST", "/forecast", sky, JSON))[1] == {"result": "GREY"}
        _, index = await send(emulator, "GET", "/")
        assert index["settings"]["weather"]["summary"] == "The weather."
        assert (await send(emulator, "PUT", "/weather", b"{}", {}))[0] == 415


@pytest.mark.parametrize("name", sorted(SETTINGS))
async def test_every_setting_of_a_place_can_be_read_and_written(
    emulator: DRSEmulator, name: str
) -> None:
    _, before = await send(emulator, "GET", f"/{name}")
    body = json.dumps(before[name]).encode()
    assert await send(emulator, "PUT", f"/{name}", body, JSON) == (200, before)


async def test_the_index_tells_all(emulator: DRSEmulator) -> None:
    status, index = await send(emulator, "GET", "/")
    assert status == 200
    assert {(r["method"], r["path"]) for r in index["routes"]} >= {("GET", "/requests")}
    assert index["methods"].keys() == METHODS.keys()
    assert index["clock_methods"].keys() == {"advance", "set"}


@pytest.mark.parametrize(
    ("path", "body", "told"),
    [
        ("/add_source_servers", b"{}", "count: Field required"),
        ("/add_source_servers", b'{"count": "3"}', "count: Input should be a valid integer"),
        ("/add_source_servers", b'{"count": true}', "count: Input should be a valid integer"),
        ("/add_source_servers", b'{"count": 1, "state": "FINE"}', "state: Input should be"),
        ("/add_source_servers", b"[1]", "the arguments: Input should be an object"),
        ("/add_source_servers", b'{"count": 1', "the arguments: Invalid JSON"),
        ("/add_source_servers", b"\xff", "the arguments: Invalid JSON"),
        ("/add_source_network", b'{"source_server_ids": "s-1"}', "source_server_ids: "),
        ("/add_source_network", b'{"source_server_ids": [7]}', "source_server_ids.0: "),
        ("/set_lag", b'{"source_server_id": "s-1", "lag": "soon"}', "lag: "),
        ("/inject", b'{"operation": "*", "fault": "throttle"}', "fault: a fault is an object"),
        ("/inject", b'{"operation": "*", "fault": {}}', "no kind of fault; there are: throttle"),
        ("/inject", b'{"operation": "*", "fault": {"kind": []}}', "no kind of fault"),
        ("/inject", b'{"operation": "*", "fault": {"kind": "delay"}}', "seconds: Field required"),
        (
            "/inject",
            b'{"operation": "*", "fault": {"kind": "throttle", "retry_after": "1"}}',
            "fault: retry_after: Input should be a valid integer",
        ),
        ("/inject", b'{"operation": "Launch", "fault": {"kind": "throttle"}}', "Launch"),
        ("/restore", b'{"data": {"version": 0}}', "not an emulator snapshot"),
        ("/restore", b'{"data": {"version": %d}}' % SNAPSHOT_VERSION, "no snapshot of an"),
        (
            "/restore",
            b'{"data": {"version": %d, "settings": 7}}' % SNAPSHOT_VERSION,
            "no snapshot of an emulator",
        ),
        ("/load", b'{"source": "/etc/hostname"}', "the JSON itself"),
        ("/deny_role", b'{"role_arn": "admin"}', "no ARN"),
        ("/clock/advance", b'{"delta": -1}', "backwards"),
        ("/clock/advance", b'{"delta": 1e300}', "too large"),
        ("/clock/set", b'{"now": "2026-01-01T00:00:00"}', "aware"),
    ],
)
async def test_wrong_arguments_are_named(
    emulator: DRSEmulator, path: str, body: bytes, told: str
) -> None:
    before = emulator.snapshot()
    status, error = await send(emulator, "POST", path, body, JSON)
    assert (status, error["code"]) == (400, "BadArguments")
    assert told in error["message"]
    assert emulator.snapshot() == before


@pytest.mark.parametrize("kind", [n for n, v in vars(Fault).items() if isinstance(v, classmethod)])
async def test_every_kind_of_fault_can_be_armed(emulator: DRSEmulator, kind: str) -> None:
    parameters = inspect.signature(getattr(Fault, kind)).parameters.values()
    required = [p for p in parameters if p.default is p.empty and p.kind is not p.VAR_KEYWORD]
    needed = {p.name: 1 if p.annotation == "float" else "ConflictException" for p in required}
    body = json.dumps({"operation": "*", "fault": {"kind": kind, **needed}}).encode()
    assert (await send(emulator, "POST", "/inject", body, JSON))[0] == 200
    _, armed = await send(emulator, "GET", "/faults")
    expected: Fault = getattr(Fault, kind)(**needed)
    assert [f["fault"]["kind"] for f in armed["faults"]] == [expected.kind]


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nothing", 404, "NotFound"),
        ("PUT", "/nothing", 404, "NotFound"),
        ("PUT", "/requests", 404, "NotFound"),
        ("DELETE", "/nothing", 405, "MethodNotAllowed"),
        ("GET", "/nothing/here", 404, "NotFound"),
        ("POST", "/nothing", 404, "NotFound"),
        ("POST", "/stop", 404, "NotFound"),
        ("POST", "/_settled", 404, "NotFound"),
        ("POST", "/client", 404, "NotFound"),
        ("POST", "/clock/sleep", 404, "NotFound"),
        ("DELETE", "/clock", 405, "MethodNotAllowed"),
        ("OPTIONS", "/clear_faults", 405, "MethodNotAllowed"),
        ("POST", "/clear_faults?region=moon-1", 404, "NotFound"),
        ("GET", "/requests?account_id=999999999999", 404, "NotFound"),
        ("GET", "/requests?planet=mars", 400, "BadRequest"),
    ],
)
async def test_what_is_not_there_is_said_in_json(
    emulator: DRSEmulator, method: str, path: str, status: int, code: str
) -> None:
    answer = await send(emulator, method, path, b"{}", JSON)
    assert (answer[0], answer[1]["code"]) == (status, code)


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://example.com"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Origin": "http://localhost.example.com"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Host": "example.com"},
        {"Host": "127.0.0.1.example.com"},
        {"Host": "localhost.example.com:80"},
        {"Host": "10.0.0.1"},
        {"Host": "[::1"},
        {"Host": ""},
    ],
)
@pytest.mark.parametrize(("method", "path"), [("GET", "/places"), ("POST", "/clear_faults")])
async def test_pages_of_other_origins_are_refused(
    emulator: DRSEmulator, method: str, path: str, headers: dict[str, str]
) -> None:
    emulator.inject("*", Fault.throttle())
    status, error = await send(emulator, method, path, b"{}", {**JSON, **headers})
    assert (status, error["code"]) == (403, "Forbidden")
    assert len(emulator.desk.faults.armed()) == 1


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "[::1]"])
async def test_its_own_origin_and_other_names_of_loopback_pass(
    emulator: DRSEmulator, name: str
) -> None:
    host = emulator.admin_url.removeprefix("http://").replace("127.0.0.1", name)
    headers = {"Host": host, "Origin": f"http://{host}", "Sec-Fetch-Site": "same-origin"}
    assert (await send(emulator, "POST", "/clear_faults", b"{}", {**JSON, **headers}))[0] == 200


@pytest.mark.parametrize(
    "content_type",
    ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "json"],
)
async def test_what_a_form_could_send_is_refused(emulator: DRSEmulator, content_type: str) -> None:
    emulator.inject("*", Fault.throttle())
    headers = {"Content-Type": content_type}
    for body in (b"{}", b""):
        status, error = await send(emulator, "POST", "/clear_faults", body, headers)
        assert (status, error["code"]) == (415, "UnsupportedMediaType")
    assert len(emulator.desk.faults.armed()) == 1


async def test_a_defect_is_told_without_a_trace(
    emulator: DRSEmulator, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(_self: DRSEmulator) -> None:
        raise KeyError("lost")

    monkeypatch.setattr(DRSEmulator, "clear_faults", broken)
    status, error = await send(emulator, "POST", "/clear_faults", b"{}", JSON)
    assert (status, error) == (500, {"code": "EmulatorDefect", "message": "KeyError('lost')"})
    assert "lost" in caplog.text


@pytest.mark.parametrize("path", ["/DescribeJobs", "/clear_faults"])
async def test_a_client_that_hangs_up_is_no_failure(
    emulator: DRSEmulator, path: str, caplog: pytest.LogCaptureFixture
) -> None:
    url = emulator.url if path == "/DescribeJobs" else emulator.admin_url
    _, writer = await asyncio.open_connection("127.0.0.1", int(url.rpartition(":")[2]))
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    writer.write(f"{head}Content-Length: 99\r\n\r\n{{".encode())
    await send(emulator, "GET", "/clock")  # by then it is being read
    writer.transport.abort()
    await send(emulator, "GET", "/clock")  # and by then it is given up
    assert caplog.records == []


async def test_headers_that_are_no_text_are_shown(emulator: DRSEmulator) -> None:
    host, _, port = emulator.url.removeprefix("http://").rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(b"GET / HTTP/1.1\r\nHost: x\r\nX-Odd: \xff\r\nConnection: close\r\n\r\n")
    await reader.read()
    writer.close()
    await writer.wait_closed()
    status, answer = await send(emulator, "GET", "/requests")
    assert (status, answer["requests"][0]["headers"]["x-odd"]) == (200, "\udcff")


async def test_it_is_off_unless_asked_for_and_ends_with_the_emulator() -> None:
    async with DRSEmulator() as emulator:
        with pytest.raises(RuntimeError, match="admin_port"):
            _ = emulator.admin_url
    emulator = DRSEmulator(admin_port=0)
    with pytest.raises(RuntimeError, match="not running"):
        _ = emulator.admin_url
    for _ in range(2):
        async with emulator:
            assert emulator.admin_url.startswith("http://127.0.0.1:")
            assert emulator.admin_url != emulator.url
            port = int(emulator.admin_url.rpartition(":")[2])
            assert (await send(emulator, "GET", "/clock"))[0] == 200
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.1", port)) != 0


async def test_a_taken_admin_port_leaves_nothing_open() -> None:
    async with DRSEmulator() as other:
        emulator = DRSEmulator(admin_port=int(other.url.rpartition(":")[2]))
        with pytest.raises(OSError, match="address already in use"):
            await emulator.start()
        with pytest.raises(RuntimeError, match="not running"):
            _ = emulator.url


async def test_sleepers_wake_as_time_is_moved() -> None:
    async with DRSEmulator(
        admin_port=0, clock=EmulatorClock.virtual(auto_advance=False)
    ) as emulator:
        sleeper = asyncio.create_task(emulator.clock.sleep(60))
        await asyncio.sleep(0)
        status, reading = await send(emulator, "POST", "/clock/advance", b'{"delta": 61}', JSON)
        assert (status, reading["now"]) == (200, "2024-01-01T00:01:01Z")
        assert sleeper.done()
