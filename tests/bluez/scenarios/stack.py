"""BlueZ, the adapter and the bus go away, and come back."""

from rig.scenario import scenario
from rig.wait import until
from rig.world import World

TEMPORARY_FAILURE = 75


@scenario
async def bluetoothd_is_killed_while_scanning(world: World) -> None:
    """It comes back without a scan, and nobody is told."""
    cuff = await world.cuff()
    cuff.measure(3)
    await world.gateway.start()
    await world.kill_bluetoothd()
    await world.start_bluetoothd()
    await world.adapter_is_on()
    await cuff.switch_on()
    await world.all_is_well()


@scenario
async def bluetoothd_is_killed_while_connected(world: World) -> None:
    """The link drops without an event; what the cuff still has comes over a new one."""
    cuff = await world.cuff()
    cuff.measure(8)
    cuff.hold_before(4)
    await world.gateway.start()
    await cuff.switch_on()
    await world.has_arrived(4)
    await world.kill_bluetoothd()
    await world.start_bluetoothd()
    cuff.release()
    await world.all_is_well()


@scenario
async def the_adapter_is_switched_off_and_on(world: World) -> None:
    """BlueZ does not resume a scan by itself."""
    cuff = await world.cuff()
    cuff.measure(3)
    await world.gateway.start()
    await world.power_adapter(on=False)
    await until(lambda: not world.guest.adapter.is_scanning, "the scan to end")
    await world.power_adapter(on=True)
    await world.gateway.scans()
    await cuff.switch_on()
    await world.all_is_well()


@scenario
async def the_adapter_goes_in_the_middle_of_a_dump_and_comes_back(world: World) -> None:
    """Pulled out while a cuff is connected, and put back in."""
    cuff = await world.cuff()
    cuff.measure(8)
    cuff.hold_before(4)
    await world.gateway.start()
    await cuff.switch_on()
    await world.has_arrived(4)
    await world.remove_adapter()
    await world.insert_adapter()
    await world.adapter_is_on()
    cuff.release()
    await world.all_is_well()


@scenario
async def without_an_adapter_the_daemon_waits_for_one(world: World) -> None:
    """Started without, it is online and finds the adapter when it comes."""
    cuff = await world.cuff()
    cuff.measure(2)
    await world.remove_adapter()
    await world.gateway.start(scanning=False)
    await world.insert_adapter()
    await cuff.switch_on()
    await world.all_is_well()


@scenario
async def a_new_bus_ends_the_daemon_with_75(world: World) -> None:
    """Nothing of the old bus can be used again, so the service manager starts the daemon anew."""
    cuff = await world.cuff()
    cuff.measure(4)
    await world.gateway.start()
    await cuff.switch_on()
    await world.has_arrived(4)
    await world.restart_bus()
    await world.gateway.ends_with(TEMPORARY_FAILURE, within_s=75)
    await world.adapter_is_on()
    cuff.measure(3)
    await world.gateway.start()
    await cuff.switch_on()
    await world.all_is_well()
