import { html, type Html } from '../html.ts';
import { exampleOf, fieldsOf, prose, table, typeOf } from './docs-schema.ts';
import type { Answer, Content, Operation } from './document.ts';

export interface Placed {
  readonly method: string;
  readonly path: string;
  readonly operation: Operation;
  /** Where the service is reached. */
  readonly server: string;
}

/** One operation: what it does, what it takes, what it answers, and how to call it. */
export function operationHtml(placed: Placed): Html {
  const { method, path, operation } = placed;
  const { operationId, summary, description, parameters = [], requestBody } = operation;
  const permission = operation['x-permission'];
  return html`<details class="operation" id="${operationId}">
    <summary>
      <span class="method ${method}">${method.toUpperCase()}</span> <code class="path">${path}</code>
      <span class="what">${summary}</span>
    </summary>
    <div class="inside">
      ${description ? html`<p>${prose(description)}</p>` : html``}
      <p class="permission">
        ${permission ? html`Needs a token with the permission <b>${permission}</b>.` : html`${open(operation)}`}
      </p>
      ${
        parameters.length > 0
          ? html`<h4>Parameters</h4>
              ${table(parameters.map((each) => ({ ...each, type: typeOf(each.schema), description: `${each.in}. ${each.description ?? ''}` })))}`
          : html``
      }
      ${
        requestBody
          ? html`<h4>Body</h4>
              ${contentHtml(requestBody.content)}`
          : html``
      }
      <h4>Answers</h4>
      ${answersHtml(operation)}
      <h4>Example</h4>
      <pre tabindex="0">${curl(placed)}</pre>
    </div>
  </details>`;
}

function open({ security }: Operation): string {
  return security?.some((way) => 'operator' in way) ? 'From allowed networks, or with a token.' : 'Needs no token.';
}

/** What goes well first; the problems, which are all alike, in one line. */
function answersHtml({ responses }: Operation): Html {
  const all = Object.entries(responses);
  const problems = all.filter(([, answer]) => '$ref' in answer).map(([status]) => status);
  const own = all.flatMap(([status, answer]) => ('$ref' in answer ? [] : [answerHtml(status, answer)]));
  if (problems.length === 0) return html`${own}`;
  return html`${own}
    <p class="answer"><b class="status bad">${problems.join(' ')}</b> <a href="#schema-Problem">Problem</a></p>`;
}

function answerHtml(status: string, answer: Answer): Html {
  const tone = Number(status) < 400 ? 'good' : 'bad';
  return html`<div class="answer">
    <b class="status ${tone}">${status}</b> ${answer.description}${answer.content ? contentHtml(answer.content) : html``}
  </div>`;
}

function contentHtml(content: Content): Html {
  return html`${Object.entries(content).map(
    ([type, { schema }]) =>
      html`<p class="media">${type}</p>
        ${fieldsOf(schema)}`,
  )}`;
}

function curl({ method, path, operation, server }: Placed): string {
  const { requestBody, parameters = [] } = operation;
  const asked = parameters.filter((each) => each.in === 'query' && each.required).map((each) => `${each.name}=${each.name}`);
  const url = `${server}${path.replaceAll(/\{(\w+)\}/g, '$$$1')}${asked.length > 0 ? `?${asked.join('&')}` : ''}`;
  const json = requestBody?.content['application/json'];
  return [
    'curl',
    ...(method === 'get' ? [] : [`-X ${method.toUpperCase()}`]),
    ...(operation['x-permission'] ? ['-H "Authorization: Bearer $LATCHKEY_TOKEN"'] : []),
    ...(json ? ['-H "Content-Type: application/json"', `-d '${JSON.stringify(exampleOf(json.schema))}'`] : []),
    `"${url}"`,
  ].join(' ');
}
