"""What systemd does with the daemon, and keeps it from."""

import asyncio

from box.box import Box
from box.gateway import CONFIG
from box.step import step
from rig.wait import Failure

NEEDED = 6
"""The first probes are of what the daemon needs."""
ELSEWHERE = {"NoNewPrivileges", "CapabilityBoundingSet", "AmbientCapabilities", "RemoveIPC", "SystemCallErrorNumber"}
"""Switches that other steps look at, and what the filter answers with."""
IDLE_S = 120
A_DAY_S = 86_400
WRITTEN_A_DAY = 1_000_000
RESTARTS_AFTER_S = 2
"""RestartSec of the unit."""


@step
async def the_journal_has_its_log_in_fields_and_names_nobody(box: Box) -> None:
    """Found by `journalctl FIELD=VALUE` and by priority; neither patients nor addresses are in any field."""
    box.says(await box.do("journalctl -u cuffd -t cuffd -o cat --no-pager F_CONNECTION=1"), "connected")
    warnings = await box.do("journalctl -u cuffd -t cuffd -p warning -o json --no-pager")
    box.says(warnings, '"TARGET":"cuffd::', '"F_WARNING":"mqtt.brokers[0].allow_plaintext')
    named = await box.do("journalctl -t cuffd -o json --no-pager | grep -i -e 'F0:F1:F2' -e '\"p1\"' || true")
    if named.strip():
        raise Failure(f"it names somebody: {named}")


@step
async def its_exposure_is_small(box: Box) -> None:
    """As systemd sees the unit that runs: at most 1.5 of 10."""
    code, said = await box.machine.run("systemd-analyze security --threshold=15 --no-pager cuffd.service", 180)
    last = said.strip().splitlines()[-1]
    if code != 0:
        raise Failure(last)
    box.notes.append(last.split(": ")[1].split(" ")[0])


@step
async def each_switch_of_the_unit_forbids_what_it_says(box: Box) -> None:
    """The same probes do all of it outside the unit: those of the daemon's user, and those that take root to be able to at all."""
    await box.do("mkdir -p /home/other && for f in /home/other /root /srv /tmp; do echo text >$f/open; chmod 644 $f/open; done")
    await box.do("chown 4242 /srv/open; chmod 755 /root; chmod 777 /srv; truncate -s 0 /host/inside; chmod 666 /host/inside")
    await box.do("probe user /host/inside")
    inside = await lines_of(box, "cat /host/inside")
    outside = await lines_of(box, "runuser -u cuffd -g cuffd -- perl /host/guest/probes user")
    await box.do("probe root /host/inside")
    inside += await lines_of(box, "cat /host/inside")
    outside += await lines_of(box, "perl /host/guest/probes root")
    await box.do("chmod 700 /root; chmod 755 /srv; rm -rf /home/other /root/open /srv/open /tmp/open")
    wrong = [f"outside: {line}" for line in outside if not line.startswith("can ")]
    for number, line in enumerate(inside):
        word = "can " if number < NEEDED else "cannot "
        if not line.startswith(word):
            wrong.append(f"inside: {line}")
    if wrong or len(inside) != len(outside):
        raise Failure("; ".join(wrong) or f"inside: {inside!r}")
    probed = {line.split(" ", 1)[1].split(":")[0] for line in inside[NEEDED:]}
    if unprobed := await switches(box) - probed - ELSEWHERE:
        raise Failure(f"nobody tries {sorted(unprobed)}")
    box.notes.append(f"{len(inside) - NEEDED} probes")


async def switches(box: Box) -> set[str]:
    """What the unit that is installed forbids, by the names of its lines: they begin with the first of them."""
    lines = await lines_of(box, "sed -n '/^NoNewPrivileges=/,/^$/p' /usr/lib/systemd/system/cuffd.service")
    return {line.split("=")[0] for line in lines if not line.startswith("#")}


async def lines_of(box: Box, command: str) -> list[str]:
    """What it prints, without empty lines."""
    return [line for line in (await box.do(command)).splitlines() if line]


