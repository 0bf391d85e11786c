"""The HTTP front: one request from its bytes to its answer, faults included."""

from __future__ import annotations

import asyncio
import logging
import random
import uuid
from contextlib import suppress
from dataclasses import dataclass, field
from email.utils import format_datetime
from typing import TYPE_CHECKING

from aiohttp import web

from drs_sdk.testing.front import sts, wire
from drs_sdk.testing.front.corruption import corrupt
from drs_sdk.testing.front.keys import signer
from drs_sdk.testing.front.policies import Policies
from drs_sdk.testing.front.signatures import check_signature
from drs_sdk.testing.handlers import load_handlers
from drs_sdk.testing.life import launching
from drs_sdk.testing.recording import RecordedRequest
from drs_sdk.testing.service import refusals
from drs_sdk.testing.service.deviations import answer_violations
from drs_sdk.testing.service.model import Service, load_service
from drs_sdk.testing.service.refusals import ServiceError
from drs_sdk.testing.service.unlisted_refusals import is_explained
from drs_sdk.testing.state import jobs

if TYPE_CHECKING:
    from collections.abc import Callable

    from drs_sdk.testing.clock import EmulatorClock
    from drs_sdk.testing.faults import Fault
    from drs_sdk.testing.front.desk import Desk
    from drs_sdk.testing.front.sts import TokenService
    from drs_sdk.testing.front.wire import WireAnswer
    from drs_sdk.testing.service.documents import Doc
    from drs_sdk.testing.service.model import Operation
    from drs_sdk.testing.world.account import Account

_log = logging.getLogger("drs_sdk.testing")
_HTML = b"<html><body><h1>502 Bad Gateway</h1></body></html>"
_UNINITIALIZED = "UninitializedAccountException"
# 501 is what no client retries: a defect of the emulator must be seen at once.
_DEFECT_STATUS = 501


