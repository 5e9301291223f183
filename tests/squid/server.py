"""The Internet of the tests: HTTP on ports 80 and 8080, HTTPS on port 443 of every address of its namespace.

usage: server.py CERTIFICATE LOG

Each accepted connection is a line in LOG, before any byte is read: that Squid stopped a client is shown by
no line. The answer to a request is JSON that repeats what came.
"""

import http.server
import json
import ssl
import sys
import threading

certificate, log = sys.argv[1:]
tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
tls.load_cert_chain(certificate)
lock = threading.Lock()


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = json.dumps({"address": self.connection.getsockname()[0], "headers": dict(self.headers)}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    def process_request_thread(self, request, client_address):
        address, port = request.getsockname()
        with lock, open(log, "a") as lines:
            lines.write(f"{address}:{port}\n")
        try:
            if port == 443:
                request = tls.wrap_socket(request, server_side=True)
            super().process_request_thread(request, client_address)
        except OSError:  # the client does not want this certificate, or was never one of TLS
            request.close()

    def handle_error(self, *_):
        pass


for port in (80, 443, 8080):
    threading.Thread(target=Server(("", port), Handler).serve_forever).start()
print("ready", flush=True)
