"""Where a record about somebody may come from. There is no fourth way: none is bought, and none is looked up."""

from __future__ import annotations

from logicrm.core.promises import promise

#: Typed in by whom it serves, brought by a file of theirs, or left by the person's own act.
SOURCES = ("you", "import", "automatic")


@promise("sources")
def known_source(source: str) -> str:
    """Return the source of a new record; raises ValueError for one that no policy names."""
    if source not in SOURCES:
        raise ValueError(f"a record comes from {', '.join(SOURCES)}, not from {source!r}")
    return source