@dataclass(slots=True)
class Front:
    """Answers requests for every account and Region of a world.

    Attributes:
        desk_for: Returns the place of an access key id and a Region, empty where unknown.
        token_service: STS, and with it the access keys.
        clock: The emulator's clock.
        check_signatures: Whether requests must be signed by the emulator's keys.
        check_answers: Whether each answer is checked against the output shape.
        record: Whether requests are kept.
        defects: What `check_answers` found, one line each.
        policies: What callers may do.
    """

    desk_for: Callable[[str, str], Desk]
    token_service: TokenService
    clock: EmulatorClock
    check_signatures: bool = False
    check_answers: bool = False
    record: bool = True
    defects: list[str] = field(default_factory=list[str])
    policies: Policies = field(default_factory=Policies)
    _service: Service = field(default_factory=load_service)
    _ids: random.Random = field(default_factory=random.Random)

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one HTTP request; time stands still meanwhile (see `EmulatorClock`)."""
        with self.clock.busy():
            body, unreadable = b"", None
            try:
                body = await request.read()
            except ConnectionResetError:  # the client hung up: nobody waits for an answer
                return web.Response()
            except web.RequestPayloadError as error:
                text = f"Cannot read the body: {error}"
                unreadable = refusals.invalid(text, reason="cannotParse")
            except web.HTTPRequestEntityTooLarge as error:
                code = "RequestEntityTooLargeException"
                unreadable = ServiceError(code, error.text or "", status=error.status)
            exchange = _Exchange(self, request, body, unreadable)
            return await exchange.run()

    def request_id(self) -> str:
        """Make the identifier of one answer."""
        return str(uuid.UUID(int=self._ids.getrandbits(128), version=4))

    def dispatch(self, account: Account, operation: Operation, params: Doc) -> Doc | None:
        """Carry an operation out on an account, as it is now.

        Raises:
            ServiceError: A refusal, or a defect of the emulator.
        """
        params = wire.check_request(operation, params)
        account.settle(self.clock.now())
        jobs.forget_expired(account)
        if not account.initialized and _UNINITIALIZED in operation.errors:
            raise refusals.uninitialized()
        handler = load_handlers().get(operation.name)
        if handler is None:
            raise _defect("NotImplemented", f"The emulator has no {operation.name} yet.")
        return handler(account, params)

    def check(self, operation: Operation, answer: Doc | None) -> None:
        """Check an answer against the output shape.

        Raises:
            ServiceError: The answer breaks the shape.
        """
        if operation.output is None:
            return
        found = answer_violations(operation.output, answer or {})
        if found:
            listed = [f"{operation.name}: {v.path} {v.message} ({v.value!r})" for v in found]
            self.defects += listed
            raise _defect("AnswerBreaksModel", "; ".join(listed[:20]))

    def check_error(self, operation: Operation, error: ServiceError) -> None:
        """Check an error answer against its exception and the operation that answers so."""
        modelled = self._service.errors.get(error.code)
        # Those with a status of their own are not the operation's.
        if error.status is None and not is_explained(operation, error.code):
            self.defects.append(f"{operation.name}: {error.code} is not among its errors")
        if modelled is not None:
            self.defects += [
                f"{operation.name}: {error.code}: {v.path} {v.message} ({v.value!r})"
                for v in answer_violations(modelled.shape, wire.error_document(error))
            ]

    def route(self, method: str, raw_path: str) -> tuple[Operation, dict[str, str]] | None:
        """Find the operation behind a request."""
        return self._service.route(method, raw_path)

    def render_error(self, error: ServiceError) -> WireAnswer:
        """Write an error answer."""
        return wire.render_error(self._service, error)


class _Exchange:
    """One request and its answer."""

    def __init__(
        self,
        front: Front,
        request: web.BaseRequest,
        body: bytes,
        unreadable: ServiceError | None,
    ) -> None:
        self._front = front
        self._unreadable = unreadable
        self._request = request
        self._body = body
        self._path, _, self._query = request.raw_path.partition("?")
        self._record = RecordedRequest(
            operation="",
            params={},
            headers={key.lower(): value for key, value in request.headers.items()},
            received_at=front.clock.now(),
        )
        self._is_sts = sts.is_call(request.method, self._path)
        # STS is one for the world; its calls stand with the first place's.
        key_id, region = ("", "") if self._is_sts else signer(self._record.headers)
        self._desk = front.desk_for(key_id, region)

    async def run(self) -> web.StreamResponse:
        front, record = self._front, self._record
        if front.record:
            self._desk.requests.append(record)
        if self._is_sts:
            return self._call_sts()
        routed = front.route(self._request.method, self._path)
        if routed is None:
            text = f"There is no operation at {self._request.method} {self._path}."
            return self._send(ServiceError("UnknownOperationException", text, status=404))
        operation, labels = routed
        record.operation = operation.name
        try:
            return await self._run(operation, labels)
        except Exception as error:  # noqa: BLE001 - no failure may pass for an answer
            _log.exception("the emulator failed in %s", operation.name)
            text = f"The emulator failed in {operation.name}: {error!r}"
            return self._send(_defect("EmulatorDefect", text))

    def _call_sts(self) -> web.StreamResponse:
        front, record = self._front, self._record
        params = sts.parse_call(self._body)
        record.operation, record.params = params.get("Action", ""), params
        request_id = front.request_id()
        try:
            if self._unreadable is not None:
                raise self._unreadable
            self._authenticate()
            keys = front.token_service.keys
            caller = keys.find(signer(record.headers)[0]) or keys.first
            answer = front.token_service.answer(params, caller, request_id)
            record.handled = True
        except ServiceError as error:
            record.error_code = error.code
            answer = sts.render_error(error, request_id)
        return self._respond(answer)

    async def _run(self, operation: Operation, labels: dict[str, str]) -> web.StreamResponse:
        front, record = self._front, self._record
        params, parse_error = self._parse(operation, labels)
        fault = self._desk.faults.take(operation.name, params)
        if fault is not None:
            record.fault = fault.kind
            struck = await self._strike_before(fault)
            if struck is not None:
                return struck
        try:
            self._authenticate()
            lacking = self._authorize(operation, params)
            if parse_error is not None:
                raise parse_error
            answer = front.dispatch(self._desk.account(), operation, params)
            if lacking:
                launching.fail_silently(self._desk.account(), params)
            if front.check_answers:
                front.check(operation, answer)
            record.handled = True
        except ServiceError as error:
            if front.check_answers:
                front.check_error(operation, error)
            if fault is not None and fault.kind == "late" and fault.after:
                await self._keep_waiting(fault.seconds)
            dropped = fault is not None and fault.kind == "drop_after"
            return self._drop() if dropped else self._send(error)
        return await self._answer(operation, params, answer, fault)

    def _parse(
        self, operation: Operation, labels: dict[str, str]
    ) -> tuple[Doc, ServiceError | None]:
        """Return the parameters, or why there are none."""
        if self._unreadable is not None:
            return {}, self._unreadable
        try:
            params = wire.parse_request(operation, labels, self._query, self._body)
        except ServiceError as error:
            return {}, error
        self._record.params = params
        return params, None

    async def _strike_before(self, fault: Fault) -> web.StreamResponse | None:
        if fault.kind == "drop_before":
            return self._drop()
        if fault.kind == "error" and not fault.after:
            return self._send(_error_of(fault))
        if fault.kind == "late":
            if not fault.after:
                await self._keep_waiting(fault.seconds)
        else:
            await asyncio.sleep(fault.seconds)
        return None

    async def _keep_waiting(self, seconds: float) -> None:
        """Let the client wait by the emulator's clock, for as long as it does."""

        def waits() -> bool:
            transport = self._request.transport
            return transport is not None and not transport.is_closing()

        await self._front.clock.sleep_while_waited_for(seconds, waits)

    def _authenticate(self) -> None:
        if self._front.check_signatures:
            check_signature(
                self._front.token_service.keys,
                self._request.method,
                self._path,
                self._query,
                self._record.headers,
                self._body,
            )

    def _authorize(self, operation: Operation, params: Doc) -> list[str]:
        key_id, region = signer(self._record.headers)
        keys = self._front.token_service.keys
        caller = keys.find(key_id) or keys.first
        return self._front.policies.check(caller, region, operation.name, params)

    async def _answer(
        self, operation: Operation, params: Doc, answer: Doc | None, fault: Fault | None
    ) -> web.StreamResponse:
        if fault is not None:
            if fault.kind == "drop_after":
                return self._drop()
            if fault.kind == "error":
                return self._send(_error_of(fault))
            if fault.kind == "not_json":
                return self._respond(wire.WireAnswer(200, {"Content-Type": "text/html"}, _HTML))
            if answer is not None:
                answer = corrupt(self._desk.account(), operation, params, answer, fault)
        # Before any wait: the answer tells how things were when the request was carried out.
        rendered = wire.render_answer(operation, answer)
        if fault is not None and fault.kind == "late" and fault.after:
            await self._keep_waiting(fault.seconds)
        if fault is not None and fault.kind == "truncate":
            return await self._truncate(rendered, fault.at)
        return self._respond(rendered)

    def _send(self, error: ServiceError) -> web.StreamResponse:
        self._record.error_code = error.code
        return self._respond(self._front.render_error(error))

    def _respond(self, answer: WireAnswer) -> web.StreamResponse:
        self._record.status = answer.status
        return web.Response(
            status=answer.status, headers=self._headers(answer), body=answer.body or None
        )

    def _headers(self, answer: WireAnswer) -> dict[str, str]:
        return {
            **answer.headers,
            "Date": format_datetime(self._front.clock.now(), usegmt=True),
            "x-amzn-RequestId": self._front.request_id(),
        }

    def _drop(self) -> web.StreamResponse:
        if self._request.transport is not None:
            self._request.transport.abort()
        return web.Response()

    async def _truncate(self, answer: WireAnswer, at: float) -> web.StreamResponse:
        self._record.status = answer.status
        response = web.StreamResponse(status=answer.status, headers=self._headers(answer))
        # At least one byte short, or the answer would be whole.
        sent = min(int(len(answer.body) * at), len(answer.body) - 1)
        response.content_length = len(answer.body)
        with suppress(ConnectionResetError):  # the client may have hung up before
            await response.prepare(self._request)
            await response.write(answer.body[: max(sent, 0)])
        if self._request.transport is not None:
            # Closing, not aborting: what was written still reaches the client.
            self._request.transport.close()
        return response


def _error_of(fault: Fault) -> ServiceError:
    return ServiceError(fault.code, fault.message, dict(fault.members), status=fault.status)


def _defect(code: str, message: str) -> ServiceError:
    return ServiceError(code, message, status=_DEFECT_STATUS)
