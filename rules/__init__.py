"""Facts in, alerts out, with the reason. No network or database."""
