"""Whether something on this machine answers a GET with 200: exit status 0, else 1.

    python -IS healthy.py PORT [PATH]

A container's health check, so it imports next to nothing: it runs every few seconds.
"""

import socket
import sys


def main() -> None:
    """Ask once, and print the first line of any other answer for `docker inspect`."""
    port, path = int(sys.argv[1]), (sys.argv[2:] or ["/readyz"])[0]
    with socket.create_connection(("127.0.0.1", port), timeout=4) as connection:
        connection.sendall(f"GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n".encode())
        answer = b""
        while len(answer) < 2000 and (piece := connection.recv(2000)):
            answer += piece
    if answer.split(b" ")[1:2] != [b"200"]:
        sys.exit(answer.decode(errors="replace"))


if __name__ == "__main__":
    main()
