"""Limits on how often something may be tried, shared by all processes: counted in Redis when there is one
(several web hosts), else in the database. When Redis fails, the database counts: a limit never fails open.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import redis
from flask import current_app
from sqlalchemy import BigInteger, String
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped

from logicrm.core import clock, crypto, egress
from logicrm.core.phrases import lazy_gettext as _l
from logicrm.core.pii import Keep, plain
from logicrm.extensions import db

log = logging.getLogger("logicrm")


class Throttle(db.Model):
    """Tries within one window. `name` is a keyed hash: neither address nor e-mail can be read from it."""

    __tablename__ = "throttle"
    __label__ = _l("Limits on tries")
    __retention__ = (Keep("logs", anchor="window_end", days=1, why=_l("a spent window counts nothing")),)

    name: Mapped[str] = plain(String(64), primary_key=True, why="keyed hash of what is limited, and for whom")
    window_end: Mapped[datetime] = plain(why="when counting starts anew")
    tries: Mapped[int] = plain(BigInteger, why="tries in this window")


def hit(what: str, whom: str, *, limit: int, per: timedelta, now: datetime | None = None) -> bool:
    """Count one try; return False when it is one too many. Two racing tries both count.

    what: "sign-in", "reset" …; whom: an address or an e-mail, of which only a keyed hash is kept.
    The count is committed at once: a refused try that rolls its page back still counts.
    """
    now = now or clock.now()
    seconds = int(per.total_seconds())
    start = int(now.timestamp()) // seconds * seconds
    name = crypto.keyed_hash("throttle", f"{what}|{whom.lower()}|{start}")
    if current_app.config["REDIS_URL"]:
        try:
            return _in_redis(name, seconds) <= limit
        except redis.RedisError:
            log.warning("redis does not answer or is not listed; limits are counted in the database")
    return _in_database(name, datetime.fromtimestamp(start + seconds, tz=now.tzinfo)) <= limit


def _in_redis(name: str, seconds: int) -> int:
    client = current_app.extensions.get("logicrm.redis")
    if client is None:
        # The settings alone are asked: the register lies in a database that this page may be writing to.
        host = urlsplit(current_app.config["REDIS_URL"]).hostname or ""
        if not egress.listed_for("limits", host):
            raise redis.ConnectionError(f"{host} is not in LOGICRM_RECIPIENTS")
        client = redis.Redis.from_url(current_app.config["REDIS_URL"], socket_timeout=1, socket_connect_timeout=1)
        current_app.extensions["logicrm.redis"] = client
    pipe = client.pipeline()
    pipe.incr(f"logicrm:throttle:{name}")
    pipe.expire(f"logicrm:throttle:{name}", seconds)
    return int(pipe.execute()[0])


def _in_database(name: str, window_end: datetime) -> int:
    insert = postgresql.insert if db.engine.dialect.name == "postgresql" else sqlite.insert
    statement = insert(Throttle).values(name=name, window_end=window_end, tries=1)
    statement = statement.on_conflict_do_update(index_elements=["name"], set_={"tries": Throttle.tries + 1})
    # Called before the page's own transaction has written anything: a connection of its own is free to commit.
    with db.engine.begin() as connection:
        return int(connection.execute(statement.returning(Throttle.tries)).scalar_one())
