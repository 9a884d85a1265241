import { createTransport } from 'nodemailer';
import type { Secret } from '../../secret/secret.ts';
import type { DeliveryRow } from '../../ledger/schema.ts';
import { clip } from '../../reservation/text.ts';
import type { DeliveryBody, Outcome, Send } from '../dispatch.ts';
import type { Message } from '../message.ts';

export interface Mailer {
  readonly send: Send;
  /** News for operators that is about no booking. */
  readonly alert: (delivery: DeliveryRow) => Promise<Outcome>;
  close(): void;
}

/**
 * Email by SMTP. `smtpUrl` as nodemailer reads it, e.g. `smtps://user:password@mail.example.org`; `from` as a header has it, else it is
 * `latchkey@` the host of `publicUrl`. Text and HTML say the same; nothing is loaded from anywhere and nothing is tracked.
 */
export function createMailer(options: { smtpUrl: Secret; publicUrl: string; from?: string }): Mailer {
  const host = new URL(options.publicUrl).hostname;
  const from = options.from ?? `Latchkey <latchkey@${host}>`;
  const timeouts = { connectionTimeout: 10_000, greetingTimeout: 10_000, socketTimeout: 30_000 };
  // A booking's text must never make nodemailer read a file or fetch a URL.
  const transport = createTransport({
    url: options.smtpUrl.reveal(),
    disableFileAccess: true,
    disableUrlAccess: true,
    ...timeouts,
  });

  async function post(delivery: DeliveryRow, mail: Mail): Promise<Outcome> {
    try {
      await transport.sendMail({
        from,
        ...mail,
        // The same over retries, so that a mail system can tell a repetition.
        messageId: `<${delivery.id}@${host}>`,
        headers: { 'Auto-Submitted': 'auto-generated', 'X-Auto-Response-Suppress': 'All' },
        textEncoding: 'base64',
      });
      return { sent: true };
    } catch (error) {
      const status = error instanceof Error && 'responseCode' in error ? Number(error.responseCode) || undefined : undefined;
      // The server's own words may quote the message; its code is enough.
      return { sent: false, error: status ? `the mail server answered ${status}` : `no mail server (${codeOf(error)})`, status };
    }
  }

  return {
    send: ({ delivery, facts, message }) =>
      post(delivery, {
        to: { name: facts.holder.name ?? '', address: delivery.target },
        subject: message.subject,
        text: textOf(message),
        html: htmlOf(message),
      }),
    alert: (delivery) => {
      const { reason = '', alert } = delivery.body as DeliveryBody;
      const about = alert && `Project ${alert.project}, ${alert.severity}, ${alert.type}: ${alert.subject}`;
      const lines = [reason, about, `Latchkey at ${options.publicUrl}`].filter((line) => line !== undefined);
      return post(delivery, {
        to: { name: '', address: delivery.target },
        subject: clip(`Alert: ${reason}`, 150),
        text: lines.join('\n\n'),
        html: lines.map((line) => `<p>${escape(line)}</p>`).join(''),
      });
    },
    close: () => transport.close(),
  };
}

interface Mail {
  readonly to: { readonly name: string; readonly address: string };
  readonly subject: string;
  readonly text: string;
  readonly html: string;
}

function textOf(message: Message): string {
  return [
    message.essential,
    message.link && `Get it here:\n${message.link.reveal()}`,
    message.code && `Code: ${message.code.reveal()}`,
    message.details.join('\n'),
    FOOTER,
  ]
    .filter((part) => part !== undefined && part !== '')
    .join('\n\n');
}

function htmlOf(message: Message): string {
  const link = message.link && escape(message.link.reveal());
  return [
    '<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">',
    `<title>${escape(message.subject)}</title></head>`,
    '<body style="font:16px/1.5 system-ui,sans-serif;max-width:36em;margin:2em auto;padding:0 1em">',
    `<p>${escape(message.essential)}</p>`,
    link ? `<p><a href="${link}">Get your key</a></p><p>Or open this address: ${link}</p>` : '',
    message.code ? `<p>Code: <strong>${escape(message.code.reveal())}</strong></p>` : '',
    message.details.length > 0 ? `<ul>${message.details.map((detail) => `<li>${escape(detail)}</li>`).join('')}</ul>` : '',
    `<p><small>${escape(FOOTER)}</small></p></body></html>`,
  ].join('');
}

const FOOTER = 'This mail is about your booking. It never contains the key itself, and nobody will ask you for the key.';

function escape(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'error';
}
