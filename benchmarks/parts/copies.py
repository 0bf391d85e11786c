"""What is done with a page beside reading it, against `model_dump`."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING

from processes import read_fresh
from sizes import PAGE
from tables import Column, Table

if TYPE_CHECKING:
    from processes import Service

_MS = 1000
_ROUNDS = 5
_TITLES = {
    "dump": "`model_dump`",
    "repr": "`repr`",
    "deepcopy": "`copy.deepcopy`",
    "pickle": "`pickle.dumps`",
    "unpickle": "`pickle.loads`",
}
_COLUMNS = (Column("cpu", "CPU ms", 2), Column("dump", "against `model_dump`", 2))


def measure(service: Service, quick: bool) -> Table:  # noqa: FBT001 - what every part takes
    """Work on a page in fresh processes."""
    rounds = [read_fresh("page_copies.py", service.https) for _ in range(1 if quick else _ROUNDS)]
    rows = {
        name: {
            "cpu": median(each[place] for each in rounds) * _MS,
            "dump": median(each[place] / each[0] for each in rounds),
        }
        for place, name in enumerate(_TITLES)
    }
    return Table("copies", f"One page of {PAGE}, shown, copied, pickled", _COLUMNS, rows, _TITLES)
