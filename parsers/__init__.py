"""Mail bytes in, notices out: what a marketplace said, with the proof beside it. No network, clock
or database.
"""
