from typing import TypedDict

class WorkerConfig(TypedDict, total=False):
    max_concurrent_activities: int | None
    tuner: object
