"""The package goes, comes back, and goes for good."""

from box.box import Box
from box.gateway import CONFIG
from box.step import step, step_with
from rig.wait import Failure, until


@step
async def removed_it_leaves_everything_and_installed_again_it_goes_on(box: Box) -> None:
    """Config, key, cuffs and readings stay."""
    await box.note_state()
    runs = len(box.gateway.runs())
    await box.do("apt-get remove -y cuffd")
    await box.do("[ ! -e /usr/bin/cuffd ] && [ -e /var/lib/cuffd/key.jwk ] && [ -e /var/lib/cuffd/cuffd.db ]")
    await box.do(f"[ -e {CONFIG} ]")
    await box.install(box.current)
    await box.gateway.is_online_again(runs)
    await box.state_is_kept()


@step_with("wipe")
async def wiped_it_is_retired_and_nothing_of_it_is_left(box: Box) -> None:
    """The broker knows; store, keys and bonds are gone."""
    cuff = box.cuffs[0]
    await box.refuses("cuffd wipe --yes", "systemctl disable --now cuffd")
    await box.do("systemctl disable --now cuffd")
    box.says(await box.do("cuffd wipe --yes"), "retired", "What remains elsewhere")
    await until(lambda: box.gateway.statuses()[-1].body["state"] == "retired", "the broker to be told")
    await box.expect("ls /var/lib/cuffd", "")
    if await box.machine.succeeds(f"has_bond {cuff.address}"):
        raise Failure("there is a bond")
    await box.do("systemctl enable --now cuffd")


@step
async def purged_it_leaves_no_state(box: Box) -> None:
    """Nor a config or a failed unit; what others put beside the config stays, and is named."""
    await box.do("echo certificate >/etc/cuffd/ca.pem; ls /var/lib/cuffd/key.jwk")
    box.says(await box.do("apt-get purge -y cuffd"), "left in /etc/cuffd", "ca.pem")
    await box.do(f"[ ! -e /var/lib/cuffd ] && [ ! -e {CONFIG} ] && [ ! -e /usr/bin/cuffd ]")
    await box.expect("systemctl list-units --failed --plain --no-legend", "")
    await box.expect("readlink /proc/[0-9]*/exe | grep -c cuffd || true", "0")
