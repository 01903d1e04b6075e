"""Maps and registers as files: JSON, CSV, and PDF on our paper."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from flask import jsonify, render_template
from werkzeug.wrappers import Response

from logicrm.core import pdf
from logicrm.core.csvs import csv_of
from logicrm.core.pdf import paper_css, render_pdf
from logicrm.core.render import page


def answer(
    form: str, name: str, *, rows: Iterable[Sequence[str]], plain: Any, paper: dict[str, Any], lang: str
) -> Response:
    """The file that was asked for: "csv", "json" or "pdf" (503 with the reason when none can be made)."""
    if form == "json":
        return jsonify(plain)
    if form == "csv":
        content, kind = csv_of(rows), "text/csv; charset=utf-8"
    else:
        try:
            content, kind = pdf_of(paper, lang), "application/pdf"
        except pdf.PdfFailed as fault:
            return page("privacy/datamap/no_pdf.html", status=503, why=str(fault))
    response = Response(content, content_type=kind)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.{form}"'
    return response


def pdf_of(paper: dict[str, Any], lang: str) -> bytes:
    """A paper as PDF. Wants title, lead, workspace, sections (paper/document.html) and `created`."""
    html = render_template("paper/document.html", lang=lang, **paper)
    return render_pdf(html, css=[paper_css()], title=str(paper["title"]), lang=lang, created=paper["created"])


def paper(title: str, lead: str, business: str, sections: Sequence[dict[str, Any]], now: datetime) -> dict[str, Any]:
    """What `pdf_of` wants."""
    return {
        "title": title, "lead": lead, "workspace": {"name": business}, "sections": list(sections), "contents": True,
        "created": now,
    }  # fmt: skip
