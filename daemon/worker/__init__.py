"""Child processes: the one that reads hostile mail, and the one that holds Apprise."""
