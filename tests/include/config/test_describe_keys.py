"""What keys mean."""

from __future__ import annotations

from include.config.base import Owner, Settings
from include.config.describe_keys import meaning


class _Child(Owner):
    """A schema that inherits keys."""

    name: str = "nobody"
    phone: str | None = None
    """Called at night,
    never by day."""


def test_the_class_that_declares_a_key_last_says_what_it_means():
    assert meaning(_Child, "email") == meaning(Owner, "email") != ""
    assert meaning(_Child, "name") == ""
    assert meaning(_Child, "phone") == "Called at night,\nnever by day."
    assert meaning(_Child, "fax") == ""


def test_classes_are_made_without_reading_their_source():
    assert not Settings.model_config.get("use_attribute_docstrings")
