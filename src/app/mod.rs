//! Starts the tasks, joins them by channels, stops them in order; the only place that spawns.
