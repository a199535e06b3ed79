"""The configuration as its user writes it: one YAML file, checked at once, secrets kept elsewhere."""
