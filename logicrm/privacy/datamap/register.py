"""The register of recipients: who is in it, kept up by owner and officer, completed by settings and policy.

Reading writes nothing: what the policy names and nobody filled in yet is shown as that. The callers commit.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from flask_babel import get_locale
from sqlalchemy import select, update

from logicrm.core import audit, egress, mail
from logicrm.core.errors import Conflict, Refused
from logicrm.core.phrases import gettext as _
from logicrm.core.schema import new_id
from logicrm.extensions import db
from logicrm.privacy import vocabulary
from logicrm.privacy.datamap import rules, words
from logicrm.privacy.datamap.models import Recipient
from logicrm.privacy.datamap.rules import Entry
from logicrm.privacy.profile import Profile
from logicrm.privacy.show import Show

_HOST = re.compile(r"(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)+")
MOST_HOSTS = 20
_COLUMNS = (
    "id", "category", "name", "role", "country", "mechanism", "contract_on", "contract_ends", "contract_file_id",
    "secrecy_on", "contact_email", "ended_on", "revision",
)  # fmt: skip


def written() -> list[Entry]:
    """What stands in the register of this workspace, those that receive nothing any more last."""
    columns = [getattr(Recipient, name) for name in (*_COLUMNS, "data", "hosts")]
    order = (Recipient.ended_on.is_not(None), Recipient.category, Recipient.name, Recipient.id)
    asked = select(*columns).order_by(*order)
    return [
        Entry(**{name: getattr(row, name) for name in _COLUMNS}, data=tuple(row.data), hosts=tuple(row.hosts))
        for row in db.session.execute(asked)
    ]


def listed() -> list[Entry]:
    """Whom the operator lists for the whole installation, as entries."""
    return [
        Entry(
            category=one.job,
            name=one.name,
            role="processor",
            country=one.country,
            mechanism=one.safeguard,
            data=words.USUAL_DATA[one.job],
            hosts=(one.host,),
            origin="settings",
        )
        for one in egress.listed()
    ]


def entries(policy: Profile) -> list[Entry]:
    """Everybody: the register, then the operator's that it lacks, then jobs of the policy that nobody has yet."""
    known = written()
    hosts = {host for one in known for host in one.hosts}
    known += [one for one in listed() if one.hosts[0] not in hosts]
    done = {one.category for one in known if one.ended_on is None}
    for terms in policy.recipients:
        if terms.category not in done:
            known.append(
                Entry(
                    category=terms.category, name=terms.name, role=words.ROLE_OF_CONTRACT[terms.contract],
                    country=terms.country, mechanism=terms.mechanism, data=words.USUAL_DATA[terms.category],
                    origin="policy",
                )
            )  # fmt: skip
    return known


def find(recipient_id: uuid.UUID) -> Entry | None:
    """One entry of the register, or None."""
    return next((one for one in written() if one.id == recipient_id), None)


def at(host: str, of: Iterable[Entry]) -> list[Entry]:
    """Those of some entries that are reached under the name of a server."""
    return [one for one in of if host.lower() in one.hosts]


def receivers(category: str, of: Iterable[Entry], today: date) -> list[Entry]:
    """Those of some entries that receive a category of data now."""
    return [one for one in of if category in one.data and one.active(today)]


def save(
    recipient_id: uuid.UUID | None, values: dict[str, Any], *, policy: Profile, revision: int, by: uuid.UUID,
    now: datetime, today: date,
) -> uuid.UUID:  # fmt: skip
    """Write an entry, and let mail go that waited for it; return its id.

    values: the columns of Recipient, `hosts` as the text of the form. Refuses what the policy or the law rules out
    (a void safeguard, a country outside …), naming the field. Raises Conflict when somebody saved since.
    """
    values = {**values, "hosts": hosts_in(values["hosts"])}
    entry = Entry(**{**values, "data": tuple(values["data"]), "hosts": tuple(values["hosts"])})
    _check(entry, policy, today, known=recipient_id)
    stamped = {**values, "changed_at": now, "changed_by": by}
    if recipient_id is None:
        made = Recipient(id=new_id(), revision=1, **stamped)
        db.session.add(made)
        recipient_id = made.id
    else:
        moved = db.session.execute(
            update(Recipient)
            .where(Recipient.id == recipient_id, Recipient.revision == revision)
            .values(**stamped, revision=revision + 1)
            .execution_options(synchronize_session=False)
        )
        if moved.rowcount != 1:  # type: ignore[attr-defined]
            raise Conflict(_("Somebody saved this entry meanwhile. Look at it again, then save."))
    db.session.flush()
    audit.record(
        "recipient.saved", object_kind="recipient", object_id=recipient_id, actor=by, category=values["category"],
        country=values["country"], ended=values["ended_on"] is not None,
    )  # fmt: skip
    mail.send_waiting()
    return recipient_id


def hosts_in(text: str) -> list[str]:
    """Names of servers in a text, one a line. Refuses what is none: addresses of pages, ports, numbers."""
    found = list(dict.fromkeys(line.strip().lower() for line in text.splitlines() if line.strip()))
    wrong = next((one for one in found if not _HOST.fullmatch(one)), None)
    if wrong is not None:
        raise Refused(
            _("“%(host)s” is no name of a server. Write such as smtp.example.com.", host=wrong[:80]), field="hosts"
        )
    if len(found) > MOST_HOSTS:
        raise Refused(_("Use at most %(n)s servers.", n=MOST_HOSTS), field="hosts")
    return found


def _check(entry: Entry, policy: Profile, today: date, *, known: uuid.UUID | None) -> None:
    if not entry.data:
        raise Refused(_("Choose at least one kind of data."), field="kinds")
    if entry.contract_on and entry.contract_ends and entry.contract_ends < entry.contract_on:
        raise Refused(_("The contract would end before it begins."), field="contract_ends")
    for name in ("contract_on", "secrecy_on"):
        day = getattr(entry, name)
        if day is not None and day > today:
            raise Refused(_("This day is still to come."), field=name)
    for one in rules.problems(entry, policy, today):
        if one.code in ("void", "place", "safeguard", "not_in_policy") and entry.active(today):
            raise Refused(one.says, field=one.field)
        if one.code == "partners" and "partners" not in policy.consent_purposes():
            raise Refused(one.says, field=one.field)
    other = next(
        (one for one in written() if one.id != known and one.active(today) and set(one.hosts) & set(entry.hosts)), None
    )
    if other is not None and entry.active(today):
        raise Refused(_("This server is in the register already, for %(name)s.", name=other.name), field="hosts")


def attach(recipient_id: uuid.UUID, file_id: uuid.UUID) -> None:
    """Note the stored contract of an entry."""
    db.session.execute(
        update(Recipient)
        .where(Recipient.id == recipient_id)
        .values(contract_file_id=file_id)
        .execution_options(synchronize_session=False)
    )


def country_words(entry: Entry, policy: Profile) -> str:
    """The country in the reader's language; the home country's where none is stated."""
    return Show(policy, str(get_locale() or "en")).country(entry.country)


def safeguard_words(entry: Entry) -> str:
    """What protects the data, in words."""
    return str(vocabulary.MECHANISMS.get(entry.mechanism) or words.VOID.get(entry.mechanism, entry.mechanism))
