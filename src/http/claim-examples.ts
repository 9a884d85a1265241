import type { Revealed } from '../handover/reveal.ts';

/** How the holder's programs send the key; set by the kind of provider. */
export interface CallWith {
  readonly header: string;
  /** Where the API is, when we know. */
  readonly url?: string;
}

export const EXAMPLES = ['curl', 'python', 'javascript'] as const;
export type Examples = Readonly<Record<(typeof EXAMPLES)[number], string>>;

/** The key itself stays out of them: they read it from API_KEY, so that it does not end in a shell history or a repository. */
export function examplesFor(revealed: Revealed, { header, url }: CallWith): Examples {
  const target = (url ?? 'https://your-api.example').replace(/\/+$/, '') + pathOf(revealed.grant?.endpoints[0]);
  const quoted = JSON.stringify(target);
  return {
    curl: `curl -H "${header}: $API_KEY" '${target.replaceAll("'", '%27')}'`,
    python: `import os, requests\n\nanswer = requests.get(${quoted}, headers={"${header}": os.environ["API_KEY"]}, timeout=30)\nprint(answer.status_code, answer.text)`,
    javascript: `const answer = await fetch(${quoted}, { headers: { '${header}': process.env.API_KEY } });\nconsole.log(answer.status, await answer.text());`,
  };
}

/** `/api/**` as somebody would call it: `/api/`. */
function pathOf(endpoint: string | undefined): string {
  const path = (endpoint ?? '/').split(/[*?{]/, 1)[0] ?? '/';
  return encodeURI(path.startsWith('/') ? path : `/${path}`);
}
