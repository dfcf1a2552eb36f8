"""Small registries for tests: generations of a chain of two nodes, made without a flow."""

import hashlib
import json

from registry.database import Database
from registry.generations import Generations, Runs
from registry.store import Artifact, Computation, EncodedArtifact, Input, Store


class Chain:
    """A profile whose generations are made of texts: `parsed` of each file, then `table`."""

    def __init__(self, folder):
        self.folder = folder
        self.reopen()

    def reopen(self):
        self.database = Database(self.folder / "registry.sqlite")
        self.store = Store(self.folder, self.database)
        self.generations = Generations(self.folder, self.database)
        self.runs = Runs(self.database)

    def make(self, files, code="code"):
        """Register what the flow gives for these files: (node, item) -> artifact."""
        nodes = {}
        for sha256, text in sorted(files.items()):
            edges = [Input("export_file", "raw", sha256)]
            nodes["parsed", sha256] = self.compute("parsed", sha256, f"{code}:{text}", edges)
        edges = [
            Input("parsed", "artifact", made.sha256, place, made.key)
            for place, made in enumerate(nodes.values())
        ]
        whole = json.dumps([code, [made.sha256 for made in nodes.values()]])
        parts = [self.encoded_part(made) for made in nodes.values()]
        nodes["table", ""] = self.compute("table", "", whole, edges, parts)
        return nodes

    def publish(self, files, code="code"):
        """Publish what the flow gives for these files."""
        nodes = self.make(files, code)
        return self.publish_nodes(nodes)

    def publish_nodes(self, nodes, run_id="run"):
        return self.generations.publish(
            run_id=run_id,
            published_utc="2026-01-01T00:00:00Z",
            artifacts={"table": nodes["table", ""]},
            nodes=nodes,
            facts={},
        )

    def compute(self, node, item, text, edges, parts=()):
        names = [[edge.parameter, edge.position, edge.sha256] for edge in edges]
        key = hashlib.sha256(json.dumps([node, item, text, names]).encode()).hexdigest()
        content = text.encode()
        codec = "json" if parts else "parquet"
        sha256 = hashlib.sha256(content).hexdigest()
        encoded = EncodedArtifact(Artifact(sha256, codec, len(content)), [content], parts)
        code = text.partition(":")[0][:4]
        self.store.code.remember(code, {"units": {}}, {})
        self.store.commit(Computation(key, node, item, "merge", code, edges, 0.1, "run"), encoded)
        self.store.flush()
        return Artifact(sha256, codec, len(content), key=key, item=item)

    @staticmethod
    def encoded_part(artifact):
        return EncodedArtifact(artifact, None)

    def whole(self, number):
        """Whether every result of a generation is there."""
        found = [self.store.recorded(node.key) for node in self.generations.node_keys(number)]
        return all(made is not None and self.store.present(made) for made in found)

    def objects(self):
        """Every file below `objects`."""
        return {path for path in (self.folder / "objects").rglob("*") if path.is_file()}
