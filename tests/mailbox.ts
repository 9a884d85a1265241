import type { AddressInfo } from 'node:net';
import { SMTPServer } from 'smtp-server';

export interface Mail {
  readonly from: string;
  readonly to: readonly string[];
  /** As it was sent, headers and all. */
  readonly raw: string;
  readonly headers: string;
  /** Its parts, decoded. */
  readonly text: string;
  readonly html: string;
}

export interface Mailbox {
  readonly url: string;
  readonly mails: Mail[];
  /** SMTP codes to answer the next mails with. */
  readonly failures: number[];
  close(): Promise<void>;
}

/** A real SMTP server that keeps what it gets; with a password, only from who knows it. */
export async function startMailbox(options: { password?: string } = {}): Promise<Mailbox> {
  const { password } = options;
  const mails: Mail[] = [];
  const failures: number[] = [];
  const server = new SMTPServer({
    authOptional: password === undefined,
    disabledCommands: password === undefined ? ['STARTTLS', 'AUTH'] : ['STARTTLS'],
    allowInsecureAuth: true,
    onAuth: (given, _session, done) =>
      given.password === password ? done(null, { user: given.username }) : done(new Error('wrong password')),
    logger: false,
    onData(stream, session, done) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        const code = failures.shift();
        if (code !== undefined) return done(Object.assign(new Error('not now'), { responseCode: code }));
        const { mailFrom, rcptTo } = session.envelope;
        const to = rcptTo.map((recipient) => recipient.address);
        mails.push({ from: mailFrom ? mailFrom.address : '', to, ...read(Buffer.concat(chunks).toString()) });
        done();
      });
    },
  });
  // A client that dies in the middle.
  server.on('error', () => {});
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.server.address() as AddressInfo;
  const close = () => new Promise<void>((resolve) => server.close(() => resolve()));
  const user = password === undefined ? '' : `latchkey:${encodeURIComponent(password)}@`;
  return { url: `smtp://${user}127.0.0.1:${port}`, mails, failures, close };
}

function read(raw: string): Pick<Mail, 'raw' | 'headers' | 'text' | 'html'> {
  const [headers = ''] = raw.split('\r\n\r\n', 1);
  const boundary = /boundary="([^"]+)"/.exec(headers)?.[1] ?? '';
  const parts = raw.split(`--${boundary}`);
  const part = (type: string): string => {
    const found = parts.find((text) => text.includes(`Content-Type: ${type}`)) ?? '';
    return Buffer.from(found.slice(found.indexOf('\r\n\r\n')), 'base64').toString();
  };
  return { raw, headers, text: part('text/plain'), html: part('text/html') };
}
