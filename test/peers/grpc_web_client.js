// gRPC-Web clients for browsers, in Node: grpc_web_client.js PORT DESCRIPTORS CLIENT CASE
//   DESCRIPTORS  calls.proto as a FileDescriptorSet
//   CLIENT       connect: @connectrpc/connect-web over fetch, binary
//                text, binary: grpc-web over XMLHttpRequest (of xhr2), in its two modes
// Its last line is what the call brought, as JSON: answers, code, message, head, trailers.
'use strict';

const fs = require('fs');
const { createFileRegistry, create, fromBinary, toBinary } = require('@bufbuild/protobuf');
const { FileDescriptorSetSchema } = require('@bufbuild/protobuf/wkt');
const { createClient, ConnectError } = require('@connectrpc/connect');
const { createGrpcWebTransport } = require('@connectrpc/connect-web');

const [port, descriptors, clientName, caseName] = process.argv.slice(2);
const origin = `http://127.0.0.1:${port}`;
const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, fs.readFileSync(descriptors)));
const service = registry.getService('outrigger.test.Calls');
const Ask = registry.getMessage('outrigger.test.Ask');
const Answer = registry.getMessage('outrigger.test.Answer');

const ALL_BYTES = Uint8Array.from({ length: 256 }, (_, i) => i);

function question(payloadBytes, fields) {
  return create(Ask, { payload: new Uint8Array(payloadBytes).fill(0x71), ...fields });
}

// What each case asks: the method, the question, and more of the call.
const cases = {
  unary: { method: 'Unary', ask: question(1000, { answerBytes: 2000 }) },
  empty: { method: 'Unary', ask: question(0, {}) },
  large: { method: 'Unary', ask: question(2 << 20, { answerBytes: 3 << 20 }) },
  download: { method: 'Download', ask: question(10, { answers: 200, answerBytes: 777 }) },
  no_answers: { method: 'Download', ask: question(10, { answers: 0 }) },
  status: { method: 'Unary', ask: question(1, { code: 5, message: 'n\u00e9 \u2603 100%' }) },
  status_after_answers: {
    method: 'Download', ask: question(1, { answers: 3, answerBytes: 5, code: 8, message: 'no more' }),
  },
  metadata: {
    method: 'Unary', ask: question(1, {}),
    metadata: { 'x-echo': 'mine', 'x-echo-bin': Buffer.from(ALL_BYTES).toString('base64') },
  },
  deadline: { method: 'Unary', ask: question(1, { waits: true }), timeoutMs: 300 },
};

class Outcome {
  constructor() {
    Object.assign(this, { answers: [], asks: 0, askBytes: 0, code: 0, message: '', head: {}, trailers: {} });
  }

  add(answer) {
    this.answers.push(answer.payload.length);
    this.asks = Number(answer.asks);
    this.askBytes = Number(answer.askBytes);
  }
}

// -- connect ---------------------------------------------------------------------------------------

async function callWithConnect(test) {
  const client = createClient(service, createGrpcWebTransport({ baseUrl: origin }));
  const outcome = new Outcome();
  const options = {
    headers: test.metadata || {}, timeoutMs: test.timeoutMs,
    onHeader: (headers) => { outcome.head = Object.fromEntries(headers); },
    onTrailer: (trailers) => { outcome.trailers = Object.fromEntries(trailers); },
  };
  try {
    if (test.method === 'Unary') {
      outcome.add(await client.unary(test.ask, options));
    } else {
      for await (const answer of client.download(test.ask, options)) outcome.add(answer);
    }
  } catch (error) {
    const failure = ConnectError.from(error);
    Object.assign(outcome, { code: failure.code, message: failure.rawMessage });
  }
  return outcome;
}

// -- grpc-web --------------------------------------------------------------------------------------

function callWithGrpcWeb(test, format) {
  global.XMLHttpRequest = require('xhr2');
  const grpcWeb = require('grpc-web');
  const client = new grpcWeb.GrpcWebClientBase({ format });
  const path = `/outrigger.test.Calls/${test.method}`;
  const unary = test.method === 'Unary';
  const method = new grpcWeb.MethodDescriptor(
    path, unary ? grpcWeb.MethodType.UNARY : grpcWeb.MethodType.SERVER_STREAMING, Object, Object,
    (ask) => toBinary(Ask, ask), (bytes) => fromBinary(Answer, bytes));
  const metadata = { ...test.metadata };
  if (test.timeoutMs) metadata.deadline = String(Date.now() + test.timeoutMs);
  const outcome = new Outcome();
  return new Promise((resolve) => {
    const call = unary
      ? client.rpcCall(origin + path, test.ask, metadata, method, (error, answer) => {
        if (error) Object.assign(outcome, { code: error.code, message: error.message });
        else outcome.add(answer);
      })
      : client.serverStreaming(origin + path, test.ask, metadata, method);
    call.on('metadata', (head) => { outcome.head = head; });
    call.on('status', (status) => {
      Object.assign(outcome, { code: status.code, trailers: status.metadata || {} });
      if (status.code !== 0) outcome.message = status.details;
    });
    if (!unary) call.on('data', (answer) => outcome.add(answer));
    if (!unary) call.on('error', (error) => Object.assign(outcome, { code: error.code, message: error.message }));
    // The order of its last events differs from case to case: the outcome is what they left behind.
    process.on('exit', () => console.log(JSON.stringify(outcome)));
    call.on('end', () => resolve(null));
  });
}

// --------------------------------------------------------------------------------------------------

const test = cases[caseName];
if (test === undefined || !['connect', 'text', 'binary'].includes(clientName)) {
  console.error(`grpc_web_client.js PORT DESCRIPTORS connect|text|binary CASE; cases: ${Object.keys(cases).join(' ')}`);
  process.exit(2);
}
if (clientName === 'connect') {
  callWithConnect(test).then((outcome) => console.log(JSON.stringify(outcome)));
} else {
  callWithGrpcWeb(test, clientName);
}
