"""Habits of cuff models."""

from datetime import datetime, timedelta

from rig.clock import CuffClock
from rig.habits import AND_UA_651BLE, BEURER_BM54, BEURER_BM85, OMRON
from rig.scenario import scenario
from rig.wait import Failure
from rig.world import World

SINCE_THE_CLOCK_WAS_SET = timedelta(0)
"""Measurements of this moment, lest they have been taken before the clock was set."""


@scenario
async def and_ua_651ble_has_its_clock_set_and_its_readings_dated(world: World) -> None:
    """No time in a measurement until the clock is set; impatient; a clock that is wrong is learned before it is set."""
    cuff = await world.bonded_cuff(AND_UA_651BLE, clock=CuffClock(started_at=datetime(2016, 1, 1)))
    cuff.measure(2)
    await world.gateway.start()
    await cuff.switch_on()
    await cuff.happened("disconnected", 2)
    if not cuff.count("clock set") or abs(cuff.clock.error) > timedelta(seconds=3):
        raise Failure(f"the clock was set {cuff.count('clock set')} times and is off by {cuff.clock.error}")
    cuff.measure(2, spacing=SINCE_THE_CLOCK_WAS_SET)
    await cuff.switch_on()
    await world.all_is_well()


@scenario
async def a_clock_that_is_wrong_is_learned_before_it_is_set(world: World) -> None:
    """Readings stamped by a clock that is 197 s fast are dated right, and so are those after it was set."""
    cuff = await world.cuff(clock_error=timedelta(seconds=197))
    cuff.measure(3)
    await world.gateway.start()
    await cuff.switch_on()
    await cuff.happened("disconnected")
    if abs(cuff.clock.error) > timedelta(seconds=3):
        raise Failure(f"the cuff's clock is still off by {cuff.clock.error}")
    cuff.measure(3, spacing=SINCE_THE_CLOCK_WAS_SET)
    await cuff.switch_on()
    await world.all_is_well()


@scenario
async def omron_current_time_is_learned_although_its_write_is_ignored(world: World) -> None:
    """The clock is in the Current Time Service; writing it is answered with ATT 0x80, and the daemon goes on."""
    cuff = await world.bonded_cuff(OMRON, clock_error=timedelta(seconds=-197))
    cuff.measure(3)
    await world.gateway.start()
    await cuff.switch_on()
    await world.all_is_well()


@scenario
async def beurer_bm54_gives_both_users_memories_and_a_failed_measurement(world: World) -> None:
    """Bonded by passkey, no clock over the air, two users; "not a number" is null, not 2047."""
    cuff = await world.bonded_cuff(BEURER_BM54, users={1: "p1", 2: "p2"})
    cuff.measure(14, users=(1, 2))
    cuff.fail_to_measure(user=1)
    await world.gateway.start()
    await cuff.switch_on()
    await world.all_is_well()


@scenario
async def beurer_bm85_sends_everything_every_time_and_each_arrives_once(world: World) -> None:
    """Big-endian pulse rate, a user octet without its flag, silent if subscribed to at once, all of its memory."""
    cuff = await world.cuff(BEURER_BM85, clock=CuffClock(started_at=datetime(2014, 1, 1)), users={0: "p1", 1: "p2"})
    cuff.measure(8, users=(0, 1))
    await world.gateway.start()
    await cuff.switch_on()
    await cuff.happened("disconnected")
    cuff.measure(1, users=(1,))
    await cuff.switch_on()
    await world.everything_arrives()
    await cuff.happened("disconnected", 2)
    await world.all_is_well()
