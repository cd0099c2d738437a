"""The cuff goes out of range, and comes back."""

from rig.scenario import scenario
from rig.wait import until
from rig.world import World


@scenario
async def out_of_range_in_the_middle_of_a_dump(world: World) -> None:
    """What was not confirmed stays in the cuff, and comes when it is back."""
    cuff = await world.cuff()
    cuff.measure(12)
    cuff.hold_before(5)
    await world.gateway.start()
    await cuff.switch_on()
    await cuff.happened("held")
    cuff.leave_range()
    cuff.release()
    await world.has_arrived(5)
    cuff.return_to_range()
    await world.all_is_well()


@scenario
async def a_confirmation_that_the_cuff_never_heard_makes_no_second_reading(world: World) -> None:
    """The measurement is sent again in the next connection, octet for octet; it is still one reading."""
    cuff = await world.cuff()
    cuff.measure(6)
    cuff.hold_before(3)
    await world.gateway.start()
    await cuff.switch_on()
    await cuff.happened("held")
    cuff.lose_range_at_next_confirmation()
    cuff.release()
    await until(lambda: cuff.is_out_of_range, "the confirmation to be lost")
    await world.has_arrived(4)
    cuff.return_to_range()
    await world.all_is_well()
