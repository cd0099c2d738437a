"""The daemon is killed (SIGKILL) at the worst moments, and started again."""

from rig.scenario import scenario
from rig.world import World


@scenario
async def killed_before_the_cuff_connects(world: World) -> None:
    """BlueZ may go on scanning for a while, but nobody connects."""
    cuff = await world.cuff()
    cuff.measure(3)
    await world.gateway.start()
    await world.gateway.kill()
    await cuff.switch_on()
    await world.gateway.start()
    await world.all_is_well()


@scenario
async def killed_in_the_middle_of_a_dump(world: World) -> None:
    """BlueZ keeps the connection of the dead; the rest comes once the cuff has hung up and is heard again."""
    cuff = await world.cuff()
    cuff.measure(10)
    cuff.hold_before(4)
    await world.gateway.start()
    await cuff.switch_on()
    await world.has_arrived(4)
    await world.gateway.kill()
    # BlueZ unsubscribes for a client that vanished: from here on the cuff sends nothing into the void.
    await cuff.happened("unsubscribed")
    cuff.release()
    await world.gateway.start()
    await world.everything_arrives()


@scenario
async def killed_at_the_last_confirmation(world: World) -> None:
    """BlueZ confirms before the daemon has it: what it confirmed in the instant of the kill is lost to anybody."""
    cuff = await world.cuff()
    cuff.measure(5)
    cuff.hold_before(4)
    await world.gateway.start()
    await cuff.switch_on()
    await world.has_arrived(4)
    cuff.release()
    await cuff.has_confirmed(5)
    await world.gateway.kill()
    await world.gateway.start()
    await world.everything_arrives(may_lack=cuff.measured[-1:])


@scenario
async def killed_between_storing_and_publishing(world: World) -> None:
    """The broker does not answer, so that all is stored and nothing is published."""
    cuff = await world.cuff()
    cuff.measure(10)
    await world.gateway.start()
    await world.hold_broker()
    await cuff.switch_on()
    await cuff.has_confirmed(10)
    await world.gateway.has_stored(10)
    # BlueZ unsubscribes for a client that vanishes while the cuff is connected; that is shown above.
    await cuff.happened("disconnected")
    await world.gateway.kill()
    await world.release_broker()
    await world.gateway.start()
    await world.all_is_well()


@scenario
async def killed_while_publishing(world: World) -> None:
    """Some are acknowledged, some are on their way, some wait: doubles may arrive, none is missing."""
    cuff = await world.cuff()
    cuff.measure(45)
    await world.gateway.start()
    await world.hold_broker()
    await cuff.switch_on()
    await cuff.has_confirmed(45)
    await world.gateway.has_stored(45)
    await cuff.happened("disconnected")
    await world.release_broker()
    await world.has_arrived(5)
    await world.gateway.kill()
    await world.gateway.start()
    await world.all_is_well()
