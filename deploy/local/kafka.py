"""Real Apache Kafka (KRaft, loopback only), run from its jars: one node, or several that make a cluster."""

import base64
import signal
import socket
import struct
import subprocess
import uuid
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from deploy.local.children import Child
from deploy.local.jars import LOCK, class_path
from deploy.local.java import Java, find_java
from deploy.local.machine import MachineError, disk_is_full_message
from deploy.local.progress import Progress

# Small enough for a laptop.
SETTINGS = {
    "process.roles": "broker,controller",
    "controller.listener.names": "CONTROLLER",
    "inter.broker.listener.name": "PLAINTEXT",
    "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,FORWARDED:PLAINTEXT",
    "auto.create.topics.enable": "false",
    "offsets.topic.num.partitions": "4",
    "transaction.state.log.num.partitions": "4",
    "share.coordinator.state.topic.num.partitions": "1",
    "group.initial.rebalance.delay.ms": "0",
    # After a kill -9 the node waits for its own former session: short, to be back in 4 s instead of 11.
    "broker.session.timeout.ms": "3000",
    "broker.heartbeat.interval.ms": "1000",
    "log.cleaner.dedupe.buffer.size": "4194304",
    "log.segment.bytes": "16777216",
    "log.index.size.max.bytes": "1048576",
    "num.network.threads": "2",
    "num.io.threads": "2",
    "background.threads": "2",
}
# Generous: on a machine that does much else, the first start takes a minute.
START_SECONDS = 180


_REPLICAS = (
    "default.replication.factor",
    "offsets.topic.replication.factor",
    "transaction.state.log.replication.factor",
    "share.coordinator.state.topic.replication.factor",
)
_IN_SYNC = ("min.insync.replicas", "transaction.state.log.min.isr", "share.coordinator.state.topic.min.isr")


@dataclass(frozen=True)
class Node:
    """One node's number, from 1 on, and its loopback ports.

    `forwarded` names a third port, and the one of a forwarder to it: clients that come that way are sent to the latter.
    """

    number: int
    port: int
    controller_port: int
    forwarded: tuple[int, int] | None = None


class Kafka:
    """One broker with its data below `folder`; `cache` holds what may be downloaded or computed again."""

    def __init__(self, folder: Path, cache: Path, run: Path, node: Node, nodes: Sequence[Node] = ()) -> None:
        """`nodes` are all of its cluster, itself among them; none: it is alone."""
        self._folder = folder
        self._cache = cache
        self._node = node
        self._nodes = nodes or (node,)
        name = "kafka" if node.number == 1 else f"kafka-{node.number}"
        self.child = Child(name, run, stop_signal=signal.SIGTERM)

    @property
    def bootstrap_servers(self) -> str:
        """What clients connect to."""
        return f"127.0.0.1:{self._node.port}"

    @property
    def pid(self) -> int:
        """The broker's process; only after `start`."""
        return self.child.pid

    def start(self, progress: Progress) -> None:
        """Start the broker and return at once; the first time, download it and format its storage."""
        self._folder.mkdir(parents=True, exist_ok=True)
        jars = class_path(self._cache / "jars", progress)
        java = find_java()
        properties = self._write_properties()
        options = [*java.options(), "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-cp", ":".join(map(str, jars))]
        self._format([java.launcher, *options], properties, progress)
        self.child.start(
            [java.launcher, *java.archive_options(self._archive(java)), *options, "kafka.Kafka", properties]
        )

    def wait(self) -> None:
        """Return once it serves; raises `MachineError` with the end of its log when it does not."""
        try:
            self.child.wait_until(lambda: serves(self._node.port), START_SECONDS)
        except MachineError as error:
            if "No space left" in str(error):
                raise disk_is_full_message(self._folder, 500_000_000) from error
            raise

    def ask_to_stop(self) -> None:
        """Begin a clean stop without waiting for it."""
        self.child.ask_to_stop()

    def stop(self) -> None:
        """End it cleanly; data stay."""
        self.child.stop()

    def kill(self) -> None:
        """End it as a crash would."""
        self.child.kill()

    def _archive(self, java: Java) -> Path:
        return self._cache / f"kafka-{zlib.crc32(LOCK.read_bytes()):08x}-{java.label}.jsa"

    def _write_properties(self) -> Path:
        node, count = self._node, len(self._nodes)
        here = "127.0.0.1"
        listeners = [f"PLAINTEXT://{here}:{node.port}", f"CONTROLLER://{here}:{node.controller_port}"]
        advertised = listeners[:1]
        if node.forwarded:
            listeners.append(f"FORWARDED://{here}:{node.forwarded[0]}")
            advertised.append(f"FORWARDED://{here}:{node.forwarded[1]}")
        own = {
            "node.id": str(node.number),
            "controller.quorum.voters": ",".join(f"{one.number}@{here}:{one.controller_port}" for one in self._nodes),
            "listeners": ",".join(listeners),
            "advertised.listeners": ",".join(advertised),
            "log.dirs": str(self._folder / "data"),
            **dict.fromkeys(_REPLICAS, str(count)),
            # All but one: the cluster goes on while a node is away.
            **dict.fromkeys(_IN_SYNC, str(max(1, count - 1))),
        }
        path = self._folder / "server.properties"
        lines = (f"{name}={value}\n" for name, value in {**SETTINGS, **own}.items())
        path.write_text("".join(lines), encoding="utf-8")
        return path

    def _identity(self) -> str:
        """A new cluster's identity; the first of several nodes to be prepared leaves it to the others."""
        made = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        if len(self._nodes) == 1:
            return made
        path = self._folder.with_name("kafka-cluster")
        if not path.exists():
            path.write_text(made, encoding="utf-8")
        return path.read_text(encoding="utf-8")

    def _format(self, java: list[str | Path], properties: Path, progress: Progress) -> None:
        if (self._folder / "data" / "meta.properties").exists():
            return
        with progress.step("Préparation du stockage de Kafka"):
            # `--cluster-id=ID` in one word: one identity in 64 begins with a dash.
            command = [*java, "kafka.tools.StorageTool", "format", f"--cluster-id={self._identity()}", "-c", properties]
            result = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        if result.returncode:
            output = result.stdout + result.stderr
            if "No space left" in output:
                raise disk_is_full_message(self._folder, 500_000_000)
            raise MachineError(f"Kafka n'a pas pu préparer son stockage :\n{output}", f"Dossier : {self._folder}")


def serves(port: int) -> bool:
    """Whether the broker on this loopback port answers and counts itself among the cluster's brokers."""
    # A Metadata request (key 3, version 1) about no topic, from client "essaim".
    request = struct.pack(">hhih6si", 3, 1, 1, 6, b"essaim", 0)
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=2) as connection:
            connection.sendall(struct.pack(">i", len(request)) + request)
            answer = connection.makefile("rb").read(12)
    except OSError:
        return False
    # Length, correlation id, number of brokers.
    return len(answer) == 12 and struct.unpack(">iii", answer)[2] > 0
