"""Prints what a page holds, and the peak of refreshes kept in cycles, against aiobotocore's dicts.

    python benchmarks/memory_ratios.py

Both are counts of what Python allocates, in processes of their own, so they hardly vary. It needs no
peer but aiobotocore: the tests run it, too.
"""  # noqa: E501

from __future__ import annotations

from processes import loopback, read_fresh

_TIMES, _SERVERS = "4", "600"


def main() -> None:
    """Weigh."""
    with loopback() as service:
        url = service.http

        def ratio(script: str, *arguments: str) -> float:
            ours, raw = (read_fresh(script, peer, url, *arguments)[0] for peer in ("ours", "raw"))
            return ours / raw

        page = ratio("page_memory.py")
        refreshes = ratio("refreshes.py", _TIMES, _SERVERS, "--traced")
    print(page, refreshes)


if __name__ == "__main__":
    main()
