"""The clinic's broker, on the host: it goes on when the box loses its power. And the witness who listens there."""

import asyncio
import signal
import socket
import subprocess
from pathlib import Path

from rig.wait import until

HOST_AS_THE_BOX_SEES_IT = "10.0.2.2"


class Broker:
    """A mosquitto, and a persistent subscriber that writes each message as a line of JSON."""

    def __init__(self, out: Path) -> None:
        self._out = out
        self.received = out / "received.jsonl"
        self._processes: list[asyncio.subprocess.Process] = []
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]

    @property
    def url(self) -> str:
        """Where the box finds it."""
        return f"mqtt://{HOST_AS_THE_BOX_SEES_IT}:{self.port}"

    async def start(self) -> None:
        """Returns once both are there."""
        config = self._out / "mosquitto.conf"
        lines = [f"listener {self.port} 127.0.0.1", "allow_anonymous true", "persistence false", "user root"]
        lines += ["max_queued_messages 0", "log_type all", "connection_messages true"]
        config.write_text("\n".join(lines) + "\n")
        log = self._out / "mosquitto.log"
        await self._spawn(log, "mosquitto", "-c", str(config))
        await until(lambda: " running" in log.read_text(), "mosquitto to run")
        options = f"-h 127.0.0.1 -p {self.port} -V 5 -q 1 -i witness -c -x 86400 -F %j -t cuffd/v1/#"
        await self._spawn(self.received, "mosquitto_sub", *options.split())
        await until(lambda: "Sending SUBACK to witness" in log.read_text(), "the witness to listen")

    async def _spawn(self, output: Path, *command: str) -> None:
        with output.open("wb") as file:
            process = await asyncio.create_subprocess_exec(*command, stdin=subprocess.DEVNULL, stdout=file, stderr=file)
        self._processes.append(process)

    def hold(self) -> None:
        """Accepts octets and does nothing with them."""
        self._processes[0].send_signal(signal.SIGSTOP)

    def release(self) -> None:
        """Goes on."""
        self._processes[0].send_signal(signal.SIGCONT)

    async def end(self) -> None:
        """Ends both."""
        for process in reversed(self._processes):
            if process.returncode is None:
                process.kill()
                await process.wait()
