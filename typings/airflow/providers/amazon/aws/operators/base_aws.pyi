from collections.abc import Sequence
from typing import Any

from airflow.providers.amazon.aws.utils.mixins import AwsBaseHookMixin, AwsHookType
from airflow.sdk import BaseOperator

class AwsBaseOperator(BaseOperator, AwsBaseHookMixin[AwsHookType]):
    template_fields: Sequence[str]
    def __init__(self, **kwargs: Any) -> None: ...
