"""What is shown in the virtual machine, by hazard; importing a module adds its scenarios to the list."""

from . import dumps  # noqa: F401  isort: skip  (the plain cases first)
from . import bonds, crashes, models, new_box, pairing, radio_range, sessions, stack, strangers  # noqa: F401  isort: skip
