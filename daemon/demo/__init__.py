"""The demo: a sample mailbox on a real IMAP server, the real daemon against it, and a phone made of
a web server.
"""
