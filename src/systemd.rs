//! What systemd is told: ready, alive, stopping.
