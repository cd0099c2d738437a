"""Compares what arrived at the broker with what the cuffs measured."""

from collections.abc import Collection
from datetime import datetime, timedelta

from .cuff import Cuff
from .gateway import Gateway, Registration
from .habits import ClockService
from .measurement import Measurement
from .witness import Message

CLOCK_TOLERANCE = timedelta(seconds=3)
"""A cuff's clock tells whole seconds, and reading it takes time."""


def mistakes(gateway: Gateway, bonded: Collection[Cuff], may_lack: Collection[Measurement] = ()) -> list[str]:
    """What is wrong with the readings that arrived; empty if every measurement arrived, once each, with its values."""
    readings = gateway.readings()
    found = identity_mistakes(readings)
    by_raw = {reading.body.get("raw"): reading for reading in readings}
    expected: set[str] = set()
    for registration in gateway.registrations:
        for taken in registration.cuff.measured:
            if registration.patient_of(taken) is None:
                continue
            expected.add(taken.raw)
            reading = by_raw.get(taken.raw)
            if reading is None and taken not in may_lack:
                found.append(f"{registration.cuff.name}: {taken.raw} never arrived")
            elif reading is not None:
                found += value_mistakes(
                    reading, taken, registration, registration.cuff in bonded, gateway.sessions.get(taken.raw)
                )
    nobodys = {raw for registration in gateway.registrations for raw in registration.nobodys}
    for raw in by_raw.keys() - expected:
        reasons = [reason["code"] for reason in by_raw[raw].body["reasons"]]
        if raw not in nobodys:
            found.append(f"{raw} arrived and was never measured")
        elif "first_session_history" not in reasons:
            # Of unknown time it may have been measured after the pairing, as far as the gateway knows.
            found.append(f"{raw} was measured before the pairing, and is no history: {reasons}")
    return found


def identity_mistakes(readings: list[Message]) -> list[str]:
    """One id for each measurement, the same octets whenever it is sent, and `seq` without a gap."""
    found = []
    text_of: dict[str, str] = {}
    ids_of: dict[str, set[str]] = {}
    for reading in readings:
        identity, raw = reading.body["id"], reading.body["raw"]
        if text_of.setdefault(identity, reading.text) != reading.text:
            found.append(f"{identity} was sent with two different contents")
        ids_of.setdefault(raw, set()).add(identity)
    found += [f"{raw} has {len(ids)} ids" for raw, ids in ids_of.items() if len(ids) > 1]
    sequence = sorted({int(reading.body["seq"]) for reading in readings})
    if sequence and sequence != list(range(sequence[0], sequence[0] + len(text_of))):
        found.append(f"seq has gaps or doubles: {sequence}")
    return found


def value_mistakes(
    reading: Message, taken: Measurement, registration: Registration, bonded: bool, session: str | None
) -> list[str]:
    """The fields of one reading that differ from what the cuff measured."""
    body, cuff = reading.body, registration.cuff
    expected = taken.fields_of_reading() | {"patient": registration.patient_of(taken), "session": session}
    found = [
        f"{taken.raw}: {field} is {body.get(field)!r}, not {value!r}"
        for field, value in expected.items()
        if body.get(field) != value
    ]
    if body["cuff"]["id"] != cuff.name:
        found.append(f"{taken.raw}: came from cuff {body['cuff']['id']}")
    if taken.mean_arterial_pressure and body.get("mean_arterial_pressure") != taken.mean_arterial_pressure:
        found.append(f"{taken.raw}: mean_arterial_pressure is {body.get('mean_arterial_pressure')!r}")
    is_dated = taken.stamp is not None and cuff.habits.clock is not ClockService.NONE
    found += time_mistakes(body.get("taken_at"), taken, is_dated)
    verified = bonded and is_dated
    if body.get("verified") is not verified:
        found.append(f"{taken.raw}: verified is {body.get('verified')!r} by {body.get('verification')!r}")
    return found


def time_mistakes(taken_at: str | None, taken: Measurement, is_dated: bool) -> list[str]:
    """A time is told where the cuff's clock could be read, and is right; else there is none."""
    if not is_dated:
        return [f"{taken.raw}: taken_at is {taken_at}, but the cuff's clock is unknown"] if taken_at else []
    if taken_at is None:
        return [f"{taken.raw}: taken_at is unknown"]
    difference = abs(datetime.fromisoformat(taken_at) - taken.taken_at)
    if difference <= CLOCK_TOLERANCE:
        return []
    return [f"{taken.raw}: taken_at is {taken_at}, off by {difference}"]
