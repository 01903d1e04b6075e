"""Ask the running program for pages, alone and with four at once, and keep the times."""

from __future__ import annotations

import gzip
import http.client
import statistics
import time
from dataclasses import dataclass
from multiprocessing import Pool
from urllib.parse import urlsplit

ROUNDS = 5


@dataclass(frozen=True)
class Times:
    """Of one page: milliseconds, processor time of the server (median), bytes over the wire (gzip), SQL statements, answers that were not 2xx or 3xx."""

    p50_ms: float
    p95_ms: float
    p99_ms: float
    cpu_ms: float
    bytes: int
    queries: int
    errors: int


class Browser:
    """One kept-alive connection with a session cookie."""

    def __init__(self, base: str, cookie: str) -> None:
        self.host = urlsplit(base).netloc
        self.headers = {"Cookie": cookie, "Accept-Encoding": "identity", "Origin": base}
        self.connection = http.client.HTTPConnection(self.host, timeout=60)

    def ask(
        self, method: str, path: str, body: str = "", headers: dict[str, str] | None = None
    ) -> tuple[float, int, bytes, int, float]:
        """Return (milliseconds, status, body, SQL statements, milliseconds of processor time)."""
        every = {**self.headers, **(headers or {})}
        if method == "POST":
            every["Content-Type"] = "application/x-www-form-urlencoded"
        started = time.perf_counter()
        self.connection.request(method, path, body or None, every)
        response = self.connection.getresponse()
        data = response.read()
        took = (time.perf_counter() - started) * 1000
        head = response.headers
        return took, response.status, data, int(head.get("X-Queries", "0")), float(head.get("X-Cpu", "0"))


def measure(
    base: str, cookie: str, method: str, paths: list[str], *, tries: int, bodies: list[str] | None = None
) -> Times:
    """Ask one after the other in five rounds, and keep the quietest one: machines are shared, neighbours come and go.

    The first requests warm up and are not counted.
    """
    browser = Browser(base, cookie)
    rounds: list[list[float]] = [[] for _ in range(ROUNDS)]
    cpus: list[float] = []
    size, queries, errors = 0, 0, 0
    warm = max(3, tries // 10)
    for n in range(tries + warm):
        body = bodies[n % len(bodies)] if bodies else ""
        took, status, data, count, cpu = browser.ask(method, paths[n % len(paths)], body)
        if n >= warm:
            rounds[(n - warm) * ROUNDS // tries].append(took)
            cpus.append(cpu)
            errors += status >= 400
            queries = max(queries, count)
            size = max(size, len(gzip.compress(data, 6)))
    times = sorted(min((r for r in rounds if r), key=statistics.median))
    return Times(
        statistics.median(times),
        times[int(len(times) * 0.95) - 1],
        times[int(len(times) * 0.99) - 1],
        statistics.median(cpus),
        size,
        queries,
        errors,
    )


def _one_client(arguments: tuple[str, str, str, list[str], list[str], float]) -> tuple[int, int, list[float]]:
    base, cookie, method, paths, bodies, seconds = arguments
    browser = Browser(base, cookie)
    done, errors, times = 0, 0, []
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        body = bodies[done % len(bodies)] if bodies else ""
        took, status, _, _, _ = browser.ask(method, paths[done % len(paths)], body)
        done, errors = done + 1, errors + (status >= 400)
        times.append(took)
    return done, errors, times


def together(
    base: str,
    cookie: str,
    method: str,
    paths: list[str],
    *,
    clients: int,
    seconds: float,
    bodies: list[list[str]] | None = None,
) -> tuple[float, int, float]:
    """Return (requests a second, errors, p95 in ms) of `clients` that ask at the same time."""
    jobs = [(base, cookie, method, paths, bodies[n] if bodies else [], seconds) for n in range(clients)]
    with Pool(clients) as pool:
        results = pool.map(_one_client, jobs)
    times = sorted(t for _, _, ts in results for t in ts)
    return sum(d for d, _, _ in results) / seconds, sum(e for _, e, _ in results), times[int(len(times) * 0.95) - 1]
