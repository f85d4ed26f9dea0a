"""A gunicorn worker for the look-up: answers on the event loop, everything else in threads."""
