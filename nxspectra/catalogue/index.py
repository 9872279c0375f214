"""The index of a catalogue: tables that answer searches, in SQLite beside the graphs or in PostgreSQL by URL.

Readers see what was last committed and are never blocked by the writer, of whom there is one at a time.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from itertools import islice
from operator import itemgetter
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import Connection, Engine, create_engine, delete, event, func, inspect, select
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DataError, DBAPIError, SQLAlchemyError
from sqlalchemy.pool import QueuePool

from nxspectra.catalogue import loading, tables
from nxspectra.catalogue.reading import records
from nxspectra.catalogue.record import Record
from nxspectra.catalogue.rows import Rows, Shared, chunks
from nxspectra.catalogue.texts import Texts, delete_texts, marks
from nxspectra.errors import CatalogueDamaged, FileError, MissingExtra, UsageError

FILE = "index.sqlite"
BATCH = 1000
"""So many records are written together."""
BULK = 20_000
"""So many, where nothing but the index is written: the more, the more of them change the same pages."""
_CACHE, _CACHE_OF_WRITER = -32_000, -128_000
"""kB of SQLite's cache, a connection."""


class Index:
    """The tables of `nxspectra.catalogue.tables`, of a file or a database server.

    index = Index.in_folder(Path("catalogue"))
    index.put([record_of(description)])
    with index.reading() as connection:
        connection.execute(select(tables.datasets.c.pid))
    """

    def __init__(self, url: str | URL) -> None:
        """`url`: as SQLAlchemy has them, `sqlite:///FILE` or `postgresql+psycopg://HOST/DATABASE`."""
        try:
            self.url = make_url(url)
        except ArgumentError:
            raise UsageError(
                f"{url!r} is not the URL of a database; postgresql+psycopg://host/name is one"
            ) from None
        if self.url.get_backend_name() not in ("sqlite", "postgresql"):
            raise UsageError(
                f"an index is kept in sqlite or postgresql, not in {self.url.get_backend_name()}"
            )
        self._engine: Engine | None = None
        self._reader: Engine | None = None
        self._shared = Shared()

    @classmethod
    def in_folder(cls, folder: Path) -> Index:
        return cls(URL.create("sqlite", database=str(folder / FILE)))

    @property
    def file(self) -> Path | None:
        """Where it is, if it is a file."""
        is_file = self.url.get_backend_name() == "sqlite" and self.url.database
        return Path(self.url.database or "") if is_file else None

    @property
    def name(self) -> str:
        """What to call it in a message, without a password."""
        return str(self.file) if self.file else self.url.render_as_string(hide_password=True)

    # -- connections ---------------------------------------------------------------------------

    @property
    def engine(self) -> Engine:
        """For writing; the tables are made if they are not there. Raises FileError if that cannot be."""
        if self._engine is None:
            engine = _engine(self.url, writes=True)
            with self._damage_told(), _closed_unless_good(engine), engine.begin() as connection:
                if not inspect(connection).has_table("meta"):
                    tables.metadata.create_all(connection)
                    connection.execute(tables.meta.insert(), {"key": "form", "value": str(tables.FORM)})
                self._check_form(connection)
            self._engine = engine
        return self._engine

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """What is committed now, the same for all that is asked in the `with`.

        Raises FileError if there is no index, or one of another form, CatalogueDamaged if it is.
        """
        with self._damage_told():
            if self._reader is None:
                self._reader = self._open_reader()
            with self._reader.connect() as connection, connection.begin():
                yield connection

    def _open_reader(self) -> Engine:
        if self.file is None:
            engine = _engine(self.url)
        elif not self.file.exists():
            raise FileError(f"{self.file}: there is no index here; `nxspectra catalogue rebuild` makes it")
        else:
            # Who may not write here cannot open the log that is beside the file while somebody writes;
            # without a log the file is all there is.
            engine = _engine(_read_only(self.file))
            if not self._can_open(engine) and not self.file.with_name(f"{self.file.name}-wal").exists():
                engine.dispose()
                engine = _engine(_read_only(self.file, immutable="1"))
        with _closed_unless_good(engine), engine.connect() as connection:
            self._check_form(connection)
        return engine

    def _can_open(self, engine: Engine) -> bool:
        try:
            with engine.connect() as connection:
                connection.execute(select(tables.meta.c.key))
        except DBAPIError as error:
            code = getattr(error.orig, "sqlite_errorcode", 0) & 0xFF
            return code not in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY)
        return True

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """One transaction: all of it or nothing."""
        with self._damage_told(), self.engine.begin() as connection:
            try:
                yield connection
            except BaseException:
                self._shared.forget()
                raise
            self._shared.rest()

    def close(self) -> None:
        # SQLite empties its log when the last connection is closed, if that one may write
        for engine in (self._reader, self._engine):
            if engine is not None:
                engine.dispose()
        self._engine = self._reader = None
        self._shared.forget()

    def _check_form(self, connection: Connection) -> None:
        form = connection.scalar(select(tables.meta.c.value).where(tables.meta.c.key == "form"))
        if form != str(tables.FORM):
            raise FileError(
                f"{self.name}: is an index of form {form}; this nxspectra writes form {tables.FORM};"
                " `nxspectra catalogue rebuild` makes it again"
            )

    @contextmanager
    def _damage_told(self) -> Iterator[None]:
        """What the database raises, as an error that says what to do."""
        try:
            yield
        except SQLAlchemyError as error:
            cause = getattr(error, "orig", None) or error
            said = " ".join(str(cause).split())
            if isinstance(error, DataError):
                raise UsageError(f"{self.name}: this cannot be kept or asked for: {said}") from error
            kind = CatalogueDamaged if _tells_of_damage(cause) else FileError
            raise kind(
                f"{self.name}: the index cannot be used ({said}). Everything in it comes from the files:"
                " `nxspectra catalogue rebuild` makes it again"
            ) from error
        except ModuleNotFoundError as error:
            raise MissingExtra(
                f"{error.name} is not installed; `pip install nxspectra[postgresql]` brings it"
            ) from None

    # -- writing -------------------------------------------------------------------------------

    def put(self, given: Iterable[Record], graphs: Mapping[str, bytes] | None = None) -> int:
        """Records in the place of what is there under their pids, `BULK` a transaction; how many.

        `graphs`: digest of the triples of each, by pid.
        """
        waiting = iter(given)
        some = list(islice(waiting, BULK))
        with self.loading() if len(some) == BULK else nullcontext():
            number = 0
            while some:
                with self.writing() as connection:
                    self.write(connection, some, graphs)
                number += len(some)
                some = list(islice(waiting, BULK))
        return number

    @contextmanager
    def loading(self) -> Iterator[None]:
        """Around many writes. If nothing is there yet, what only searches need is made after them all.

        Until then searches find what is written and are slow. What a kill leaves is mended by `mend`.
        """
        with self.writing() as connection:
            loading.mend(connection)
            fresh = connection.scalar(select(tables.datasets.c.id).limit(1)) is None
            if fresh:
                loading.put_aside(connection)
        try:
            yield
        finally:
            if fresh:
                self.mend()

    def mend(self) -> None:
        """Make what a load that was killed has left out."""
        with self.writing() as connection:
            loading.mend(connection)

    def write(
        self, connection: Connection, some: Sequence[Record], graphs: Mapping[str, bytes] | None = None
    ) -> None:
        """Some records as part of a transaction."""
        newest = {record.pid: record for record in some}
        self.erase(connection, list(newest))
        rows = Rows(connection, self._shared)
        slots = _Slots(connection)
        placed = [
            (slots.take(tables.first_id(tables.seconds(record.created))), record)
            for record in newest.values()
        ]
        for dataset, record in sorted(placed, key=itemgetter(0)):
            rows.record(dataset, record, (graphs or {}).get(record.pid))
        rows.write()

    def remove(self, pid: str) -> bool:
        """Take a data set out; False if it is not there. Documents of no data set go with it."""
        with self.writing() as connection:
            return bool(self.erase(connection, [pid]))

    def erase(self, connection: Connection, pids: Sequence[str]) -> int:
        """Take data sets out as part of a transaction; how many there were."""
        number = 0
        table = tables.datasets
        for some in chunks(pids):
            ids = list(connection.scalars(select(table.c.id).where(table.c.pid.in_(some))))
            if not ids:
                continue
            found = records(connection, ids)
            delete_texts(connection, [Texts.of(each, found[each]) for each in ids])
            documents = set(
                connection.scalars(
                    select(tables.dataset_documents.c.document).where(
                        tables.dataset_documents.c.dataset.in_(ids)
                    )
                )
            )
            for other in tables.OF_DATA_SETS:
                connection.execute(delete(other).where(other.c.dataset.in_(ids)))
            connection.execute(delete(table).where(table.c.id.in_(ids)))
            _erase_empty(connection, sorted(documents))
            number += len(ids)
        return number

    def copy(self, other: Index) -> None:
        """All data sets of another index in the place of those that are here, in one transaction."""
        data = tables.datasets
        with other.reading() as there, self.writing() as here:
            for table in reversed(tables.metadata.sorted_tables):
                if table not in (tables.meta, tables.jobs):
                    here.execute(delete(table))
            if here.dialect.name == "sqlite":
                for name in ("words", "sampled_words"):
                    here.exec_driver_sql(f"INSERT INTO {name} ({name}) VALUES ('delete-all')")  # noqa: S608
            else:
                here.execute(delete(tables.words))
            self._shared.forget()
            rows = there.execute(select(data.c.id, data.c.pid, data.c.graph)).all()
            for start in range(0, len(rows), BATCH):
                some = rows[start : start + BATCH]
                found = records(there, [row.id for row in some])
                self.write(here, list(found.values()), {row.pid: row.graph for row in some if row.graph})

    # -- looking -------------------------------------------------------------------------------

    def get(self, pid: str) -> Record | None:
        """All that is known of a data set; None if it is not there."""
        with self.reading() as connection:
            found = connection.scalar(select(tables.datasets.c.id).where(tables.datasets.c.pid == pid))
            return None if found is None else records(connection, [found])[found]

    def iri_of(self, pid: str) -> str | None:
        """The IRI of a data set; None if it is not there."""
        return self.iris_of([pid]).get(pid)

    def iris_of(self, pids: Sequence[str]) -> dict[str, str]:
        """The IRIs of those of these data sets that are there."""
        data = tables.datasets
        statement = select(data.c.pid, data.c.iri, tables.bases.c.iri.label("base")).outerjoin(
            tables.bases, tables.bases.c.id == data.c.base
        )
        found: dict[str, str] = {}
        with self.reading() as connection:
            for some in chunks(pids):
                for row in connection.execute(statement.where(data.c.pid.in_(some))):
                    found[row.pid] = row.iri or row.base + row.pid
        return found

    def by_iri(self, iri: str) -> Record | None:
        """All that is known of the data set with this IRI."""
        data, bases = tables.datasets, tables.bases
        with self.reading() as connection:
            found = connection.scalar(select(data.c.id).where(data.c.iri == iri))
            for base in connection.execute(select(bases.c.id, bases.c.iri)).all() if found is None else ():
                if found is None and iri.startswith(base.iri):
                    pid = iri.removeprefix(base.iri)
                    found = connection.scalar(
                        select(data.c.id).where(data.c.pid == pid, data.c.base == base.id)
                    )
            return None if found is None else records(connection, [found])[found]

    def __len__(self) -> int:
        with self.reading() as connection:
            return connection.scalar(select(func.count()).select_from(tables.datasets)) or 0