@step
async def what_its_user_leaves_in_shared_memory_goes_with_it(box: Box) -> None:
    """RemoveIPC: what another user leaves there stays."""
    users = {name: (await box.do(f"leave_shared_memory {name}")).strip() for name in ("cuffd", "nobody")}
    for user in users.values():
        await box.expect(f"shared_memory {user}", "1")
    await box.do("systemctl stop cuffd")
    await box.expect(f"shared_memory {users['cuffd']}", "0")
    await box.expect(f"shared_memory {users['nobody']}", "1")
    runs = len(box.gateway.runs())
    await box.do("systemctl start cuffd")
    await box.gateway.is_online_again(runs)


@step
async def the_process_itself_has_no_privileges(box: Box) -> None:
    """No capability, no new one, and a filter of system calls; of the homes it sees none."""
    status = await box.do("cat /proc/$(property MainPID)/status")
    wanted = {"CapEff": "0000000000000000", "CapBnd": "0000000000000000", "NoNewPrivs": "1", "Seccomp": "2"}
    found = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    if wrong := {name: found.get(name) for name, value in wanted.items() if found.get(name) != value}:
        raise Failure(f"in /proc: {wrong}")
    await box.expect("nsenter -t $(property MainPID) -m ls -A /home /root", "/home:\n\n/root:")


@step
async def one_that_hangs_is_started_again(box: Box) -> None:
    """The watchdog: a stopped process feeds it no more."""
    runs, pid = len(box.gateway.runs()), (await box.do("property MainPID")).strip()
    # As shipped but for the patience, which is a minute.
    await box.do("mkdir -p /run/systemd/system/cuffd.service.d")
    await box.do("printf '[Service]\\nWatchdogSec=20\\n' >/run/systemd/system/cuffd.service.d/test.conf")
    await box.do("systemctl daemon-reload && systemctl restart cuffd")
    await box.gateway.is_online_again(runs)
    runs, pid = len(box.gateway.runs()), (await box.do("property MainPID")).strip()
    await box.do(f"kill -STOP {pid}")
    await box.gateway.is_online_again(runs)
    await box.do(f"[ $(property MainPID) != {pid} ]")
    box.says(await box.do("journalctl -u cuffd --no-pager"), "Watchdog timeout")
    await box.do("rm -r /run/systemd/system/cuffd.service.d && systemctl daemon-reload && systemctl restart cuffd")


@step
async def a_wrong_config_is_not_tried_again(box: Box) -> None:
    """78: it does not get better by itself. Put right, it runs."""
    runs = len(box.gateway.runs())
    await box.do(f"cp -p {CONFIG} /root/good && echo wrong = true >>{CONFIG}")
    await box.refuses("systemctl restart cuffd")
    await box.expect("property ExecMainStatus", "78")
    await asyncio.sleep(3 * RESTARTS_AFTER_S)
    await box.expect("state", "failed")
    await box.expect("property NRestarts", "0")
    await box.do(f"mv /root/good {CONFIG} && systemctl start cuffd")
    await box.gateway.is_online_again(runs)


@step
async def with_nothing_to_do_it_leaves_the_disk_alone(box: Box) -> None:
    """At most 1 MB a day of its own. What the whole box writes meanwhile is told: most of that is the journal's and the file system's."""
    before, disk = await written(box), await written_to_the_disk(box)
    await asyncio.sleep(IDLE_S)
    own, all_of_it = await written(box) - before, await written_to_the_disk(box) - disk
    box.notes.append(f"{own} octets of its own, {all_of_it / 1e3:.0f} kB to the disk in {IDLE_S} s")
    if own * A_DAY_S / IDLE_S > WRITTEN_A_DAY:
        raise Failure(f"it wrote {own} octets in {IDLE_S} s")


async def written(box: Box) -> int:
    """What the daemon's process had to be written to the disk since its start, in octets."""
    return int(await box.do("awk '/^write_bytes/ { print $2 }' /proc/$(property MainPID)/io"))


async def written_to_the_disk(box: Box) -> int:
    """What was written to the disk by anybody since the boot, in octets."""
    return int(await box.do("sync; awk '{ print $7 * 512 }' /sys/block/vda/stat"))
