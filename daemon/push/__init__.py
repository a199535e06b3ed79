"""The push room: one message to one target through Apprise. It knows nothing of IMAP or of the store."""
