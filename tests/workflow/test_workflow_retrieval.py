"""Files, chunks and indexes: what the `retrieve` node searches in."""

import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from agentglass.workflow.retrieval import PathError, find_files, open_index, read_chunks


@pytest.fixture
def docs(tmp_path):
    """A few files."""
    docs = tmp_path / "docs"
    (docs / "deep").mkdir(parents=True)
    (docs / "refunds.md").write_text("A refund is paid within 14 days.")
    (docs / "deep" / "shipping.md").write_text("Parcels leave the house every morning.")
    (docs / ".hidden.md").write_text("refund secrets")
    return docs


@pytest.mark.parametrize(
    ("paths", "expected"),
    [
        ("docs/*.md", ["docs/refunds.md"]),
        ("docs/**/*.md", ["docs/deep/shipping.md", "docs/refunds.md"]),
        ("docs/**", ["docs/deep/shipping.md", "docs/refunds.md"]),
        ("docs/deep/../refunds.md", ["docs/refunds.md"]),
        ("docs/.*.md", ["docs/.hidden.md"]),
        ("docs/[a-z]*.md", ["docs/refunds.md"]),
    ],
)
def test_paths_and_patterns_name_files(docs, paths, expected):
    assert [file.source for file in find_files([paths, paths], docs.parent)] == expected


def test_more_bytes_than_memory_should_hold_are_refused(docs):
    for number in range(21):
        with (docs / f"{number}.log").open("wb") as stream:
            stream.truncate(10_000_000)

    with pytest.raises(PathError, match="'docs' leads to more than 5000 files or 200 MB") as caught:
        find_files(["docs"], docs.parent)

    assert caught.value.code == "too-large"


@pytest.mark.skipif(sys.version_info >= (3, 13), reason="there it is a pattern")
def test_a_pattern_that_python_does_not_take_is_refused(docs):
    with pytest.raises(PathError, match=r"'docs/\*\*\.md' is not a pattern: Invalid pattern"):
        find_files(["docs/**.md"], docs.parent)


@pytest.mark.parametrize(
    "words",
    [
        [f"w{number}" for number in range(2_000)],
        [f"w{number}\n\n" for number in range(2_000)],
        [chr(0x4E00 + number) for number in range(2_000)],
        ["first", "\n" * 500, "x" * 950, "\n" * 500, "last"],
    ],
    ids=["words", "paragraphs", "letters", "empty lines"],
)
def test_every_word_is_in_a_piece(docs, words):
    between = "" if len(words[0]) == 1 else " "
    (docs / "only.txt").write_text(between.join(words))

    chunks = read_chunks(find_files(["docs/only.txt"], docs.parent), 100).chunks

    found = between.join(chunk.text for chunk in chunks)
    known = set(found.split()) | set(found) | {"", "x" * 950}
    assert {word.strip() for word in words} <= known
    assert all(0 < len(chunk.text) <= 100 for chunk in chunks)
    assert len({chunk.id for chunk in chunks}) == len(chunks)


def test_an_index_is_used_again(docs):
    files = find_files(["docs"], docs.parent)

    assert open_index(files, 500) is open_index(files, 500)
    assert open_index(files, 500) is not open_index(files, 400)


def test_threads_that_need_the_same_index_share_it(docs):
    files = find_files(["docs"], docs.parent)

    with ThreadPoolExecutor(8) as pool:
        indexes = set(pool.map(lambda _: open_index(files, 333), range(32)))
        (index,) = indexes
        found = list(pool.map(lambda _: index.search("refund", 5), range(32)))

    assert [len(hits) for hits in found] == [1] * 32


def test_an_index_that_cannot_be_made_is_tried_again(docs):
    files = find_files(["docs"], docs.parent)

    for _ in range(2):
        with pytest.raises(TypeError):
            open_index(files, "many")


def test_indexes_that_were_not_used_lately_are_let_go(docs):
    files = find_files(["docs"], docs.parent)
    first = open_index(files, 100)

    for chunk_chars in range(101, 120):
        open_index(files, chunk_chars)

    assert open_index(files, 100) is not first
