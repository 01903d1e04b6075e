"""What the list's template needs around its rows: tabs, chips, sort links, pages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import url_for

from logicrm.core.keyset import CAP, Page
from logicrm.core.phrases import gettext as _
from logicrm.shipments.queries import Wanted
from logicrm.shipments.statuses import WORDS


@dataclass(frozen=True)
class ListPage:
    """One page of the list and the addresses that lead on from it."""

    wanted: Wanted
    found: Page
    customer: str

    @property
    def total(self) -> str:
        """'1,234' or '10,000+'."""
        total = self.found.total or 0
        return f"{CAP:,}+" if total > CAP else f"{total:,}"

    def _asked(self, **changes: Any) -> dict[str, Any]:
        w = self.wanted
        customer = f"contact:{w.contact_id}" if w.contact_id else f"company:{w.company_id}" if w.company_id else ""
        asked = {
            "q": w.words, "view": w.view, "status": str(w.status or ""), "sort": "" if w.sort == "created" else w.sort,
            "customer": customer,
            "dir": "asc" if not w.descending else "desc" if w.sort == "due" else "",
        }  # fmt: skip
        return {key: value for key, value in {**asked, **changes}.items() if value}

    def url(self, **changes: Any) -> str:
        """This list with something else asked for; paging begins anew."""
        return url_for("shipments.index", **self._asked(**changes))

    def sort_url(self, key: str) -> str:
        """A click on a column's head: this order, or its reverse."""
        again = key == self.wanted.sort and not self.wanted.view
        down = not self.wanted.descending if again else key != "due"
        return self.url(sort=key, dir="desc" if down else "asc", view="")

    @property
    def sort(self) -> str:
        """The column that shows an arrow; none in a view that has its own order."""
        return "" if self.wanted.view else self.wanted.sort

    @property
    def direction(self) -> str:
        return "desc" if self.wanted.descending else "asc"

    @property
    def tabs(self) -> list[dict[str, Any]]:
        """Saved views."""
        w = self.wanted
        return [
            {"label": _("All"), "url": self.url(view=""), "active": not w.view},
            {"label": _("Need attention"), "url": self.url(view="attention"), "active": w.view == "attention"},
            {"label": _("Late"), "url": self.url(view="late"), "active": w.view == "late"},
        ]

    @property
    def chips(self) -> list[tuple[str, str]]:
        """(words, address without it) of each filter that is on."""
        found = []
        if self.wanted.words:
            found.append((_("Found by “%(words)s”", words=self.wanted.words), self.url(q="")))
        if self.wanted.status:
            found.append((_("Status: %(status)s", status=WORDS[self.wanted.status]), self.url(status="")))
        if self.wanted.contact_id or self.wanted.company_id:
            found.append((_("Customer: %(name)s", name=self.customer or "–"), self.url(customer="")))
        return found

    @property
    def hidden(self) -> dict[str, Any]:
        """What the filter form carries along besides its own fields."""
        return self._asked(q="", status="")

    @property
    def previous_url(self) -> str:
        return self.url(at=str(self.found.previous)) if self.found.previous else ""

    @property
    def next_url(self) -> str:
        return self.url(at=str(self.found.next)) if self.found.next else ""
