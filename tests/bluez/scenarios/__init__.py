"""What is shown in the virtual machine, by hazard."""

from . import bonds, crashes, dumps, models, radio_range, stack  # noqa: F401  (each adds its scenarios to the list)
