// The npm package ws as a client: websocket_client.js PORT CASE
// Its last line is what it saw, as JSON; any error ends it with 1.
'use strict';

const crypto = require('crypto');
const WebSocket = require('ws');

const [port, name] = process.argv.slice(2);

function open(path, options = {}, protocols = []) {
  return new WebSocket(`ws://127.0.0.1:${port}${path}`, protocols, options);
}

function once(socket, event) {
  return new Promise((resolve, reject) => {
    socket.once(event, (...values) => resolve(values));
    socket.once('error', reject);
  });
}

async function opened(path, options) {
  const socket = open(path, options);
  await once(socket, 'open');
  return socket;
}

async function echo(socket, data, options) {
  const answer = once(socket, 'message');
  socket.send(data, options);
  return answer;
}

async function close(socket, code, reason) {
  const closed = once(socket, 'close');
  socket.close(code, reason);
  const [seenCode, seenReason] = await closed;
  return { code: seenCode, reason: seenReason.toString() };
}

const cases = {
  // Texts and bytes come back as they were, in order; the close has its code.
  async echo() {
    const socket = await opened('/');
    const [text, textIsBinary] = await echo(socket, 'snow \u2603');
    const bytes = crypto.randomBytes(1 << 20);
    const [back, backIsBinary] = await echo(socket, bytes);
    return {
      text: text.toString(), textIsBinary, bytesAreEqual: bytes.equals(back), backIsBinary,
      end: await close(socket, 4000, 'done'),
    };
  },

  async many_messages() {
    const socket = await opened('/');
    const seen = [];
    const all = new Promise((resolve) => socket.on('message', (data) => {
      seen.push(data.toString());
      if (seen.length === 2000) resolve();
    }));
    for (let i = 0; i < 2000; ++i) socket.send(`message ${i}`);
    await all;
    await close(socket, 1000);
    return { inOrder: seen.every((text, i) => text === `message ${i}`) };
  },

  async large() {
    const socket = await opened('/', { perMessageDeflate: false });
    const bytes = crypto.randomBytes(32 << 20);
    const [back] = await echo(socket, bytes);
    await close(socket, 1000);
    return { bytesAreEqual: bytes.equals(back) };
  },

  async ping() {
    const socket = await opened('/');
    const pong = once(socket, 'pong');
    socket.ping('are you there');
    const [data] = await pong;
    await close(socket, 1000);
    return { pong: data.toString() };
  },

  async server_speaks_first() {
    const socket = open('/greet');
    const [data] = await once(socket, 'message');
    await close(socket, 1000);
    return { text: data.toString() };
  },

  async server_closes() {
    const [code, reason] = await once(open('/close'), 'close');
    return { code, reason: reason.toString() };
  },

  // What the server saw of the request, and what we see of the response.
  async head() {
    const socket = open('/head', { headers: { 'x-mine': '1' } }, ['chat', 'other']);
    const upgrade = once(socket, 'upgrade');
    const [data] = await once(socket, 'message');
    const [response] = await upgrade;
    await close(socket, 1000);
    return { request: JSON.parse(data), response: response.headers, status: response.statusCode,
             protocol: socket.protocol, extensions: socket.extensions };
  },

  async refused() {
    const socket = open('/refuse');
    socket.on('error', () => {});  // ws tells of the refusal in two events
    const [request, response] = await new Promise((resolve) =>
      socket.once('unexpected-response', (...values) => resolve(values)));
    let body = '';
    for await (const piece of response) body += piece;
    request.destroy();
    return { status: response.statusCode, body };
  },

  async many_sockets() {
    const sockets = await Promise.all(Array.from({ length: 100 }, () => opened('/')));
    const answers = await Promise.all(sockets.map((socket, i) => echo(socket, `socket ${i}`)));
    await Promise.all(sockets.map((socket) => close(socket, 1000)));
    return { right: answers.filter(([data], i) => data.toString() === `socket ${i}`).length };
  },

  // The client goes without a word.
  async vanish() {
    const socket = await opened('/vanish');
    await echo(socket, 'last words');
    socket.terminate();
    return {};
  },
};

if (!(name in cases)) {
  console.error(`websocket_client.js PORT CASE; cases: ${Object.keys(cases).join(' ')}`);
  process.exit(2);
}
cases[name]().then((seen) => console.log(JSON.stringify(seen)), (error) => {
  console.error(`websocket_client.js ${name}: ${error.stack}`);
  process.exit(1);
});
