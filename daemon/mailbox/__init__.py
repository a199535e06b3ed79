"""The mailbox room: IMAP, read-only to the byte. It knows nothing of the store or of push."""
