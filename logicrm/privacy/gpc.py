"""Global Privacy Control: `Sec-GPC: 1` is an objection to analytics and marketing, and we say so at a known address."""

from __future__ import annotations

from flask import has_request_context, request

#: What the signal switches off.
OBJECTED = frozenset({"analytics", "marketing", "personalisation"})


def signalled() -> bool:
    """True when the browser sends `Sec-GPC: 1`, that exact value.

    A repeated header arrives as "1, 1" (proxies join them): one exact 1 among them is enough, since reading
    the doubt in the person's favour costs nothing. "true", "01" or "1;q=1" are not the signal.
    """
    if not has_request_context():
        return False
    values = ",".join(request.headers.getlist("Sec-GPC")).split(",")
    return any(value.strip(" \t") == "1" for value in values)
