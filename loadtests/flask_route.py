"""A peer: the verifier's own Flask route without the layer in front, as any server runs it."""

from flask import Flask

from tem_verifier.app import create_app


def create() -> Flask:
    """What gunicorn calls: the app with everything it does for a look-up."""
    return create_app().flask
