"""Everything foreseen that can go wrong, as one tree; whoever asks may import it.

OrderbellError            something could not be done; it says what, and what to try
├── UserFileError         a file a person wrote has faults             parsers/user_yaml
├── TooComplexError       a style sheet beyond its limits              parsers/styles
├── OperandError          the value of a rule's test                   rules/operators
├── CellError             a cell of a table that is imported           daemon/files/importers/values
├── TeachError            a mail or phrase that cannot be taught       parsers/teach
├── ModelError            a language model that proposed nothing       daemon/teach/model
├── WorkerError           a child process that gave no answer          daemon/worker/process
├── ReadingError          a mail its reader could not end              daemon/worker/reading
│   └── StandInError      what a server gave in the place of a mail    daemon/worker/reading
├── ReadingStoppedError   a reader that was ended with the program     daemon/worker/reading
├── MailboxError          a mailbox that cannot be read now            daemon/mailbox/errors
├── StoreError            the ledger's file                            daemon/store/errors
├── SecretError           a password or URL that cannot be had         daemon/secrets
├── WebError              an HTTP request of our own                   daemon/http
├── CommandError          what was asked for cannot be done            daemon/pipeline/commands
├── EvidenceError         a file that is not kept as evidence          daemon/evidence/files
├── LetterError           a letter that cannot be written              daemon/letters/write
├── UndoError             what was told cannot be taken back           daemon/pipeline/undo
├── UnknownOrderError     no order of that number                      daemon/pipeline/lookup
├── AmbiguousOrderError   a number bought and sold                     daemon/pipeline/lookup
├── UnknownAlertError     no open alert of that number                 daemon/queries/alerts
├── ListingError          a listing asked for what is not              daemon/queries/wanted
├── UnknownMailError      no mail of that number                       daemon/queries/mails
├── UnknownRuleError      no rule called so                            daemon/queries/rules
├── UnknownStoreError     no order from a store called so             daemon/queries/stake
├── BackupError           a backup that cannot be taken back           daemon/backup
├── AccessError           what the page's owner set up wrongly         daemon/web/access
├── BodyError             a request the page does not take             daemon/web/shield
├── PortError             an address the page cannot listen on         daemon/web/server
├── MqttError              a broker that cannot be spoken to           daemon/mqtt/broker
├── PostboxError          the demo's mail server                       daemon/demo/postbox
└── ExitError             ends a command, with the exit code           daemon/cli/exits

What is not of this tree is a mistake of ours and keeps its traceback; `OSError` alone comes from
anywhere, and `os_error_text` gives it words. Which exit code each has: the table in
`daemon/cli/exits.py`.
"""


class OrderbellError(Exception):
    """`what` went wrong and what to try, each a clause for the person who can act on it."""

    def __init__(self, what: str, try_this: str = "") -> None:
        self.what = what
        self.try_this = try_this
        super().__init__(f"{what}; {try_this}" if try_this else what)

    @property
    def sentences(self) -> tuple[str, ...]:
        """What a command writes to stderr, one a line."""
        return (str(self),)


def os_error_text(error: OSError) -> str:
    """An error of the operating system with the file it is about."""
    what = (error.strerror or str(error) or type(error).__name__).lower()
    return f"{error.filename}: {what}" if error.filename else what
