"""How cuff models behave, as far as a scenario needs it."""

from dataclasses import dataclass
from enum import Enum

from .measurement import Layout


class Security(Enum):
    """What a cuff asks for before it gives anything away."""

    NONE = "none"
    JUST_WORKS = "just works"
    PASSKEY = "passkey"


class ClockService(Enum):
    """Where a cuff lets its clock be read and set."""

    NONE = "none"
    DATE_TIME = "0x2A08 inside the Blood Pressure Service"
    CURRENT_TIME = "0x2A2B in the Current Time Service"


@dataclass(frozen=True)
class Habits:
    """A model's habits; the defaults are those of a cuff that keeps to the standard."""

    model: str = "standard"
    """The model's name in the gateway's config."""
    layout: Layout = Layout.STANDARD
    security: Security = Security.NONE
    clock: ClockService = ClockService.DATE_TIME
    refuses_to_pair: bool = False
    """As a cuff that is bonded with somebody else, or not in pairing mode."""
    is_proprietary: bool = False
    """Advertises the Blood Pressure Service, and has no measurements in it but a service of its maker's own."""
    ignores_clock_writes: bool = False
    """Answers a write of its clock with ATT 0x80 and goes on; it is set all the same."""
    stamps_only_when_set: bool = False
    """Sends no time with a measurement until its clock was set."""
    keeps_what_was_sent: bool = False
    """Sends everything in its memory in each connection."""
    settles_for_s: float = 0.0
    """Stays silent for a whole connection if it is subscribed to earlier than this after discovery."""
    patience_s: float = 60.0
    """Hangs up if nobody has subscribed by then."""
    idle_s: float = 5.0
    """Hangs up when a subscriber went away."""
    lingers_s: float = 3.0
    """From the last indication to hanging up; long enough to have the clock read, on an emulated machine."""
    gap_s: float = 0.0
    """Between two indications."""


STANDARD = Habits()
HASTY = Habits(clock=ClockService.NONE, lingers_s=0.0)
JUST_WORKS = Habits(security=Security.JUST_WORKS)
PASSKEY = Habits(security=Security.PASSKEY)
AND_UA_651BLE = Habits(
    model="and-ua-651ble",
    layout=Layout.NO_USER,
    security=Security.JUST_WORKS,
    stamps_only_when_set=True,
    patience_s=20.0,
)
BEURER_BM54 = Habits(model="beurer-bm54", security=Security.PASSKEY, clock=ClockService.NONE, gap_s=0.05, lingers_s=2.0)
BEURER_BM85 = Habits(
    model="beurer-bm85",
    layout=Layout.BEURER_BM85,
    clock=ClockService.NONE,
    keeps_what_was_sent=True,
    settles_for_s=0.05,
    gap_s=0.12,
    lingers_s=0.3,
)
OMRON = Habits(
    model="omron-bls", security=Security.JUST_WORKS, clock=ClockService.CURRENT_TIME, ignores_clock_writes=True
)
