"""The command line `enrich`.

    app          the commands and their groups
    processes    dev, api, worker                   start something
    demo         the stack, real résumés, live progress, results
    submitting   submit                             ─┐
    jobs         status, watch, list, cancel, …      │
    documents    document                            ├─ speak HTTP through `client`, answer through `output`
    reviewing    review, audit                       │
    candidates   export, erase                       │
    operations   stats, health, pause, resume       ─┘  and migrate, cleanup: they work on the database itself,
    keys         keys                                   as do these two (`administering`)
    webhooks     webhooks

A command's modules are imported when it is used, so that `--help` answers at once.
"""

import signal
import sys

import typer

from enrichment import modulepath
from enrichment.cli.app import app
from enrichment.cli.errors import CliError
from enrichment.modulepath import ForeignPackageError

UNREAD = 128 + signal.SIGPIPE
"""The exit code when the reader of the answer has had enough, as `head` has: what a shell shows for its other tools."""


def main() -> None:
    """Runs the command line of this process and ends it with the command's exit code."""
    modulepath.leave_out_current_directory()
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]  # a terminal that knows no é
    try:
        app(prog_name="enrich")
    except SystemExit as end:
        if isinstance(end.__context__, BrokenPipeError):  # of which typer, and Rich, make a 1: a job has failed
            sys.exit(UNREAD)
        raise
    except CliError as error:
        typer.echo(error.message, err=True)
        sys.exit(error.exit_code)
    except ForeignPackageError as error:
        typer.echo(error, err=True)
        sys.exit(1)
