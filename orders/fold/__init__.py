"""Events in, an order out: its shipments, refunds, lines and cases."""
