"""`cuffd pair` and `cuffd forget`: bonds are made on an operator's word, each failure says what and what next."""

from dataclasses import replace
from datetime import timedelta

from rig.cuff import PASSKEY as DIGITS
from rig.cuff import Cuff
from rig.habits import AND_UA_651BLE, JUST_WORKS, OMRON, PASSKEY, STANDARD, Habits
from rig.scenario import scenario
from rig.wait import Failure, until
from rig.world import World


async def measures_after_pairing(world: World, cuff: Cuff, *, history: bool = True) -> None:
    """The first connection that brings measurements is history; if there was none while it was paired, that is the next."""
    for is_history in (True, False) if history else (False,):
        cuff.measure(spacing=timedelta(0))
        await cuff.switch_on()
        raw = cuff.measured[-1].raw

        def arrived(raw: str = raw) -> list[dict[str, object]]:
            return [reading.body for reading in world.gateway.readings() if reading.body["raw"] == raw]

        await world.gateway.is_alive_until(arrived, f"{raw} at the broker")
        reasons = [reason["code"] for reason in arrived()[0]["reasons"]]
        if ("first_session_history" in reasons) is not is_history:
            raise Failure(f"{cuff.measured[-1].raw} has the reasons {reasons}")
        if cuff.is_connected:
            await cuff.happened("disconnected", cuff.count("disconnected") + 1)


async def pairs(world: World, habits: Habits, *options: str) -> None:
    """From an unknown cuff with a full memory to a reading that counts."""
    cuff = await world.new_cuff(habits)
    cuff.measure(3)
    await world.gateway.start(scanning=False)
    await world.pair(cuff, *options)
    if "clock set" not in cuff.events and "clock read" not in cuff.events:
        raise Failure("its clock was neither read nor set")
    await measures_after_pairing(world, cuff, history=False)
    await world.all_is_well()


async def comes_to_nothing(world: World, habits: Habits, *words: str, options: tuple[str, ...] = ()) -> Cuff:
    """The pairing of such a cuff fails, says these words, and leaves no bond behind."""
    cuff = await world.new_cuff(habits)
    await world.gateway.start(scanning=False)
    pairing = world.pairing(cuff)
    await pairing.start("--id", cuff.name, "--patient", "p1", *options)
    await cuff.switch_on()
    await pairing.ends_with(1)
    unsaid = [word for word in words if word not in pairing.said()]
    if unsaid or await world.is_bonded(cuff):
        raise Failure(f"it does not say {unsaid}, or there is a bond: {pairing.said()!r}")
    return cuff


@scenario
async def a_cuff_without_protection_is_paired(world: World) -> None:
    """It bonds all the same, so that nobody else can play it."""
    await pairs(world, STANDARD)


@scenario
async def a_cuff_is_paired_by_just_works(world: World) -> None:
    """One that sends no time until its clock is set."""
    await pairs(world, AND_UA_651BLE, "--model", "and-ua-651ble")


@scenario
async def a_cuff_that_ignores_its_clock_being_written_is_paired(world: World) -> None:
    """Omron's way: the Current Time Service, answered with ATT 0x80."""
    await pairs(world, OMRON, "--model", "omron-bls")


@scenario
async def a_cuff_is_paired_by_its_passkey(world: World) -> None:
    """Given before as an option."""
    await pairs(world, PASSKEY, "--passkey", f"{DIGITS:06}")


@scenario
async def the_passkey_may_be_entered_on_the_page(world: World) -> None:
    """Who sees the cuff's display need not be at the operator's terminal."""
    cuff = await world.new_cuff(PASSKEY)
    world.gateway.has_page = True
    await world.gateway.start(scanning=False)
    pairing = world.pairing(cuff)
    await pairing.start("--id", cuff.name, "--patient", "p1")
    await cuff.switch_on()
    await pairing.says("The cuff shows six digits")
    status = await world.guest.do(f"cuffd status --json --config {world.gateway.config_in_guest}")
    if '"passkey_wanted":true' not in status:
        raise Failure(f"the page does not know: {status}")
    reply = await world.guest.do(f"""post /api/v1/passkey '{{"passkey":"{DIGITS:06}"}}'""")
    if '"ok":true' not in reply:
        raise Failure(f"the page says {reply}")
    await pairing.ends_with(0)
    await world.is_paired(pairing)
    await measures_after_pairing(world, cuff)
    await world.all_is_well()


