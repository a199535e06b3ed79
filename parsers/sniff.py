"""Whether a file is a mail at all, for people who name the wrong one."""

HEAD_BYTES = 65_536
HEADER_NAMES = frozenset(
    b"from to cc subject date message-id received return-path delivered-to mime-version"
    b" content-type sender".split()
)
NO_MAIL = (
    "this is no mail: it does not begin with header lines such as 'From:' and 'Subject:'; "
    "save the mail with its headers, as .eml (“Show original”, “Save as”)"
)


def looks_like_mail(raw: bytes) -> bool:
    """Whether a header field every mail has stands in the first lines."""
    lines = raw[:HEAD_BYTES].lstrip().replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return any(
        line.partition(b":")[0].strip().lower() in HEADER_NAMES
        for line in lines.split(b"\n\n", 1)[0].split(b"\n")
        if b":" in line
    )