def _erase_empty(connection: Connection, ids: Sequence[int]) -> None:
    """Take out those of these documents to which no data set belongs any more."""
    linked = tables.dataset_documents.c.document
    for some in chunks(ids):
        held = set(connection.scalars(select(linked).where(linked.in_(some)).distinct()))
        empty = [each for each in some if each not in held]
        connection.execute(delete(tables.documents).where(tables.documents.c.id.in_(empty)))
        for other in tables.OF_DOCUMENTS:
            connection.execute(delete(other).where(other.c.document.in_(empty)))


class _Slots:
    """Ids that are free, each from the first that its minute would have."""

    def __init__(self, connection: Connection) -> None:
        # asked once a data set: the driver's own cursor costs a tenth of what a statement does
        self._cursor = connection.connection.cursor()
        mark = marks(connection, 1)
        self._asked = f"SELECT max(id) FROM datasets WHERE id >= {mark} AND id < {mark}"  # noqa: S608
        self._taken: dict[int, int] = {}

    def take(self, first: int) -> int:
        minute = tables.minute_of(first)
        last = self._taken.get(minute)
        if last is None:
            self._cursor.execute(self._asked, (first, tables.first_id((minute + 1) * 60)))
            found = self._cursor.fetchone()
            last = None if found is None else found[0]
        free = first if last is None else last + 1
        self._taken[minute] = free
        return free if tables.minute_of(free) == minute else self.take(free)


