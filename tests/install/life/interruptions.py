"""Power cuts and other packages, with data kept."""

from datetime import timedelta

from box.box import STORE, Box
from box.step import step
from rig.wait import Failure, until

MEASURED = 40
STORED = 12
IN_FLIGHT = 3


@step
async def the_power_is_cut_in_the_middle_of_a_dump(box: Box) -> None:
    """What was stored is only on the disk: the broker answers nothing. All of it arrives after the next boot, one id for each.

    BlueZ confirms before the daemon has it, so what it confirmed in the instant of the cut is lost to anybody.
    """
    cuff = box.cuffs[1]
    runs, before = len(box.gateway.runs()), len(cuff.confirmed)
    count = int((await box.do("cuffd readings --format jsonl | grep -c '^{'")).strip())
    cuff.measure(MEASURED, spacing=timedelta(seconds=2))
    box.broker.hold()
    cuff.hold_before(before + STORED)
    await cuff.switch_on()
    await cuff.has_confirmed(before + STORED)
    await box.gateway.has_stored(count + STORED)
    cuff.release()
    await until(lambda: len(cuff.confirmed) >= before + STORED + IN_FLIGHT, "the dump to go on", poll_s=0.002)
    await box.machine.cut_power()
    in_flight = cuff.confirmed[before + STORED :]
    if len(cuff.confirmed) >= before + MEASURED:
        raise Failure("the dump was over before the cut")
    box.broker.release()
    await box.machine.boot()
    await box.gateway.is_online_again(runs)
    await box.everything_arrives(may_lack=in_flight)
    box.forget_lost(in_flight)
    readings = box.gateway.readings()
    doubles = len(readings) - len({reading.body["id"] for reading in readings})
    box.notes.append(f"{doubles} doubles")
    await box.expect("ls /var/lib/cuffd | grep -c damaged || true", "0")


@step
async def it_is_upgraded_while_it_runs(box: Box) -> None:
    """Another process, and everything that was there before."""
    await box.note_state()
    runs, pid = len(box.gateway.runs()), (await box.do("property MainPID")).strip()
    await box.install(box.current)
    await box.expect("dpkg-query -W -f '${Version}' cuffd", box.current)
    await box.gateway.is_online_again(runs)
    await box.do(f"[ $(property MainPID) != {pid} ]")
    await box.state_is_kept()
    cuff = box.cuffs[1]
    cuff.measure(2, spacing=timedelta(seconds=1))
    await cuff.switch_on()
    await box.everything_arrives()


@step
async def it_is_not_downgraded_over_a_newer_store(box: Box) -> None:
    """In clear words, and nothing is changed: neither the package nor the store."""
    await box.note_state()
    await box.do("systemctl stop cuffd")
    known = int(await box.do(f"schema {STORE}"))
    await box.do(f"schema {STORE} {known + 1}")
    store = await box.do(f"md5sum {STORE}")
    words = ("NOT INSTALLED, and nothing was changed", f"written by a newer cuffd (schema {known + 1})", STORE)
    await box.refuses(f"apt-get install -y --allow-downgrades /host/packages/{box.previous}.deb", *words)
    await box.expect("dpkg-query -W -f '${db:Status-Abbrev}${Version}' cuffd", f"ii {box.current}")
    await box.expect(f"md5sum {STORE}", store.strip())
    await box.do(f"schema {STORE} {known}")
    runs = len(box.gateway.runs())
    await box.do("systemctl start cuffd")
    await box.gateway.is_online_again(runs)
    await box.state_is_kept()
