"""What does not fit together: contradictions between the events of one order."""
