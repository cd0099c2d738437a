"""Runs scenarios in a machine of each suite, and prints one line for each."""

import argparse
import asyncio
import logging
import shutil
import subprocess
import sys
import time
import traceback
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import scenarios  # noqa: F401  (fills the list)

from .guest import Guest, GuestDied
from .scenario import ALL
from .wait import Failure
from .witness import Witness
from .world import World

SUITES = ("bookworm", "trixie")
SCENARIO_S = 300
LINE_IS_AT_MOST = 400


def main() -> int:
    """The exit code: 0 if all passed."""
    # bumble warns of packets for a connection that is just gone, which is what many scenarios are about.
    logging.basicConfig(level=logging.ERROR)
    options = arguments()
    unknown = [name for name in options.names if name not in ALL]
    if unknown:
        print(f"no such scenario: {', '.join(unknown)}; there are:", *ALL, sep="\n  ", file=sys.stderr)
        return 2
    names = options.names or list(ALL)
    match options.suite:
        case "all":
            shares = {suite: names for suite in SUITES}
        case "shared":
            shares = {suite: names[first :: len(SUITES)] for first, suite in enumerate(SUITES)}
        case suite:
            shares = {suite: names}
    # A machine keeps less than one core busy, so that two run side by side.
    with ProcessPoolExecutor(len(shares)) as pool:
        results = list(pool.map(run_suite_alone, [options] * len(shares), shares.keys(), shares.values()))
    passed, failed = (sum(column) for column in zip(*results, strict=True))
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


def arguments() -> argparse.Namespace:
    """What `run` was called with."""
    parser = argparse.ArgumentParser(prog="run", description=__doc__)
    parser.add_argument("--suite", choices=(*SUITES, "all", "shared"), default="all", help="shared: each scenario once, in one of them")
    parser.add_argument("--binary", type=Path, required=True, help="the cuffd to test")
    parser.add_argument("--cache", type=Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--out", type=Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("names", nargs="*", metavar="SCENARIO", help="default: all")
    return parser.parse_args()


def run_suite_alone(options: argparse.Namespace, suite: str, names: list[str]) -> tuple[int, int]:
    """As `run_suite`, in a process of its own."""
    return asyncio.run(run_suite(options, suite, names))


async def run_suite(options: argparse.Namespace, suite: str, names: list[str]) -> tuple[int, int]:
    """Runs these scenarios in one machine, or more where one damages it; how many passed and failed."""
    out = options.out / suite
    shutil.rmtree(out, ignore_errors=True)
    started = time.monotonic()
    passed = 0
    guest: Guest | None = None
    try:
        for name in names:
            try:
                guest = guest or await start_guest(options, suite, out)
                passed += await run_scenario(guest, suite, name)
                is_usable = not ALL[name].damages_machine
            except (GuestDied, Failure) as error:
                print(f"FAILED {suite}/{name}: {error} (logs: {out})", flush=True)
                is_usable = False
            if guest and not is_usable:
                await guest.end()
                guest = None
    finally:
        if guest:
            await guest.end()
    print(f"{suite}: {passed} of {len(names)} in {time.monotonic() - started:.0f} s", flush=True)
    return passed, len(names) - passed


async def start_guest(options: argparse.Namespace, suite: str, out: Path) -> Guest:
    """A booted machine with daemon, broker and witness, that shares a folder of its own under `out`."""
    shared = out / f"machine-{sum(1 for _ in out.glob('machine-*')) + 1}"
    shared.mkdir(parents=True)
    bring_binary(options.binary, shared / "bin")
    guest = Guest(options.cache.resolve(), suite, shared.resolve())
    try:
        await guest.boot()
        await guest.do("install_cuffd && start_broker && start_subscriber")
    except BaseException:
        await guest.end()
        raise
    return guest


async def run_scenario(guest: Guest, suite: str, name: str) -> bool:
    """Runs one scenario and prints its line; whether it passed."""
    logs = guest.shared / name
    logs.mkdir()
    world = World(guest, Witness(guest.shared / "received.jsonl"), f"s{list(ALL).index(name) + 1:02}", logs)
    started = time.monotonic()
    why = None
    try:
        async with asyncio.timeout(SCENARIO_S):
            await world.begin()
            await ALL[name].play(world)
    except Failure as failure:
        why = str(failure)
    except TimeoutError:
        why = f"not done after {SCENARIO_S} s"
    except GuestDied:
        raise
    except Exception:
        why = traceback.format_exc()
    finally:
        if why:
            await world.keep_evidence()
        await world.end()
    seconds = time.monotonic() - started
    if why is None:
        print(f"ok {suite}/{name} {seconds:.0f} s", flush=True)
        return True
    (logs / "why").write_text(why + "\n")
    print(f"FAILED {suite}/{name} {seconds:.0f} s: {shortened(why)} (logs: {logs})", flush=True)
    return False


def shortened(text: str) -> str:
    """What fits into a line; all of it is in the scenario's folder."""
    last_line = text.strip().splitlines()[-1]
    return last_line if len(last_line) <= LINE_IS_AT_MOST else last_line[:LINE_IS_AT_MOST] + " …"


def bring_binary(binary: Path, folder: Path) -> None:
    """Copies the daemon without its debug information, and the loader and libraries it was built against."""
    folder.mkdir()
    subprocess.run(["strip", "-o", folder / "cuffd", binary], check=True)
    listed = subprocess.run(["ldd", binary], check=True, capture_output=True, text=True).stdout
    for line in listed.splitlines():
        path = next((Path(word) for word in line.split() if word.startswith("/")), None)
        if path is not None:
            shutil.copy(path, folder / ("ld.so" if path.name.startswith("ld-linux") else path.name))


if __name__ == "__main__":
    sys.exit(main())
