"""A reboot, a power cut and an older package, with data kept."""

from datetime import timedelta

from box.box import STORE, Box
from box.step import step
from rig.cuff import Cuff
from rig.measurement import Measurement
from rig.wait import Failure, until

NOW = timedelta(0)
MEASURED = 40
STORED = 12
IN_FLIGHT = 3


@step
async def after_a_reboot_it_comes_by_itself_and_judges_the_session_again(box: Box) -> None:
    """Key, cuffs and readings are there; the pass ends when it would have ended; then the session starts."""
    before = box.gateway.answers("s1")[-1]
    runs = len(box.gateway.runs())
    await box.note_state()
    await box.machine.reboot()
    await box.gateway.is_online_again(runs)
    await box.expect("state", "active")
    await box.state_is_kept()
    await box.judges_again("s1", before)
    await box.gateway.post("sessions/s1/start")
    await box.gateway.has_answered("s1", "started")
    await box.gateway.post("sessions/s1/close")
    await box.gateway.has_answered("s1", "ended")


@step
async def after_a_reboot_the_cuffs_are_known(box: Box) -> None:
    """By their bonds: what they measure is verified. What a cuff sends by itself, once it is encrypted, in the first connection
    after bluetoothd was started is confirmed before anybody can listen; the next connections are whole.
    """
    waits, hastens = box.cuffs[1], box.cuffs[0]
    waits.measure(3, spacing=timedelta(seconds=1))
    await waits.switch_on()
    await box.everything_arrives()
    first = await connects_once(box, hastens)
    await connects_once(box, hastens)
    await box.everything_arrives(may_lack=first)
    box.forget_lost(first)


async def connects_once(box: Box, cuff: Cuff) -> list[Measurement]:
    """One measurement in one connection."""
    cuff.measure(1, spacing=NOW)
    times = cuff.count("disconnected")
    await cuff.switch_on()
    await cuff.happened("disconnected", times + 1)
    return cuff.measured[-1:]


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
    # The journal writes down at once only what is critical; what it says of this connection's clock is wanted later.
    await box.do("journalctl --sync")
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
