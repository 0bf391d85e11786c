"""A fresh process that imports something and prints CPU and wall seconds.

python benchmarks/import_time.py MODULE [MODULE ...]
"""

from __future__ import annotations

import sys
import time
from importlib import import_module


def main(modules: list[str]) -> None:
    """Import and print."""
    cpu, wall = time.process_time(), time.perf_counter()
    for module in modules:
        import_module(module)
    print(time.process_time() - cpu, time.perf_counter() - wall)


if __name__ == "__main__":
    main(sys.argv[1:])