@scenario
async def a_wrong_passkey_leaves_nothing_behind_and_can_be_put_right(world: World) -> None:
    """The cuff refuses; the next try is as good as the first."""
    wrong = ("--passkey", f"{DIGITS - 1:06}")
    cuff = await comes_to_nothing(world, PASSKEY, "not the digits", "start again", options=wrong)
    await world.pair(cuff, "--passkey", f"{DIGITS:06}")
    await measures_after_pairing(world, cuff)
    await world.all_is_well()


@scenario
async def a_passkey_that_nobody_enters_ends_the_pairing(world: World) -> None:
    """The protocol gives up after half a minute."""
    await comes_to_nothing(world, PASSKEY, "nobody entered")
    await world.gateway.stop()


@scenario
async def a_cuff_that_has_forgotten_us_is_paired_again(world: World) -> None:
    """Its registration stays, and what it measured meanwhile arrives."""
    cuff = await world.new_cuff(JUST_WORKS)
    await world.gateway.start(scanning=False)
    await world.pair(cuff)
    await measures_after_pairing(world, cuff)
    # BlueZ 5.66 ends over a refused key.
    world.keep_bluetoothd_running()
    await cuff.forget_bonds()
    cuff.measure(2, spacing=timedelta(seconds=1))
    await cuff.switch_on()
    await world.gateway.is_alive_until(lambda: "bond_lost" in world.gateway.problems(), "the lost bond to be told", 150)
    pairing = world.pairing(cuff)
    await pairing.start()
    await pairing.ends_with(0)
    if "bond from before was removed" not in pairing.said():
        raise Failure(f"it says {pairing.said()!r}")
    await world.all_is_well()


@scenario
async def a_cuff_that_refuses_is_told_so_in_plain_words(world: World) -> None:
    """Bonded with a telephone, or not in pairing mode."""
    await comes_to_nothing(world, replace(JUST_WORKS, refuses_to_pair=True), "refused to pair", "telephone")
    await world.gateway.stop()


@scenario
async def a_cuff_that_only_looks_standard_is_told_so(world: World) -> None:
    """It advertises the Blood Pressure Service, and has no measurement in it."""
    await comes_to_nothing(world, replace(STANDARD, is_proprietary=True), "0xFE4A")
    await world.gateway.stop()


@scenario
async def a_cuff_is_paired_while_no_daemon_runs(world: World) -> None:
    """Under the store's lock; the daemon that starts then knows it."""
    cuff = await world.new_cuff(JUST_WORKS)
    await world.pair(cuff)
    await world.gateway.start()
    await measures_after_pairing(world, cuff)
    await world.all_is_well()


@scenario
async def a_cuff_is_paired_beside_one_that_delivers(world: World) -> None:
    """Nothing of the other's is lost, and its connections go on."""
    other = await world.bonded_cuff(JUST_WORKS, patient="p2")
    cuff = await world.new_cuff(PASSKEY)
    other.measure(3)
    await world.gateway.start()
    await other.switch_on()
    await world.has_arrived(3)
    other.measure(5)
    await world.pair(cuff, "--passkey", f"{DIGITS:06}")
    await other.switch_on()
    await measures_after_pairing(world, cuff)
    await world.all_is_well()


@scenario
async def a_cuff_that_is_forgotten_is_left_alone(world: World) -> None:
    """Its bond is gone, its readings stay, and another registration begins from nothing."""
    cuff = await world.new_cuff(JUST_WORKS)
    await world.gateway.start(scanning=False)
    await world.pair(cuff)
    await measures_after_pairing(world, cuff)
    config = world.gateway.config_in_guest
    await world.guest.do(f"cuffd forget {cuff.name} --yes --config {config}")
    if await world.is_bonded(cuff):
        raise Failure("there is a bond")
    listed = await world.guest.do(f"cuffd cuffs --config {config}")
    if cuff.name in listed:
        raise Failure(f"cuffd cuffs lists {listed!r}")
    await cuff.forget_bonds()
    connections = cuff.count("connected")
    await world.pair(cuff)
    await until(lambda: cuff.count("connected") > connections, "the cuff to be connected again")
    await measures_after_pairing(world, cuff)
    await world.all_is_well()
