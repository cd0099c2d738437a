"""A cuff's clock: civil time that runs, may be wrong, and may be set."""

import struct
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("Europe/Berlin")
"""Where cuffs and gateway live; not UTC, so that a mix-up of civil time and UTC shows."""


def civil(instant: datetime) -> datetime:
    """The civil time at `instant`, as a clock on the wall shows it."""
    return instant.astimezone(ZONE).replace(tzinfo=None)


class CuffClock:
    """Civil time plus an error, which setting the clock replaces."""

    def __init__(self, error: timedelta = timedelta(0), started_at: datetime | None = None) -> None:
        """`started_at`: a clock that was never set and began to run at that civil time just now."""
        self.error = error if started_at is None else started_at - civil(datetime.now(ZONE))
        self.was_set = 0

    def at(self, instant: datetime) -> datetime:
        """What this clock showed at `instant`."""
        return (civil(instant) + self.error).replace(microsecond=0)

    def now(self) -> datetime:
        """What this clock shows."""
        return self.at(datetime.now(ZONE))

    def set(self, shown: datetime) -> None:
        """Makes this clock show `shown` now."""
        self.error = shown - civil(datetime.now(ZONE))
        self.was_set += 1

    def read_date_time(self) -> bytes:
        """The octets of Date Time (0x2A08)."""
        return encode_date_time(self.now())

    def read_current_time(self) -> bytes:
        """The octets of Current Time (0x2A2B)."""
        now = self.now()
        return encode_date_time(now) + bytes([now.isoweekday(), 0, 0])


def encode_date_time(when: datetime) -> bytes:
    """The seven octets that Date Time, Current Time and the measurement share."""
    return struct.pack("<HBBBBB", when.year, when.month, when.day, when.hour, when.minute, when.second)


def decode_date_time(octets: bytes) -> datetime:
    """The civil time in the first seven octets."""
    return datetime(*struct.unpack_from("<HBBBBB", octets))
