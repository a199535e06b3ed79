"""What rules are judged on: the facts of an order and of all that hangs on it, at one instant."""

from orders.facts_table import CASE_STATES, FACTS, FINDING_KINDS, WATCH_KINDS

__all__ = ["CASE_STATES", "FACTS", "FINDING_KINDS", "WATCH_KINDS"]
