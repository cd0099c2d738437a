"""From a bare system to a daemon that runs."""

from box.box import Box
from box.gateway import CONFIG
from box.step import foundation


@foundation
async def it_is_installed_and_does_not_begin_without_a_config(box: Box) -> None:
    """It is enabled, so that it comes with the next boot; nothing has failed."""
    said = await box.install(box.previous)
    box.says(said, "cuffd: not started", CONFIG)
    await box.expect("systemctl is-enabled cuffd", "enabled")
    await box.expect("state", "inactive")
    await box.expect("systemctl list-units --failed --plain --no-legend", "")
    await box.expect(f"stat -c '%a %U:%G' {CONFIG}", "640 root:cuffd")
    await box.refuses("cuffd check", "gateway.site", "gateway.id")


@foundation
async def the_clinics_file_makes_a_config_that_check_takes(box: Box) -> None:
    """By `cuffd init`, over the shipped config and never over this one."""
    (box.machine.shared / "clinic.toml").write_text(box.gateway.clinics_file())
    if "init" in box.without:
        await box.do(f"install -m 640 -g cuffd /host/clinic.toml {CONFIG}")
    else:
        said = await box.do("cuffd init --from /host/clinic.toml")
        box.says(said, '"kty":"OKP"', "fingerprint", CONFIG)
        await box.expect(f"stat -c %G {CONFIG}", "cuffd")
        await box.refuses("cuffd init --from /host/clinic.toml", CONFIG)
    await box.do("cuffd check")


@foundation
async def it_is_started_and_is_ready_when_systemd_says_so(box: Box) -> None:
    """Type=notify: what comes right after `systemctl start` finds the control socket. Its folders are its own."""
    await box.do("systemctl start cuffd && cuffd status --json >/dev/null")
    await box.expect("state", "active")
    await box.expect("property Type", "notify")
    await box.expect("stat -c '%a %U:%G' /var/lib/cuffd", "700 cuffd:cuffd")
    await box.expect("stat -c '%a %U:%G' /run/cuffd/cuffd.sock", "660 cuffd:cuffd")
    await box.expect("stat -c '%a %U' /var/lib/cuffd/key.jwk", "600 cuffd")
    await box.expect("stat -c %U /proc/$(property MainPID)", "cuffd")
    await box.gateway.is_online_again(0)
