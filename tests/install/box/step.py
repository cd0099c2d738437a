"""The list of steps of a life: each is a coroutine whose name says what must be true."""

from collections.abc import Awaitable, Callable

from .box import Box

Play = Callable[[Box], Awaitable[None]]

ALL: dict[str, Play] = {}
FOUNDATIONS: set[str] = set()
"""Steps without which none that follow can be."""
NEEDS: dict[str, str] = {}
"""The subcommand without which a step cannot be."""


def step(play: Play) -> Play:
    """Adds a step to the list; they are taken in the order of their definition, each on what the ones before have left."""
    ALL[play.__name__] = play
    return play


def foundation(play: Play) -> Play:
    """As `step`, for one that all others stand on."""
    FOUNDATIONS.add(play.__name__)
    return step(play)


def step_with(subcommand: str) -> Callable[[Play], Play]:
    """As `step`, for one that is about a subcommand."""

    def add(play: Play) -> Play:
        NEEDS[play.__name__] = subcommand
        return step(play)

    return add
