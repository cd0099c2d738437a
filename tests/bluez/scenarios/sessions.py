"""A session from its opening to its start, with a real link to a bonded cuff."""

import asyncio
from datetime import timedelta

from rig.cuff import Cuff
from rig.habits import PASSKEY
from rig.scenario import scenario
from rig.wait import Failure
from rig.world import World

POLICY = """
[readiness]
policy = "scenario"
systolic = { min = 60, max = 200 }
diastolic = { min = 40, max = 120 }
crisis = { systolic = 250, diastolic = 150 }
readings = 2
valid_for = "5m"
rest = "1s"
spacing = "1s"
attestations = ["companion_present"]
"""

NOW = timedelta(0)
A_MEASUREMENT_APART_S = 3.0
"""More than `rest` and `spacing`, with the whole seconds that a cuff's clock tells and learning its offset takes."""


@scenario
async def a_session_with_a_bonded_cuff_from_opening_to_start(world: World) -> None:
    """What a platform sees of it: why it is not ready, then that it is, by which readings, then that it has started."""
    gateway = world.gateway
    gateway.policy = POLICY
    cuff = await world.bonded_cuff(PASSKEY)
    # The first connection that brings anything does not count.
    cuff.measure(1)
    await gateway.start()
    await cuff.switch_on()
    await world.has_arrived(1)
    await gateway.command("open_session", session="s1", patient="p1")
    opened = await gateway.has_answered("s1", "waiting")
    if opened.body["systolic"] is not None or opened.body["counted"]:
        raise Failure(f"a session opens with nothing counted: {opened.text}")
    await gateway.command("attest", session="s1", item="companion_present", by="companion")
    await measure_in_session(world, cuff, counted=1)
    await measure_in_session(world, cuff, counted=2)
    ready = await gateway.has_answered("s1", "ready")
    # Readiness goes out before readings do.
    await world.has_arrived(world.owned())
    check_ready(world, ready.body, cuff)
    await gateway.command("start", session="s1")
    await gateway.has_answered("s1", "started")
    await world.all_is_well()


async def measure_in_session(world: World, cuff: Cuff, counted: int) -> None:
    """The person measures, and the gate counts it."""
    await asyncio.sleep(A_MEASUREMENT_APART_S)
    before = len(cuff.measured)
    cuff.measure(1, spacing=NOW)
    world.gateway.sessions |= {taken.raw: "s1" for taken in cuff.measured[before:]}
    await cuff.switch_on()
    await world.gateway.is_alive_until(
        lambda: len(world.gateway.answers("s1")[-1].body["counted"]) == counted, f"{counted} counted readings"
    )


def check_ready(world: World, answer: dict[str, object], cuff: Cuff) -> None:
    """The answer names the readings behind it, and their means."""
    readings = {reading.body["id"]: reading.body for reading in world.gateway.readings()}
    behind = [readings[identity] for identity in answer["counted"]]
    if [reading["raw"] for reading in behind] != [taken.raw for taken in cuff.measured[-2:]]:
        raise Failure(f"not the last two readings are behind it: {answer}")
    mean = sum(reading["systolic"] for reading in behind) / 2
    if answer["systolic"] != mean or not answer["valid_until"] or answer["reasons"]:
        raise Failure(f"systolic should be {mean}, and there should be no reason: {answer}")
    if not all(reading["verified"] and reading["counted"] for reading in behind):
        raise Failure("what is behind it is not verified")
