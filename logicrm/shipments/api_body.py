"""What a program sends as an event, checked field by field."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from logicrm.shipments.details import NewEvent
from logicrm.shipments.statuses import MustAct, Reason, Source, Status, status_named

MAX_BYTES = 64 * 1024
MAX_DEPTH = 8
FIELDS = (
    "status", "occurred_at", "code", "description", "place", "latitude", "longitude", "reason", "must_act", "source",
    "public", "idempotency_key",
)  # fmt: skip
_KEY = re.compile(r"[\x21-\x7e]{1,100}")


@dataclass(frozen=True)
class FieldError:
    """What is wrong with one field; `field` is "" for the body as a whole."""

    field: str
    message: str


class NotValid(ValueError):
    """The body cannot be used; `errors` name each field."""

    def __init__(self, *errors: FieldError) -> None:
        super().__init__(f"{len(errors)} errors")
        self.errors = list(errors)


def parse(body: bytes, header_key: str = "") -> NewEvent:
    """Read an event from a JSON body. `header_key` is the Idempotency-Key header. Raises NotValid with every error."""
    values = _object(body)
    reader = _Reader(values)
    for name in sorted(set(values) - set(FIELDS)):
        reader.wrong(name[:60], f"unknown field; known are {', '.join(FIELDS)}")
    code = reader.text("code", 60)
    status, raw = reader.status(code)
    occurred_at = reader.moment("occurred_at")
    latitude, longitude = reader.degrees("latitude", 90), reader.degrees("longitude", 180)
    if (latitude is None) != (longitude is None) and not reader.has_error("latitude", "longitude"):
        reader.wrong("longitude" if longitude is None else "latitude", "latitude and longitude come together")
    description = reader.text("description", 500)
    event = NewEvent(
        occurred_at or datetime.min.replace(tzinfo=UTC), status or Status.UNKNOWN, code=code, description=description,
        reason=reader.one_of("reason", Reason, ""), must_act=reader.one_of("must_act", MustAct, ""),
        place=reader.text("place", 200), latitude=latitude, longitude=longitude,
        source=reader.one_of("source", Source, Source.CARRIER), public=reader.boolean("public", True),
        idempotency_key=reader.key(header_key), raw_code=raw[:100], raw_text=description,
    )  # fmt: skip
    if reader.errors:
        raise NotValid(*reader.errors)
    return event


def _object(body: bytes) -> dict[str, Any]:
    if len(body) > MAX_BYTES:
        raise NotValid(FieldError("", f"the body is larger than {MAX_BYTES:,} bytes"))
    # Depth is counted before parsing: a deep body would exhaust the parser's stack.
    if _depth(body) > MAX_DEPTH:
        raise NotValid(FieldError("", f"the body is nested deeper than {MAX_DEPTH} levels"))
    try:
        values = json.loads(body.decode("utf-8"), object_pairs_hook=_no_doubles, parse_constant=_no_constant)
    except UnicodeDecodeError:
        raise NotValid(FieldError("", "the body is not UTF-8")) from None
    except NotValid:
        raise
    except ValueError as error:
        raise NotValid(FieldError("", f"the body is not JSON: {str(error)[:100]}")) from None
    if not isinstance(values, dict):
        raise NotValid(FieldError("", "the body must be a JSON object"))
    return values


def _depth(body: bytes) -> int:
    """How deep brackets nest outside of strings."""
    deepest = depth = 0
    for mark in re.findall(rb'"(?:[^"\\]|\\.)*"|[\[{\]}]', body):
        if mark in (b"[", b"{"):
            depth += 1
            deepest = max(deepest, depth)
        elif mark in (b"]", b"}"):
            depth -= 1
    return deepest


def _no_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    seen: dict[str, Any] = {}
    for name, value in pairs:
        if name in seen:
            raise NotValid(FieldError(name[:60], "the field is given twice"))
        seen[name] = value
    return seen


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON number")


class _Reader:
    """Takes fields out of the object and collects what is wrong."""

    def __init__(self, values: dict[str, Any]) -> None:
        self.values = values
        self.errors: list[FieldError] = []

    def wrong(self, field: str, message: str) -> None:
        self.errors.append(FieldError(field, message))

    def has_error(self, *fields: str) -> bool:
        return any(e.field in fields for e in self.errors)

    def text(self, name: str, most: int) -> str:
        value = self.values.get(name)
        if value is None:
            return ""
        if not isinstance(value, str):
            self.wrong(name, "must be text")
            return ""
        value = value.strip()
        if len(value) > most:
            self.wrong(name, f"is longer than {most} characters")
        elif re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]", value):
            self.wrong(name, "holds characters that are not text")
        else:
            return value
        return ""

    def status(self, code: str) -> tuple[Status | None, str]:
        """(our status, the name exactly as sent). An unknown name needs a code, so that nothing is swallowed."""
        raw = self.values.get("status")
        if raw is None:
            if code:
                known = status_named(code)
                return known or Status.UNKNOWN, code
            self.wrong("status", "is missing")
            return None, ""
        if not isinstance(raw, str) or not raw.strip():
            self.wrong("status", "must be text")
            return None, ""
        known = status_named(raw)
        if known is None and not code:
            self.wrong(
                "status", f"“{raw[:40]}” is not known; one of {', '.join(Status)}, or give the carrier's code too"
            )
        return known or Status.UNKNOWN, raw

    def moment(self, name: str) -> datetime | None:
        value = self.values.get(name)
        if value is None:
            self.wrong(name, "is missing")
            return None
        try:
            moment = datetime.fromisoformat(value) if isinstance(value, str) and "T" in value.upper() else None
            if moment is not None and moment.tzinfo is not None:
                moment.timestamp()
        except (ValueError, OverflowError):
            moment = None
        if moment is None:
            self.wrong(name, "must be a date and time such as 2026-03-01T14:05:00+02:00")
        elif moment.tzinfo is None:
            self.wrong(name, "needs its offset from UTC, such as +02:00 or Z")
        else:
            return moment
        return None

    def degrees(self, name: str, most: int) -> Decimal | None:
        value = self.values.get(name)
        if value is None:
            return None
        try:
            number = Decimal(str(value)) if isinstance(value, int | float) and not isinstance(value, bool) else None
        except InvalidOperation:
            number = None
        if number is None or not number.is_finite() or abs(number) > most:
            self.wrong(name, f"must be a number between -{most} and {most}")
            return None
        return number.quantize(Decimal("0.000001"))

    def one_of(self, name: str, choices: Any, default: str) -> str:
        value = self.values.get(name)
        if value is None or value == "":
            return default
        if not isinstance(value, str) or value not in set(choices):
            self.wrong(name, f"must be one of {', '.join(choices)}")
            return default
        return value

    def boolean(self, name: str, default: bool) -> bool:
        value = self.values.get(name)
        if value is None:
            return default
        if not isinstance(value, bool):
            self.wrong(name, "must be true or false")
            return default
        return value

    def key(self, header: str) -> str | None:
        """The idempotency key of the header or the body; both must agree."""
        in_body = self.values.get("idempotency_key")
        header = header.strip().removeprefix('"').removesuffix('"')
        if in_body is not None and not isinstance(in_body, str):
            self.wrong("idempotency_key", "must be text")
            return None
        if in_body and header and in_body != header:
            self.wrong("idempotency_key", "differs from the Idempotency-Key header")
            return None
        key = header or in_body or ""
        if key and not _KEY.fullmatch(key):
            self.wrong("idempotency_key", "must be 1 to 100 visible ASCII characters")
            return None
        return key or None
