"""A configuration that its reader may not open is a fault of the configuration, told by our own
words and code.
"""

import os
import tempfile
from pathlib import Path

from click.testing import CliRunner

from daemon.cli import main
from daemon.cli.exits import Exit

WHOLE = (
    "version: 1\nmailboxes:\n  - {id: main, host: imap.example.org, user: me, password: {env:"
    " PASSWORD}}\n"
)


def test_a_configuration_that_may_not_be_read_is_told_with_the_code_of_configurations():
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        path = Path(folder) / "config.yaml"
        path.write_text(WHOLE)
        words = ["--config", str(path), "config", "check"]
        CliRunner().invoke(main, words)  # loads what nobody may not load later
        path.chmod(0)
        told = Path(folder) / "told"
        told.touch()
        told.chmod(0o666)
        child = os.fork()
        if child == 0:  # root may read everything, so a child that is nobody asks
            if os.getuid() == 0:
                os.setuid(65534)
            answer = CliRunner().invoke(main, words)
            told.write_text(answer.stderr)
            os._exit(answer.exit_code)
        _, status = os.waitpid(child, 0)

        assert os.waitstatus_to_exitcode(status) == Exit.CONFIGURATION
        assert "cannot be read: Permission denied" in told.read_text()
