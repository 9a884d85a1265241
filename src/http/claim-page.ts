import type { ClaimView } from '../handover/claim.ts';
import { frame, row, sentence, time } from './claim-frame.ts';
import { type Html, html } from './html.ts';

/** What a link shows; opening it changes nothing. `error` is what was wrong with the last try. */
export function claimPage(view: ClaimView, page: { nonce: string; error?: string }): string {
  const waits = view.state === 'waiting' && !view.locked;
  const title = waits ? 'Your API key is waiting' : GONE_TITLES[view.locked ? 'locked' : view.state];
  const content = html`<h1>${title}</h1>
    ${story(view)} ${waits ? facts(view) : undefined} ${waits && !view.withheldUntil ? form(view, page.error) : undefined}
    ${view.showsAgain ? again() : undefined}`;
  return frame({ title: page.error && waits ? `Error: ${title}` : title, nonce: page.nonce, content });
}

/** For what is not about a known claim: no such link, too many requests, a foreign form. */
export function problemPage(title: string, text: string, nonce: string): string {
  return frame({
    title,
    nonce,
    content: html`<h1>${title}</h1>
      <p>${text}</p>`,
  });
}

const GONE_TITLES = {
  waiting: 'Your API key is waiting',
  claimed: 'This key has been claimed',
  expired: 'This link is over',
  revoked: 'This key was taken back',
  locked: 'This link is locked',
} as const satisfies Record<ClaimView['state'] | 'locked', string>;

function story(view: ClaimView): Html {
  if (view.claimed)
    return html`<p>
        It was claimed at ${time(view.claimed.at)} from ${view.claimed.from}${view.showsAgain ? '' : ' and is not shown again'}.
      </p>
      <p>That was not you? Tell the operator at once, who can take the key back and give you a new one.</p>`;
  if (view.state === 'expired')
    return html`<p>The window of this booking ended at ${time(view.window.closesAt)}, and the key with it.</p>`;
  if (view.state === 'revoked') return html`<p>The booking was changed or cancelled, so there is no key to claim.</p>`;
  if (view.locked) return html`<p>There were too many wrong tries. Ask the operator for a new link.</p>`;
  if (view.withheldUntil)
    return html`<p>
      It is shown from ${time(view.withheldUntil)} on, when the booking begins. Keep this link and come back then.
    </p>`;
  return html`<p>It is shown <strong>once</strong>, when you press the button. Have a place ready to keep it.</p>`;
}

function facts(view: ClaimView): Html {
  return html`<dl>
    ${row('For', view.holder)} ${row('Resource', view.resource)} ${view.title ? row('Booking', view.title) : undefined}
    <dt>Works</dt>
    <dd>from ${time(view.window.opensAt)} until ${time(view.window.closesAt)}</dd>
  </dl>`;
}

const ASK = {
  email: {
    label: 'The email address of your booking',
    type: 'email',
    complete: 'email',
    hint: 'So that only you can open this link.',
  },
  code: {
    label: 'Your confirmation code',
    type: 'text',
    complete: 'one-time-code',
    hint: 'It came to you another way than this link.',
  },
} as const;

function form(view: ClaimView, error: string | undefined): Html {
  if (view.confirm === 'none') return html`<form method="post"><button>Show my key</button></form>`;
  const ask = ASK[view.confirm];
  const wrong = error === undefined ? undefined : html`<p class="bad" id="wrong" role="alert">${sentence(error)}</p>`;
  const state = error === undefined ? html`aria-describedby="hint"` : html`aria-describedby="wrong hint" aria-invalid="true"`;
  return html`<form method="post">
    <label for="confirmation">${ask.label}</label>
    ${wrong}
    <input
      id="confirmation"
      name="confirmation"
      type="${ask.type}"
      autocomplete="${ask.complete}"
      maxlength="254"
      required
      ${state}
    />
    <p class="hint" id="hint">${ask.hint}</p>
    <button>Show my key</button>
  </form>`;
}

function again(): Html {
  return html`<form method="post"><button>Show it once more</button></form>
    <p class="hint">Possible in this browser for a minute after it was claimed.</p>`;
}
