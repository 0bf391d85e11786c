"""How requests reach the service and answers come back: the only part that touches aiobotocore.

- `connection`: the client under the client, and the life of one call
- `session`: sessions, configuration and credentials, as aiobotocore resolves them
- `http_session`: the HTTP session that aiobotocore is given
- `retries`: when a failed attempt is made again
- `outcomes`: what an attempt's end means, in our errors
- `decoding`: bytes become models
- `collector`: the garbage collector, kept out of the way meanwhile
- `call`: one call over all its attempts, and who is told of it
"""

from drs_sdk.transport.connection import Connection

__all__ = ["Connection"]
