"""Measure: `make bench`, or `make bench BENCH="--rows 1000 --backends sqlite"`.

Prints a table and writes bench/results.json: page, rows, backend, p50_ms, p95_ms, bytes, queries, and the
ratio of p50 to the bare table page of the same run.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import time
from pathlib import Path
from typing import Any

from bench import asking, running

RESULTS = Path(__file__).with_name("results.json")


def pages(run: running.Running, leads: int) -> list[tuple[str, str, list[str]]]:
    """(name, method, paths) of what is asked alone."""
    browser = asking.Browser(run.base, run.cookie)
    deep = _walk(browser, min(1000, leads // 50 - 1))
    last = _last(browser)
    rare, common = "Quetzalberg", "logistics"
    return [
        ("hello", "GET", ["/bench/hello"]),
        ("bare table", "GET", ["/bench/bare"]),
        ("floor", "GET", ["/bench/floor"]),
        ("list, first page", "GET", ["/leads/"]),
        ("list, page 1,000 (or the one before the last)", "GET", [deep]),
        ("list, last page", "GET", [last]),
        ("list, filter + sort", "GET", [f"/leads/?stage={run.found['stage']}&sort=-value"]),
        ("search, common word", "GET", [f"/leads/?q={common}"]),
        ("search, rare word", "GET", [f"/leads/?q={rare}"]),
        ("board", "GET", ["/leads/board"]),
        ("lead", "GET", [f"/leads/{i}" for i in run.found["leads"]]),
        ("shipments, first page", "GET", ["/shipments/"]),
        ("shipment", "GET", [f"/shipments/{i}" for i in run.found["shipments"]]),
        ("today", "GET", ["/today/"]),
    ]


def _link(html: bytes, rel: str) -> str:
    """Address of the page's next or previous link; '' when there is none."""
    import html as entities
    import re

    found = re.search(rf'<a[^>]*rel="{rel}"[^>]*href="([^"]+)"|<a[^>]*href="([^"]+)"[^>]*rel="{rel}"', html.decode())
    return entities.unescape(found.group(1) or found.group(2)) if found else ""


def _walk(browser: asking.Browser, steps: int) -> str:
    """Follow `next` like a patient person and return where it ends."""
    path = "/leads/"
    for _ in range(max(0, steps - 1)):
        following = _link(browser.ask("GET", path)[2], "next")
        if not following:
            break
        path = following
    return path


def _last(browser: asking.Browser) -> str:
    """The last page: the list from its other end."""
    body = browser.ask("GET", "/leads/")[2]
    return _link(body, "last") or _link(body, "next") or "/leads/"


def new_lead(token: str, stage: str, client: int, n: int) -> str:
    """Body of a form that adds a lead nobody has yet."""
    from urllib.parse import urlencode

    word = f"{client}-{n}-{time.time_ns()}"
    return urlencode({"csrf_token": token, "first_name": "Bench", "last_name": f"N{word}", "email": f"b{word}@bench.example",
                      "company": "Bench Cargo", "phone": "", "stage_id": stage, "currency": "EUR", "owner_id": "", "country": ""})  # fmt: skip


def csrf_token(run: running.Running) -> tuple[str, str]:
    """(token, cookie that goes with it), read off the form page."""
    import re

    browser = asking.Browser(run.base, run.cookie)
    browser.connection.request("GET", "/leads/new", headers=browser.headers)
    response = browser.connection.getresponse()
    found = re.search(rb'name="csrf_token"[^>]*value="([^"]+)"', response.read())
    cookie = response.headers.get("Set-Cookie", "").split(";")[0] or run.cookie
    return (found.group(1).decode() if found else ""), cookie


