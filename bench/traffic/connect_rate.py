"""Connections per second, one after the other, over TCP.

`free`: client and server are where the scheduler puts them, as programs are, and all connections count. `shared`: both are
on one processor, so that all of a connection's work counts, and only the fastest batches do, which nothing interrupted,
however busy the machine is.

connect_rate.py serve PORT free|shared              accepts and closes, until killed
connect_rate.py connect HOST PORT SECS free|shared  prints connections per second
"""
import os
import socket
import sys
import time

BATCH = 8


def pin() -> None:
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


def serve(port: int) -> None:
    listener = socket.create_server(("0.0.0.0", port), backlog=512)
    while True:
        connection, _ = listener.accept()
        connection.close()


def connect_batch(host: str, port: int) -> float:
    start = time.perf_counter()
    for _ in range(BATCH):
        connection = socket.create_connection((host, port), timeout=2)
        connection.recv(1)  # the server closes first, so the port is not left in TIME_WAIT here
        connection.close()
    return (time.perf_counter() - start) / BATCH


def connect(host: str, port: int, seconds: float, shared: bool) -> None:
    costs = []
    start = time.monotonic()
    while time.monotonic() < start + seconds:
        costs.append(connect_batch(host, port))
    undisturbed = sorted(costs)[len(costs) // 20]
    print(1 / undisturbed if shared else len(costs) * BATCH / (time.monotonic() - start))


SHARED = sys.argv[-1] == "shared"
if SHARED:
    pin()
if sys.argv[1] == "serve":
    serve(int(sys.argv[2]))
else:
    connect(sys.argv[2], int(sys.argv[3]), float(sys.argv[4]), SHARED)
