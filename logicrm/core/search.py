"""Search over everything, by trigrams on both databases, blind to case, diacritics and phone notation.

A model says what of it is found:

    class Lead(InWorkspace, db.Model):
        __search__ = ("first_name", "last_name", "email", "phone")

A row's folded text lives in `search_entry`; SQLite keeps an FTS5 trigram index over it, PostgreSQL a
trigram GIN index. Entries are written by a flush listener in the same transaction, so a changed
or erased row is never found by what it no longer says.
"""

from __future__ import annotations

import re
import unicodedata
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Identity,
    Index,
    Integer,
    String,
    Text,
    bindparam,
    delete,
    event,
    inspect,
    literal_column,
    select,
    text,
)
from sqlalchemy.orm import Mapped, Session, aliased

from logicrm.core import tenancy
from logicrm.core.phrases import lazy_gettext as _l
from logicrm.core.pii import About, personal, plain
from logicrm.core.schema import Id
from logicrm.extensions import db

# Letters that Unicode does not decompose: "duong" must find "Đường".
_LETTERS = str.maketrans({"đ": "d", "ł": "l", "ø": "o", "ß": "ss", "æ": "ae", "œ": "oe", "ð": "d", "þ": "th", "ı": "i"})
MIN_CHARS = 3  # a trigram index cannot see less
LATEST = 4000  # rows in which PostgreSQL looks first


def fold(value: str) -> str:
    """Lower-case, without diacritics, single spaces: 'Đường  NGUYỄN' -> 'duong nguyen'."""
    if value.isascii():  # most are; nothing to decompose
        return " ".join(value.lower().split())
    low = unicodedata.normalize("NFKD", value.lower()).lower()  # "𝕊" becomes "S" only here
    bare = "".join(c for c in low if not unicodedata.combining(c)).translate(_LETTERS)
    return " ".join(bare.split())


def digits(value: str) -> str:
    """The last nine digits of a phone number: the same in national and international notation."""
    return re.sub(r"\D", "", value)[-9:]


class SearchEntry(db.Model):
    """What is found of one row. `seq` is a small number because FTS5 wants one."""

    __tablename__ = "search_entry"
    __label__ = _l("Search words")
    __table_args__ = (
        Index("uq_search_entry_ref", "workspace_id", "kind", "ref_id", unique=True),
        Index(
            "ix_search_entry_trigram", "body", postgresql_using="gin", postgresql_ops={"body": "gin_trgm_ops"}
        ).ddl_if(dialect="postgresql"),
        Index("ix_search_entry_latest", "workspace_id", "kind", text("(-seq)")).ddl_if(dialect="postgresql"),
    )
    __about__ = (About("person", via=("ref_id", "*")),)

    seq: Mapped[int] = plain(
        BigInteger().with_variant(Integer, "sqlite"), Identity(), primary_key=True, why="row number for the index"
    )
    workspace_id: Mapped[uuid.UUID] = plain(Id(), why="the tenant")
    kind: Mapped[str] = plain(String(40), why="table of the row")
    ref_id: Mapped[uuid.UUID] = plain(Id(), why="id of the row")
    body: Mapped[str] = personal(Text, category="identity", keep="account", purpose="service", label=_l("Search words"))
    hidden: Mapped[bool] = plain(Boolean, default=False, why="restricted people are not found")


def body_of(row: Any) -> str:
    """The folded text by which a row is found."""
    parts = []
    for name in row.__search__:
        value = getattr(row, name)
        if value:
            parts.append(fold(str(value)))
            if "phone" in name and digits(str(value)):
                parts.append(digits(str(value)))
    return " ".join(parts)[:4000]


def _after_flush(session: Session, _context: Any) -> None:
    gone = [r for r in session.deleted if hasattr(r, "__search__")]
    fresh = [r for r in session.new if hasattr(r, "__search__")]
    stale = [r for r in session.dirty if hasattr(r, "__search__") and _reads_otherwise(r)]
    connection = session.connection()
    table = SearchEntry.__table__
    old: dict[tuple[uuid.UUID, str], list[uuid.UUID]] = {}
    for row in gone + stale + fresh:
        old.setdefault((row.workspace_id, row.__tablename__), []).append(row.id)
    for (workspace_id, kind), ids in old.items():
        # Few statements: the full-text index writes its pages anew for each one that removes words.
        for start in range(0, len(ids), 500):
            connection.execute(
                delete(table).where(
                    table.c.workspace_id == workspace_id, table.c.kind == kind,
                    table.c.ref_id.in_(ids[start : start + 500]),
                )
            )  # fmt: skip
    entries = [entry_of(r) for r in stale + fresh]
    if entries:
        connection.execute(table.insert(), entries)


