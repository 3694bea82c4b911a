"""docs/coverage holds every requirement, and says truly which test shows it."""

from collections import Counter

from coverage_rows import ID, ROOT, UNTESTED, named_in_tests, pinned_ids, table_rows, tables


def test_every_requirement_has_exactly_one_row() -> None:
    rows = Counter(row.id for row in table_rows())

    assert rows == Counter(pinned_ids())


def test_every_pinned_id_is_one_that_a_docstring_can_name() -> None:
    assert [name for name in pinned_ids() if not ID.fullmatch(name)] == []


def test_a_row_names_exactly_the_tests_whose_docstrings_name_it() -> None:
    """FR-016: every requirement that is built has a test that says so, and the table names it."""
    rows = {row.id: sorted(row.tests) for row in table_rows() if row.tests}
    docstrings = {name: sorted(tests) for name, tests in named_in_tests().items()}

    assert rows == docstrings, "run: make coverage"


def test_a_row_without_a_test_says_why() -> None:
    untested = [row for row in table_rows() if not row.tests]

    assert [row.id for row in untested if not row.test.startswith(UNTESTED)] == []


def test_every_place_in_a_table_exists() -> None:
    places = {place for row in table_rows() for place in row.places}

    assert sorted(place for place in places if not (ROOT / place).exists()) == []


def test_there_is_one_table_per_floor_and_one_for_the_repository() -> None:
    folders = (ROOT / "src" / "agentglass").iterdir()
    floors = {path.name for path in folders if (path / "__init__.py").exists()}

    assert {path.stem for path in tables()} == floors | {"repository"}
