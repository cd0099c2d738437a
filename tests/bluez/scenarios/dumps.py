"""Dumps of stored measurements over healthy connections."""

from rig.habits import HASTY
from rig.scenario import scenario
from rig.world import World


@scenario
async def stored_readings_arrive_on_connect(world: World) -> None:
    """The plain case: a cuff that nobody bonded with gives what it has, and hangs up."""
    cuff = await world.cuff()
    cuff.measure(3)
    await world.gateway.start()
    await cuff.switch_on()
    await world.all_is_well()


@scenario
async def a_dump_of_sixty_arrives_whole(world: World) -> None:
    """Indications back to back, as fast as they are confirmed, and the cuff hangs up right after the last."""
    cuff = await world.cuff(HASTY)
    cuff.measure(60)
    await world.gateway.start()
    await cuff.switch_on()
    await world.all_is_well()


@scenario
async def two_connections_in_a_row_lose_nothing(world: World) -> None:
    """At the second, BlueZ subscribes by itself, and confirms what nobody reads unless the daemon listens already."""
    cuff = await world.cuff(HASTY)
    cuff.measure(3)
    await world.gateway.start()
    await cuff.switch_on()
    await cuff.happened("disconnected")
    for connections in (2, 3):
        cuff.measure(3)
        await cuff.switch_on()
        await cuff.happened("disconnected", connections)
    await world.all_is_well()


@scenario
async def two_cuffs_at_once_keep_their_patients_apart(world: World) -> None:
    """Both advertise from the same moment on."""
    first = await world.cuff(patient="p1")
    second = await world.cuff(patient="p2")
    first.measure(12)
    second.measure(9)
    await world.gateway.start()
    await first.switch_on()
    await second.switch_on()
    await world.all_is_well()
