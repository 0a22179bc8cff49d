"""Stands between the services and a server, and cuts, delays or holds back what they say to one another."""

import asyncio
import threading
from collections.abc import Sequence

_PIECE = 65_536


class Forwarders:
    """One TCP forwarder on loopback per (port, target port), all on a loop and a thread of their own."""

    def __init__(self, ports: Sequence[tuple[int, int]]) -> None:
        self._ports = ports
        self._delay_s = dict.fromkeys((port for port, _ in ports), 0.0)
        self._speaks = {port: asyncio.Event() for port, _ in ports}
        self._open: dict[int, set[asyncio.StreamWriter]] = {port: set() for port, _ in ports}
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="forwarders", daemon=True)
        self._servers: list[asyncio.Server] = []

    def open(self) -> None:
        """Forward from now on."""
        for each in self._speaks.values():
            each.set()
        self._thread.start()
        self._servers = [
            asyncio.run_coroutine_threadsafe(self._listen(*each), self._loop).result(10) for each in self._ports
        ]

    def close(self) -> None:
        """Forward nothing any more."""
        asyncio.run_coroutine_threadsafe(self._hang_up(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def cut(self, port: int) -> None:
        """Break off every connection through `port`, whatever is on its way; new ones are taken at once."""
        self._loop.call_soon_threadsafe(self._abort, port)

    def delay(self, port: int, seconds: float) -> None:
        """Let each piece of what is said through `port` take so much longer, either way, until told otherwise."""
        self._delay_s[port] = seconds

    def silence(self, port: int) -> None:
        """Hold back all that is said through `port`, as a server does that hangs; connections stay, new ones too."""
        self._loop.call_soon_threadsafe(self._speaks[port].clear)

    def speak(self, port: int) -> None:
        """Carry on, with what was held back first."""
        self._loop.call_soon_threadsafe(self._speaks[port].set)

    def _abort(self, port: int) -> None:
        for writer in self._open[port]:
            writer.transport.abort()

    async def _listen(self, port: int, target: int) -> asyncio.Server:
        async def forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await self._forward(port, target, reader, writer)

        return await asyncio.start_server(forward, "127.0.0.1", port)

    async def _forward(
        self, port: int, target: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        try:
            there_reader, there_writer = await asyncio.open_connection("127.0.0.1", target)
        except OSError:
            writer.transport.abort()
            return
        both = {writer, there_writer}
        self._open[port] |= both
        try:
            await asyncio.wait(
                [
                    asyncio.ensure_future(self._pump(port, reader, there_writer)),
                    asyncio.ensure_future(self._pump(port, there_reader, writer)),
                ],
            )
        finally:
            self._open[port] -= both

    async def _pump(self, port: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry one direction to its end, then end it on the other side too."""
        try:
            while piece := await reader.read(_PIECE):
                if self._delay_s[port]:
                    await asyncio.sleep(self._delay_s[port])
                await self._speaks[port].wait()
                writer.write(piece)
                await writer.drain()
        except OSError:
            writer.transport.abort()
        finally:
            writer.close()

    async def _hang_up(self) -> None:
        for server in self._servers:
            server.close()
        for port, _ in self._ports:
            self._abort(port)
        for task in asyncio.all_tasks(self._loop) - {asyncio.current_task()}:
            task.cancel()
