//! Real cuffs: btleplug for the data, and beside it D-Bus for what btleplug cannot do.
