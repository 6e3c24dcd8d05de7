// The npm package ws as a server. It sends each message back as it came. Paths that do something else:
//   /close     closes at once with 4001 "enough"
//   /greet     speaks first
//   /head      sends the head of the upgrade request, as JSON
//   /refuse    is no WebSocket: 403
'use strict';

const http = require('http');
const { WebSocketServer } = require('ws');

const server = http.createServer((request, response) => response.end('plain\n'));
const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: true, maxPayload: 64 << 20 });

server.on('upgrade', (request, socket, head) => {
  if (request.url === '/refuse') {
    socket.end('HTTP/1.1 403 Forbidden\r\ncontent-length: 6\r\nconnection: close\r\n\r\nrefuse');
    return;
  }
  sockets.handleUpgrade(request, socket, head, (webSocket) => serve(webSocket, request));
});

function serve(webSocket, request) {
  webSocket.on('error', (error) => console.log(`error ${error.message}`));
  webSocket.on('close', (code, reason) => console.log(`closed ${request.url} ${code} ${reason}`));
  if (request.url === '/close') {
    webSocket.close(4001, 'enough');
  } else if (request.url === '/greet') {
    webSocket.send('welcome');
  } else if (request.url === '/head') {
    webSocket.send(JSON.stringify({ url: request.url, headers: request.headers }));
  }
  webSocket.on('message', (data, isBinary) => webSocket.send(data, { binary: isBinary }));
}

server.listen(0, '127.0.0.1', () => console.log(`listening ${server.address().port}`));
process.on('SIGTERM', () => process.exit(0));
