"""Files a person keeps as evidence for an order; nothing is uploaded anywhere."""
