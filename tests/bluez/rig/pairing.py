"""`cuffd pair` in the guest, as an operator without a terminal runs it."""

from pathlib import Path

from .cuff import Cuff
from .gateway import Gateway
from .guest import Guest
from .wait import Failure, until

PAIRS_IN_S = 120
"""The cuff is looked for, a person types, and its first connection comes to its end."""


class Pairing:
    """One run of it."""

    def __init__(self, guest: Guest, gateway: Gateway, logs: Path, number: int, cuff: Cuff) -> None:
        self._guest, self._gateway = guest, gateway
        self.cuff = cuff
        self.memory = frozenset(taken.raw for taken in cuff.measured if taken not in cuff.confirmed)
        """What the cuff had not sent yet, by its octets."""
        self._log = logs / f"pair-{number}.log"

    async def start(self, *options: str) -> None:
        """Starts it."""
        self._gateway.write_config()
        log, config = f"/host/{self._log.parent.name}/{self._log.name}", self._gateway.config_in_guest
        await self._guest.do(f"start_pairing {log} {self.cuff.address} {' '.join(options)} --config {config}")

    async def says(self, text: str) -> None:
        """Returns once it has said this."""
        await until(lambda: text in self.said(), f"cuffd pair to say {text!r}, not {self.said()!r}", PAIRS_IN_S)

    def said(self) -> str:
        """Everything that it has said so far."""
        return self._log.read_text() if self._log.exists() else ""

    async def ends_with(self, expected: int) -> None:
        """Returns once it ended with this exit code."""

        async def ended() -> bool:
            return await self._guest.exit_code("pair") is not None

        await until(ended, "cuffd pair to end", PAIRS_IN_S, poll_s=0.1)
        code = await self._guest.exit_code("pair")
        if code != expected:
            raise Failure(f"cuffd pair ended with {code}, not with {expected}: {self.said()}")
