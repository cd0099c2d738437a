"""What the journal says of the cuffs' clocks: in which connections they were not read."""

import json
from datetime import UTC, datetime, timedelta

CONNECTED = "connected"
SETTLED = "the cuff's clock is settled"
JOURNAL = (
    "journalctl -t cuffd -o json --output-fields=MESSAGE,F_CUFF,F_READ --no-pager "
    f'"MESSAGE={CONNECTED}" "MESSAGE={SETTLED}" || true'
)
"""Asks for the lines of all boots."""
FORGIVEN = timedelta(seconds=1)
"""A line is written a moment before or after what it tells of."""


class Clocks:
    """The lines of all connections, in order."""

    def __init__(self, journal: str) -> None:
        self._lines = [json.loads(line) for line in journal.splitlines() if line.startswith("{")]

    def left(self, cuff: str, received_at: str) -> bool:
        """Whether the connection that brought this was left without an answer of the cuff's clock: it was settled without, or cut
        off before it was settled. Of a connection that is not in the journal nothing is excused.
        """
        lines = self._of(cuff, datetime.fromisoformat(received_at))
        return bool(lines) and all(line["F_READ"] == "false" for line in lines if line["MESSAGE"] == SETTLED)

    def _of(self, cuff: str, received: datetime) -> list[dict[str, str]]:
        """The lines of the connection of this time, from its begin to that of the next one."""
        mine = [line for line in self._lines if line.get("F_CUFF") == cuff]
        starts = [at(line) for line in mine if line["MESSAGE"] == CONNECTED]
        begun = max((start for start in starts if start <= received + FORGIVEN), default=None)
        if begun is None:
            return []
        over = min((start for start in starts if start > begun), default=datetime.max.replace(tzinfo=UTC))
        return [line for line in mine if begun <= at(line) < over]


def at(line: dict[str, str]) -> datetime:
    """When it was said."""
    return datetime.fromtimestamp(int(line["__REALTIME_TIMESTAMP"]) / 1e6, UTC)
