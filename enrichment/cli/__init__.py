"""The command line `enrich`.

    app          the commands and their groups
    processes    dev, api, worker, migrate          start something
    submitting   submit                             ─┐
    jobs         status, watch, list, cancel, …      ├─ speak HTTP through `client`, answer through `output`
    operations   stats, health, cleanup             ─┘
    demo         the stack, real résumés, live progress, results

A command's modules are imported when it is used, so that `--help` answers at once.
"""

import sys

import typer

from enrichment import modulepath
from enrichment.cli.app import app
from enrichment.cli.errors import CliError
from enrichment.modulepath import ForeignPackageError


def main() -> None:
    """Runs the command line of this process and ends it with the command's exit code."""
    modulepath.leave_out_current_directory()
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]  # a terminal that knows no é
    try:
        app(prog_name="enrich")
    except CliError as error:
        typer.echo(error.message, err=True)
        sys.exit(error.exit_code)
    except ForeignPackageError as error:
        typer.echo(error, err=True)
        sys.exit(1)
