"""Leads a box through its life, and prints one line for each step."""

import argparse
import asyncio
import logging
import shutil
import sys
import time
import traceback
from pathlib import Path

import life  # noqa: F401  (fills the list)
from rig.guest import GuestDied
from rig.wait import Failure

from .box import Box
from .broker import Broker
from .gateway import InstalledGateway
from .machine import Machine
from .package import repacked, version_of
from .step import ALL, FOUNDATIONS, NEEDS

STEP_S = 900
LINE_IS_AT_MOST = 400


def main() -> int:
    """The exit code: 0 if all passed."""
    logging.basicConfig(level=logging.ERROR)
    options = arguments()
    failed = asyncio.run(live(options))
    passed = len(steps(options)) - failed
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


def arguments() -> argparse.Namespace:
    """What `run` was called with."""
    parser = argparse.ArgumentParser(prog="run", description=__doc__)
    parser.add_argument("--suite", required=True)
    parser.add_argument("--package", type=Path, required=True)
    parser.add_argument("--program", type=Path)
    parser.add_argument("--previous", type=Path)
    parser.add_argument("--without", action="append", default=[], choices=sorted({"init", *NEEDS.values()}))
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    return parser.parse_args()


def steps(options: argparse.Namespace) -> list[str]:
    """The names of the steps that this program can take."""
    return [name for name in ALL if NEEDS.get(name) not in options.without]


async def live(options: argparse.Namespace) -> int:
    """Takes all steps on one box; how many failed."""
    out = (options.out / options.suite).resolve()
    shutil.rmtree(out, ignore_errors=True)
    (out / "shared" / "packages").mkdir(parents=True)
    broker = Broker(out)
    machine = Machine(options.cache.resolve(), options.suite, out / "shared")
    previous, current = bring_packages(options, out / "shared" / "packages")
    gateway = InstalledGateway(machine, broker, out)
    box = Box(machine, broker, gateway, out, previous, current, frozenset(options.without))
    names, failed = steps(options), 0
    try:
        await broker.start()
        await machine.boot()
        for number, name in enumerate(names, 1):
            passed = await take(box, options.suite, name)
            failed += not passed
            if not machine.is_on or (not passed and name in FOUNDATIONS):
                print(f"FAILED {options.suite}: the {len(names) - number} steps that follow cannot be taken", flush=True)
                return failed + len(names) - number
    finally:
        await machine.end()
        await broker.end()
    return failed


def bring_packages(options: argparse.Namespace, folder: Path) -> tuple[str, str]:
    """Two packages into the shared folder: an earlier version, and the one under test; their versions. Between two releases all have
    the same number, so the earlier one gets a lower one.
    """
    current = version_of(options.package)
    previous = f"{current}~before"
    target = folder / f"{current}.deb"
    if options.program:
        repacked(options.package, current, target, options.program)
    else:
        shutil.copy(options.package, target)
    repacked(options.previous or target, previous, folder / f"{previous}.deb")
    return previous, current


async def take(box: Box, suite: str, name: str) -> bool:
    """Takes one step and prints its line; whether it passed."""
    started = time.monotonic()
    why = None
    box.notes.clear()
    try:
        async with asyncio.timeout(STEP_S):
            await ALL[name](box)
    except (Failure, GuestDied) as failure:
        why = str(failure)
    except TimeoutError:
        why = f"not done after {STEP_S} s"
    except Exception:
        why = traceback.format_exc()
    seconds = time.monotonic() - started
    if why is None:
        notes = f" ({', '.join(box.notes)})" if box.notes else ""
        print(f"ok {suite}/{name} {seconds:.0f} s{notes}", flush=True)
        return True
    box.let_go()
    box.broker.release()
    evidence = box.logs / f"{name}.why"
    evidence.write_text(f"{why}\n\n{await journal(box)}")
    last = why.strip().splitlines()[-1][:LINE_IS_AT_MOST]
    print(f"FAILED {suite}/{name} {seconds:.0f} s: {last} (see {evidence})", flush=True)
    return False


async def journal(box: Box) -> str:
    """What the machine has to say about a failure."""
    if not box.machine.is_on:
        return ""
    try:
        told = "systemctl status cuffd bluetooth --no-pager -n 0; journalctl -b --no-pager -n 300; journalctl -b -t cuffd -o json -n 300"
        return (await box.machine.run(told))[1]
    except GuestDied as died:
        return str(died)


if __name__ == "__main__":
    sys.exit(main())
