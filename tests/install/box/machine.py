"""The virtual machine: its disk outlives it, and the cuffs of its room outlive its boots."""

import asyncio
import contextlib
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

from bumble.transport import open_transport
from rig.guest import Guest
from rig.radio import Adapter
from rig.wait import until

HERE = Path(__file__).resolve().parent
KERNEL_OPTIONS = "console=ttyS0 quiet panic=-1 mitigations=off random.trust_cpu=on nokaslr cryptomgr.notests=1 systemd.show_status=no"
BOOT_S = 300
HALT_S = 180


class Machine(Guest):
    """A machine that can be switched off and on. Its commands are those of `rig.guest`, run by a real systemd."""

    def __init__(self, cache: Path, suite: str, shared: Path) -> None:
        super().__init__(cache, suite, shared)
        self._initrd = cache / f"{suite}.initrd"
        self._disk = shared.parent / "disk.qcow2"
        self._boots = 0
        self._server: asyncio.Server | None = None
        base = ("-b", cache / f"{suite}.ext4", "-F", "raw")
        subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", *base, self._disk], check=True)
        shutil.copytree(HERE.parent / "guest", shared / "guest")

    async def boot(self) -> None:
        """Switches it on, and returns once it takes commands."""
        self._boots += 1
        self._sockets = Path(tempfile.mkdtemp(prefix="cuffd-install-"))
        self._connected = asyncio.get_running_loop().create_future()
        hci, control = self._sockets / "hci", self._sockets / "control"
        transport = await open_transport(f"unix-server:{hci}")
        self.adapter = Adapter(self.air, transport.source, transport.sink)
        self._server = await asyncio.start_unix_server(self._on_control, control)
        with (self.shared / f"console-{self._boots}.log").open("wb") as console:
            self._process = await asyncio.create_subprocess_exec(
                *self._command_line(hci, control), stdin=subprocess.DEVNULL, stdout=console, stderr=console
            )
        await until(self._connected.done, "the machine to be started")
        await self._answer(BOOT_S)

    def _command_line(self, hci: Path, control: Path) -> list[str]:
        # cache=none: what the machine was told to be on the disk is there, whatever becomes of QEMU.
        options = f"""
            -accel tcg,thread=multi,tb-size=256 -cpu max -smp 2 -m 768 -display none -nodefaults -no-reboot
            -chardev stdio,id=console,signal=off -serial chardev:console
            -chardev socket,id=hci,path={hci},server=off -serial chardev:hci
            -device virtio-serial-pci -chardev socket,id=control,path={control},server=off
            -device virtserialport,chardev=control,name=control -device virtio-rng-pci
            -netdev user,id=net -device virtio-net-pci,netdev=net
            -drive file={self._disk},format=qcow2,if=none,id=disk,cache=none -device virtio-blk-pci,drive=disk
        """
        shared = f"local,path={self.shared},mount_tag=host,security_model=none,multidevs=remap"
        boot = ["-virtfs", shared, "-kernel", str(self._kernel), "-initrd", str(self._initrd), "-append", KERNEL_OPTIONS]
        return ["qemu-system-x86_64", *options.split(), *boot]

    async def reboot(self) -> None:
        """As an operator does it."""
        self._writer.write(b"systemctl reboot\n")
        async with asyncio.timeout(HALT_S):
            await self._process.wait()
        await self._forget()
        await self.boot()

    async def cut_power(self) -> None:
        """The plug is pulled: what is not on the disk is gone."""
        self._process.send_signal(signal.SIGKILL)
        await self._process.wait()
        await self._forget()

    async def end(self) -> None:
        """Takes the machine away; the shared folder stays."""
        if self._process:
            with contextlib.suppress(ProcessLookupError):
                await self.cut_power()
        self._disk.unlink(missing_ok=True)

    async def _forget(self) -> None:
        # What both ends of a link notice when one of them has gone.
        self.air.break_connections(self.adapter)
        self.air.remove_controller(self.adapter)
        if self._server:
            self._server.close()
        self._process = None
        shutil.rmtree(self._sockets, ignore_errors=True)

    @property
    def is_on(self) -> bool:
        """Whether it is switched on, and has not ended by itself."""
        return self._process is not None and self._process.returncode is None
