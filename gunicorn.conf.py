"""How the web server runs: two processes of sixteen threads each; nothing personal in its log."""

import gc
import os

bind = f"{os.environ.get('HOST', '127.0.0.1')}:{os.environ.get('PORT', '8000')}"
workers = int(os.environ.get("WEB_WORKERS", "2"))
threads = 16
worker_class = "gthread"
keepalive = 30
timeout = 60
graceful_timeout = 3
preload_app = True  # the code is loaded once and shared by the processes
control_socket_disable = True  # nothing outside the instance folder is written
accesslog = None  # the program logs requests itself, without addresses or query strings
limit_request_line = 4094
worker_tmp_dir = "/dev/shm" if os.path.isdir("/dev/shm") else None  # noqa: S108 - heartbeat file of the server


def pre_fork(server, worker):  # type: ignore[no-untyped-def]
    """What is loaded stays for good: the collector need not walk it at every pass (a sixth of each answer), and
    pages that nobody touches stay shared between the processes."""
    gc.collect()
    gc.freeze()


def post_fork(server, worker):  # type: ignore[no-untyped-def]
    """A connection made before the fork must not be used by two processes."""
    from logicrm.extensions import db
    from wsgi import app

    with app.app_context():
        db.engine.dispose(close=False)


def when_ready(server):  # type: ignore[no-untyped-def]
    """In production: say at once, not at the first request, that this installation is not safe to serve."""
    from logicrm.core import doctor
    from wsgi import app

    with app.app_context():
        bad = doctor.failures(deploy=True) if app.config["PRODUCTION"] else []
    for finding in bad:
        server.log.error("BAD %s: %s -> %s", finding.name, finding.says, finding.mend)
    if bad:
        server.halt(reason="flask doctor --deploy is not content", exit_status=1)
