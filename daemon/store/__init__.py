"""The store room: the ledger on disk, one transaction a mail. It knows nothing of IMAP or of
push.
"""
