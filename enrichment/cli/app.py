"""The commands, by group. A command's module is imported when the command is used, or its own help is asked for."""

import importlib
import inspect
from typing import Annotated, Any, cast

import typer
from typer.core import TyperGroup

GROUPS: dict[str, dict[str, tuple[str, str]]] = {
    "Start": {
        "dev": ("processes", "Run the whole stack on this machine, embedded, until Ctrl-C."),
        "demo": ("demo", "Run the stack with real résumés: live progress, then the results."),
        "api": ("processes", "Run the HTTP API alone."),
        "worker": ("processes", "Run one worker."),
        "migrate": ("operations", "Bring the database's schema up to date."),
    },
    "Jobs": {
        "submit": ("submitting", "Submit candidates, one JSON file each."),
        "watch": ("jobs", "Follow jobs live until they end."),
        "status": ("jobs", "Show one job."),
        "result": ("jobs", "Print the result of a completed job."),
        "document": ("documents", "Print or save a competence file: docx, pdf, html, md."),
        "list": ("jobs", "List jobs, the newest first."),
        "cancel": ("jobs", "Cancel jobs that have not ended."),
        "retry": ("jobs", "Run failed, cancelled or rejected jobs again, under the same ids."),
        "continue": ("jobs", "Let the candidates behind a bulk's canaries follow."),
        "review": ("reviewing", "Approve or reject the result of a job, field by field if need be."),
        "audit": ("reviewing", "Show what was done with a job's candidate, by whom, with which model."),
    },
    "Operate": {
        "stats": ("operations", "Count jobs by status, queue and type; show times and errors."),
        "health": ("operations", "Ask every component whether it works."),
        "pause": ("operations", "Let nothing new start in a queue; what runs is finished."),
        "resume": ("operations", "Let a paused queue go on."),
        "cleanup": ("operations", "Delete jobs that ended long ago, keeping the newest."),
        "webhooks": ("webhooks", "Who is told when jobs end: endpoints, their secrets, what was delivered."),
        "export": ("candidates", "Print all that is held of a candidate, as JSON."),
        "erase": ("candidates", "Erase a candidate from every store; show the receipt."),
        "keys": ("keys", "Make, list, rotate and revoke the keys of the API."),
    },
}
"""For each command its module, in this package, and what it does; the docstring of its function tells the rest."""
COMMANDS = {name: command for group in GROUPS.values() for name, command in group.items()}
_FUNCTIONS = {"list": "list_", "continue": "continue_"}
"""Where a command's name is one of Python's own."""


class Commands(TyperGroup):
    """Finds commands in the table above, and lists them under their groups."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.commands = dict.fromkeys(COMMANDS, cast(Any, None))  # the names are for "did you mean"

    def get_command(self, _: Any, cmd_name: str) -> Any:
        if cmd_name not in COMMANDS:
            return None
        module, summary = COMMANDS[cmd_name]
        function = getattr(importlib.import_module(f"enrichment.cli.{module}"), _FUNCTIONS.get(cmd_name, cmd_name))
        if isinstance(function, typer.Typer):  # a command with commands of its own
            function.info.help = summary
            return typer.main.get_command(function)
        single = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
        single.command(cmd_name, help=f"{summary}\n\n{inspect.getdoc(function)}")(function)
        return typer.main.get_command(single)

    def format_commands(self, _: Any, formatter: Any) -> None:
        for group, commands in GROUPS.items():
            with formatter.section(group):
                formatter.write_dl([(f"{name:<8}", summary) for name, (_, summary) in commands.items()])


app = typer.Typer(
    cls=Commands,
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,  # boxes help nobody in a pipe, and Rich would take as long to load as all the rest
    pretty_exceptions_enable=False,  # they would show candidates' data in local variables
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"enrich {version('enrichment-jobs')}")
        raise typer.Exit


@app.callback(epilog="`enrich COMMAND --help` tells more, with examples. Start with: enrich demo")
def _enrich(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Durable background jobs that enrich candidates' data."""
