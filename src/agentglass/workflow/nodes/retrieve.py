"""The `retrieve` node: finds the pieces of local files, or what a function finds, for a question."""

import inspect
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any, ClassVar, Literal

from pydantic import Field

from agentglass.errors import NodeError
from agentglass.record import LiveSpan, NoopSpan, span
from agentglass.spans import SpanType, names
from agentglass.workflow.callables import CallableError, load_callable
from agentglass.workflow.calling import call_function
from agentglass.workflow.field_types import FieldType
from agentglass.workflow.node_config import NodeConfig
from agentglass.workflow.node_types import Finding, NodeContext, NodeType, NodeWork, Visit
from agentglass.workflow.retrieval import (
    Hit,
    Index,
    PathError,
    find_files,
    has_wildcards,
    open_index,
)
from agentglass.workflow.templates import as_text, render
from agentglass.workflow.threads import run_in_thread

__all__ = ["NODE_TYPE", "RetrieveNode"]

Document = dict[str, Any]
Search = Callable[[str, LiveSpan | NoopSpan], Awaitable[list[Document]]]

_TOP_K = "top_k"
_TEXT_KEYS = ("text", "content", "page_content")
"""How retrievers call the text of a document."""
_SHOWN_SKIPPED = 20


class RetrieveNode(NodeConfig):
    """Searches local files, or asks a function; gives documents, the best first."""

    template_keys: ClassVar[tuple[str, ...]] = ("query",)

    type: Literal["retrieve"]
    query: str = Field(min_length=1)
    """What is searched for; a template."""
    paths: list[str] = Field(default_factory=list)
    """Files, directories or patterns as `docs/**/*.md`, relative to the workflow file."""
    retriever: str | None = None
    """A function as in `search:find` that gets `query` and `top_k`; instead of `paths`."""
    top_k: int = Field(default=5, ge=1, le=100)
    """How many documents at most."""
    chunk_chars: int = Field(default=1200, ge=100, le=100_000)
    """How long a piece of a file may be."""


def _compile(config: RetrieveNode, context: NodeContext) -> NodeWork:
    if config.retriever is None:
        search, sources = _file_search(config, context), list(config.paths)
    else:
        search, sources = _function_search(config, config.retriever, context), [config.retriever]

    async def work(visit: Visit) -> list[Document]:
        query = as_text(render(config.query, visit.scope, visit.resolutions))
        attributes = {
            names.OPERATION: "retrieval",
            names.RETRIEVAL_TOP_K: config.top_k,
            names.RETRIEVAL_SOURCES: sources,
        }
        name = f"retrieve {sources[0]}"
        with span(name, type=SpanType.RETRIEVAL, input=query, attributes=attributes) as active:
            active.output = documents = await search(query, active)
            active.set_attribute(names.RETRIEVAL_COUNT, len(documents))
            return documents

    return work


def _file_search(config: RetrieveNode, context: NodeContext) -> Search:
    def look(query: str) -> tuple[int, Index, list[Hit]]:
        files = find_files(config.paths, context.directory)
        index = open_index(files, config.chunk_chars)
        return len(files), index, index.search(query, config.top_k)

    async def search(query: str, active: LiveSpan | NoopSpan) -> list[Document]:
        try:
            files, index, hits = await run_in_thread(lambda: look(query))
        except PathError as error:
            raise NodeError(config.id, str(error)) from error
        active.set_attribute(names.RETRIEVAL_FILES, files)
        active.set_attribute(names.RETRIEVAL_SKIPPED, len(index.skipped))
        for source, reason in index.skipped[:_SHOWN_SKIPPED]:
            active.add_event("retrieval.file_skipped", {"source": source, "reason": reason})
        return [_document_of(hit) for hit in hits]

    return search


def _document_of(hit: Hit) -> Document:
    chunk = hit.chunk
    return {
        "id": chunk.id,
        "text": chunk.text,
        "source": chunk.source,
        "line": chunk.line,
        "score": hit.score,
    }


