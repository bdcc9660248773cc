"""The schema of a dataset's YAML file."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from include.config.base import Column, ConnectionId, Name, Owner, Retention, Settings, Severity, Share
from include.config.durations import Duration
from include.partitions import Grain

ColumnType = Literal[
    "bool", "int8", "int16", "int32", "int64", "uint8", "float32", "float64", "string", "date", "timestamp", "decimal"
]


_USUAL_CRON = {
    "hour": "10 * * * *",
    "day": "0 2 * * *",
    "week": "0 2 * * 1",
    "month": "0 2 1 * *",
    "quarter": "0 2 1 1,4,7,10 *",
    "year": "0 2 1 1 *",
}


class FilesSource(Settings):
    """Files: CSV, zipped or gzipped CSV, or Parquet."""

    kind: Literal["files"]
    """Files that are local, on `s3://`, or inside an installed package."""
    path: str
    """A file, a glob, or a folder of `period=…/part-*.parquet` (2016, 2016-Q1, 2016-03, 2016-W05, 2016-03-01, 2016-03-01T05Z, or first/last of them); relative to the configuration folder, or `s3://…`, or `package:NAME/FILE` inside an installed package. `{key}` stands for the partition's key: only that partition's file is opened."""
    format: Literal["csv", "parquet"] | None = None
    """Taken from the file's name when unset (`.csv`, `.csv.gz`, `.csv.zip`, `.parquet`)."""
    delimiter: str = Field(default=",", min_length=1, max_length=1)
    """CSV only: one character between the fields."""
    encoding: str = "utf-8"
    """CSV only: character encoding."""
    null_values: tuple[str, ...] = ("", "NA", "NaN", "null", "NULL")
    """CSV only: texts that mean a missing value."""
    connection: ConnectionId | None = None
    """Airflow connection id with the credentials of an `s3://` path."""
    max_rows: int = Field(default=200_000_000, gt=0)
    """A file that claims more rows than this is refused (a small Parquet file can claim billions)."""


class SqlSource(Settings):
    """A database, read in batches."""

    kind: Literal["sql"]
    """A query to any database that SQLAlchemy reaches."""
    connection: ConnectionId
    """Airflow connection id; the URL and password live there."""
    query: str
    """One SELECT; `:start` and `:end` are bound to the partition's UTC instants."""
    batch_rows: int = Field(default=65_536, gt=0)
    """Rows fetched at a time."""


class S3Source(Settings):
    """Objects under a prefix that are new since the last look, told by key and ETag."""

    kind: Literal["s3"]
    """CSV or Parquet objects, each read once and again only when it changes; their rows may belong to any partition."""
    bucket: str
    """Name of the bucket."""
    prefix: str = ""
    """Keys start with this text; `{key}` stands for the partition's key."""
    connection: ConnectionId | None = None
    """Airflow connection id; the environment's AWS credentials when unset."""
    format: Literal["csv", "parquet"] | None = None
    """Taken from each key's ending when unset."""
    delimiter: str = Field(default=",", min_length=1, max_length=1)
    """CSV only."""
    encoding: str = "utf-8"
    """CSV only."""
    null_values: tuple[str, ...] = ("", "NA", "NaN", "null", "NULL")
    """CSV only: texts that mean a missing value."""
    max_rows: int = Field(default=200_000_000, gt=0)
    """An object that claims more rows than this is refused."""


Source = Annotated[FilesSource | SqlSource | S3Source, Field(discriminator="kind")]


class KnownAt(Settings):
    """When a row became known: a column, or its event time plus a delay."""

    column: Column | None = None
    """Column with the instant at which the row was known."""
    delay: Duration | None = None
    """Time from the event to knowing the row."""

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if (self.column is None) == (self.delay is None):
            message = "give either column or delay"
            raise ValueError(message)
        return self


class ValueRules(Settings):
    """What the values of one column must be."""

    nullable_share: Share = 1.0
    """Largest share of missing values in a partition."""
    range: tuple[float | str | None, float | str | None] | None = None
    """Smallest and largest value, both allowed; null for open."""
    set: tuple[str | int, ...] | None = None
    """The only values allowed."""
    regex: str | None = None
    """Pattern that each text must match from its start."""
    unique: bool = False
    """No value occurs twice in a partition."""
    pii: bool = False
    """Personal data: never shown in reports, messages or examples."""
    severity: Severity = "block"
    """What a broken rule of this column does."""


