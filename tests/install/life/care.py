"""What an operator does with a box that works: a new version, and a look at whether all is well."""

import asyncio
import json
from datetime import timedelta
from typing import Any

from box.box import Box
from box.gateway import PATIENCE_S
from box.step import step, step_with
from rig.habits import STANDARD
from rig.wait import Failure

BAD, OK, WARN = "bad", "ok", "warn"


@step
async def it_is_upgraded_while_it_runs(box: Box) -> None:
    """Another process, everything that was there before, and the open session judged again."""
    await box.note_state()
    before = box.gateway.answers("s1")[-1]
    runs, pid = len(box.gateway.runs()), (await box.do("property MainPID")).strip()
    await box.install(box.current)
    await box.expect("dpkg-query -W -f '${Version}' cuffd", box.current)
    await box.gateway.is_online_again(runs)
    await box.do(f"[ $(property MainPID) != {pid} ]")
    await box.do("cuffd check")
    await box.state_is_kept()
    await box.judges_again("s1", before)
    cuff = box.cuffs[1]
    cuff.measure(2, spacing=timedelta(seconds=1))
    await cuff.switch_on()
    await box.everything_arrives()


@step_with("doctor")
async def doctor_finds_nothing_that_keeps_a_session_from_being_cleared(box: Box) -> None:
    """Exit code 0, for people and for programs. It warns of what is a test's: a clock that is believed, a broker without TLS."""
    checks = await examined(box, 0)
    for about in ("adapter", "bluetoothd", "broker", "daemon", "delivery", "sessions", "cuff cuff-1", "cuff cuff-2"):
        result(checks, about, OK)
    result(checks, "clock", WARN)
    box.says(await box.do("cuffd doctor"), "A session could be cleared now.")


@step_with("doctor")
async def doctor_names_a_bluetoothd_that_does_not_run(box: Box) -> None:
    """With the command that starts it; and is content once it runs."""
    # Not stopped only: D-Bus would start it again for whoever asks.
    await box.do("systemctl mask -q --runtime --now bluetooth")
    checks = await examined(box, 1)
    box.says(result(checks, "bluetoothd", BAD)["step"], "systemctl enable --now bluetooth")
    await box.refuses("cuffd doctor", "No session can be cleared now", "bluetoothd: it does not run")
    await box.do("systemctl unmask -q --runtime bluetooth && systemctl start bluetooth")
    await box.is_well()
    await box.gateway.scans()


@step_with("doctor")
async def doctor_names_a_cuff_that_is_silent_and_one_without_a_bond(box: Box) -> None:
    """Silence is told and keeps nobody from anything: a cuff is silent until somebody measures. Without a bond nothing counts."""
    cuff = await box.new_cuff(STANDARD)
    about = f"cuff {cuff.name}"
    pairing = asyncio.create_task(box.do(f"cuffd pair {cuff.address} --id {cuff.name} --patient p3"))
    await cuff.switch_on()
    await pairing
    await cuff.switch_off()
    runs = len(box.gateway.runs())
    await box.do("systemctl restart cuffd")
    await box.gateway.is_online_again(runs)
    await box.is_well()
    box.says(result(await examined(box, 0), about, WARN)["message"], "it has not been heard yet")
    device = f"/org/bluez/hci0/dev_{cuff.address.replace(':', '_')}"
    await box.do(f"busctl call org.bluez /org/bluez/hci0 org.bluez.Adapter1 RemoveDevice o {device}")
    box.says(result(await examined(box, 1), f"bond {cuff.name}", BAD)["step"], "sudo cuffd pair")
    await box.do(f"cuffd forget --yes {cuff.name}")
    await box.is_well()


async def examined(box: Box, code: int) -> list[dict[str, Any]]:
    """What `doctor --json` finds, which must end so."""
    ended, printed = await box.machine.run("cuffd doctor --json", PATIENCE_S)
    if ended != code:
        raise Failure(f"doctor ended with {ended}: {printed}")
    report = json.loads(printed)
    if report["ok"] is not (code == 0):
        raise Failure(f"it ended with {code}, and says ok: {report['ok']}")
    return report["checks"]


def result(checks: list[dict[str, Any]], about: str, wanted: str) -> dict[str, Any]:
    """The first check of this, which must have come to this result."""
    what, _, subject = about.partition(" ")
    found = [check for check in checks if check["check"] == what and (not subject or check.get("subject") == subject)]
    if not found or found[0]["result"] != wanted:
        raise Failure(f"doctor on {about}: wanted {wanted}, found {found}")
    return found[0]
