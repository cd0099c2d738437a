"""A box: a Debian with systemd and a disk of its own, in a virtual machine, on which the package is installed."""
