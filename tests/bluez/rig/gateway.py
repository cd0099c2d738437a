"""cuffd in the guest: its config, its life and death, and what it published."""

import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from .clock import ZONE
from .cuff import Cuff
from .guest import Guest
from .measurement import Measurement
from .wait import PATIENCE_S, Failure, until
from .witness import Message, Witness

SITE = "vm"
CONNECT_FOR_S = 30
"""Longer than the default: an emulated machine may need ten seconds for what takes a real one half a second."""
COMMANDS_EXPIRE_AFTER = timedelta(minutes=5)
STOPS_IN_S = 20
"""More than the daemon's own grace period."""


@dataclass(frozen=True)
class Registration:
    """A registered cuff, and whose it is."""

    cuff: Cuff
    patient: str | None
    users: dict[int, str] | None
    is_in_config: bool = True
    nobodys: frozenset[str] = frozenset()
    """What it measured before it was paired, by its octets."""

    def patient_of(self, taken: Measurement) -> str | None:
        """Whose a measurement is."""
        if taken.raw in self.nobodys:
            return None
        return self.patient if self.users is None else self.users.get(taken.user_id)


class Gateway:
    """One gateway with a state of its own; it may be started many times."""

    def __init__(self, guest: Guest, witness: Witness, name: str, logs: Path) -> None:
        self.name = name
        self.registrations: list[Registration] = []
        self.policy = ""
        """The `[readiness]` table; without one there are no sessions."""
        self.has_page = False
        self.sessions: dict[str, str] = {}
        """The session that each measurement must have gone to, by its octets."""
        self._guest, self._witness, self._logs = guest, witness, logs
        self._topic = f"cuffd/v1/{SITE}/{name}"
        self.folder_in_guest = f"/host/{logs.name}"
        self.config_in_guest = f"{self.folder_in_guest}/cuffd.toml"
        """Where the daemon finds its config."""

    def register(self, cuff: Cuff, patient: str | None, users: dict[int, str] | None) -> None:
        """Adds a cuff to the config, from the next start on."""
        self.registrations.append(Registration(cuff, patient, users))

    def has_paired(self, cuff: Cuff, patient: str, memory: frozenset[str]) -> None:
        """Knows a cuff that was registered by `cuffd pair`: what was in its memory then is nobody's."""
        before = [other for other in self.registrations if other.cuff is cuff]
        self.registrations = [other for other in self.registrations if other.cuff is not cuff]
        nobodys = memory.union(*(other.nobodys for other in before))
        self.registrations.append(Registration(cuff, patient, None, is_in_config=False, nobodys=nobodys))

    async def start(self, scanning: bool = True) -> None:
        """Starts the daemon, and returns once it is connected to the broker and, if it can be, `scanning`."""
        self.write_config()
        online = self._times_online()
        await self._guest.do(f"LOGS={self.folder_in_guest}; start_cuffd {self.config_in_guest}")
        await self.is_alive_until(lambda: self._times_online() > online, "cuffd to be online")
        if scanning:
            await self.scans()

    def write_config(self) -> None:
        """Writes the config as it is from the next start on."""
        (self._logs / "cuffd.toml").write_text(self._config())

    async def scans(self) -> None:
        """Returns once the guest's adapter reports advertisements."""
        await self.is_alive_until(lambda: self._guest.adapter.is_scanning, "cuffd to scan")

    async def is_alive_until(self, fact: Callable[[], object], what: str, timeout_s: float = PATIENCE_S) -> None:
        """As `until`, but fails at once when the daemon ended."""

        async def fact_or_death() -> bool:
            if fact():
                return True
            code = await self._guest.exit_code("cuffd")
            if code is not None:
                raise Failure(f"waited for {what}, but cuffd ended with {code}")
            return False

        await until(fact_or_death, what, timeout_s, poll_s=0.1)

    async def kill(self) -> None:
        """SIGKILL."""
        await self._guest.do("send KILL cuffd")
        await self.ends_with(128 + 9)

    async def stop(self) -> None:
        """SIGTERM; fails if the daemon does not end in order."""
        await self._guest.do("send TERM cuffd")
        await self.ends_with(0)

    async def ends_with(self, expected: int, within_s: float = STOPS_IN_S) -> None:
        """Returns once the daemon ended with this exit code."""

        async def ended() -> bool:
            return await self._guest.exit_code("cuffd") is not None

        await until(ended, "cuffd to end", within_s, poll_s=0.1)
        code = await self._guest.exit_code("cuffd")
        if code != expected:
            raise Failure(f"cuffd ended with {code}, not with {expected}")

    def readings(self) -> list[Message]:
        """Every reading that arrived, doubles too."""
        return self._witness.messages(f"{self._topic}/reading")

    def problems(self) -> list[str]:
        """The problems that the latest status names."""
        statuses = self._witness.messages(f"{self._topic}/status")
        return list(statuses[-1].body.get("problems", [])) if statuses else []

    def _times_online(self) -> int:
        statuses = self._witness.messages(f"{self._topic}/status")
        return len({status.body["run"] for status in statuses if status.body.get("state") == "online"})

    def answers(self, session: str) -> list[Message]:
        """Every answer of the gate about this session, doubles too."""
        return self._witness.messages(f"{self._topic}/session/{session}/readiness")

    async def command(self, command: str, **fields: object) -> None:
        """Sends a command, and fails if it is not carried out."""
        identity = str(uuid.uuid4())
        expires_at = (datetime.now(UTC) + COMMANDS_EXPIRE_AFTER).isoformat()
        body = {"schema": "cuffd.command/1", "id": identity, "site": SITE, "gateway": self.name}
        body |= {"expires_at": expires_at, "command": command} | fields
        await self._guest.do(f"mosquitto_pub -h 127.0.0.1 -q 1 -t {self._topic}/command -m '{json.dumps(body)}'")

        def reply() -> dict[str, object] | None:
            replies = (message.body for message in self._witness.messages(f"{self._topic}/reply"))
            return next((body for body in replies if body.get("id") == identity), None)

        await self.is_alive_until(lambda: reply() is not None, f"the reply to {command}")
        if not (told := reply()) or not told["ok"]:
            raise Failure(f"{command}: {told}")

    async def has_answered(self, session: str, state: str) -> Message:
        """Returns the latest answer about this session, once it is this state."""

        def latest() -> Message | None:
            answers = self.answers(session)
            return answers[-1] if answers and answers[-1].body["state"] == state else None

        await self.is_alive_until(lambda: latest() is not None, f"the session to be {state}")
        return self.answers(session)[-1]

    async def has_stored(self, count: int) -> None:
        """Returns once the daemon tells of that many stored readings, published or not."""
        command = f"cuffd readings --format jsonl --config {self.config_in_guest}"

        async def stored() -> bool:
            code, output = await self._guest.run(command)
            return code == 0 and sum(line.startswith("{") for line in output.splitlines()) >= count

        await until(stored, f"{count} stored readings", poll_s=0.2)

    def _config(self) -> str:
        cuffs = "".join(self._config_of(registration) for registration in self.registrations if registration.is_in_config)
        return f"""\
[gateway]
site = "{SITE}"
id = "{self.name}"
key_file = "/var/lib/cuffd/key.jwk"
time_zone = "{ZONE.key}"

[mqtt]
unsigned_commands = ["open_session", "attest", "start", "close_session", "report", "receipt"]

[[mqtt.brokers]]
url = "mqtt://127.0.0.1:1883"

[bluetooth]
connect_for = "{CONNECT_FOR_S}s"

[store]
path = "/var/lib/cuffd/cuffd.db"
reserve = "8MiB"

[web]
enabled = {str(self.has_page).lower()}
emergency_number = "555-0199"
clinic_contact = "555-0100"
crisis_text = {{ en = "Rest, and call." }}

[log]
level = "debug"
format = "json"

[clock]
source = "trust"
{self.policy}
{cuffs}"""

    def _config_of(self, registration: Registration) -> str:
        users = registration.users or {}
        whose = f"patient = {json.dumps(registration.patient)}"
        if users:
            whose = "users = { " + ", ".join(f'{user} = "{patient}"' for user, patient in users.items()) + " }"
        cuff = registration.cuff
        return f"""
[[cuffs]]
id = "{cuff.name}"
address = "{cuff.address}"
model = "{cuff.habits.model}"
{whose}
"""
