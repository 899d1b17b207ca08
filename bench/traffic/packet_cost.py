"""What it costs the sender's processor to get a UDP packet of 64 octets through to the other end.

Between namespaces of one machine a packet is forwarded within the system call that sends it, so the time that the call
takes is the cost of the whole way. Batches that nothing interrupted show it, however busy the machine is.

packet_cost.py sink PORT               receives nothing: the queue is full, and what comes is dropped, until killed
packet_cost.py send HOST PORT BATCHES  prints nanoseconds per packet: of a flow that has passed, and of new flows
"""
import socket
import sys
import time

BATCH = 64
PAYLOAD = bytes(64)


def flow(host: str, port: int) -> socket.socket:
    connection = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    connection.connect((host, port))
    return connection


def batch_cost(flows: list[socket.socket]) -> float:
    start = time.perf_counter_ns()
    for each in flows:
        each.send(PAYLOAD)
    return (time.perf_counter_ns() - start) / len(flows)


def undisturbed(costs: list[float]) -> float:
    """The fastest twentieth ends here; the minimum itself would be luck."""
    return sorted(costs)[len(costs) // 20]


def send(host: str, port: int, batches: int) -> None:
    passed = [flow(host, port)] * BATCH
    batch_cost(passed)
    established = undisturbed([batch_cost(passed) for _ in range(batches)])
    first = []
    for _ in range(batches):
        flows = [flow(host, port) for _ in range(BATCH)]
        first.append(batch_cost(flows))
        for each in flows:
            each.close()
    print(established, undisturbed(first))


def sink(port: int) -> None:
    queue = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    queue.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
    queue.bind(("0.0.0.0", port))
    while True:
        time.sleep(3600)


if sys.argv[1] == "sink":
    sink(int(sys.argv[2]))
else:
    send(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
