"""How soon a matcher is ready that finds everything stored, and what it keeps of it: seeded by COPY, nothing is judged.

A process of its own does what the service does before it joins the group, and once it is given all partitions: compiles
(or loads what it compiled before), restores whole topics, takes each partition's lease and loads it. Kafka is left out.
"""

import argparse
import asyncio
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg

from benchmarks import machine
from benchmarks.clock import load
from benchmarks.seeding import Seeded, seed
from deploy.local.postgres import Postgres
from deploy.local.progress import Silent
from deploy.local.roles import dsn_of, prepare_roles
from shared.migrations import migrate

RESULTS = Path(__file__).parent / "results"
MEBI = 1 << 20


def main() -> int:
    """Measure what the command line asks for; the exit code is 1 where something was judged again."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--offers", type=int, default=100_000)
    parser.add_argument("--projects", type=int, default=20_000)
    parser.add_argument("--partitions", type=int, default=8, help="all of them are taken by one process")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--name", default="cold-start")
    options = parser.parse_args()
    with database() as (dsn, state):
        begun = time.monotonic()
        seeded = asyncio.run(seed(dsn, options.offers, options.projects, options.partitions, options.seed))
        seeding = time.monotonic() - begun
        measured = [_in_a_process(dsn, state, options.partitions) for _ in ("compiling", "compiled before")]
    result = {
        "machine": {**machine.description(), "load after": load()},
        "workload": {
            "offers": options.offers,
            "projects": options.projects,
            "partitions": options.partitions,
            "entries of projects' lists": seeded.of_projects,
            "offers' lists": seeded.lists_of_offers,
            "entries of offers' lists": seeded.of_offers,
            "seconds of seeding": round(seeding, 1),
        },
        "first start": report(measured[0], seeded),
        "start": report(measured[1], seeded),
    }
    text = json.dumps(result, indent=2, ensure_ascii=False)
    (RESULTS / f"{options.name}.json").write_text(text + "\n", encoding="utf-8")
    sys.stdout.write(text + "\n")
    return 0 if all(each["judged again"] == 0 for each in measured) else 1


def report(measured: dict[str, Any], seeded: Seeded) -> dict[str, Any]:
    """Seconds and memory by step, and what an offer takes of it: catalogue and index, without any list."""
    steps = measured["steps"]
    grown = steps["whole topics restored"]["resident MB"] - steps["compiled"]["resident MB"]
    return {
        **steps,
        "seconds to ready": steps["ready"]["seconds"],
        "processor seconds to ready": steps["ready"]["processor seconds"],
        "KB per offer": round(grown * MEBI / 1_000 / seeded.offers, 3),
        "peak MB": measured["peak MB"],
    }


@contextmanager
def database() -> Iterator[tuple[str, Path]]:
    """The DSN of the matcher's role in an empty, migrated database on a server of its own, and a folder."""
    state = Path(tempfile.mkdtemp(prefix="essaim-bench-"))
    # PostgreSQL runs as another user when this runs as root: let it pass.
    state.chmod(0o755)
    server = Postgres(state / "postgres", state / "run", _free_port(), durable=False)
    try:
        (state / "run").mkdir()
        server.start(Silent())
        server.wait()
        yield asyncio.run(_prepared(server)), state
    finally:
        server.stop()
        shutil.rmtree(state)


def _free_port() -> int:
    from deploy.local.ports import any_free_port

    return any_free_port()


async def _prepared(server: Postgres) -> str:
    connection = await asyncpg.connect(server.dsn())
    await connection.execute("CREATE DATABASE cold")
    await connection.close()
    await prepare_roles(server.dsn("cold"), {"matcher": "of-a-benchmark"})
    dsn = dsn_of(server.dsn("cold"), "matcher", "of-a-benchmark")
    await migrate(dsn, "matcher")
    return dsn


def _in_a_process(dsn: str, state: Path, partitions: int) -> dict[str, Any]:
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    (state / "compiled").mkdir(exist_ok=True)
    process = context.Process(target=_start, args=(dsn, state / "compiled", partitions, theirs))
    process.start()
    theirs.close()
    measured: dict[str, Any] = ours.recv()
    process.join()
    return measured


def _start(dsn: str, compiled: Path, partitions: int, said: Connection) -> None:
    said.send(asyncio.run(_started(dsn, compiled, partitions)))


async def _started(dsn: str, compiled: Path, partitions: int) -> dict[str, Any]:
    from services.matcher.compiling import compile_engine
    from services.matcher.epochs import ModelEpochs
    from services.matcher.judging import Judge
    from services.matcher.matching.catalogue import Catalogue, preparation
    from services.matcher.matching.index import fastest
    from services.matcher.owners import Owners
    from services.matcher.spool import Spool
    from services.matcher.whole import Whole
    from shared.database import open_pool
    from shared.text.model import load_text_model

    steps: dict[str, dict[str, float]] = {}
    # Another process began this one: when is what /proc tells.
    begun = _age()

    def note(step: str) -> None:
        steps[step] = {
            "seconds": round(begun(), 2),
            "processor seconds": round(time.process_time(), 2),
            "resident MB": round(_resident() / MEBI),
        }

    pool = await open_pool(dsn, service="matcher")
    model = load_text_model()
    judge = Judge(Catalogue(preparation(model), fastest(), Spool))
    judge.partitions = partitions
    owners = Owners(pool, judge, owner=uuid4().hex, address="http://127.0.0.1:0", session_seconds=0)
    epochs, whole = ModelEpochs(owners, model), Whole(owners)
    note("imported")
    await asyncio.to_thread(compile_engine, compiled)
    note("compiled")
    await owners.enter()
    await epochs.bring()
    await whole.restore()
    note("whole topics restored")
    for number in range(partitions):
        await owners.taken(number)
    note("ready")
    judged = await pool.fetchval("SELECT count(*) FROM outbox")
    judge.close()
    await pool.close()
    return {"steps": steps, "judged again": judged, "peak MB": _peak()}


def _age() -> Any:
    fields = Path("/proc/self/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    born = int(fields[19]) / os.sysconf("SC_CLK_TCK")
    return lambda: time.clock_gettime(time.CLOCK_BOOTTIME) - born


def _resident() -> int:
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")


def _peak() -> int:
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) // 1_024 for line in lines if line.startswith("VmHWM"))


if __name__ == "__main__":
    raise SystemExit(main())
