"""Reads one workbook from standard input and writes its rows as JSON lines.

Run as a program of its own, by path, never imported: a workbook is hostile input for a parser in
native code, and this process has little memory and little time to lose. It imports nothing of
ours, so that it starts at once.
"""

import contextlib
import io
import json
import resource
import sys
from datetime import date, datetime, time, timedelta


def text_of(value: object) -> str:
    """Write a cell as a person would have typed it; dates in ISO order."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        # Sheets know only floating numbers: 40712345678.0 was typed without a point.
        return str(int(value)) if value.is_integer() and abs(value) < 1e18 else repr(value)
    if isinstance(value, datetime):
        midnight = value.time() == time(0)
        return value.date().isoformat() if midnight else value.isoformat(sep=" ", timespec="seconds")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, time):
        return value.isoformat(timespec="seconds")
    if isinstance(value, timedelta):
        minutes, seconds = divmod(int(value.total_seconds()), 60)
        return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}"
    return "" if value is None else str(value)


def main(memory: int, seconds: int, max_cell: int) -> None:
    """Obey the limits (bytes, seconds of processor time, characters a cell), then read."""
    with contextlib.suppress(ValueError, OSError):  # macOS knows no limit on address space
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    from python_calamine import CalamineWorkbook

    out = sys.stdout
    book = CalamineWorkbook.from_object(io.BytesIO(sys.stdin.buffer.read()))
    for position, name in enumerate(book.sheet_names):
        sheet = book.get_sheet_by_index(position)
        started = False
        for line, cells in enumerate(sheet.iter_rows(), 1):
            texts = [text_of(cell)[: max_cell + 1] for cell in cells]
            while texts and not texts[-1].strip():
                texts.pop()
            if not texts:
                continue
            if not started:
                out.write(json.dumps({"sheet": name, "of": len(book.sheet_names), "rows": sheet.total_height}) + "\n")
                started = True
            out.write(json.dumps([line, texts]) + "\n")
        if started:
            break
    out.write('{"end": true}\n')
    out.flush()


if __name__ == "__main__":
    try:
        main(*(int(argument) for argument in sys.argv[1:4]))
    except MemoryError:
        sys.exit(4)
    except BrokenPipeError:
        sys.exit(0)
    except BaseException as failure:
        # Only the kind of failure leaves this process: its words may quote a person's cell.
        sys.stderr.write(type(failure).__name__)
        sys.exit(5 if "assword" in type(failure).__name__ + str(failure) else 3)
