"""`DrsHook`: a client of Elastic Disaster Recovery for an Airflow connection."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from typing import TYPE_CHECKING, TypeVar, cast

from airflow.providers.amazon.aws.hooks.base_aws import AwsBaseHook
from asgiref.sync import sync_to_async

from drs_sdk._transport.aws.borrowed import async_config, borrowing_session
from drs_sdk.client import DRSClient

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from drs_sdk._transport.aws.borrowed import BotoSession, Config

ResultT = TypeVar("ResultT")

_INSECURE = "allow_insecure_endpoint"


class DrsHook(AwsBaseHook):
    """Talks to AWS Elastic Disaster Recovery with an Airflow connection.

    All that an AWS connection can say counts: keys, profile, role and how it is assumed, Region,
    ``endpoint_url``, ``verify``, ``config_kwargs``, a session factory of your own. Credentials
    are renewed in a thread, never on the event loop.

        hook = DrsHook(aws_conn_id="aws_dr")
        servers = hook.run(count_servers)      # in a task; count_servers(drs) is async

        async with await hook.async_drs_client() as drs:     # in a trigger
            ...
    """

    def __init__(
        self,
        aws_conn_id: str | None = "aws_default",
        *,
        region_name: str | None = None,
        verify: bool | str | None = None,
        config: Config | dict[str, object] | None = None,
    ) -> None:
        """Take the options; nothing is read, nothing opened.

        Args:
            aws_conn_id: The Airflow connection; None for what boto3 finds by itself.
            region_name: The Region; the connection's unless given.
            verify: False to accept any certificate, or the path of a CA bundle.
            config: Settings of botocore; the connection's ``config_kwargs`` unless given.
        """
        super().__init__(
            aws_conn_id=aws_conn_id,
            region_name=region_name,
            verify=verify,
            client_type="drs",
            config=config,
        )

    def drs_client(self) -> DRSClient:
        """Make a client, to be opened with ``async with``.

        Reads the connection and may assume its role: it blocks. On an event loop take
        `async_drs_client`.

        Returns:
            A client of the caller's own.
        """
        import_module("drs_sdk._transport.connection")  # opening needs it, on the event loop
        session = cast("BotoSession", self.get_session(region_name=self.region_name))
        settings = cast("Mapping[str, object]", self.service_config)
        return DRSClient(
            region_name=session.region_name,
            endpoint_url=self.conn_config.get_service_endpoint_url("drs"),
            verify=self.verify,
            config=async_config(self.config),
            session=borrowing_session(
                session.get_credentials(), profile_name=self.conn_config.profile_name
            ),
            allow_insecure_endpoint=settings.get(_INSECURE) is True,
        )

    async def async_drs_client(self) -> DRSClient:
        """Make a client; the connection is read off the event loop.

        Returns:
            A client of the caller's own, to be opened with ``async with``.
        """
        return await sync_to_async(self.drs_client)()

    def run(self, work: Callable[[DRSClient], Awaitable[ResultT]]) -> ResultT:
        """Do async work with an open client, from synchronous code: a task's ``execute``.

        Args:
            work: Given the client, which is closed when it returns.

        Returns:
            What `work` returns. It works where an event loop runs already, too.
        """
        client = self.drs_client()

        async def working() -> ResultT:
            async with client as drs:
                return await work(drs)

        try:
            asyncio.get_running_loop()
        except RuntimeError:
            return asyncio.run(working())
        with ThreadPoolExecutor(max_workers=1) as beside:
            return beside.submit(asyncio.run, working()).result()
