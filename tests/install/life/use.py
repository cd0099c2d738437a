"""A cuff is paired, and a session comes to its start."""

import asyncio
from datetime import timedelta

from box.box import Box
from box.step import foundation, step
from rig.cuff import PASSKEY as DIGITS
from rig.cuff import Cuff
from rig.habits import PASSKEY, STANDARD
from rig.wait import Failure

NOW = timedelta(0)
A_MEASUREMENT_APART_S = 3.0
"""More than `rest` and `spacing`, with the whole seconds that a cuff's clock tells and learning its offset takes."""


@foundation
async def two_cuffs_are_paired(box: Box) -> None:
    """By `cuffd pair`, beside the running daemon. What they had measured before is nobody's."""
    await pair(box, await box.new_cuff(PASSKEY), "p1", f"--passkey {DIGITS:06}")
    await pair(box, await box.new_cuff(STANDARD), "p2")
    await box.expect("stat -c '%a %U' /var/lib/cuffd/cuffs.toml", "600 cuffd")


async def pair(box: Box, cuff: Cuff, patient: str, *options: str) -> None:
    """One cuff with something in its memory."""
    cuff.measure(2)
    memory = frozenset(taken.raw for taken in cuff.measured)
    words = ("--id", cuff.name, "--patient", patient, *options)
    pairing = asyncio.create_task(box.do(f"cuffd pair {cuff.address} {' '.join(words)}"))
    await cuff.switch_on()
    await pairing
    box.gateway.has_paired(cuff, patient, memory)
    await box.do(f"has_bond {cuff.address}")
    box.says(await box.do("cuffd cuffs"), cuff.name)


@step
async def a_session_is_opened_on_the_page_and_becomes_ready(box: Box) -> None:
    """Two readings and an attestation after its opening."""
    cuff, gateway = box.cuffs[0], box.gateway
    lines, octets = await box.logged()
    await gateway.post("sessions", session="s1", patient="p1")
    opened = await gateway.has_answered("s1", "waiting")
    if opened.body["ready"] or opened.body["counted"]:
        raise Failure(f"a session opens with nothing counted: {opened.text}")
    await gateway.post("sessions/s1/attestations", item="companion_present", by="companion")
    await measure_in_session(box, cuff, counted=1)
    await measure_in_session(box, cuff, counted=2)
    ready = await gateway.has_answered("s1", "ready")
    await box.everything_arrives()
    readings = {reading.body["id"]: reading.body for reading in gateway.readings()}
    behind = [readings[identity]["raw"] for identity in ready.body["counted"]]
    if behind != [taken.raw for taken in cuff.measured[-2:]]:
        raise Failure(f"not the last two readings are behind it: {ready.text}")
    lines, octets = [now - then for now, then in zip(await box.logged(), (lines, octets), strict=True)]
    box.notes.append(f"{lines} lines, {octets / 1e3:.1f} kB of log")


async def measure_in_session(box: Box, cuff: Cuff, counted: int) -> None:
    """The person measures, and the gate counts it."""
    await asyncio.sleep(A_MEASUREMENT_APART_S)
    before = len(cuff.measured)
    cuff.measure(1, spacing=NOW)
    box.gateway.sessions |= {taken.raw: "s1" for taken in cuff.measured[before:]}
    await cuff.switch_on()
    await box.gateway.is_alive_until(
        lambda: len(box.gateway.answers("s1")[-1].body["counted"]) == counted, f"{counted} counted readings"
    )
