"""`agentglass search`: spans by words."""

from dataclasses import asdict
from typing import Annotated, Any

import typer

from agentglass.cli.figures import format_time, parse_since
from agentglass.cli.stores import Stores
from agentglass.cli.terminal import complain, print_json, print_text, visible
from agentglass.store.search import Hit, add_results

__all__ = ["search"]


def search(
    text: Annotated[
        list[str],
        typer.Argument(
            help="Words that must all be there, as in: 'fetch \"a phrase\" begin* -not'."
        ),
    ],
    since: Annotated[
        str | None, typer.Option("--since", help="Only spans since: 30m, 2h, 7d, or a date.")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="How many at most.")] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for a script.")] = False,
) -> None:
    """Find spans by words of their names, inputs, outputs and errors, the latest first."""
    since_ns = None if since is None else parse_since(since)
    stores = Stores()
    words = " ".join(text)
    results = [store.search(words, limit=limit, since_ns=since_ns) for store in stores.readable]
    found = add_results(results, limit)
    if as_json:
        print_json({"hits": [_record(hit) for hit in found.hits], "not_indexed": found.not_indexed})
    else:
        for hit in found.hits:
            print_text(_lines(hit))
        if not found.hits:
            complain("Nothing was found.")
    if found.not_indexed:
        complain(f"{found.not_indexed:,} spans are not indexed yet; search again to index more.")
    if stores.problems:
        raise stores.problems[0]


def _record(hit: Hit) -> dict[str, Any]:
    return {**asdict(hit), "status": str(hit.status)}


def _lines(hit: Hit) -> str:
    place = f"{visible(hit.workflow)} > {visible(hit.name)}"
    head = f"{hit.run_id[:8]}  {format_time(hit.start_ns)}  {hit.type}  {hit.status}  {place}"
    return f"{head}\n    {hit.field}: {visible(hit.snippet)}"
