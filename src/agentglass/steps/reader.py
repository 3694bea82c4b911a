"""A run in a file, its steps read one by one."""

from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, BinaryIO, Self

from pydantic import TypeAdapter, ValidationError

from agentglass.errors import TraceFormatError
from agentglass.steps.faults import describe_faults, describe_step_faults
from agentglass.steps.run import TraceRun, warn_of_opaque
from agentglass.steps.scan import Part, scan_run
from agentglass.steps.steps import AnyStep, BaseStep, OpaqueStep

__all__ = ["RunReader"]

_step: TypeAdapter[Any] = TypeAdapter(AnyStep)


class RunReader:
    """Gives the steps of a run in the order of its file, as often as one likes.

    Each is checked as it is given; `check` does what needs all of them. Not for several threads.

    Args:
        file: A binary file that can be read again from its start.
        name: What messages call it.

    Raises:
        TraceFormatError: It is not JSON, breaks off, or something besides its steps is wrong.
    """

    def __init__(self, file: BinaryIO, name: str) -> None:
        self.name = name
        self.step_count = 0
        """How many steps the file holds."""
        self._file = file
        self.head = self._read_head()
        """The run without its steps."""

    def __iter__(self) -> Iterator[BaseStep]:
        """Yield the steps; those of unknown types give one warning at the end.

        Raises:
            TraceFormatError: A step is wrong; names the file, the step and the field.
        """
        opaque: dict[str, OpaqueStep] = {}
        for number, part in enumerate(self._steps(), 1):
            try:
                step: BaseStep = _step.validate_json(part.text)
            except ValidationError as error:
                faults = describe_step_faults(error, number, part.value)
                raise TraceFormatError(f"{self.name}: {faults}") from error
            if isinstance(step, OpaqueStep):
                opaque.setdefault(step.step_type, step)
            yield step
        warn_of_opaque(opaque.values())

    def read(self) -> TraceRun:
        """Return the whole run, its steps in order of their start.

        Raises:
            TraceFormatError: Something is wrong; names the file, the step and the field.
        """
        record = {**dict(self.head), "steps": list(self)}
        try:
            return TraceRun.model_validate(record)
        except ValidationError as error:
            faults = describe_faults(error, lambda number: dict(record["steps"][number]))
            raise TraceFormatError(f"{self.name}: {faults}") from error

    def check(self) -> None:
        """Read all steps, and keep nothing but their ids.

        Raises:
            TraceFormatError: A step is wrong, an id is there twice, or a parent is not there.
        """
        ids: set[str] = set()
        awaited: dict[str, str] = {}
        for number, step in enumerate(self, 1):
            place = f"{self.name}: This is not a trace run: step {number}"
            if step.step_id in ids:
                raise TraceFormatError(f"{place}, `step_id`: {step.step_id!r} is there twice.")
            ids.add(step.step_id)
            awaited.pop(step.step_id, None)
            parent = step.parent_step_id
            if parent is not None and parent not in ids:
                awaited.setdefault(parent, f"{place} {step.step_id!r}, `parent_step_id`")
        for parent, place in awaited.items():
            raise TraceFormatError(f"{place}: there is no step {parent!r}.")

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        self.close()

    def _read_head(self) -> TraceRun:
        fields: dict[str, str] = {}
        with self._named():
            for part in scan_run(self._file):
                if part.field is None:
                    self.step_count += 1
                elif part.field in TraceRun.model_fields:
                    fields[part.field] = part.text
            record = ",".join(f'"{name}":{text}' for name, text in fields.items())
            return TraceRun.from_json(f"{{{record}}}")

    def _steps(self) -> Iterator[Part]:
        with self._named():
            for part in scan_run(self._file):
                if part.field is None:
                    yield part

    @contextmanager
    def _named(self) -> Iterator[None]:
        try:
            yield
        except TraceFormatError as error:
            raise TraceFormatError(f"{self.name}: {error}") from error
