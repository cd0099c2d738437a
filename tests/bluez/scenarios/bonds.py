"""Bonded cuffs, which need not be subscribed to twice."""

from rig.habits import JUST_WORKS, PASSKEY
from rig.scenario import scenario
from rig.wait import Failure
from rig.world import World


@scenario
async def a_bonded_cuff_that_sends_right_after_encryption_loses_nothing(world: World) -> None:
    """From the second connection on the cuff does not wait to be subscribed to."""
    cuff = await world.bonded_cuff(JUST_WORKS)
    cuff.measure(3)
    await world.gateway.start()
    await cuff.switch_on()
    await cuff.happened("disconnected", 2)
    for connections in (3, 4):
        cuff.measure(5)
        await cuff.switch_on()
        await cuff.happened("disconnected", connections)
    if cuff.count("sends at once") < 2:
        raise Failure("the cuff did not send at once: this scenario shows nothing")
    await world.all_is_well()


@scenario
async def a_bonded_cuff_that_sends_at_once_survives_a_restart_of_the_daemon(world: World) -> None:
    """While the cuff is away BlueZ still knows its characteristics, so the daemon can listen before it connects."""
    cuff = await world.bonded_cuff(PASSKEY)
    cuff.measure(2)
    await world.gateway.start()
    await cuff.switch_on()
    await world.has_arrived(2)
    await cuff.happened("disconnected", 2)
    await world.gateway.stop()
    cuff.measure(4)
    await world.gateway.start()
    await cuff.switch_on()
    await world.all_is_well()
