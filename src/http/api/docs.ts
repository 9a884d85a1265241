import { createHash } from 'node:crypto';
import type { RequestHandler } from 'express';
import { html, render, type Html } from '../html.ts';
import { operationHtml, type Placed } from './docs-operation.ts';
import { fieldsOf, prose } from './docs-schema.ts';
import { DOCS_STYLE } from './docs-style.ts';
import type { OpenApi } from './document.ts';

/** `GET /docs`: the OpenAPI document as a page, made once. It loads nothing, runs nothing and works offline. */
export function docsPage(document: OpenApi): RequestHandler {
  const page = pageOf(document);
  const styleHash = createHash('sha256').update(DOCS_STYLE).digest('base64');
  const policy = `default-src 'none'; style-src 'sha256-${styleHash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;
  return (_request, response) => {
    response.set({ 'Content-Security-Policy': policy, 'Cache-Control': 'no-cache', 'Referrer-Policy': 'no-referrer' });
    response.type('html').send(page);
  };
}

function pageOf(document: OpenApi): string {
  const chapters = document.tags
    .map((tag) => ({ ...tag, operations: operationsOf(document, tag.name) }))
    .filter(({ operations }) => operations.length > 0);
  const content = html`<header>
      <h1>${document.info.title} <small>${document.info.version}</small></h1>
      <p>${prose(document.info.description)}</p>
      <p>
        The management API takes an operator's token: <code>Authorization: Bearer lko_…</code>. For programs:
        <a href="/api/v1/openapi.json">openapi.json</a> (OpenAPI 3.1).
      </p>
    </header>
    <div class="columns">
      <nav aria-label="Contents">
        ${chapters.map(chapterNav)}
        <h2><a href="#schemas">Schemas</a></h2>
      </nav>
      <main>
        ${chapters.map(
          ({ name, description, operations }) =>
            html`<section aria-labelledby="tag-${name}">
              <h2 id="tag-${name}">${name}</h2>
              <p class="about">${description}</p>
              ${operations.map(operationHtml)}
            </section>`,
        )}
        <section aria-labelledby="schemas">
          <h2 id="schemas">Schemas</h2>
          ${schemasHtml(document)}
        </section>
      </main>
    </div>`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Latchkey API</title>
<style>${DOCS_STYLE}</style>
</head>
<body>
${render(content)}
</body>
</html>`;
}

function operationsOf(document: OpenApi, tag: string): Placed[] {
  const server = document.servers[0]?.url ?? '';
  return Object.entries(document.paths)
    .flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]): Placed => ({ method, path, operation, server })),
    )
    .filter(({ operation }) => operation.tags.includes(tag));
}

function chapterNav({ name, operations }: { name: string; operations: readonly Placed[] }): Html {
  return html`<h2><a href="#tag-${name}">${name}</a></h2>
    <ul>
      ${operations.map(
        ({ method, operation }) =>
          html`<li>
            <a href="#${operation.operationId}"><span class="method ${method}">${method}</span>${operation.operationId}</a>
          </li>`,
      )}
    </ul>`;
}

function schemasHtml({ components }: OpenApi): readonly Html[] {
  return Object.entries(components.schemas).map(
    ([name, schema]) =>
      html`<article class="schema" id="schema-${name}">
        <h3>${name}</h3>
        ${schema.description ? html`<p>${prose(schema.description)}</p>` : html``}${fieldsOf(schema)}
      </article>`,
  );
}
