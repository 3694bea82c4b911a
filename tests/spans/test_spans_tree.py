"""Spans to a tree, whatever order they arrive in."""

import random

from hypothesis import given
from hypothesis import strategies as st

from agentglass.spans import Span, SpanTree, build_tree, outline


def make(span_id: str, parent_id: str | None = None, start: int = 0, **fields: object) -> Span:
    return Span(
        trace_id="a" * 32,
        span_id=span_id,
        parent_id=parent_id,
        name=span_id,
        start_ns=start,
        **fields,
    )


def drawn(tree: SpanTree) -> list[str]:
    return [f"{'  ' * depth}{node.span.name}" for depth, node in tree.walk()]


def test_children_stand_below_their_parents_in_order_of_their_start() -> None:
    spans = [
        make("b2", "b", 4),
        make("c", "root", 2),
        make("b1", "b", 3),
        make("b", "root", 1),
        make("root"),
    ]

    tree = build_tree(spans)

    assert drawn(tree) == ["root", "  b", "    b1", "    b2", "  c"]
    assert tree.missing_parents == []
    assert tree.duplicates == 0


def test_an_outline_is_one_line_a_span() -> None:
    assert outline([make("b", "a"), make("a")]) == "a span running\n  b span running"


def test_no_spans_make_an_empty_tree() -> None:
    assert build_tree([]) == SpanTree([], [], 0)


def test_a_span_whose_parent_is_missing_becomes_a_root_after_the_others() -> None:
    tree = build_tree(
        [make("y", "gone", 1), make("z", "lost", 2), make("x", "gone", 0), make("r", None, 9)]
    )

    assert drawn(tree) == ["r", "x", "y", "z"]
    assert tree.missing_parents == ["gone", "lost"]


def test_a_key_that_occurs_twice_is_kept_once_and_ended_beats_started() -> None:
    ended = make("r", end_ns=5, seq=1)

    for spans in ([make("r", seq=2), ended], [ended, make("r", seq=2)]):
        tree = build_tree(spans)
        assert [node.span for _, node in tree.walk()] == [ended]
        assert tree.duplicates == 1


def test_a_circle_is_broken_at_its_earliest_span_and_what_hangs_on_it_stays() -> None:
    spans = [
        make("a", "c", 1),
        make("b", "a", 2),
        make("c", "b", 3),
        make("early", "c", 0),
        make("self", "self", 5),
        make("root", None, 9),
    ]

    tree = build_tree(spans)

    assert drawn(tree) == ["root", "a", "  b", "    c", "      early", "self"]


def test_a_chain_of_200_000_spans_needs_no_recursion() -> None:
    spans = [make(str(n), str(n - 1) if n else None, n) for n in range(200_000)]
    random.Random(1).shuffle(spans)

    depths = [depth for depth, _ in build_tree(spans).walk()]

    assert depths == list(range(200_000))


def test_200_000_spans_in_circles_are_all_reached() -> None:
    spans = [make(str(n), str((n + 1) % 200_000), n) for n in range(200_000)]

    assert sum(1 for _ in build_tree(spans).walk()) == 200_000


@given(
    st.lists(st.tuples(st.integers(0, 12), st.none() | st.integers(0, 15), st.integers(0, 3))),
    st.randoms(use_true_random=False),
)
def test_the_tree_does_not_depend_on_the_order_of_arrival(
    rows: list[tuple[int, int | None, int]], shuffler: random.Random
) -> None:
    spans = [
        make(str(span), None if parent is None else str(parent), start, seq=seq)
        for seq, (span, parent, start) in enumerate(rows)
    ]
    shuffled = list(spans)
    shuffler.shuffle(shuffled)

    tree = build_tree(spans)

    assert build_tree(shuffled) == tree
    names = [node.span.span_id for _, node in tree.walk()]
    assert sorted(names) == sorted({span.span_id for span in spans})
    assert tree.duplicates == len(spans) - len(names)
