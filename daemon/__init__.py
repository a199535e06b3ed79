"""The running program: it alone touches IMAP, disk, clock, push and terminal."""

__version__ = "0.1.0"