def _tells_of_damage(error: BaseException) -> bool:
    """Does SQLite say that its file is none, or not whole?"""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    lost = isinstance(error, sqlite3.OperationalError) and "no such table" in str(error)
    return lost or code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def _read_only(path: Path, **options: str) -> URL:
    address = f"file:{quote(str(path.absolute()))}"
    return URL.create("sqlite", database=address, query={"mode": "ro", "uri": "true", **options})


@contextmanager
def _closed_unless_good(engine: Engine) -> Iterator[None]:
    try:
        yield
    except BaseException:
        engine.dispose()
        raise


def _engine(url: URL, *, writes: bool = False) -> Engine:
    engine = create_engine(url, poolclass=QueuePool)
    if engine.dialect.name == "sqlite":

        @event.listens_for(engine, "connect")
        def _prepare(connection: sqlite3.Connection, _record: Any) -> None:
            connection.isolation_level = None
            connection.execute(f"PRAGMA cache_size = {_CACHE_OF_WRITER if writes else _CACHE}")
            connection.execute("PRAGMA busy_timeout = 10000")
            if not writes:
                connection.execute("PRAGMA temp_store = MEMORY")
            else:
                connection.execute("PRAGMA journal_mode = WAL")
                connection.execute("PRAGMA synchronous = NORMAL")

        @event.listens_for(engine, "begin")
        def _begin(connection: Connection) -> None:
            connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine
