from typing import ClassVar

from airflow.sdk import BaseOperator, BaseOperatorLink, Context

BASE_AWS_CONSOLE_LINK: str

class BaseAwsLink(BaseOperatorLink):
    name: ClassVar[str]
    key: ClassVar[str]
    format_str: ClassVar[str]
    @classmethod
    def persist(
        cls,
        context: Context,
        operator: BaseOperator,
        region_name: str,
        aws_partition: str,
        **kwargs: str,
    ) -> None: ...
