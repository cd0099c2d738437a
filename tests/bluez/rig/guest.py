"""The virtual machine: boots, runs commands, and shares a folder with the host."""

import asyncio
import contextlib
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from bumble.transport import open_transport

from .radio import Adapter, Air
from .wait import Failure, until

HERE = Path(__file__).resolve().parent
KERNEL_OPTIONS = "console=ttyS0 quiet panic=-1 mitigations=off random.trust_cpu=on nokaslr cryptomgr.notests=1"
BOOT_S = 90
COMMAND_S = 60
POWER_OFF_S = 10


class GuestDied(Exception):
    """The machine ended by itself, or hangs."""


class Guest:
    """A running machine. `shared` on the host is `/host` in it."""

    def __init__(self, cache: Path, suite: str, shared: Path) -> None:
        self.shared = shared
        self.air = Air()
        self.adapter: Adapter
        self._kernel, self._image = cache / f"{suite}.vmlinuz", cache / f"{suite}.cpio"
        self._sockets = Path(tempfile.mkdtemp(prefix="cuffd-bluez-"))
        self._lock = asyncio.Lock()
        self._connected: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._process: asyncio.subprocess.Process | None = None
        self._reader: asyncio.StreamReader
        self._writer: asyncio.StreamWriter

    async def boot(self) -> None:
        """Returns once the machine takes commands."""
        shutil.copytree(HERE.parent / "guest", self.shared / "guest")
        hci, control = self._sockets / "hci", self._sockets / "control"
        transport = await open_transport(f"unix-server:{hci}")
        self.adapter = Adapter(self.air, transport.source, transport.sink)
        await asyncio.start_unix_server(self._on_control, control)
        with (self.shared / "console.log").open("wb") as console:
            self._process = await asyncio.create_subprocess_exec(
                *self._command_line(hci, control), stdin=subprocess.DEVNULL, stdout=console, stderr=console
            )
        await until(self._connected.done, "the machine to be started")
        await self._answer(BOOT_S)

    def _command_line(self, hci: Path, control: Path) -> list[str]:
        # Emulated in software: nested machines have no usable KVM, and a guest this small boots in seconds without.
        options = f"""
            -accel tcg,thread=multi,tb-size=256 -cpu max -smp 2 -m 640 -display none -nodefaults -no-reboot -nic none
            -chardev stdio,id=console,signal=off -serial chardev:console
            -chardev socket,id=hci,path={hci},server=off -serial chardev:hci
            -device virtio-serial-pci -chardev socket,id=control,path={control},server=off
            -device virtserialport,chardev=control,name=control -device virtio-rng-pci
        """
        shared = f"local,path={self.shared},mount_tag=host,security_model=none,multidevs=remap"
        boot = ["-virtfs", shared, "-kernel", str(self._kernel), "-initrd", str(self._image), "-append", KERNEL_OPTIONS]
        return ["qemu-system-x86_64", *options.split(), *boot]

    async def _on_control(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._connected.set_result(None)

    async def run(self, command: str, timeout_s: float = COMMAND_S) -> tuple[int, str]:
        """Runs a shell command (one line) and returns its exit code and its output."""
        # Shielded: a scenario that is cancelled must not leave its answer to the next command.
        return await asyncio.shield(self._exchange(command, timeout_s))

    async def _exchange(self, command: str, timeout_s: float) -> tuple[int, str]:
        async with self._lock:
            self._writer.write(command.encode() + b"\n")
            return await self._answer(timeout_s)

    async def do(self, command: str) -> str:
        """Runs a shell command that must succeed, and returns its output."""
        code, output = await self.run(command)
        if code != 0:
            raise Failure(f"in the guest: {command!r} ended with {code}: {output.strip()}")
        return output

    async def succeeds(self, command: str) -> bool:
        """Whether a shell command succeeds."""
        return (await self.run(command))[0] == 0

    async def _answer(self, timeout_s: float) -> tuple[int, str]:
        lines: list[str] = []
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                while line := await self._reader.readline():
                    text = line.decode(errors="replace")
                    if end := re.match(r"### (ready|\d+)$", text):
                        return (0 if end[1] == "ready" else int(end[1])), "".join(lines)
                    lines.append(text)
        raise GuestDied(f"the machine does not answer, see {self.shared / 'console.log'}")

    async def exit_code(self, service: str) -> int | None:
        """The exit code of a service of `guest/services`, None while it runs."""
        output = await self.do(f"cat /run/exit/{service} 2>/dev/null || true")
        return int(output) if output.strip() else None

    async def end(self) -> None:
        """Ends the machine; the folder stays."""
        if self._process:
            with contextlib.suppress(Exception):
                self._writer.write(b"quit\n")
                async with asyncio.timeout(POWER_OFF_S):
                    await self._process.wait()
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
            await self._process.wait()
        shutil.rmtree(self._sockets, ignore_errors=True)
