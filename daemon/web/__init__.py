"""The page, the calendar and the API over one ledger (extra `web`): they show what `queries`
answer and call `Commands`, as the terminal does.
"""
