"""`enrich document`: the competence file, on standard output or in a file."""

from pathlib import Path
from typing import Annotated

import typer

from enrichment.cli import output
from enrichment.cli.client import ask
from enrichment.cli.errors import BadUsage, CliError
from enrichment.cli.options import ApiUrl, AsJson, JobId, one_of
from enrichment.cli.prose import tell

FORMATS = ("docx", "pdf", "html", "md")
_BINARY = ("docx", "pdf")


def document(
    job_id: JobId,
    format_: Annotated[
        str | None,
        typer.Option(
            "--format",
            callback=one_of(FORMATS, "format"),
            help=f"{', '.join(FORMATS)}. Default: what the file's name ends in, or md.",
        ),
    ] = None,
    file: Annotated[Path | None, typer.Option("--output", "-o", metavar="FILE", help="Where to write it.")] = None,
    api: ApiUrl = None,
    as_json: AsJson = False,
) -> None:
    """Without a file it is printed; a terminal shows Markdown.

    \b
    Examples:
      enrich document 0193a5c8-52a5-7cc0-8a43-7cbd5c2ee0f1
      enrich document 0193a5c8-52a5-7cc0-8a43-7cbd5c2ee0f1 --output ada-byron.pdf
    """
    wanted = format_ or _ending(file)
    if file is None and wanted in _BINARY and (as_json or output.is_terminal()):
        raise BadUsage(f"A {wanted} document is no text: name a file with --output")
    content = ask(api, lambda client: client.document(job_id, wanted))
    if file is not None:
        _write(file, content, wanted, as_json=as_json)
    elif wanted in _BINARY:
        typer.echo(content, nl=False)
    elif as_json:
        output.document({"format": wanted, "content": content.decode()})
    elif wanted == "md" and output.is_terminal():
        from rich.markdown import Markdown

        output.console().print(Markdown(content.decode()))
    else:
        typer.echo(content.decode().rstrip("\n"))


def _ending(file: Path | None) -> str:
    ending = file.suffix.removeprefix(".").lower() if file is not None else ""
    if file is not None and ending not in FORMATS:
        raise BadUsage(f"{file} ends in no format: use {', '.join(FORMATS)}, or --format")
    return ending or "md"


def _write(file: Path, content: bytes, format_: str, *, as_json: bool) -> None:
    try:
        file.write_bytes(content)
    except OSError as error:
        raise CliError(f"{file} cannot be written: {error.strerror}") from None
    if as_json:
        output.document({"format": format_, "file": str(file), "bytes": len(content)})
    else:
        tell(f"Wrote {file}")
