"""What a step acts on: one box for the whole life, its cuffs, and what is known of it from before."""

import shlex
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from rig import check
from rig.clock import CuffClock
from rig.cuff import Cuff
from rig.habits import Habits
from rig.measurement import Measurement
from rig.wait import Failure, until
from rig.witness import Message

from . import clocks
from .broker import Broker
from .gateway import PATIENCE_S, InstalledGateway
from .machine import Machine

STORE = "/var/lib/cuffd/cuffd.db"


@dataclass
class Box:
    """The machine and everything around it."""

    machine: Machine
    broker: Broker
    gateway: InstalledGateway
    logs: Path
    previous: str
    current: str
    """The versions of the two packages, which lie in /host/packages."""
    without: frozenset[str]
    """Subcommands that this program does not have."""
    cuffs: list[Cuff] = field(default_factory=list)
    kept: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    """What a step wants to have said in its line."""

    async def do(self, command: str, timeout_s: float = PATIENCE_S) -> str:
        """Runs what must succeed in the machine, and returns what it prints."""
        code, output = await self.machine.run(command, timeout_s)
        if code != 0:
            raise Failure(f"in the machine: {command!r} ended with {code}: {output.strip()}")
        return output

    async def refuses(self, command: str, *words: str) -> int:
        """Runs what must fail, in these words; its exit code."""
        code, output = await self.machine.run(command, PATIENCE_S)
        if code == 0:
            raise Failure(f"in the machine: {command!r} should not have worked: {output.strip()}")
        self.says(output, *words)
        return code

    @staticmethod
    def says(output: str, *words: str) -> None:
        """Fails where one of these words is missing."""
        if missing := [word for word in words if word not in output]:
            raise Failure(f"it does not say {missing}: {output.strip()!r}")

    async def expect(self, command: str, wanted: str) -> None:
        """Fails unless it prints just this."""
        found = (await self.do(command)).strip()
        if found != wanted:
            raise Failure(f"{command!r}: wanted {wanted!r}, found {found!r}")

    # The package

    async def install(self, version: str) -> str:
        """As the README says; what apt says."""
        return await self.do(f"apt-get install -y --allow-downgrades /host/packages/{shlex.quote(version)}.deb", 600)

    async def state_is_kept(self) -> None:
        """Fails where key, cuffs or readings are not what they were when they were `noted`."""
        for name, was in self.kept.items():
            if name != "readings" and (now := await self._look(name)) != was:
                raise Failure(f"{name}: was {was!r}, is {now!r}")
        now = await self._look("readings")
        if not set(self.kept["readings"].split()) <= set(now.split()):
            raise Failure(f"readings were {self.kept['readings']}, are {now}")

    async def note_state(self) -> None:
        """Remembers what must be kept from here on."""
        self.kept = {name: await self._look(name) for name in ("key", "cuffs", "readings")}

    async def _look(self, name: str) -> str:
        match name:
            case "key":
                return await self.do("md5sum </var/lib/cuffd/key.jwk")
            case "cuffs":
                return await self.do("md5sum </var/lib/cuffd/cuffs.toml")
            case _:
                return await self.do("cuffd readings --format jsonl | grep -o '\"id\":\"[0-9a-f-]\\{36\\}\"' | sort -u")

    async def is_well(self) -> None:
        """Returns once `doctor` has nothing to say against it."""

        async def well() -> bool:
            return await self.machine.succeeds("cuffd doctor >/run/doctor 2>&1")

        try:
            await until(well, "doctor to be content", PATIENCE_S, poll_s=1)
        except Failure as failure:
            raise Failure(f"{failure}: {await self.do('cat /run/doctor')}") from failure

    async def logged(self) -> tuple[int, int]:
        """How much the daemon has said so far, without what it says at debug: entries of the journal, and octets with all fields."""
        counted = "awk 'NF == 0 { entries++ } { octets += length + 1 } END { print entries + 0, octets + 0 }'"
        entries, octets = (await self.do(f"journalctl -t cuffd -p notice -o export --no-pager | {counted}")).split()
        return int(entries), int(octets)

    async def judges_again(self, session: str, before: Message) -> Message:
        """Returns the answer of another run about this session, which is `ready` as the one before was, for as long."""

        def again() -> bool:
            return self.gateway.answers(session)[-1].body["run"] != before.body["run"]

        await self.gateway.is_alive_until(again, "the session to be judged again")
        after = await self.gateway.has_answered(session, "ready")
        for name in ("valid_until", "counted", "systolic", "diastolic"):
            if after.body[name] != before.body[name]:
                raise Failure(f"{name} was {before.body[name]}, is {after.body[name]}")
        return after

    # Cuffs

    async def new_cuff(self, habits: Habits) -> Cuff:
        """A cuff that nobody knows."""
        number = len(self.cuffs) + 1
        address = f"F0:F1:F2:F3:F4:{number:02X}"
        log = self.logs / "cuffs.jsonl"
        cuff = Cuff(self.machine.air, log, f"cuff-{number}", address, habits, CuffClock(timedelta(0)))
        await cuff.start()
        self.cuffs.append(cuff)
        return cuff

    def arrived(self) -> set[str]:
        """The different measurements that arrived, by their octets."""
        return {reading.body["raw"] for reading in self.gateway.readings()}

    async def everything_arrives(self, may_lack: list[Measurement] | None = None) -> None:
        """Returns once there is a right reading of each measurement, one id each; else tells what is missing or wrong."""
        lacking = may_lack or []
        of_somebody = [
            taken.raw
            for registration in self.gateway.registrations
            for taken in registration.cuff.measured
            if registration.patient_of(taken) is not None and taken not in lacking
        ]
        try:
            await until(lambda: set(of_somebody) <= self.arrived(), "everything to arrive", PATIENCE_S, poll_s=0.1)
        except Failure as failure:
            raise Failure("; ".join([str(failure), *await self.mistakes(lacking)])) from failure
        if found := await self.mistakes(lacking):
            raise Failure("; ".join(found))

    def forget_lost(self, may_lack: list[Measurement]) -> None:
        """Says how many of these were lost, and does not wait for them any more."""
        lost = [taken for taken in may_lack if taken.raw not in self.arrived()]
        for cuff in self.cuffs:
            cuff.measured = [taken for taken in cuff.measured if taken not in lost]
        self.notes.append(f"{len(lost)} of {len(may_lack)} confirmed by bluetoothd alone")

    def let_go(self) -> None:
        """After a failure: the next steps are judged by what they do, not by what is missing already."""
        for cuff in self.cuffs:
            cuff.measured = [taken for taken in cuff.measured if taken.raw in self.arrived()]

    async def mistakes(self, may_lack: list[Measurement]) -> list[str]:
        """What is wrong with what arrived. A cuff's clock is given 1.5 s to answer, which a busy emulated machine may not make. That
        the time of a reading is unknown is excused only where the journal says that its connection came to no answer.
        """
        found = check.mistakes(self.gateway, self.cuffs, may_lack)
        undated = [reading.body for reading in self.gateway.readings() if is_undated(reading.body)]
        unread = clocks.Clocks(await self.do(clocks.JOURNAL)) if undated else None
        excused = [body["raw"] for body in undated if unread and unread.left(body["cuff"]["id"], body["received_at"])]
        if excused:
            self.notes.append(f"{len(set(excused))} undated, as the journal explains")
        allowed = tuple(f"{raw}: {what}" for raw in excused for what in ("taken_at is unknown", "verified is False"))
        return [mistake for mistake in found if not mistake.startswith(allowed)]


def is_undated(body: dict[str, Any]) -> bool:
    """Whether it says that nobody knows when it was taken."""
    return "undated" in [reason["code"] for reason in body["reasons"]]
