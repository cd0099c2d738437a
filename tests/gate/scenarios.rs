//! Every file in `tests/scenarios/`.
