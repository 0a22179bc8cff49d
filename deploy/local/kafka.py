"""One real Apache Kafka node (KRaft, loopback only), run from its jars."""

import base64
import signal
import socket
import struct
import subprocess
import uuid
import zlib
from pathlib import Path

from deploy.local.children import Child
from deploy.local.jars import LOCK, class_path
from deploy.local.java import Java, find_java
from deploy.local.machine import MachineError, disk_is_full_message
from deploy.local.progress import Progress

# Small enough for a laptop; one replica everywhere, since there is one node.
SETTINGS = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "controller.listener.names": "CONTROLLER",
    "inter.broker.listener.name": "PLAINTEXT",
    "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
    "auto.create.topics.enable": "false",
    "default.replication.factor": "1",
    "min.insync.replicas": "1",
    "offsets.topic.replication.factor": "1",
    "offsets.topic.num.partitions": "4",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "transaction.state.log.num.partitions": "4",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
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


class Kafka:
    """One broker with its data below `folder`; `cache` holds what may be downloaded or computed again."""

    def __init__(self, folder: Path, cache: Path, run: Path, port: int, controller_port: int) -> None:
        self._folder = folder
        self._cache = cache
        self._port = port
        self._controller_port = controller_port
        self.child = Child("kafka", run, stop_signal=signal.SIGTERM)

    @property
    def bootstrap_servers(self) -> str:
        """What clients connect to."""
        return f"127.0.0.1:{self._port}"

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
            self.child.wait_until(lambda: serves(self._port), START_SECONDS)
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
        own = {
            "controller.quorum.voters": f"1@127.0.0.1:{self._controller_port}",
            "listeners": f"PLAINTEXT://127.0.0.1:{self._port},CONTROLLER://127.0.0.1:{self._controller_port}",
            "advertised.listeners": f"PLAINTEXT://127.0.0.1:{self._port}",
            "log.dirs": str(self._folder / "data"),
        }
        path = self._folder / "server.properties"
        lines = (f"{name}={value}\n" for name, value in {**SETTINGS, **own}.items())
        path.write_text("".join(lines), encoding="utf-8")
        return path

    def _format(self, java: list[str | Path], properties: Path, progress: Progress) -> None:
        if (self._folder / "data" / "meta.properties").exists():
            return
        identity = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        with progress.step("Préparation du stockage de Kafka"):
            # `--cluster-id=ID` in one word: one identity in 64 begins with a dash.
            command = [*java, "kafka.tools.StorageTool", "format", f"--cluster-id={identity}", "-c", properties]
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
