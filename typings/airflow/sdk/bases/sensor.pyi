from typing import Any

from airflow.sdk import BaseOperator, Context

class PokeReturnValue:
    is_done: bool
    xcom_value: object
    def __init__(self, is_done: bool, xcom_value: object = ...) -> None: ...

class BaseSensorOperator(BaseOperator):
    poke_interval: float
    timeout: float
    def __init__(self, **kwargs: Any) -> None: ...
    def poke(self, context: Context) -> bool | PokeReturnValue: ...
