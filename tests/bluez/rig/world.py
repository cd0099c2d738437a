"""What a scenario acts on: one gateway, its cuffs, and the Bluetooth stack under it, all fresh."""

import asyncio
from collections.abc import Collection
from datetime import timedelta
from pathlib import Path

from . import check
from .clock import CuffClock
from .cuff import PASSKEY, Cuff
from .gateway import Gateway
from .guest import Guest
from .habits import STANDARD, Habits, Security
from .measurement import Measurement
from .pairing import Pairing
from .wait import Failure, until
from .witness import Witness

BLUETOOTHD_IS_BACK_AFTER_S = 1.0


class World:
    """The room, the cuffs in it, and the machine."""

    def __init__(self, guest: Guest, witness: Witness, name: str, logs: Path) -> None:
        self.guest = guest
        self.gateway = Gateway(guest, witness, name, logs)
        self.cuffs: list[Cuff] = []
        self._bonded: set[Cuff] = set()
        self.logs = logs
        self._keeper: asyncio.Task[None] | None = None
        self._pairings = 0

    async def begin(self) -> None:
        """Starts a Bluetooth stack that knows nobody."""
        await self.guest.do("stop_bluetooth; end cuffd; forget_cuffd_state")
        await self.guest.do(f"LOGS=/host/{self.logs.name}; start_bus; start_bluetoothd")
        await self.remove_adapter()
        await self.insert_adapter()
        await self.adapter_is_on()

    async def keep_evidence(self) -> None:
        """Writes down what the daemon is doing, for whoever looks into a failure."""
        _, threads = await self.guest.run("cuffd_threads")
        _, status = await self.guest.run(f"cuffd status --json --config {self.gateway.config_in_guest}")
        (self.logs / "threads").write_text(threads)
        (self.logs / "status.json").write_text(status)

    async def end(self) -> None:
        """Takes everything away, however the scenario went."""
        if self._keeper:
            self._keeper.cancel()
        for cuff in self.cuffs:
            await cuff.stop()
        await self.guest.do("end cuffd; send CONT broker; stop_bluetooth")

    # Cuffs

    async def cuff(
        self,
        habits: Habits = STANDARD,
        *,
        clock_error: timedelta = timedelta(0),
        clock: CuffClock | None = None,
        patient: str | None = "p1",
        users: dict[int, str] | None = None,
    ) -> Cuff:
        """A registered cuff, silent as yet."""
        cuff = await self.new_cuff(habits, clock or CuffClock(clock_error))
        self.gateway.register(cuff, None if users else patient, users)
        return cuff

    async def new_cuff(self, habits: Habits = STANDARD, clock: CuffClock | None = None) -> Cuff:
        """A cuff that nobody knows, silent as yet."""
        number = len(self.cuffs) + 1
        address = f"F0:F1:F2:F3:F4:{number:02X}"
        name, log = f"cuff-{number}", self.logs / "cuffs.jsonl"
        cuff = Cuff(self.guest.air, log, name, address, habits, clock or CuffClock(timedelta(0)))
        await cuff.start()
        self.cuffs.append(cuff)
        return cuff

    async def pair(self, cuff: Cuff, *options: str, patient: str = "p1") -> None:
        """Pairs a new cuff by `cuffd pair`, or one anew; fails if that does."""
        pairing = self.pairing(cuff)
        await pairing.start("--id", cuff.name, "--patient", patient, *options)
        await cuff.switch_on()
        await pairing.ends_with(0)
        await self.is_paired(pairing, patient)

    def pairing(self, cuff: Cuff) -> Pairing:
        """`cuffd pair`, not yet started."""
        self._pairings += 1
        return Pairing(self.guest, self.gateway, self.logs, self._pairings, cuff)

    async def is_paired(self, pairing: Pairing, patient: str = "p1") -> None:
        """From here on what its cuff measures is the patient's, and verified by its bond."""
        cuff = pairing.cuff
        self.gateway.has_paired(cuff, patient, pairing.memory)
        self._bonded.add(cuff)
        if not await self.is_bonded(cuff):
            raise Failure(f"bluetoothd has no bond with {cuff.name}")

    async def is_bonded(self, cuff: Cuff) -> bool:
        """Whether bluetoothd has a bond with it."""
        return await self.guest.succeeds(f"has_bond {cuff.address}")

    async def bonded_cuff(self, habits: Habits, **options) -> Cuff:
        """A registered cuff that is bonded with the guest."""
        cuff = await self.cuff(habits, **options)
        await self.bond(cuff)
        return cuff

    async def impostor_of(self, cuff: Cuff) -> Cuff:
        """Another cuff, without keys and without protection, in place of `cuff`."""
        await cuff.stop()
        self.cuffs.remove(cuff)
        impostor = Cuff(self.guest.air, self.logs / "cuffs.jsonl", "impostor", cuff.address, STANDARD, CuffClock())
        await impostor.start()
        self.cuffs.append(impostor)
        return impostor

    async def bond(self, cuff: Cuff) -> None:
        """Bonds by hand, with bluetoothctl, while the daemon does not run."""
        shows_passkey = cuff.habits.security is Security.PASSKEY
        talk = Bluetoothctl(self.guest, self.logs)
        await talk.start("KeyboardOnly" if shows_passkey else "NoInputNoOutput")
        await cuff.switch_on()
        await talk.say("scan on")
        await talk.answers(f"Device {cuff.address}")
        await talk.say(f"pair {cuff.address}")
        if shows_passkey:
            await talk.answers("Enter passkey")
            await talk.say(str(PASSKEY))
        await talk.answers("Pairing successful")
        await talk.say(f"trust {cuff.address}")
        await talk.answers("trust succeeded")
        await talk.say("scan off")
        await cuff.switch_off()
        await talk.say(f"disconnect {cuff.address}")
        await cuff.happened("disconnected")
        await talk.end()
        await until(lambda: not self.guest.adapter.is_scanning, "the scan for pairing to end")
        self._bonded.add(cuff)

    # The stack

    async def adapter_is_on(self) -> None:
        """Returns once the adapter is there and powered."""
        await until(lambda: self.guest.succeeds("adapter_is true"), "the adapter to be powered", poll_s=0.1)

    async def power_adapter(self, on: bool) -> None:
        """Switches the adapter, as an operator would."""
        await self.guest.do(f"power_adapter {str(on).lower()}")

    async def remove_adapter(self) -> None:
        """The adapter is pulled out."""
        self.guest.adapter.pull_out()
        await self.guest.do("end adapter; drain_adapter")

    async def insert_adapter(self) -> None:
        """The adapter is put back in, and switched on as Debian's BlueZ does by itself."""
        self.guest.adapter.plug_in()
        await self.guest.do(f"LOGS=/host/{self.logs.name}; attach_adapter")

    async def kill_bluetoothd(self) -> None:
        """SIGKILL."""
        await self.guest.do("end bluetoothd")

    async def start_bluetoothd(self) -> None:
        """Starts it again, as systemd would."""
        await self.guest.do(f"LOGS=/host/{self.logs.name}; start_bluetoothd")

    def keep_bluetoothd_running(self) -> None:
        """From here on starts it again whenever it dies, as systemd does when it is asked for over the bus."""
        self._keeper = asyncio.create_task(self._start_bluetoothd_again())

    async def _start_bluetoothd_again(self) -> None:
        while True:
            if await self.guest.exit_code("bluetoothd") is not None:
                await self.start_bluetoothd()
            await asyncio.sleep(BLUETOOTHD_IS_BACK_AFTER_S)

    async def restart_bus(self) -> None:
        """A new bus: bluetoothd leaves with the old one and is started again."""
        await self.guest.do(f"LOGS=/host/{self.logs.name}; end bus; end bluetoothd; start_bus; start_bluetoothd")

    async def hold_broker(self) -> None:
        """The broker accepts octets and does nothing with them."""
        await self.guest.do("send STOP broker")

    async def release_broker(self) -> None:
        """The broker goes on."""
        await self.guest.do("send CONT broker")

    # What must be true in the end

    async def everything_arrives(self, may_lack: Collection[Measurement] = ()) -> None:
        """Returns once the witness has a right reading of each measurement; else tells what is missing or wrong."""
        try:
            await self.has_arrived(self.owned() - len(may_lack))
        except Failure as failure:
            found = check.mistakes(self.gateway, self._bonded)
            raise Failure("; ".join([str(failure), *found])) from failure
        self.nothing_is_wrong(may_lack)

    async def all_is_well(self, may_lack: Collection[Measurement] = ()) -> None:
        """How most scenarios end: everything arrives, the daemon stops in order, and no cuff was unsubscribed from."""
        await self.everything_arrives(may_lack)
        await self.gateway.stop()
        self.nothing_is_wrong(may_lack)
        self.nobody_was_unsubscribed_from()

    def nothing_is_wrong(self, may_lack: Collection[Measurement] = ()) -> None:
        """Fails, naming every mistake, if there is one."""
        found = check.mistakes(self.gateway, self._bonded, may_lack)
        if found:
            raise Failure("; ".join(found))

    def arrived(self) -> int:
        """How many different measurements arrived, without those from before a pairing."""
        arrived = {reading.body["raw"] for reading in self.gateway.readings()}
        return len(arrived.difference(*(registration.nobodys for registration in self.gateway.registrations)))

    def owned(self) -> int:
        """How many measurements are somebody's."""
        return sum(
            registration.patient_of(taken) is not None
            for registration in self.gateway.registrations
            for taken in registration.cuff.measured
        )

    async def has_arrived(self, count: int) -> None:
        """Returns once that many different measurements arrived."""
        await self.gateway.is_alive_until(lambda: self.arrived() >= count, f"{count} readings at the broker")

    def nobody_was_unsubscribed_from(self) -> None:
        """Writing 0 to a subscription at the end makes cuffs forget their bond."""
        for cuff in self.cuffs:
            if cuff.count("unsubscribed"):
                raise Failure(f"{cuff.name} was unsubscribed from")


class Bluetoothctl:
    """A conversation with bluetoothctl in the guest."""

    def __init__(self, guest: Guest, logs: Path) -> None:
        self._guest = guest
        self._logs = logs
        self._log = logs / "bluetoothctl.log"
        self._read = 0

    async def start(self, capability: str) -> None:
        """Starts it as the default pairing agent."""
        self._read = self._log.stat().st_size if self._log.exists() else 0
        await self._guest.do(f"LOGS=/host/{self._logs.name}; start_bluetoothctl {capability}")
        await self.answers("Agent registered")
        await self.say("default-agent")
        await self.answers("Default agent request successful")

    async def say(self, line: str) -> None:
        """Types a line."""
        await self._guest.do(f"echo '{line}' >/run/bluetoothctl.in")

    async def answers(self, text: str) -> None:
        """Returns once `text` was printed since the start."""
        await until(lambda: text in self._printed(), f"bluetoothctl to say {text!r}")

    def _printed(self) -> str:
        if not self._log.exists():
            return ""
        return self._log.read_bytes()[self._read :].decode(errors="replace")

    async def end(self) -> None:
        """Ends it."""
        await self._guest.do("end bluetoothctl")
