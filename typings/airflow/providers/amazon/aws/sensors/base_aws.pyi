from collections.abc import Sequence
from typing import Any

from airflow.providers.amazon.aws.utils.mixins import AwsBaseHookMixin, AwsHookType
from airflow.sdk.bases.sensor import BaseSensorOperator

class AwsBaseSensor(BaseSensorOperator, AwsBaseHookMixin[AwsHookType]):
    template_fields: Sequence[str]
    def __init__(self, **kwargs: Any) -> None: ...
