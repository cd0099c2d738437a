"""Cuffs at a registered, bonded address that do not have the key.

In bookworm's kernel (6.1.192) each refused connection hits a fault (`list_del corruption` in `hci_chan_del`) that takes
bluetoothd down with it, and in the end the machine. Hence a machine for each, and a bluetoothd that is started again.
"""

from rig.habits import JUST_WORKS
from rig.scenario import damaging_scenario
from rig.wait import Failure
from rig.world import World

BOND_IS_MISSED_WITHIN_S = 150
"""The status is sent at most once a minute."""


@damaging_scenario
async def a_stranger_without_the_key_is_never_verified_and_never_paired_with(world: World) -> None:
    """A cuff at a registered, bonded address that lost its keys, or never had them."""
    cuff = await world.bonded_cuff(JUST_WORKS)
    world.keep_bluetoothd_running()
    cuff.measure(2)
    await world.gateway.start()
    await cuff.switch_on()
    await world.has_arrived(2)
    await cuff.happened("disconnected", 2)
    await cuff.forget_bonds()
    cuff.measure(2)
    await cuff.switch_on()
    await bond_is_missed(world)
    if cuff.count("paired") != 1:
        raise Failure("the stranger was paired with")
    if cuff.confirmed != cuff.measured[:2] or world.arrived() != 2:
        raise Failure("the stranger's measurements were taken")


@damaging_scenario
async def a_stranger_that_asks_for_no_key_is_never_verified(world: World) -> None:
    """The bonded cuff goes away, and another that protects nothing takes its address."""
    cuff = await world.bonded_cuff(JUST_WORKS)
    world.keep_bluetoothd_running()
    stranger = await world.impostor_of(cuff)
    stranger.measure(2)
    await world.gateway.start()
    await stranger.switch_on()
    await bond_is_missed(world)
    if any(reading.body["verified"] for reading in world.gateway.readings()):
        raise Failure("a stranger's reading is verified")
    if stranger.count("paired"):
        raise Failure("the stranger was paired with")


async def bond_is_missed(world: World) -> None:
    """Returns once the status names the problem."""
    problem = "bond_lost"
    await world.gateway.is_alive_until(
        lambda: problem in world.gateway.problems(), f"status to say {problem}", BOND_IS_MISSED_WITHIN_S
    )
