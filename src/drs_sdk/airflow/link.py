"""The link from a task to its job in the AWS console."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from airflow.providers.amazon.aws.links.base_aws import BASE_AWS_CONSOLE_LINK, BaseAwsLink

from drs_sdk._transport.aws.partitions import partition_of

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator, Context


_PAGE = "/drs/home?region={region_name}#/jobs/{job_id}"


class DrsJobLink(BaseAwsLink):
    """Opens the job in the console of Elastic Disaster Recovery.

    The address within the console is a guess: nothing public documents it. A console that does
    not know it shows its first page.
    """

    name: ClassVar[str] = "AWS Elastic Disaster Recovery job"
    key: ClassVar[str] = "drs_job"
    format_str: ClassVar[str] = f"{BASE_AWS_CONSOLE_LINK}{_PAGE}"

    @classmethod
    def keep(
        cls, context: Context, operator: BaseOperator, *, region_name: str, job_id: str
    ) -> None:
        """Note the job of a task, so that the link leads to it.

        Args:
            context: The task's context.
            operator: The operator.
            region_name: The job's Region.
            job_id: The job.
        """
        cls.persist(context, operator, region_name, partition_of(region_name), job_id=job_id)
