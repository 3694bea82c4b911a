"""`agentglass backup`: the store in one file, while programs write to it."""

from pathlib import Path
from typing import Annotated

import typer

from agentglass.cli.figures import format_bytes
from agentglass.cli.stores import store_path
from agentglass.cli.terminal import print_json, print_text
from agentglass.errors import StoreError
from agentglass.store import SQLiteStore

__all__ = ["backup"]


def backup(
    file: Annotated[Path, typer.Argument(help="The file to write; readable by you only.")],
    force: Annotated[
        bool, typer.Option("--force", help="Replace the file if it is there.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for a script.")] = False,
) -> None:
    """Copy the store, as it is now, into one file that is a store itself."""
    source = store_path()
    if not source.exists():
        raise StoreError(f"There is no store at {str(source)!r}. A run makes it.")
    store = SQLiteStore(source)
    try:
        size = store.back_up(file, force=force)
    except OSError as error:
        if isinstance(error, StoreError):
            raise
        raise StoreError(f"{str(file)!r} cannot be written: {error.strerror}.") from error
    finally:
        store.close()
    if as_json:
        print_json({"file": str(file), "size_bytes": size})
    else:
        print_text(f"{file}: {format_bytes(size)}")
