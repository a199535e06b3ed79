"""What we know: orders, shipments, cases and watches, as pure folds over appended events."""
