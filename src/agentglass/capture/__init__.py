"""Instrumentors and handlers, one module per library.

Empty so far: the floor is reserved so that its place in the import contract is checked.
"""

__all__: list[str] = []
