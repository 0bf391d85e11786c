"""A preflight as text: what is found of many servers alike is told once."""

from __future__ import annotations

from drs_sdk.recovery import CleanUp, Finding, Preflight
from drs_sdk.recovery.command.tables import text_of_clean_up


def finding(number: int, **fields: str) -> Finding:
    return Finding.model_validate(
        {
            "severity": "warning",
            "check": "lag",
            "cause": "its data is old",
            "remedy": "look",
            "server": f"s-{number:017}",
            **fields,
        }
    )


def test_findings_that_say_the_same_are_told_once() -> None:
    found = [finding(9, severity="blocking"), *(finding(n) for n in range(60))]
    preflight = Preflight(run="erp/q4", mode="drill", at=None, servers=60, findings=tuple(found))
    head, blocking, warnings = str(preflight).splitlines()
    assert head == "erp/q4 (drill): 60 servers, 1 blocking, 60 warnings"
    assert blocking == f"  {found[0]}"
    named = ", ".join(f"s-{n:017}" for n in range(3))
    assert warnings == f"  warning lag [{named} and 57 more]: its data is old; look"


def test_few_findings_are_told_one_by_one() -> None:
    found = (finding(1), finding(2), finding(3, cause="it is stalled"))
    preflight = Preflight(run="erp/q4", mode="drill", at=None, servers=3, findings=found)
    assert str(preflight).splitlines()[1:] == [f"  {one}" for one in found]


def test_a_clean_up_that_was_given_up_is_not_clean() -> None:
    cleaned = CleanUp(run="erp/q4", terminated=("i-1",), left={"i-2": "busy"}, arriving=("job-1",))
    assert not cleaned.is_clean
    assert not CleanUp(run="erp/q4", arriving=("job-1",)).is_clean
    assert text_of_clean_up(cleaned).splitlines() == [
        "erp/q4: 1 instances terminated, not all is gone; clean up again",
        "  i-2: busy",
        "  instances of job job-1 can still arrive",
    ]
