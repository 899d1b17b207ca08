"""Raw Ethernet frames for layer-2 tests; needs nothing but Python's own library.

    frames.py send INTERFACE COUNT HEX       sends a frame COUNT times
    frames.py listen INTERFACE               prints every frame that comes in, as hex, one a line, until it is ended
"""

import socket
import sys

ALL_PROTOCOLS = 3
OUTGOING = 4


def main() -> None:
    command, interface = sys.argv[1], sys.argv[2]
    wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ALL_PROTOCOLS))
    wire.bind((interface, ALL_PROTOCOLS))
    if command == "send":
        frame = bytes.fromhex(sys.argv[4])
        for _ in range(int(sys.argv[3])):
            wire.send(frame)
        return
    print("listening", flush=True)
    while True:
        frame, address = wire.recvfrom(65535)
        if address[2] != OUTGOING:
            print(frame.hex(), flush=True)


main()