def _function_search(config: RetrieveNode, target: str, context: NodeContext) -> Search:
    function = load_callable(target, context.directory)
    limit = {_TOP_K: config.top_k} if _takes_top_k(function) else {}

    async def search(query: str, active: LiveSpan | NoopSpan) -> list[Document]:
        found = await call_function(function, {"query": query, **limit})
        if not isinstance(found, list | tuple):
            kind = type(found).__name__
            raise NodeError(config.id, f"{target!r} returned {kind!r}. Expected: {_EXPECTED}.")
        return _documents(config, target, found[: config.top_k])

    return search


_EXPECTED = "a list of texts, or of mappings with a 'text'"


def _documents(config: RetrieveNode, target: str, found: Sequence[Any]) -> list[Document]:
    documents = []
    for number, item in enumerate(found, start=1):
        text, about = _text_of(item)
        if text is None:
            kind = type(item).__name__
            message = f"{target!r} returned {kind!r} as document {number}. Expected: {_EXPECTED}."
            raise NodeError(config.id, message)
        unknown = {"id": f"{target}#{number}", "source": target, "line": None, "score": None}
        documents.append({**unknown, **about, "text": text})
    return documents


def _text_of(item: Any) -> tuple[str | None, Mapping[str, Any]]:
    """Return the text of what a retriever found, and what it says about it."""
    if isinstance(item, str):
        return item, {}
    if not isinstance(item, Mapping):
        return None, {}
    key = next((key for key in _TEXT_KEYS if isinstance(item.get(key), str)), None)
    if key is None:
        return None, {}
    return item[key], {name: value for name, value in item.items() if name != key}


def _takes_top_k(function: Callable[..., Any]) -> bool:
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return False
    return any(item.name == _TOP_K or item.kind is item.VAR_KEYWORD for item in parameters)


def _check(config: RetrieveNode, context: NodeContext) -> Iterable[Finding]:
    if bool(config.paths) == (config.retriever is not None):
        have = "both" if config.paths else "neither"
        message = f"A 'retrieve' node has either `paths` or `retriever`; this one has {have}."
        yield Finding(("paths",) if config.paths else (), "missing", message)
    yield from _check_outputs(config, context)
    yield from _check_paths(config, context)
    if config.retriever is not None:
        yield from _check_retriever(config.retriever, context)


def _check_outputs(config: RetrieveNode, context: NodeContext) -> Iterable[Finding]:
    if len(config.outputs) != 1:
        message = "A 'retrieve' node needs one field in `outputs`, for the list of documents."
        yield Finding(("outputs",), "missing", message)
        return
    (name,) = config.outputs
    wanted = context.fields.get(name)
    if wanted is not None and not wanted.accepts(FieldType("list", FieldType("object"))):
        message = (
            f"The documents are a list of objects, and the state field {name!r} is {wanted.type}."
        )
        yield Finding(("outputs", 0), "type", message)


def _check_paths(config: RetrieveNode, context: NodeContext) -> Iterable[Finding]:
    for index, path in enumerate(config.paths):
        # What matches a pattern may be written by an earlier node.
        if not has_wildcards(path):
            try:
                find_files([path], context.directory)
            except PathError as error:
                yield Finding(("paths", index), error.code, str(error))


def _check_retriever(target: str, context: NodeContext) -> Iterable[Finding]:
    try:
        function = load_callable(target, context.directory)
    except CallableError as error:
        yield Finding(("retriever",), "callable", str(error))
        return
    arguments = dict.fromkeys(("query", _TOP_K) if _takes_top_k(function) else ("query",))
    try:
        inspect.signature(function).bind(**arguments)
    except ValueError:
        # A builtin function that does not say what it takes.
        return
    except TypeError as error:
        message = f"{target!r} cannot be called with {', '.join(arguments)}: {error}."
        yield Finding(("retriever",), "arguments", message)


NODE_TYPE = NodeType(RetrieveNode, _compile, _check, needs_extra="run")
