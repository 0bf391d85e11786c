"""Every exception of the package.

    DRSError
    ├── RequestValidationError (ValueError)   the request is wrong; nothing was sent
    ├── ConfigurationError (ValueError)       region, profile, endpoint or options are wrong
    ├── CredentialsError                      no credentials, or none that work
    ├── ClientClosedError                     the client is not open, closed, or another loop's
    ├── APIError (botocore's ClientError)     the service refused or failed
    │   ├── AccessDeniedException             403
    │   ├── ConflictException                 409
    │   ├── InternalServerException           500
    │   ├── ResourceNotFoundException         404
    │   ├── ServiceQuotaExceededException     402
    │   ├── ThrottlingException               429
    │   ├── UninitializedAccountException     400
    │   └── ValidationException               400
    ├── ConnectionFailedError                 no answer: refused, reset, cut off, unresolved
    │   └── RequestTimeoutError               no answer in time
    ├── ResponseDecodeError                   an answer that cannot be read
    ├── AmbiguousOutcomeError                 an unsafe request that may or may not have happened
    ├── OutcomeUnknownError                   ... and that leaves nothing to be found
    ├── RequestExpiredError                  not sent: what it stands on held no longer
    ├── PaginationError                       the service's page tokens do not lead on
    ├── RecoveryError                         something about a recovery run
    │   ├── RunbookError (ValueError)         the runbook is wrong; nothing was sent
    │   ├── RunMismatchError                  the key stands for another run
    │   ├── NotStartedInTimeError             a job could not be started in time; ask again
    │   ├── RunClosedError                    the run is over; take another key
    │   ├── InstanceInTheWayError             a launch would remove what the run did not make
    │   ├── ServerHeldError                   somebody else's launch holds a server
    │   ├── RecordLostError                   the job that tells whose a launch is, is gone
    │   ├── RecordNotKeptError                a job was started that could not be tagged
    │   ├── OriginNeededError                 the way back needs a client of the origin side
    │   ├── OriginNotReadyError               DRS was never initialised on the origin side
    │   ├── WrongOrderError                   a step before its time; nothing was changed
    │   ├── RecoveryFailedError               servers of a run have not come up
    │   └── WayBackFailedError                servers are not as far on their way back as asked
    ├── WaiterError
    │   ├── WaiterTimeoutError                the deadline came first
    │   └── WaiterFailedError                 what was waited for cannot happen any more
    ├── TargetTimeoutError                    a fleet's target was not done in its time
    ├── TargetFailedError                     what was run for it raised something foreign
    └── FleetError (ExceptionGroup)           all failures of a fleet in one

What another library raised is chained as ``__cause__``. Errors pickle.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from drs_sdk._core.errors import (
        ClientClosedError,
        ConfigurationError,
        ConnectionFailedError,
        CredentialsError,
        DRSError,
        FieldProblem,
        PaginationError,
        RequestTimeoutError,
        RequestValidationError,
        ResponseDecodeError,
    )
    from drs_sdk._outcomes.errors import (
        OutcomeUnknownError,
    )
    from drs_sdk._transport.ambiguity import (
        AmbiguousOutcomeError,
    )
    from drs_sdk._transport.api_errors import (
        AccessDeniedException,
        APIError,
        ConflictException,
        InternalServerException,
        ResourceNotFoundException,
        ServiceQuotaExceededException,
        ThrottlingException,
        UninitializedAccountException,
        ValidationException,
    )
    from drs_sdk._transport.freshness import (
        RequestExpiredError,
    )
    from drs_sdk.fleet.errors import (
        FleetError,
        TargetFailedError,
        TargetTimeoutError,
    )
    from drs_sdk.recovery.errors import (
        RecoveryError,
        RunbookError,
    )
    from drs_sdk.recovery.report import (
        RecoveryFailedError,
    )
    from drs_sdk.recovery.run_errors import (
        InstanceInTheWayError,
        NotStartedInTimeError,
        OriginNeededError,
        OriginNotReadyError,
        RecordLostError,
        RecordNotKeptError,
        RunClosedError,
        RunMismatchError,
        ServerHeldError,
        WrongOrderError,
    )
    from drs_sdk.recovery.way_back.report import (
        WayBackFailedError,
    )
    from drs_sdk.waiters.errors import (
        WaiterError,
        WaiterFailedError,
        WaiterTimeoutError,
    )

__all__ = [
    "APIError",
    "AccessDeniedException",
    "AmbiguousOutcomeError",
    "ClientClosedError",
    "ConfigurationError",
    "ConflictException",
    "ConnectionFailedError",
    "CredentialsError",
    "DRSError",
    "FieldProblem",
    "FleetError",
    "InstanceInTheWayError",
    "InternalServerException",
    "NotStartedInTimeError",
    "OriginNeededError",
    "OriginNotReadyError",
    "OutcomeUnknownError",
    "PaginationError",
    "RecordLostError",
    "RecordNotKeptError",
    "RecoveryError",
    "RecoveryFailedError",
    "RequestExpiredError",
    "RequestTimeoutError",
    "RequestValidationError",
    "ResourceNotFoundException",
    "ResponseDecodeError",
    "RunClosedError",
    "RunMismatchError",
    "RunbookError",
    "ServerHeldError",
    "ServiceQuotaExceededException",
    "TargetFailedError",
    "TargetTimeoutError",
    "ThrottlingException",
    "UninitializedAccountException",
    "ValidationException",
    "WaiterError",
    "WaiterFailedError",
    "WaiterTimeoutError",
    "WayBackFailedError",
    "WrongOrderError",
]

_HOMES = {
    "APIError": "drs_sdk._transport.api_errors",
    "AccessDeniedException": "drs_sdk._transport.api_errors",
    "AmbiguousOutcomeError": "drs_sdk._transport.ambiguity",
    "ClientClosedError": "drs_sdk._core.errors",
    "ConfigurationError": "drs_sdk._core.errors",
    "ConflictException": "drs_sdk._transport.api_errors",
    "ConnectionFailedError": "drs_sdk._core.errors",
    "CredentialsError": "drs_sdk._core.errors",
    "DRSError": "drs_sdk._core.errors",
    "FieldProblem": "drs_sdk._core.errors",
    "FleetError": "drs_sdk.fleet.errors",
    "InstanceInTheWayError": "drs_sdk.recovery.run_errors",
    "InternalServerException": "drs_sdk._transport.api_errors",
    "NotStartedInTimeError": "drs_sdk.recovery.run_errors",
    "OriginNeededError": "drs_sdk.recovery.run_errors",
    "OriginNotReadyError": "drs_sdk.recovery.run_errors",
    "OutcomeUnknownError": "drs_sdk._outcomes.errors",
    "PaginationError": "drs_sdk._core.errors",
    "RecordLostError": "drs_sdk.recovery.run_errors",
    "RecordNotKeptError": "drs_sdk.recovery.run_errors",
    "RecoveryError": "drs_sdk.recovery.errors",
    "RecoveryFailedError": "drs_sdk.recovery.report",
    "RequestExpiredError": "drs_sdk._transport.freshness",
    "RequestTimeoutError": "drs_sdk._core.errors",
    "RequestValidationError": "drs_sdk._core.errors",
    "ResourceNotFoundException": "drs_sdk._transport.api_errors",
    "ResponseDecodeError": "drs_sdk._core.errors",
    "RunClosedError": "drs_sdk.recovery.run_errors",
    "RunMismatchError": "drs_sdk.recovery.run_errors",
    "RunbookError": "drs_sdk.recovery.errors",
    "ServerHeldError": "drs_sdk.recovery.run_errors",
    "ServiceQuotaExceededException": "drs_sdk._transport.api_errors",
    "TargetFailedError": "drs_sdk.fleet.errors",
    "TargetTimeoutError": "drs_sdk.fleet.errors",
    "ThrottlingException": "drs_sdk._transport.api_errors",
    "UninitializedAccountException": "drs_sdk._transport.api_errors",
    "ValidationException": "drs_sdk._transport.api_errors",
    "WaiterError": "drs_sdk.waiters.errors",
    "WaiterFailedError": "drs_sdk.waiters.errors",
    "WaiterTimeoutError": "drs_sdk.waiters.errors",
    "WayBackFailedError": "drs_sdk.recovery.way_back.report",
    "WrongOrderError": "drs_sdk.recovery.run_errors",
}

if not TYPE_CHECKING:  # or a misspelt name would pass for an object

    def __getattr__(name: str) -> object:
        """Load an error when it is first used: those of the service need botocore."""
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value: object = getattr(import_module(_HOMES[name]), name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    """Name every error, loaded or not."""
    return sorted(__all__)
