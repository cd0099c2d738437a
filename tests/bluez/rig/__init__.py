"""The rig: a virtual machine with a real BlueZ, virtual cuffs on the host, and a witness at a real broker."""
