"""What bluetooth-sig and labmcp-ble-health make of measurements (0x2A35), and how fast.

Reads {"timed": HEX, "frames": {NAME: HEX}} and prints a line of JSON for each peer.
"""

import json
import logging
import platform
import sys
import time
from importlib.metadata import version

from bluetooth_sig.gatt.characteristics import BloodPressureMeasurementCharacteristic
from labmcp_ble_health.driver import parse_blood_pressure_measurement

ROUNDS = 7
TIMES = 20_000


def of_bluetooth_sig(data):
    found = CHARACTERISTIC.parse_value(bytearray(data))
    rest = found.optional_fields
    return {
        "unit": found.unit.value,
        "systolic": found.systolic,
        "diastolic": found.diastolic,
        "mean": found.mean_arterial_pressure,
        "pulse": rest.pulse_rate,
        "user": rest.user_id,
        "status": rest.measurement_status,
    }


def of_labmcp(data):
    found = parse_blood_pressure_measurement(data)
    return {
        "unit": found.unit,
        "systolic": number(found.systolic),
        "diastolic": number(found.diastolic),
        "mean": number(found.mean_arterial),
        "pulse": number(found.pulse_rate_bpm),
        "user": found.user_id,
        "status": found.status,
    }


def number(found):
    """A number, the name of a special value, or None for a field that is not there."""
    return found and (found.special or found.value)


def answer(decode, data):
    try:
        return decode(data)
    except Exception as refused:  # whatever it raises is its answer
        return {"refused": str(refused)}


def a_second(decode, data):
    """In the best round; the first fills caches."""
    best = float("inf")
    for _ in range(ROUNDS):
        start = time.perf_counter()
        for _ in range(TIMES):
            decode(data)
        best = min(best, time.perf_counter() - start)
    return TIMES / best


# As its README has it for known devices; it is faster than its translator, which asks for a UUID.
CHARACTERISTIC = BloodPressureMeasurementCharacteristic()
PEERS = [
    ("bluetooth-sig", of_bluetooth_sig, CHARACTERISTIC.parse_value, bytearray),
    ("labmcp-ble-health", of_labmcp, parse_blood_pressure_measurement, bytes),
]


def main():
    # What it refuses it would log as well.
    logging.disable()
    asked = json.load(sys.stdin)
    for name, shown, decode, octets in PEERS:
        said = {
            "peer": f"{name} {version(name)}",
            "in": f"Python {platform.python_version()}",
            "a_second": a_second(decode, octets.fromhex(asked["timed"])),
            "answers": {frame: answer(shown, bytes.fromhex(hex)) for frame, hex in asked["frames"].items()},
        }
        print(json.dumps(said))


main()
