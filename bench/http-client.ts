// A client of the service as lean as Node allows, so that what is measured is the service: bodies are bytes made
// beforehand, connections are kept, answers are read and not parsed unless somebody asks. Called by service-load.ts.
import { Agent, request } from 'node:http';

export interface HttpReply {
  status: number;
  body: Buffer;
}

export class HttpClient {
  private readonly agent: Agent;

  constructor(
    private readonly url: string,
    connections: number,
  ) {
    this.agent = new Agent({ keepAlive: true, maxSockets: connections });
  }

  send(method: string, path: string, body?: Uint8Array, type = 'application/json'): Promise<HttpReply> {
    return new Promise((resolve, reject) => {
      const headers = body === undefined ? {} : { 'content-type': type, 'content-length': body.length };
      const sent = request(this.url + path, { method, headers, agent: this.agent }, (answer) => {
        const chunks: Buffer[] = [];
        answer.on('data', (chunk: Buffer) => chunks.push(chunk));
        answer.on('end', () => resolve({ status: answer.statusCode ?? 0, body: Buffer.concat(chunks) }));
        answer.on('error', reject);
      });
      sent.on('error', reject);
      sent.end(body);
    });
  }

  /** Fails unless the answer is 2xx. */
  async call(method: string, path: string, body?: unknown): Promise<unknown> {
    const bytes = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
    return this.expect(await this.send(method, path, bytes), `${method} ${path}`);
  }

  expect({ status, body }: HttpReply, what: string): unknown {
    const text = body.toString('utf8');
    if (status < 200 || status > 299) throw new Error(`${what}: ${status} ${text.slice(0, 500)}`);
    return text === '' ? undefined : (JSON.parse(text) as { result: unknown }).result;
  }

  close(): void {
    this.agent.destroy();
  }
}
