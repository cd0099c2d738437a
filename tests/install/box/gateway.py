"""cuffd as installed: started by systemd, configured in /etc, and told what to do on its page."""

import json
from collections.abc import Callable
from pathlib import Path

from rig.clock import ZONE
from rig.gateway import CONNECT_FOR_S, SITE, Gateway
from rig.wait import Failure, until
from rig.witness import Message, Witness

from .broker import Broker
from .machine import Machine

NAME = "box-1"
CONFIG = "/etc/cuffd/cuffd.toml"
PATIENCE_S = 240.0
"""More than `tests/bluez` has: here a whole system does what it does beside."""


class InstalledGateway(Gateway):
    """`rig.gateway` for a daemon that is systemd's."""

    def __init__(self, machine: Machine, broker: Broker, logs: Path) -> None:
        super().__init__(machine, Witness(broker.received), NAME, logs)
        self.config_in_guest = CONFIG
        self._broker = broker

    async def is_alive_until(self, fact: Callable[[], object], what: str, timeout_s: float = PATIENCE_S) -> None:
        """As `until`: whether the daemon lives is systemd's care."""
        await until(fact, what, timeout_s, poll_s=0.1)

    def statuses(self) -> list[Message]:
        """What it said of itself."""
        return self._witness.messages(f"{self._topic}/status")

    def runs(self) -> list[str]:
        """The runs that came online, in order."""
        return list(dict.fromkeys(status.body["run"] for status in self.statuses() if status.body["state"] == "online"))

    async def is_online_again(self, runs: int) -> None:
        """Returns once a run that was not among the first so many has come online and, with cuffs to hear, listens to the air."""
        await until(lambda: len(self.runs()) > runs, "cuffd to be online again", PATIENCE_S, poll_s=0.1)
        if self.registrations:
            await self.scans()

    async def post(self, path: str, **fields: object) -> None:
        """Does something on the page; fails if the page says no."""
        reply = await self._guest.do(f"post /api/v1/{path} '{json.dumps(fields)}'")
        if not json.loads(reply)["ok"]:
            raise Failure(f"{path}: {reply}")

    def clinics_file(self) -> str:
        """What the clinic hands out: everything that this gateway must be told."""
        return f"""\
[gateway]
site = "{SITE}"
id = "{NAME}"
time_zone = "{ZONE.key}"

[mqtt]

[[mqtt.brokers]]
url = "{self._broker.url}"
allow_plaintext = true

[bluetooth]
connect_for = "{CONNECT_FOR_S}s"

[readiness]
policy = "install"
systolic = {{ min = 60, max = 200 }}
diastolic = {{ min = 40, max = 120 }}
crisis = {{ systolic = 250, diastolic = 150 }}
readings = 2
valid_for = "30m"
rest = "1s"
spacing = "1s"
attestations = ["companion_present"]
attest_for = "2h"

[web]
emergency_number = "555-0199"
clinic_contact = "555-0100"
crisis_text = {{ en = "Rest, and call." }}

[log]
level = "debug"

[clock]
source = "trust"
"""
