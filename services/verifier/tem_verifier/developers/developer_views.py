"""Where the page for developers is found."""

from flask import Flask, Response

from tem_verifier.developers.developer_page import DeveloperPage
from tem_verifier.page_responses import language, page


def add_developers(app: Flask, shown: DeveloperPage) -> None:
    """``/developers``, in the language asked for."""

    @app.get("/developers")
    def developers() -> Response:
        lang = language()
        response = page(shown.render(lang), lang)
        response.headers["Cache-Control"] = "public, max-age=300"
        return response
