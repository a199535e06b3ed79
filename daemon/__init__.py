"""The running program: it alone touches IMAP, disk, clock, push and terminal."""

__version__ = "0.2.0.dev0"