def _reads_otherwise(row: Any) -> bool:
    """Whether this flush changed anything by which the row is found."""
    attributes = inspect(row).attrs
    names = (*row.__search__, *(["restricted"] if hasattr(row, "restricted") else []))
    return any(name not in attributes or attributes[name].history.has_changes() for name in names)


def entry_of(row: Any) -> dict[str, Any]:
    """The search entry of a row, for bulk inserts that go past the flush."""
    return {
        "workspace_id": row.workspace_id,
        "kind": row.__tablename__,
        "ref_id": row.id,
        "body": body_of(row),
        "hidden": bool(getattr(row, "restricted", False)),
    }


def forget(kind: str, ids: Iterable[uuid.UUID]) -> None:
    """Remove the entries of rows that were deleted in bulk."""
    ids = list(ids)
    for start in range(0, len(ids), 500):
        db.session.execute(
            delete(SearchEntry)
            .where(
                SearchEntry.workspace_id == _workspace(),
                SearchEntry.kind == kind,
                SearchEntry.ref_id.in_(ids[start : start + 500]),
            )
            .execution_options(synchronize_session=False)
        )


def _workspace() -> uuid.UUID:
    workspace_id = tenancy.current()
    if workspace_id is None:
        raise tenancy.NoWorkspace("search outside a workspace")
    return workspace_id


@dataclass(frozen=True)
class Hits:
    """A search that was not made yet: a statement that yields (kind, ref_id), and its parameters."""

    sql: str
    params: dict[str, Any]


def find(words: str, *, kinds: Sequence[str] = (), limit: int = 200) -> list[tuple[str, uuid.UUID]]:
    """Return (kind, id) of rows in this workspace whose text holds every word, newest first.

    Words shorter than three letters narrow the result but cannot find alone: [] then. `limit` caps the rows.
    """
    hits = _hits(words, kinds, limit)
    if hits is None:
        return []
    return [(kind, ref_id) for kind, ref_id in db.session.execute(_statement(hits.sql), hits.params)]


def among(model: Any, kind: str, words: str, *, limit: int = 200) -> tuple[Any, dict[str, Any]] | None:
    """The rows of `model` that the words find, to be filtered and sorted as if they were the table.

    Returns (an alias of the model, parameters for the statement that uses it); None when the words are too short.
    """
    hits = _hits(words, (kind,), limit)
    return None if hits is None else (_found_rows(model, hits.sql, limit), hits.params)


@lru_cache(maxsize=256)
def _found_rows(model: Any, sql: str, limit: int) -> Any:
    # The LIMIT is a fence: without it both databases walk the index of the sort and test each row.
    # Remembered, because making an alias of a wide table takes longer than the search.
    ids = select(_statement(sql).subquery("hits").c.ref_id)
    return aliased(model, select(model).where(model.id.in_(ids)).limit(literal_column(str(limit))).subquery())


def _statement(sql: str) -> Any:
    return text(sql).bindparams(bindparam("w", type_=Id())).columns(kind=String(), ref_id=Id())


