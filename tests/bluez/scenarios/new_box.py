"""A box from the clinic's file to a cleared session, by what the program itself says, and its end."""

import asyncio
import json
from datetime import timedelta

from rig.cuff import PASSKEY as DIGITS
from rig.habits import PASSKEY
from rig.scenario import scenario
from rig.wait import Failure, until
from rig.world import World

CLINIC = """
[gateway]
site = "vm"
id = "{gateway}"
time_zone = "Europe/Berlin"

[mqtt]
[[mqtt.brokers]]
url = "mqtt://127.0.0.1:1883"

[bluetooth]
connect_for = "30s"

[readiness]
policy = "new-box"
systolic = {{ min = 60, max = 200 }}
diastolic = {{ min = 40, max = 120 }}
crisis = {{ systolic = 250, diastolic = 150 }}
readings = 1
valid_for = "5m"
rest = "1s"
spacing = "1s"
attestations = ["companion_present"]

[store]
reserve = "8MiB"

[web]
emergency_number = "555-0199"
clinic_contact = "555-0100"
crisis_text = {{ en = "Rest, and call." }}

[clock]
source = "trust"
"""

A_MEASUREMENT_APART_S = 3.0


@scenario
async def a_new_box_comes_to_a_cleared_session_and_to_its_end(world: World) -> None:
    """`init`, `check`, `doctor`, the daemon, `pair`, a trial measurement, the page, `wipe`."""
    gateway, guest = world.gateway, world.guest
    clinic, gateway.config_in_guest = f"{gateway.folder_in_guest}/clinic.toml", "/etc/cuffd/cuffd.toml"
    (world.logs / "clinic.toml").write_text(CLINIC.format(gateway=gateway.name))
    await guest.do("rm -rf /etc/cuffd && mkdir -p /etc/cuffd")
    made = await guest.do(f"cuffd init --from {clinic}")
    key = next(json.loads(line) for line in made.splitlines() if line.startswith("{"))
    for said in ("fingerprint:", "Access code of the page:", "cuffd pair", "systemctl"):
        if said not in made:
            raise Failure(f"cuffd init does not say {said!r}: {made}")
    if key["crv"] != "Ed25519":
        raise Failure(f"the key is {key}")
    code, again = await guest.run(f"cuffd init --from {clinic}")
    if code != 78:
        raise Failure(f"init over a config ends with {code}: {again}")
    await guest.do("cuffd check")
    code, told = await guest.run("cuffd doctor")
    if code != 1 or "daemon" not in told or "cuffd pair" not in told:
        raise Failure(f"doctor ends with {code}: {told}")

    await gateway.start(scanning=False)
    cuff = await world.new_cuff(PASSKEY)
    await world.pair(cuff, "--passkey", f"{DIGITS:06}")
    # For trial: the first that it sends is history.
    await measures(world, cuff)
    code, told = await guest.run("cuffd doctor")
    if code != 0:
        raise Failure(f"doctor ends with {code}: {told}")

    opened = json.loads(await guest.do("""post /api/v1/sessions '{"patient":"p1"}'"""))
    session = opened["session"]
    path = f"/api/v1/sessions/{session}"
    await guest.do(f"""post {path}/attestations '{{"item":"companion_present"}}'""")
    await measures(world, cuff)
    await until(lambda: is_now(world, session, "ready"), "the session to be ready", poll_s=0.5)
    await guest.do(f"post {path}/start '{{}}'")
    await until(lambda: is_now(world, session, "started"), "the session to be started", poll_s=0.5)
    await guest.do(f"post {path}/close '{{}}'")
    await gateway.stop()

    await guest.do("cuffd wipe --yes")
    left = await guest.do("ls -A /var/lib/cuffd")
    if left.split() or await world.is_bonded(cuff):
        raise Failure(f"there is left {left.split()}, or a bond")


async def measures(world: World, cuff) -> None:
    """The person measures, and the reading arrives."""
    await asyncio.sleep(A_MEASUREMENT_APART_S)
    arrived = world.arrived()
    cuff.measure(1, spacing=timedelta(0))
    await cuff.switch_on()
    await world.has_arrived(arrived + 1)
    if cuff.is_connected:
        await cuff.happened("disconnected", cuff.count("disconnected") + 1)


async def is_now(world: World, session: str, state: str) -> bool:
    """Whether the daemon says so of the session."""
    status = json.loads(await world.guest.do("cuffd status --json"))
    return any(one["session"] == session and one["state"] == state for one in status["sessions"])
