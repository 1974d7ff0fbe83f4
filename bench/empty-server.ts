// A server that reads a request and answers so many bytes, and does nothing else: what HTTP and the client alone cost on
// this machine. The child of service-load.ts; prints its URL.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { printLine } from '../tools/output.js';

const answer = Buffer.alloc(Number(process.argv[2] ?? 0), 'x');
const server = createServer((request, response) => {
  request.on('data', () => undefined);
  request.on('end', () => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': answer.length });
    response.end(answer);
  });
});
server.listen(0, '127.0.0.1', () => printLine(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));
