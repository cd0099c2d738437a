"""Waiting for facts: scenarios are driven by what happened, never by how long it usually takes."""

import asyncio
from collections.abc import Awaitable, Callable

POLL_S = 0.02
PATIENCE_S = 90.0
"""Generous: an emulated machine on a busy host is ten times slower than on a quiet one."""


class Failure(Exception):
    """A scenario did not go as its title says."""


async def until(
    fact: Callable[[], object | Awaitable[object]], what: str, timeout_s: float = PATIENCE_S, poll_s: float = POLL_S
) -> None:
    """Returns once `fact` is true; raises `Failure` naming `what` after `timeout_s`."""
    end = asyncio.get_running_loop().time() + timeout_s
    while True:
        answer = fact()
        if isinstance(answer, Awaitable):
            answer = await answer
        if answer:
            return
        if asyncio.get_running_loop().time() > end:
            raise Failure(f"waited {timeout_s:.0f} s for {what}")
        await asyncio.sleep(poll_s)
