"""redun: each node's function is a task, and a task above them calls all of them lazily.

Helpers are no tasks, as is usual: a task's hash is that of its own source. The task above them
would be written out by hand; what its text would say stands in its version.
"""

import json
import logging

from common import Pipeline, Values, main
from redun import Scheduler, task
from redun.config import Config


def run() -> Values:
    """Let the scheduler evaluate the tasks."""
    logging.disable(logging.CRITICAL)
    pipeline = Pipeline()
    tasks = {
        function: task(name=name, namespace="flow")(function)
        for name, function in pipeline.functions.items()
    }

    @task(name="field", namespace="flow")
    def field(fields: dict, name: str) -> int:
        return fields[name]

    wiring = json.dumps({name: pipeline.needs(name) for name in pipeline.nodes()})

    @task(name="everything", namespace="flow", version=wiring)
    def everything(inputs: dict) -> dict:
        values: Values = {}
        given = dict(inputs)
        for name, (function, fixed) in pipeline.nodes().items():
            arguments = {need: given[need] for need in pipeline.needs(name)}
            values[name] = given[name] = tasks[function](**arguments, **fixed)
            if name == "extremes":
                given |= {end: field(values[name], end) for end in ("lowest", "highest")}
        return values

    config = Config({"backend": {"db_uri": "sqlite:///redun.db"}})
    scheduler = Scheduler(config=config)
    scheduler.load()
    return scheduler.run(everything(pipeline.inputs))


if __name__ == "__main__":
    main(run)
