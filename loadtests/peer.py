"""The peer of the look-up: the plainest Flask route, with an answer of about the same size."""

from flask import Flask, jsonify

app = Flask(__name__)
ANSWER = {"verdict": "OK", "filling": "x" * 1500}


@app.get("/s/<code>")
def stamp(code: str) -> object:
    """The same answer to every code."""
    return jsonify(ANSWER)