def _hits(words: str, kinds: Sequence[str], limit: int) -> Hits | None:
    terms = fold(words).split()
    phone = digits(words)
    if len(phone) >= 6 and not re.search(r"[a-z]", fold(words)):
        terms = [phone]
    long = [t for t in terms if len(t) >= MIN_CHARS]
    if not long:
        return None
    params: dict[str, Any] = {"w": _workspace()}
    if db.engine.dialect.name == "sqlite":
        params["match"] = "body : (" + " AND ".join('"' + t.replace('"', '""') + '"' for t in long) + ")"
        if kinds:  # inside the index: else it would hand over every newer shipment that has the word, to find a lead
            params["match"] += " AND kind : (" + " OR ".join(f'"{kind}"' for kind in kinds) + ")"
        # The index gives its hits newest first, one by one, so a common word stops at the limit: 0.4 ms instead
        # of 45 ms for 12,000 hits. CROSS JOIN keeps SQLite from turning the two tables round.
        source, order = "search_index CROSS JOIN search_entry e ON e.seq = search_index.rowid", "search_index.rowid"
        where = "search_index MATCH :match"
    else:
        source, order = "search_entry e", "e.seq"
        where = " AND ".join(f"e.body LIKE :t{i}" for i in range(len(long)))
        params |= {f"t{i}": f"%{_like(t)}%" for i, t in enumerate(long)}
    for i, term in enumerate(t for t in terms if len(t) < MIN_CHARS):
        where += f" AND (' ' || e.body) LIKE :s{i}"
        params[f"s{i}"] = f"% {_like(term)}%"
    if kinds:
        where += " AND e.kind IN (" + ", ".join(f":k{i}" for i in range(len(kinds))) + ")"
        params |= {f"k{i}": kind for i, kind in enumerate(kinds)}
    sql = (
        f"SELECT e.kind, e.ref_id FROM {source} WHERE {where} AND e.workspace_id = :w AND NOT e.hidden "  # noqa: S608 - fixed words only
        f"ORDER BY {order} DESC LIMIT {limit:d}"
    )
    if source == "search_entry e" and len(kinds) == 1:
        sql = _latest_first(sql, where, limit)
    return Hits(sql, params)


def _latest_first(sql: str, where: str, limit: int) -> str:
    """PostgreSQL's index hands over all rows of a common word before they are sorted: 20,000 took 25 ms. So the newest
    rows are read first; when they hold enough of the word, the index is not asked. They are read by the index on -seq:
    along the key it would step over every newer row of another kind."""
    return (
        "WITH latest AS MATERIALIZED (SELECT e.kind, e.ref_id FROM (SELECT kind, ref_id, body, workspace_id FROM "  # noqa: S608 - fixed words only
        f"search_entry WHERE workspace_id = :w AND kind = :k0 AND NOT hidden ORDER BY -seq LIMIT {LATEST}) e "
        f"WHERE {where} LIMIT {limit:d}), enough AS MATERIALIZED (SELECT count(*) >= {limit:d} AS so FROM latest) "
        "SELECT kind, ref_id FROM latest WHERE (SELECT so FROM enough) "
        f"UNION ALL SELECT kind, ref_id FROM ({sql}) every WHERE NOT (SELECT so FROM enough)"
    )


def _like(term: str) -> str:
    return term.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


#: Migrations create these on SQLite; secure-delete overwrites a removed row's words in the index.
SQLITE_INDEX = (
    "CREATE VIRTUAL TABLE search_index USING fts5(kind, body, content='search_entry', content_rowid='seq', "
    "tokenize='trigram', detail=full)",
    "INSERT INTO search_index(search_index, rank) VALUES('secure-delete', 1)",
    "CREATE TRIGGER search_entry_added AFTER INSERT ON search_entry BEGIN "
    "INSERT INTO search_index(rowid, kind, body) VALUES (new.seq, new.kind, new.body); END",
    "CREATE TRIGGER search_entry_gone AFTER DELETE ON search_entry BEGIN INSERT INTO "
    "search_index(search_index, rowid, kind, body) VALUES ('delete', old.seq, old.kind, old.body); END",
    "CREATE TRIGGER search_entry_changed AFTER UPDATE OF body ON search_entry BEGIN INSERT INTO "
    "search_index(search_index, rowid, kind, body) VALUES ('delete', old.seq, old.kind, old.body); "
    "INSERT INTO search_index(rowid, kind, body) VALUES (new.seq, new.kind, new.body); END",
)
SQLITE_INDEX_GONE = (
    "DROP TRIGGER search_entry_changed",
    "DROP TRIGGER search_entry_gone",
    "DROP TRIGGER search_entry_added",
    "DROP TABLE search_index",
)


def install(session_class: Any) -> None:
    """Keep entries in step with the rows they speak of."""
    event.listen(session_class, "after_flush", _after_flush)
