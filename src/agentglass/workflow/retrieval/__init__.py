"""Search over local files: which files, cut into chunks, ranked by the words of a question."""

from agentglass.workflow.retrieval.chunks import Chunk, Reading, Skipped, read_chunks
from agentglass.workflow.retrieval.files import PathError, SourceFile, find_files, has_wildcards
from agentglass.workflow.retrieval.index import Hit, Index, open_index

__all__ = [
    "Chunk",
    "Hit",
    "Index",
    "PathError",
    "Reading",
    "Skipped",
    "SourceFile",
    "find_files",
    "has_wildcards",
    "open_index",
    "read_chunks",
]
