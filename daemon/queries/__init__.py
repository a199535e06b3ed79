"""What people and programs see of the ledger, in the shapes of `--json`: the terminal prints these
rows, and whatever else shows them asks here too.
"""
