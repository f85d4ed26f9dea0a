"""A receiver to try webhooks with: python3 webhook_receiver.py PORT, the secret on standard input.

It prints what it believes. A real one answers 2xx at once and works afterwards; a message can come
twice (the same webhook-id), or late.
"""

import http.server
import json
import sys

from webhook_check import is_ours

SECRET = sys.stdin.readline().strip()


class Receiver(http.server.BaseHTTPRequestHandler):
    """Takes messages that are ours."""

    def do_POST(self):
        """204 for one of ours, 401 for any other."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        believed = is_ours(self.headers, body, SECRET)
        self.send_response(204 if believed else 401)
        self.end_headers()
        if believed:
            print(json.dumps(json.loads(body), ensure_ascii=False), flush=True)

    def log_message(self, *_):
        """Say nothing else."""


http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Receiver).serve_forever()
