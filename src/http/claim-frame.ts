import { utc } from '../handover/words.ts';
import { CLAIM_STYLE } from './claim-style.ts';
import { type Html, html, render } from './html.ts';

/** Everything a page says; `nonce` is the style's, new for each answer. */
export interface Frame {
  readonly title: string;
  readonly nonce: string;
  readonly content: Html;
}

export function frame({ title, nonce, content }: Frame): string {
  return `<!doctype html>\n${render(
    html`<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${title}</title>
<style nonce="${nonce}">`,
  )}${CLAIM_STYLE}${render(
    html`</style>
</head>
<body>
<main><div class="card">${content}</div>
<footer>Latchkey: a key for the time of your booking. Nobody will ever ask you for it.</footer></main>
</body>
</html>`,
  )}`;
}

/** One fact; nothing without a value. */
export function row(name: string, value: string | undefined): Html {
  return value
    ? html`<dt>${name}</dt>
        <dd>${value}</dd>`
    : html``;
}

export function time(at: Date): Html {
  return html`<time datetime="${at.toISOString()}">${utc(at)}</time>`;
}

/** A fault's message as a sentence of a page. */
export function sentence(message: string): string {
  return `${message.charAt(0).toUpperCase()}${message.slice(1)}.`;
}
