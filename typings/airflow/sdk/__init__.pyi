from collections.abc import Collection, Mapping
from datetime import timedelta
from logging import Logger
from typing import Any, NoReturn, TypedDict
from uuid import UUID

from airflow.triggers.base import BaseTrigger, StartTriggerArgs

class TaskInstance:
    dag_id: str
    run_id: str
    task_id: str
    map_index: int | None
    id: UUID
    def xcom_push(self, key: str, value: object) -> None: ...

class Context(TypedDict):
    ti: TaskInstance

class BaseOperatorLink: ...
class XComArg: ...

class BaseOperator:
    start_trigger_args: StartTriggerArgs | None
    start_from_trigger: bool
    operator_extra_links: Collection[BaseOperatorLink]
    ui_color: str
    def __init__(self, **kwargs: Any) -> None: ...
    @property
    def log(self) -> Logger: ...
    def defer(
        self,
        *,
        trigger: BaseTrigger,
        method_name: str,
        kwargs: Mapping[str, object] | None = ...,
        timeout: timedelta | None = ...,
    ) -> NoReturn: ...
    def execute(self, context: Context) -> object: ...
    def on_kill(self) -> None: ...
