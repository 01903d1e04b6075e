"""Tables as CSV that every spreadsheet opens as it is meant: UTF-8 with its mark, and no cell taken for a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def csv_of(rows: Iterable[Sequence[str]]) -> bytes:
    """Rows of text, the head first, as the bytes of a CSV file (RFC 4180).

    A byte order mark, or spreadsheets show letters with marks wrongly; an apostrophe before what one could run.
    """
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    for row in rows:
        writer.writerow([f"'{cell}" if cell.startswith(_FORMULA) else cell for cell in row])
    return b"\xef\xbb\xbf" + out.getvalue().encode()