def measure(backend: str, rows: int, tries: int) -> list[dict[str, Any]]:
    """Everything about one size on one database."""
    out: list[dict[str, Any]] = []
    with running.running(backend, rows, max(200, rows // 10)) as run:
        if run is None:
            return out
        token, run.cookie = csrf_token(run)  # kept from the first page on, as a browser does

        def row(page: str, times: asking.Times, **more: Any) -> None:
            bare, bare_cpu = out[0]["p50_ms"], out[0]["cpu_ms"]
            out.append(
                {
                    "page": page, "rows": run.found["count"], "backend": backend, "p50_ms": round(times.p50_ms, 2),
                    "p95_ms": round(times.p95_ms, 2), "p99_ms": round(times.p99_ms, 2), "bytes": times.bytes,
                    "queries": times.queries, "ratio": round(times.p50_ms / bare, 2),
                    "cpu_ms": round(times.cpu_ms, 2), "cpu_ratio": round(times.cpu_ms / bare_cpu, 2), "errors": times.errors, **more,
                }
            )  # fmt: skip
            say(out[-1])

        print(f"\n{backend}, {run.found['count']:,} leads; loaded in {run.load_seconds:.1f} s")
        ask_bare = asking.measure(run.base, run.cookie, "GET", ["/bench/bare"], tries=tries)
        out.append({"page": "bare table", "p50_ms": ask_bare.p50_ms, "cpu_ms": ask_bare.cpu_ms})
        for page, method, paths in pages(run, rows):
            row(page, asking.measure(run.base, run.cookie, method, paths, tries=tries))
        bodies = [new_lead(token, run.found["stage"], 0, n) for n in range(tries * 2)]
        row("create a lead", asking.measure(run.base, run.cookie, "POST", ["/leads/new"], tries=tries, bodies=bodies))
        out.pop(0)
        for name, path in (("bare table", "/bench/bare"), ("list, first page", "/leads/")):
            rate, errors, p95 = asking.together(run.base, run.cookie, "GET", [path], clients=4, seconds=5)
            print(f"  {name}, 4 at once: {rate:.0f} requests/s, p95 {p95:.1f} ms, {errors} errors")
            out.append({"page": f"{name}, 4 at once", "rows": run.found["count"], "backend": backend,
                        "per_second": round(rate), "p95_ms": round(p95, 2), "errors": errors})  # fmt: skip
        four = [[new_lead(token, run.found["stage"], c, n) for n in range(6000)] for c in range(1, 5)]
        rate, errors, p95 = asking.together(
            run.base, run.cookie, "POST", ["/leads/new"], clients=4, seconds=10, bodies=four
        )
        print(f"  create, 4 writers for 10 s: {rate:.0f} requests/s, p95 {p95:.1f} ms, {errors} errors")
        out.append({"page": "create, 4 writers", "rows": run.found["count"], "backend": backend,
                    "per_second": round(rate), "p95_ms": round(p95, 2), "errors": errors})  # fmt: skip
        print(f"  memory of the web server with its workers: {run.memory_mb():.0f} MB")
        out.append({"page": "memory", "rows": run.found["count"], "backend": backend, "mb": round(run.memory_mb()),
                    "load_seconds": round(run.load_seconds, 1)})  # fmt: skip
    return out


def say(row: dict[str, Any]) -> None:
    """One line of the table on the screen."""
    print(
        f"  {row['page']:<46} {row['p50_ms']:>8.2f} {row['p95_ms']:>8.2f} ms  {row['ratio']:>6.2f}x  cpu {row['cpu_ms']:>6.2f} ms {row['cpu_ratio']:>6.2f}x  "
        f"{row['bytes']:>7,} B  {row['queries']:>2} SQL" + (f"  {row['errors']} ERRORS" if row["errors"] else ""),
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=[1_000, 100_000])
    parser.add_argument("--backends", nargs="+", default=["sqlite", "postgresql"])
    parser.add_argument("--tries", type=int, default=200)
    wanted = parser.parse_args()
    results = []
    for backend in wanted.backends:
        for rows in wanted.rows:
            results += measure(backend, rows, wanted.tries)
    RESULTS.write_text(
        json.dumps(
            {
                "machine": f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}",
                "at": time.strftime("%Y-%m-%d"),
                "results": results,
            },
            indent=1,
        )
    )
    print(f"\nWritten: {RESULTS.name}")


if __name__ == "__main__":
    main()
