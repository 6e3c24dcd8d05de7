#!/usr/bin/env python3
"""exit.py PORT SERVER_PORT: ends tunnels. Each CONNECT, to whatever host, leads to 127.0.0.1:SERVER_PORT."""

import asyncio
import sys


async def copy(reader, writer):
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    if writer.can_write_eof():
        writer.write_eof()


async def tunnel(reader, writer, server_port):
    head = await reader.readuntil(b"\r\n\r\n")
    if head.startswith(b"CONNECT "):
        server_reader, server_writer = await asyncio.open_connection("127.0.0.1", server_port)
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        await asyncio.gather(copy(reader, server_writer), copy(server_reader, writer))
        server_writer.close()
    else:
        writer.write(b"HTTP/1.1 405 Method Not Allowed\r\ncontent-length: 0\r\n\r\n")
    writer.close()


async def main(port, server_port):
    server = await asyncio.start_server(lambda r, w: tunnel(r, w, server_port), "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2])))
