"""Pages for people who sign in. A page is a client of the API: it can do nothing the API cannot."""
