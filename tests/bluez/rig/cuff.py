"""A virtual cuff: measures, keeps what it measured until it was confirmed, advertises, and sends."""

import asyncio
import json
import struct
import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from bumble import att
from bumble.controller import Controller
from bumble.core import UUID, AdvertisingData
from bumble.device import Connection, Device, DeviceConfiguration
from bumble.gatt import Characteristic, CharacteristicValue, Service
from bumble.host import Host
from bumble.keys import MemoryKeyStore
from bumble.pairing import PairingConfig, PairingDelegate
from bumble.transport.common import AsyncPipeSink

from . import measurement
from .clock import ZONE, CuffClock, decode_date_time
from .habits import ClockService, Habits, Security
from .measurement import Measurement
from .radio import Air
from .wait import until

ADVERTISING_INTERVAL_MS = 100
PASSKEY = 123456
SPACING = timedelta(seconds=5)
"""Between stored measurements; small, so that a long dump is still fresh."""
DATA_FIELD_IGNORED = 0x80
PROPRIETARY_SERVICE = 0xFE4A
DISCOVERY_REQUESTS = ("ATT_FIND_INFORMATION_REQUEST", "ATT_READ_BY_TYPE_REQUEST", "ATT_READ_BY_GROUP_TYPE_REQUEST")
CCCD = UUID.from_16_bits(0x2902)


