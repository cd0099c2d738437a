"""Measurements as a cuff sends them (0x2A35), and what a reading made from one must say.

Octets are built here by the text of the service's specification, on purpose without any code of the gateway.
"""

import struct
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import Enum

from .clock import encode_date_time

NOT_A_NUMBER = 0x07FF
STATUS_NAMES = (
    (0x01, "body_movement"),
    (0x02, "cuff_too_loose"),
    (0x04, "irregular_pulse"),
    (0x20, "improper_position"),
)


class Layout(Enum):
    """How a model writes a measurement."""

    STANDARD = 0x1E  # time, pulse rate, user, status
    NO_USER = 0x16  # time, pulse rate, status
    BEURER_BM85 = 0x56  # as NO_USER, but a user octet follows all the same, and pulse rate and status are big-endian


@dataclass(frozen=True)
class Measurement:
    """One measurement; pressures of None are sent as "not a number"."""

    systolic: Decimal | None
    diastolic: Decimal | None
    mean_arterial_pressure: Decimal | None
    pulse_rate: Decimal | None
    user_id: int
    status: int
    taken_at: datetime
    """The instant, as the rig knows it."""
    stamp: datetime | None
    """The cuff's own civil time; None: sent without a time."""
    layout: Layout

    @property
    def octets(self) -> bytes:
        """The value of 0x2A35."""
        flags = self.layout.value if self.stamp else self.layout.value & ~0x02
        pressures = (self.systolic, self.diastolic, self.mean_arterial_pressure)
        stamp = encode_date_time(self.stamp) if self.stamp else b""
        order = ">" if self.layout is Layout.BEURER_BM85 else "<"
        user = b"" if self.layout is Layout.NO_USER else bytes([self.user_id])
        return (
            bytes([flags])
            + b"".join(struct.pack("<H", sfloat(pressure)) for pressure in pressures)
            + stamp
            + struct.pack(f"{order}H", sfloat(self.pulse_rate))
            + user
            + struct.pack(f"{order}H", self.status)
        )

    @property
    def raw(self) -> str:
        """The octets as a reading's `raw` shows them."""
        return self.octets.hex()

    def fields_of_reading(self) -> dict[str, object]:
        """The fields of a reading that follow from the octets alone."""
        return {
            "unit": "mmHg",
            "systolic": self.systolic,
            "diastolic": self.diastolic,
            "pulse_rate": self.pulse_rate,
            "user_id": None if self.layout is Layout.NO_USER else self.user_id,
            "status": [name for bit, name in STATUS_NAMES if self.status & bit],
            "cuff_time": self.stamp.isoformat() if self.stamp else None,
        }


def sfloat(value: Decimal | None) -> int:
    """The 16-bit float of IEEE 11073-20601 with at most one decimal; None is "not a number"."""
    if value is None:
        return NOT_A_NUMBER
    tenths = int(value * 10)
    if tenths % 10 == 0:
        return tenths // 10 & 0x0FFF
    return 0xF000 | tenths & 0x0FFF


def nth(number: int, user_id: int, taken_at: datetime, stamp: datetime | None, layout: Layout) -> Measurement:
    """The cuff's measurement number `number`: plausible, and unlike its neighbours."""
    has_tenths = layout is Layout.STANDARD and number % 4 == 0
    tenth = Decimal("0.3") if has_tenths else Decimal(0)
    systolic = Decimal(101 + number % 60) + tenth
    diastolic = Decimal(61 + number % 30)
    writes_mean = layout is not Layout.BEURER_BM85
    return Measurement(
        systolic=systolic,
        diastolic=diastolic,
        mean_arterial_pressure=Decimal(int((systolic + 2 * diastolic) / 3)) if writes_mean else Decimal(0),
        pulse_rate=Decimal(51 + number % 47),
        user_id=user_id,
        status=0x04 if number % 7 == 0 else 0,
        taken_at=taken_at,
        stamp=stamp,
        layout=layout,
    )


def failed(user_id: int, taken_at: datetime, stamp: datetime | None, layout: Layout) -> Measurement:
    """A measurement that went wrong: all values are "not a number", the status says nothing."""
    return Measurement(None, None, None, None, user_id, 0, taken_at, stamp, layout)
