"""joblib: each node's function behind one `Memory.cache`, called in order.

The text of the data file is an argument, so that joblib sees its bytes.
"""

import joblib
from common import Pipeline, Values, main


def run() -> Values:
    """Call the cached functions."""
    memory = joblib.Memory("cache", verbose=0)
    pipeline, values = Pipeline(), {}
    cached = {function: memory.cache(function) for function, _ in pipeline.nodes().values()}
    for name, (function, fixed) in pipeline.nodes().items():
        values[name] = cached[function](**pipeline.arguments(name, values), **fixed)
    return values


if __name__ == "__main__":
    main(run)
