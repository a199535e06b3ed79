"""Child processes: one protocol for all, and the process that reads hostile mail."""
