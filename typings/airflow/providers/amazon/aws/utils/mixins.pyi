from typing import Generic, TypeVar

from airflow.providers.amazon.aws.hooks.base_aws import AwsGenericHook

AwsHookType = TypeVar("AwsHookType", bound=AwsGenericHook)

class AwsBaseHookMixin(Generic[AwsHookType]):
    aws_hook_class: type[AwsHookType]
    aws_conn_id: str | None
    region_name: str | None
    verify: bool | str | None
    botocore_config: dict[str, object] | None
    @property
    def hook(self) -> AwsHookType: ...

def aws_template_fields(*template_fields: str) -> tuple[str, ...]: ...