class ColumnRule(ValueRules):
    """What one column of a dataset must be."""

    type: ColumnType
    """Arrow type the column is cast to, safely: a value that does not fit is an error that names its row. A timestamp without a zone is local to `timezone`; it is kept in UTC, in microseconds."""


class PartitionRules(Settings):
    """What a partition as a whole must be."""

    rows_per_hour: tuple[float | None, float | None] | None = None
    """Fewest and most rows per hour of the interval (so that days of 23 and 25 hours are judged alike); null for open."""
    freshness: Duration | None = None
    """The newest event is at most this much older than the partition's end."""
    unique_key: bool = True
    """The key identifies a row."""
    severity: Severity = "block"
    """What a broken rule of the partition does."""


class Contract(Settings):
    """What rows must be before anyone sees them."""

    columns: dict[Column, ColumnRule] = Field(default_factory=dict)
    """Rules by column; other columns of the source are dropped. With none, all columns are kept as the first partition typed them."""
    partition: PartitionRules = PartitionRules()
    """Rules of the partition as a whole."""


class Dataset(Settings):
    """One dataset: where its rows come from and what they must be."""

    name: Name
    """Identifier, equal to the file's name."""
    description: str = Field(min_length=1)
    """What a row is, in a sentence."""
    owner: Owner
    """Told when a partition is blocked."""
    source: Source
    """Where the rows come from."""
    derive: dict[Column, str] = Field(default_factory=dict)
    """Further columns as SQL expressions (DuckDB) over the source's columns, computed before the contract is checked; no access to files or network."""
    schedule: str | None = None
    """Cron line, in `timezone`, of when to pull the partition that has just ended, with one tick a partition; unset: ten past the hour, or 02:00 after the day, week, month, quarter or year."""
    timezone: str = "UTC"
    """IANA zone in which partitions are cut."""
    partition: Grain = "day"
    """Length of a partition."""
    event_time: Column | None = None
    """Column with the instant of the event; unset only for static datasets and folders of `period=…`, whose rows take the start of their period."""
    key: tuple[Column, ...] = ()
    """Columns that identify a row; a row number within the partition when empty."""
    known_at: KnownAt = KnownAt(delay=timedelta(0))
    """When a row became known."""
    outcome: tuple[Column, ...] = ()
    """Columns known only after the event; features never see them."""
    late_for: Duration = Field(default=timedelta(0))
    """How long after a partition's end its rows may still come; those partitions are pulled again."""
    first_partition: str | None = None
    """Key of the first partition there is."""
    last_partition: str | None = None
    """Key of the last partition there will be; nothing is scheduled after it."""
    static: bool = False
    """A slow table without partitions, read whole."""
    contract: Contract = Contract()
    """What the rows must be."""
    retention: Retention = Retention()
    """How long old versions are kept."""

    @property
    def cron(self) -> str:
        """Return the cron line, the usual one of the partition's length when none is configured."""
        return self.schedule or _USUAL_CRON[self.partition]

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError) as error:
            message = "not a known time zone; use a name such as UTC or America/New_York"
            raise ValueError(message) from error
        return value

    @field_validator("first_partition", "last_partition", mode="before")
    @classmethod
    def _as_text(cls, value: Any) -> Any:
        return value.isoformat() if hasattr(value, "isoformat") else value

    @model_validator(mode="after")
    def _names_only_columns_there_are(self) -> Self:
        known = set(self.contract.columns)
        named = dict.fromkeys(self.key, "key") | dict.fromkeys(self.outcome, "outcome")
        if self.event_time:
            named[self.event_time] = "event_time"
        if self.known_at.column:
            named[self.known_at.column] = "known_at.column"
        missing = sorted(set(named) - known) if known else []
        if missing:
            message = "; ".join(f"{named[c]} names {c!r}, which contract.columns lacks" for c in missing)
            raise ValueError(message)
        return self
