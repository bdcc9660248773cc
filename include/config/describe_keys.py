"""What the keys of configuration mean: the texts below them in the classes that declare them, read when somebody asks.

pydantic can read them itself (``use_attribute_docstrings``), but when a class is made: half of the time that importing the
schema took, in every process that parses DAGs, for texts that only errors, the reference and editors need.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from pydantic.json_schema import GenerateJsonSchema

if TYPE_CHECKING:
    from pydantic import BaseModel


def meaning(schema: type[BaseModel], key: str) -> str:
    """Return the text below a key's declaration; empty where there is none.

    Examples
    --------
    >>> from include.config.base import Owner
    >>> meaning(Owner, "email")
    'Shown in reports; nothing is sent to it.'
    """
    for owner in schema.__mro__:
        if key in inspect.get_annotations(owner):
            return _meanings(owner).get(key, "")
    return ""


@cache
def _meanings(owner: type) -> dict[str, str]:
    (found,) = ast.parse(textwrap.dedent(inspect.getsource(owner))).body
    body = found.body if isinstance(found, ast.ClassDef) else []
    return {
        before.target.id: inspect.cleandoc(after.value.value)
        for before, after in pairwise(body)
        if isinstance(before, ast.AnnAssign)
        and isinstance(before.target, ast.Name)
        and isinstance(after, ast.Expr)
        and isinstance(after.value, ast.Constant)
        and isinstance(after.value.value, str)
    }


class DescribedSchema(GenerateJsonSchema):
    """JSON Schemas in which every key says what it means."""

    def model_schema(self, schema: Any) -> dict[str, Any]:
        """Return the schema of one mapping."""
        found = super().model_schema(schema)
        for key, value in found.get("properties", {}).items():
            text = meaning(schema["cls"], key)
            if text and "description" not in value:
                value["description"] = text
        return found
