"""How much work there is, in one place."""

PAGE = 200
"""Source servers on a page."""

PAGES = 25
"""Pages of source servers: 5,000 in all."""

FEW = 10
"""Source servers in the first answer of a fresh process."""

CALLS_IN_TURN = 300
"""Small calls, one after the other."""

CALLS_AT_ONCE = 600
"""Small calls by many tasks."""

TASKS = 32
"""Tasks that make them."""

POOL = 50
"""Connections that every peer may keep."""

SLICES = 6
"""Parts that the small calls of a round are done in, the peers taking turns."""

WAITS = 10_000
"""Waits that are joined and cancelled at once."""

REGIONS = 20
"""Clients in one process: one for each Region."""

REFRESHES = 20
"""Times that the fleet is read anew and kept in objects with cycles."""
