"""Letters ready to paste: English with the reader's language beside, each fact with its mail."""
