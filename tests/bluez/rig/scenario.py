"""The list of scenarios: each is a coroutine whose name says what must be true."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from .world import World

Play = Callable[[World], Awaitable[None]]


@dataclass(frozen=True)
class Scenario:
    """What happens, and what is left of the machine."""

    play: Play
    damages_machine: bool


ALL: dict[str, Scenario] = {}


def scenario(play: Play) -> Play:
    """Adds a scenario to the list; they run in the order of their definition."""
    ALL[play.__name__] = Scenario(play, damages_machine=False)
    return play


def damaging_scenario(play: Play) -> Play:
    """Adds a scenario after which the machine is of no use to another."""
    ALL[play.__name__] = Scenario(play, damages_machine=True)
    return play
