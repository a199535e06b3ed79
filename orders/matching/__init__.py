"""Which order an event belongs to: record matching over an index of events."""
