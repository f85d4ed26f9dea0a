"""Our own plain Flask routes: each gives the answer in a file, as JSON or as a page.

``PEER_ANSWER`` is an answer of the verifier as JSON, ``PEER_PAGE`` its page. Nothing is
looked up: it is what Flask under gunicorn costs before any work is done.
"""

import json
import os
from pathlib import Path

from flask import Flask, Response, jsonify, request

app = Flask(__name__)
ANSWER = json.loads(Path(os.environ["PEER_ANSWER"]).read_text("utf-8"))
PAGE = Path(os.environ["PEER_PAGE"]).read_text("utf-8")


@app.get("/s/<code>")
def stamp(code: str) -> Response:
    """The same answer to every code."""
    if "text/html" in request.headers.get("Accept", ""):
        return Response(PAGE, mimetype="text/html")
    return jsonify(ANSWER)


@app.get("/livez")
def alive() -> str:
    """It has started."""
    return "ok"
