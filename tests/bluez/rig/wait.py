"""Waiting for facts: scenarios are driven by what happened, never by how long it usually takes."""

import asyncio
from collections.abc import Awaitable, Callable

POLL_S = 0.02


class Failure(Exception):
    """A scenario did not go as its title says."""


async def until(
    fact: Callable[[], object | Awaitable[object]], what: str, timeout_s: float = 45, poll_s: float = POLL_S
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
