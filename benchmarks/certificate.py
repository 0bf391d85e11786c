"""A certificate for the loopback service, made on the spot, and a bundle of authorities with it.

The bundle has botocore's authorities in it too: whoever reads authorities reads as many as usual.
"""

from __future__ import annotations

import atexit
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from botocore.httpsession import get_cert_path


@dataclass(frozen=True, slots=True)
class Certificate:
    """Where its files are."""

    cert: Path
    key: Path
    bundle: Path


@cache
def certificate() -> Certificate:
    """Make it, once for a run; it takes openssl."""
    folder = TemporaryDirectory(prefix="drs-sdk-bench-tls-")
    atexit.register(folder.cleanup)
    place = Path(folder.name)
    made = Certificate(place / "cert.pem", place / "key.pem", place / "bundle.pem")
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
            *("-nodes", "-days", "2", "-subj", "/CN=127.0.0.1"),
            *("-addext", "subjectAltName=IP:127.0.0.1"),
            *("-keyout", str(made.key), "-out", str(made.cert)),
        ],
        check=True,
        capture_output=True,
    )
    made.bundle.write_bytes(Path(get_cert_path(True)).read_bytes() + made.cert.read_bytes())  # noqa: FBT003 - botocore's own
    return made
