"""The steps of a box's life, in order; importing a module adds its steps to the list."""

from . import beginning  # noqa: F401  isort: skip
from . import use  # noqa: F401  isort: skip
from . import care  # noqa: F401  isort: skip
from . import interruptions  # noqa: F401  isort: skip
from . import unit  # noqa: F401  isort: skip
from . import end  # noqa: F401  isort: skip
