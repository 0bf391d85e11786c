"""Many accounts and Regions as one.

from drs_sdk.fleet import Fleet

fleet = Fleet.across(
accounts=["111122223333", "444455556666"],
regions=["eu-west-1", "us-east-1"],
role_name="DisasterRecovery",
)
async with fleet:
walk = fleet.walk(lambda drs: drs.describe_source_servers())
async for target, server in walk:
print(target, server.name, server.lag)
walk.raise_if_failed()
"""

from drs_sdk.fleet.fleet import Fleet
from drs_sdk.fleet.outcomes import Outcomes
from drs_sdk.fleet.target import Target
from drs_sdk.fleet.walk import Walk
from drs_sdk.fleet.watch import FleetWatch

__all__ = ["Fleet", "FleetWatch", "Outcomes", "Target", "Walk"]
