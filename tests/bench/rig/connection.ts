import { connect, type Socket } from 'node:net';

/** One keep-alive HTTP/1.1 connection with one request on its way at a time: little enough to leave the processor to who is measured. */
export interface Connection {
  send(request: string, onAnswer: (status: number) => void): void;
  close(): void;
}

const LENGTH = /\r\ncontent-length: *(\d+)/i;

/** Resolves when connected. A lost connection is answered with status 0, and so is what is sent on it afterwards. */
export function openConnection(url: URL): Promise<Connection> {
  return new Promise((resolve, reject) => {
    let pending: ((status: number) => void) | undefined;
    let received = '';
    let expected = 0;
    const socket: Socket = connect(Number(url.port), url.hostname);
    socket.setNoDelay(true).setEncoding('latin1');
    const settle = (status: number): void => {
      const answer = pending;
      pending = undefined;
      received = '';
      expected = 0;
      answer?.(status);
    };
    socket.on('data', (chunk: string) => {
      received = received === '' ? chunk : received + chunk;
      if (expected === 0) {
        const head = received.indexOf('\r\n\r\n');
        if (head === -1) return;
        expected = head + 4 + Number(LENGTH.exec(received.slice(0, head))?.[1] ?? 0);
      }
      if (received.length >= expected) settle(Number(received.slice(9, 12)));
    });
    socket.once('connect', () =>
      resolve({
        send(request, onAnswer) {
          if (socket.destroyed) return onAnswer(0);
          pending = onAnswer;
          socket.write(request, 'utf8');
        },
        close: () => socket.destroy(),
      }),
    );
    socket.on('error', reject);
    socket.on('close', () => settle(0));
  });
}
