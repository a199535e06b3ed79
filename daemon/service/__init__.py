"""The running program: workers for mailboxes, the sweep, the outbox. `service.run` for ever,
`once.once` once.
"""
