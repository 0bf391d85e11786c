from temporalio.worker import WorkerConfig

class SimplePlugin:
    def __init__(
        self,
        name: str,
        *,
        data_converter: object = None,
        activities: object = None,
        workflows: object = None,
        workflow_runner: object = None,
    ) -> None: ...
    def configure_worker(self, config: WorkerConfig) -> WorkerConfig: ...