class Cuff:
    """One cuff. `happened` and `confirmed` tell a scenario what it went through."""

    def __init__(self, air: Air, log: Path, name: str, address: str, habits: Habits, clock: CuffClock) -> None:
        self.name, self.address, self.habits, self.clock = name, address, habits, clock
        self.measured: list[Measurement] = []
        self.confirmed: list[Measurement] = []
        self.events: list[str] = []
        self._air = air
        self._log = log
        self._keys = MemoryKeyStore()
        self._unsent: list[Measurement] = []
        self._is_on = False
        self._connection: Connection | None = None
        self._sending: asyncio.Task[None] | None = None
        self._patience: asyncio.TimerHandle | None = None
        self._subscribed_by_bond = False
        self._discovered_at = 0.0
        self._held_before: int | None = None
        self._released = asyncio.Event()

    # What the person with the cuff does

    def measure(self, count: int = 1, users: Sequence[int] = (1,), spacing: timedelta = SPACING) -> None:
        """Takes `count` measurements up to now; `users` take turns. Without `spacing` all are of this very moment."""
        now = datetime.now(ZONE)
        for number in range(count):
            taken_at = now - spacing * (count - number)
            stamp = None if self.habits.stamps_only_when_set and not self.clock.was_set else self.clock.at(taken_at)
            user = users[number % len(users)]
            self._keep(measurement.nth(len(self.measured) + 1, user, taken_at, stamp, self.habits.layout))

    def fail_to_measure(self, user: int = 1) -> None:
        """Takes a measurement that goes wrong."""
        now = datetime.now(ZONE)
        self._keep(measurement.failed(user, now, self.clock.at(now), self.habits.layout))

    def _keep(self, taken: Measurement) -> None:
        self.measured.append(taken)
        self._unsent.append(taken)

    async def switch_on(self) -> None:
        """Advertises, and again after each connection while something is unsent."""
        self._is_on = True
        await self._advertise()

    async def switch_off(self) -> None:
        """Stops advertising."""
        self._is_on = False
        await self._device.stop_advertising()

    async def forget_bonds(self) -> None:
        """Loses all keys, as after a reset of the cuff."""
        await self._keys.delete_all()
        self._subscribed_by_bond = False
        self._note("bonds forgotten")

    def leave_range(self) -> None:
        """Is not heard any more, and hears nobody."""
        self._air.out_of_range.add(self._controller)
        self._note("out of range")

    def lose_range_at_next_confirmation(self) -> None:
        """Goes out of range when the gateway confirms the next indication, and does not hear that."""
        self._air.loses_confirmation_to.add(self._controller)

    @property
    def is_out_of_range(self) -> bool:
        """Whether the cuff is out of range."""
        return self._controller in self._air.out_of_range

    def return_to_range(self) -> None:
        """Is heard again, after both sides gave up the connection."""
        self._air.break_connections(self._controller)
        self._air.out_of_range.discard(self._controller)
        self._note("in range")

    def hold_before(self, number: int) -> None:
        """Pauses before the indication after which `number` would be confirmed in all, until `release`."""
        self._held_before = number
        self._released.clear()

    def release(self) -> None:
        """Ends the pause."""
        self._held_before = None
        self._released.set()

    # What a scenario asks

    def count(self, event: str) -> int:
        """How often `event` happened."""
        return self.events.count(event)

    async def happened(self, event: str, times: int = 1) -> None:
        """Returns once `event` happened that often."""
        await until(lambda: self.count(event) >= times, f"{self.name}: {event} ({times} times)")

    async def has_confirmed(self, count: int) -> None:
        """Returns once that many different measurements were confirmed."""
        await until(lambda: len(self.confirmed) >= count, f"{self.name}: {count} confirmed")

    @property
    def is_connected(self) -> bool:
        """Whether somebody is connected."""
        return self._connection is not None

    # How it is built

    async def start(self) -> None:
        """Puts the cuff together, silent."""
        self._controller = Controller(self.name, link=self._air)
        configuration = DeviceConfiguration()
        configuration.load_from_dict({"name": self.name, "address": self.address})
        configuration.eatt_enabled = False
        host = Host(self._controller, AsyncPipeSink(self._controller))
        self._device = Device(config=configuration, host=host)
        self._device.add_services(self._services())
        self._protect_subscription()
        self._device.pairing_config_factory = lambda _: self._pairing()
        self._device.keystore = self._keys
        self._device.on("connection", self._on_connection)
        await self._device.power_on()
        self._watch_discovery()

    async def stop(self) -> None:
        """Takes the cuff off the air."""
        self._is_on = False
        if self._sending:
            self._sending.cancel()
        await self._device.stop_advertising()
        self._air.break_connections(self._controller)
        self._air.out_of_range.discard(self._controller)
        self._air.remove_controller(self._controller)

    def _services(self) -> list[Service]:
        readable, writeable = self._permissions()
        properties = Characteristic.Properties
        ours = Characteristic(UUID.from_16_bits(0x2A35), properties.INDICATE, att.Attribute.Permissions(0), b"")
        ours.on("subscription", self._on_subscription)
        self._measurement = ours
        feature = Characteristic(UUID.from_16_bits(0x2A49), properties.READ, readable, struct.pack("<H", 0x0027))
        blood_pressure, others = [ours, feature], []
        read_write = properties.READ | properties.WRITE
        match self.habits.clock:
            case ClockService.DATE_TIME:
                value = self._clock_value(self.clock.read_date_time)
                blood_pressure.append(
                    Characteristic(UUID.from_16_bits(0x2A08), read_write, readable | writeable, value)
                )
            case ClockService.CURRENT_TIME:
                value = self._clock_value(self.clock.read_current_time)
                current_time = Characteristic(UUID.from_16_bits(0x2A2B), read_write, readable | writeable, value)
                others.append(Service(UUID.from_16_bits(0x1805), [current_time]))
            case ClockService.NONE:
                pass
        texts = {0x2A29: b"Example", 0x2A24: b"BP-1", 0x2A25: b"SN0001", 0x2A26: b"1.0"}
        information = [
            Characteristic(UUID.from_16_bits(uuid), properties.READ, readable, text) for uuid, text in texts.items()
        ]
        battery = Characteristic(UUID.from_16_bits(0x2A19), properties.READ, readable, bytes([87]))
        if self.habits.is_proprietary:
            blood_pressure.remove(ours)
            others.append(Service(UUID.from_16_bits(PROPRIETARY_SERVICE), []))
        return [
            Service(UUID.from_16_bits(0x1810), blood_pressure),
            *others,
            Service(UUID.from_16_bits(0x180F), [battery]),
            Service(UUID.from_16_bits(0x180A), information),
        ]

    def _permissions(self) -> tuple[att.Attribute.Permissions, att.Attribute.Permissions]:
        flags = att.Attribute.Permissions
        readable, writeable = flags.READABLE, flags.WRITEABLE
        if self.habits.security is not Security.NONE:
            readable |= flags.READ_REQUIRES_ENCRYPTION
            writeable |= flags.WRITE_REQUIRES_ENCRYPTION
        if self.habits.security is Security.PASSKEY:
            readable |= flags.READ_REQUIRES_AUTHENTICATION
            writeable |= flags.WRITE_REQUIRES_AUTHENTICATION
        return readable, writeable

    def _protect_subscription(self) -> None:
        if self.habits.is_proprietary:
            return
        # bumble keeps the CCCD beside the characteristic's descriptors, not among them.
        attributes = self._device.gatt_server.attributes
        cccd = next(a for a in attributes if a.type == CCCD and a.handle > self._measurement.handle)
        cccd.permissions = att.Attribute.Permissions.READABLE | self._permissions()[1]

    def _clock_value(self, read) -> CharacteristicValue:
        def write(_connection, octets: bytes) -> None:
            self.clock.set(decode_date_time(octets))
            self._note("clock set")
            if self.habits.ignores_clock_writes:
                raise att.ATT_Error(DATA_FIELD_IGNORED)

        def read_noted(_connection) -> bytes:
            self._note("clock read")
            return read()

        return CharacteristicValue(read=read_noted, write=write)

    def _pairing(self) -> PairingConfig:
        shows_passkey = self.habits.security is Security.PASSKEY
        capability = PairingDelegate.DISPLAY_OUTPUT_ONLY if shows_passkey else PairingDelegate.NO_OUTPUT_NO_INPUT
        delegate = FixedPasskey(capability)
        delegate.agrees = not self.habits.refuses_to_pair
        return PairingConfig(sc=True, mitm=shows_passkey, bonding=True, delegate=delegate)

    def _watch_discovery(self) -> None:
        server = self._device.gatt_server
        handle_pdu = server.on_gatt_pdu

        def watched(bearer, pdu) -> None:
            if pdu.name in DISCOVERY_REQUESTS:
                self._discovered_at = time.monotonic()
            handle_pdu(bearer, pdu)

        server.on_gatt_pdu = watched  # type: ignore[method-assign, assignment]

    # What happens on the air

    async def _advertise(self) -> None:
        data = AdvertisingData(
            [
                (AdvertisingData.FLAGS, bytes([0x06])),
                (AdvertisingData.INCOMPLETE_LIST_OF_16_BIT_SERVICE_CLASS_UUIDS, struct.pack("<H", 0x1810)),
                (AdvertisingData.COMPLETE_LOCAL_NAME, self.name.encode()),
            ]
        )
        await self._device.start_advertising(
            advertising_data=bytes(data),
            auto_restart=False,
            advertising_interval_min=ADVERTISING_INTERVAL_MS,
            advertising_interval_max=ADVERTISING_INTERVAL_MS,
        )
        self._note("advertising")

    def _on_connection(self, connection: Connection) -> None:
        self._connection = connection
        self._note("connected")
        connection.on("disconnection", self._on_disconnection)
        connection.on("connection_encryption_change", lambda: self._on_encryption(connection))
        connection.on("pairing", lambda _keys: self._note("paired"))
        connection.on("pairing_failure", lambda _reason: self._note("pairing failed"))
        self._hang_up_later(self.habits.patience_s)

    def _hang_up_later(self, delay_s: float) -> None:
        self._stay()
        self._patience = asyncio.get_running_loop().call_later(delay_s, self._hang_up)

    def _stay(self) -> None:
        if self._patience:
            self._patience.cancel()
            self._patience = None

    def _hang_up(self) -> None:
        if self._connection:
            self._note("hangs up")
            task = asyncio.ensure_future(self._connection.disconnect())
            task.add_done_callback(lambda done: done.cancelled() or done.exception())

    def _on_encryption(self, connection: Connection) -> None:
        self._note("encrypted" if connection.is_encrypted else "not encrypted")
        if connection.is_encrypted and self._subscribed_by_bond:
            self._note("sends at once")
            self._start_sending(connection)

    def _on_subscription(self, connection: Connection, _notify: bool, indicate: bool) -> None:
        self._note("subscribed" if indicate else "unsubscribed")
        self._subscribed_by_bond = indicate and self.habits.security is not Security.NONE
        if not indicate:
            self._stop_sending()
            self._hang_up_later(self.habits.idle_s)
        elif time.monotonic() - self._discovered_at < self.habits.settles_for_s:
            self._note("subscribed too early: stays silent")
        else:
            self._start_sending(connection)

    def _on_disconnection(self, reason: int) -> None:
        self._connection = None
        self._stay()
        self._stop_sending()
        self._note("disconnected", reason=reason)
        if self._is_on and self._unsent:
            asyncio.ensure_future(self._advertise())

    def _start_sending(self, connection: Connection) -> None:
        if self._sending is None or self._sending.done():
            self._stay()
            self._sending = asyncio.create_task(self._send_all(connection))

    def _stop_sending(self) -> None:
        if self._sending:
            self._sending.cancel()
            self._sending = None

    async def _send_all(self, connection: Connection) -> None:
        waiting = list(self.measured if self.habits.keeps_what_was_sent else self._unsent)
        while waiting:
            await self._wait_while_held()
            await self._send(connection, waiting.pop(0))
            if not waiting and not self.habits.keeps_what_was_sent:
                waiting = list(self._unsent)
            await asyncio.sleep(self.habits.gap_s)
        self._hang_up_later(self.habits.lingers_s)

    async def _wait_while_held(self) -> None:
        if self._held_before is not None and len(self.confirmed) >= self._held_before:
            self._note("held")
            await self._released.wait()

    async def _send(self, connection: Connection, taken: Measurement) -> None:
        self._note("indicated", raw=taken.raw)
        # By force: bumble forgets a subscription with the connection, a bonded cuff does not.
        await self._device.gatt_server.indicate_subscriber(connection, self._measurement, taken.octets, force=True)
        self._note("confirmed", raw=taken.raw)
        if taken in self._unsent:
            self._unsent.remove(taken)
            self.confirmed.append(taken)

    def _note(self, event: str, **details: object) -> None:
        self.events.append(event)
        line = {
            "at": datetime.now(ZONE).isoformat(timespec="milliseconds"),
            "cuff": self.name,
            "event": event,
            **details,
        }
        with self._log.open("a") as log:
            log.write(json.dumps(line) + "\n")


class FixedPasskey(PairingDelegate):
    """Shows always the same passkey, and agrees to everything or to nothing."""

    agrees = True

    async def accept(self) -> bool:
        """Whether the cuff wants to be paired."""
        return self.agrees

    async def generate_passkey(self) -> int:
        """The passkey that the cuff shows."""
        return PASSKEY
