"""Writes `kafka-jars.lock`: the broker's jars in class path order, each with its sha256 (run it as a module)."""

import sys
import tempfile
from pathlib import Path

from deploy.local.jars import LOCK, Jar, sha256_of, write_lock

WANTED = ("org.apache.kafka:kafka_2.13:4.3.1", "org.slf4j:slf4j-simple:1.7.36")


def main() -> None:
    """Resolve `WANTED` with what they need to run, download all of it and write the lock; needs the network."""
    from jgo.maven import MavenContext

    with tempfile.TemporaryDirectory() as folder:
        context = MavenContext(repo_cache=Path(folder))
        wanted = [context.create_dependency(coordinate) for coordinate in WANTED]
        for dependency in wanted:
            dependency.scope = "compile"
        inputs, needed = context.resolver.resolve(wanted)
        dependencies = [*inputs, *(one for one in needed if one.scope in ("compile", "runtime"))]
        jars = [
            Jar(d.groupId, d.artifactId, d.version, d.classifier or "", sha256_of(d.artifact.resolve()))
            for d in dependencies
        ]
    write_lock(LOCK, jars)
    sys.stdout.write(f"{LOCK}: {len(jars)} jars\n")


if __name__ == "__main__":
    main()
