import type { Revealed } from '../handover/reveal.ts';
import { limitWords } from '../handover/words.ts';
import { type CallWith, EXAMPLES, examplesFor } from './claim-examples.ts';
import { frame, row, time } from './claim-frame.ts';
import { type Html, html } from './html.ts';

/** The one time the key is shown. */
export function keyPage(revealed: Revealed, page: { nonce: string; callWith: CallWith; now: Date }): string {
  const { grant, window } = revealed;
  const early = window.opensAt > page.now;
  const content = html`<h1>Your API key for ${revealed.resource}</h1>
    <p>Copy it now and keep it safe. <strong>This page shows it once.</strong></p>
    <h2 id="key">Key</h2>
    <pre class="key" role="region" tabindex="0" aria-labelledby="key">${revealed.secret.reveal()}</pre>
    ${early ? html`<p class="bad">It does not work yet: it opens at ${time(window.opensAt)}.</p>` : undefined}
    <h2>What it may do</h2>
    <dl>
      ${row('Holder', revealed.holder)} ${revealed.title ? row('Booking', revealed.title) : undefined}
      <dt>Works</dt>
      <dd>from ${time(window.opensAt)} until ${time(window.closesAt)}</dd>
      ${row('Send it as', `header ${page.callWith.header}`)} ${row('Scopes', grant?.scopes.join(', '))}
      ${row('Methods', grant?.methods.join(', '))} ${row('Endpoints', grant?.endpoints.join(', '))}
      ${row('Quota', grant?.quota && limitWords(grant.quota))}
      ${row('Rate limit', grant?.rateLimit && limitWords(grant.rateLimit))} ${row('Addresses', grant?.allowedIps?.join(', '))}
    </dl>
    ${revealed.unenforced.map((sentence) => html`<p class="hint">${sentence}</p>`)}
    <h2>How to use it</h2>
    <p class="hint">Put the key into the environment variable API_KEY first.</p>
    ${examples(revealed, page.callWith)}`;
  return frame({ title: 'Your API key', nonce: page.nonce, content });
}

function examples(revealed: Revealed, callWith: CallWith): Html {
  const texts = examplesFor(revealed, callWith);
  return html`${EXAMPLES.map(
    (name) =>
      html`<details>
        <summary>${NAMES[name]}</summary>
        <pre tabindex="0">${texts[name]}</pre>
      </details>`,
  )}`;
}

const NAMES = { curl: 'curl', python: 'Python', javascript: 'JavaScript' } as const;
