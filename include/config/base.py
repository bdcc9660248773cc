"""What all configured objects share."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

NAME_PATTERN = r"^[a-z][a-z0-9_]{0,62}$"
COLUMN_PATTERN = r"^[^_\x00-\x1f][^\x00-\x1f]*$"
CONNECTION_PATTERN = r"^[A-Za-z0-9_.-]{1,200}$"
SLACK_PATTERN = r"^[#@A-Z][\w.-]{0,79}$"
Name = Annotated[str, StringConstraints(pattern=NAME_PATTERN)]
Column = Annotated[str, StringConstraints(min_length=1, max_length=255, pattern=COLUMN_PATTERN)]
ConnectionId = Annotated[str, StringConstraints(pattern=CONNECTION_PATTERN)]
Severity = Literal["warn", "block"]
Share = Annotated[float, Field(ge=0.0, le=1.0)]


class Settings(BaseModel):
    """A frozen mapping that refuses keys it does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)


class Owner(Settings):
    """Who is told when a person should look."""

    name: str
    """Person or team, as it should read in a message."""
    slack: str | None = Field(default=None, pattern=SLACK_PATTERN)
    """Slack channel (`#name` or its id); messages go to a file where it is unset."""
    email: str | None = None
    """Shown in reports; nothing is sent to it."""

    @property
    def contact(self) -> str:
        """Return the name, with the address where there is one, as reports show it."""
        return f"{self.name} ({self.email})" if self.email else self.name


class Retention(Settings):
    """How long what nobody pinned is kept."""

    versions: str = Field(default="365d", pattern=r"^\d{1,6}[dw]$")
    """How long after it was superseded a table version that nothing pins can still be read, and how long quarantined rows are kept."""
    grace: str = Field(default="7d", pattern=r"^[1-9]\d{0,3}[dw]$")
    """Files younger than this are never removed, since staged files look like garbage; a day at least."""
