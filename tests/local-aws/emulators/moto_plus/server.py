"""The HTTP server: moto's dispatcher, quicker, with the test-only endpoints in front."""

from __future__ import annotations

import os

# Both are read when moto is imported. No CORS: no browser calls this, and flask-cors costs time on each
# request. No default AMIs: they are read from a large JSON file for each account and region.
os.environ.setdefault("MOTO_DISABLE_GLOBAL_CORS", "true")
os.environ.setdefault("MOTO_EC2_LOAD_DEFAULT_AMIS", "false")

import functools
import inspect
import io
import threading
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from botocore.loaders import JSONFileLoader


@contextmanager
def _data_files_read_once() -> Iterator[None]:
    """moto.ec2 opens three botocore sessions while it is imported, and each reads endpoints.json and EC2's
    whole model again: 0.4 s. Only while importing, since moto adds to the models that it reads later."""
    read = JSONFileLoader.load_file
    read_once = functools.cache(lambda path: read(JSONFileLoader(), path))
    JSONFileLoader.load_file = lambda self, path: read_once(path)
    try:
        yield
    finally:
        JSONFileLoader.load_file = read


with _data_files_read_once():
    import moto.core.responses as core_responses
    from moto.moto_server.werkzeug_app import (
        DomainDispatcherApplication,
        MotoRequestHandler,
        create_backend_app,
    )
    from werkzeug.datastructures import Headers
    from werkzeug.serving import BaseWSGIServer
    from werkzeug.serving import make_server as werkzeug_make_server
    from werkzeug.test import run_wsgi_app

    from . import apply_patches, endpoints

# moto's backends are plain dictionaries, iterated while other threads change them. Python runs one
# thread at a time anyhow, so one lock over these services costs nothing. The others stay without:
# SNS may deliver over HTTP to a server that calls back.
STATE_LOCK = threading.RLock()
LOCKED_SERVICES = frozenset({"ec2", "autoscaling", "cloudwatch", "secretsmanager", "workspaces"})


class Application(DomainDispatcherApplication):
    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if environ.get("PATH_INFO", "").startswith("/moto-plus/"):
            with STATE_LOCK:
                response = endpoints.handle(environ)
            return response(environ, start_response)
        return super().__call__(environ, start_response)

    # moto lists its package's folder and tries some 200 patterns on each request.
    @functools.cache  # noqa: B019 - one instance per process
    def get_backend_for_host(self, host: str | None) -> Any:
        return super().get_backend_for_host(host)


class RequestHandler(MotoRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # headers and body are two writes; the second would wait up to 40 ms

    def run_wsgi(self) -> None:
        """Answers one request, and keeps the connection as AWS does.

        werkzeug's own closes it after each answer, and first waits 10 ms for whatever the application left
        unread. Here all of the request is read before, unless it comes in chunks.
        """
        if self.headers.get("Transfer-Encoding"):
            super().run_wsgi()
            return
        environ = self.make_environ()
        environ["wsgi.input"] = io.BytesIO(self.rfile.read(int(environ.get("CONTENT_LENGTH") or 0)))
        try:
            chunks, status, headers = run_wsgi_app(self.server.app, environ)
            body = b"".join(chunks)
        except Exception:  # an operation or a filter that moto has not
            traceback.print_exc()
            body, status, headers = traceback.format_exc().encode(), "500 Internal Server Error", Headers()
        code, reason = status.split(None, 1)
        self.send_response(int(code), reason)
        for name, value in headers.items():
            self.send_header(name, value)
        if "Content-Length" not in headers and code not in ("204", "304"):
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if body and self.command != "HEAD":
            self.wfile.write(body)

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Nothing: the gateway in front records every call."""


@functools.cache
def _method_names(clazz: type) -> list[str]:
    return [name for name, _ in inspect.getmembers(clazz, predicate=inspect.isfunction)]


def _with_state_lock(call_action: Callable[[Any], Any]) -> Callable[[Any], Any]:
    @functools.wraps(call_action)
    def locked(self: core_responses.BaseResponse) -> Any:
        if self.service_name not in LOCKED_SERVICES:
            return call_action(self)
        with STATE_LOCK:
            return call_action(self)

    return locked


def _speed_up() -> None:
    # moto collects the names of EC2Response's 700 methods anew for each request.
    core_responses.method_names_from_class = _method_names
    core_responses.BaseResponse.call_action = _with_state_lock(core_responses.BaseResponse.call_action)


@functools.cache
def _prepare() -> None:
    apply_patches()
    _speed_up()


def make_server(port: int) -> BaseWSGIServer:
    """A server on 127.0.0.1, listening but not yet answering: call `serve_forever`."""
    _prepare()
    # moto sends itself requests for a few services, to this port.
    os.environ.setdefault("MOTO_PORT", str(port))
    server = werkzeug_make_server(
        "127.0.0.1", port, Application(create_backend_app), threaded=True, request_handler=RequestHandler
    )
    server.daemon_threads = True
    server.socket.listen(1024)  # a function may open hundreds of connections at once; werkzeug queues 128
    return server
