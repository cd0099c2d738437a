"""The list of scenarios: each is a coroutine whose name says what must be true."""

from collections.abc import Awaitable, Callable

from .world import World

Scenario = Callable[[World], Awaitable[None]]
ALL: dict[str, Scenario] = {}


def scenario(function: Scenario) -> Scenario:
    """Adds a scenario to the list; they run in the order of their definition."""
    ALL[function.__name__] = function
    return function
