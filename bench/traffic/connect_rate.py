"""Connections per second, one after the other, over TCP.

connect_rate.py serve PORT              accepts and closes, until killed
connect_rate.py connect HOST PORT SECS  prints how many connections per second were opened and closed
"""
import socket
import sys
import time


def serve(port: int) -> None:
    listener = socket.create_server(("0.0.0.0", port), backlog=512)
    while True:
        connection, _ = listener.accept()
        connection.close()


def connect(host: str, port: int, seconds: float) -> None:
    count = 0
    start = time.monotonic()
    end = start + seconds
    while time.monotonic() < end:
        connection = socket.create_connection((host, port), timeout=2)
        connection.recv(1)  # the server closes first, so the port is not left in TIME_WAIT here
        connection.close()
        count += 1
    print(count / (time.monotonic() - start))


if sys.argv[1] == "serve":
    serve(int(sys.argv[2]))
else:
    connect(sys.argv[2], int(sys.argv[3]), float(sys.argv[4]))
