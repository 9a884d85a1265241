import { html, type Html } from '../html.ts';
import type { JsonSchema } from './document.ts';

/** How a schema reads: its type in a few words, its fields as a table, and an example of it. */

const SCHEMAS = '#/components/schemas/';

export function typeOf(schema: JsonSchema): Html {
  if (schema.$ref) {
    const name = schema.$ref.slice(SCHEMAS.length);
    return html`<a href="#schema-${name}">${name}</a>`;
  }
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices) return between(choices.map(typeOf), html` or `);
  if (schema.enum) return between(schema.enum.map(literal), html` | `);
  if (schema.const !== undefined) return literal(schema.const);
  if (schema.type === 'array') return html`list of ${schema.items ? typeOf(schema.items) : 'anything'}`;
  if (schema.type === 'object' && !schema.properties) return html`object${valuesOf(schema)}`;
  if (schema.format === 'date-time') return html`instant`;
  return html`${schema.type ?? 'anything'}`;
}

/** The fields of an object, those of objects in it after them, by path. */
export function fieldsOf(schema: JsonSchema): Html {
  const rows = rowsOf(schema, '');
  return rows.length === 0 ? html`<p class="type">${typeOf(schema)}</p>` : table(rows);
}

/** Text in which `backticks` mark code. */
export function prose(text: string | undefined): Html {
  return html`${(text ?? '').split('`').map((part, place) => (place % 2 === 1 ? html`<code>${part}</code>` : html`${part}`))}`;
}

export interface Row {
  readonly name: string;
  readonly required: boolean;
  readonly type: Html;
  readonly description?: string;
}

export function table(rows: readonly Row[]): Html {
  return html`<div class="scroll" tabindex="0">
    <table>
      ${rows.map(
        (row) =>
          html`<tr>
            <th scope="row"><code>${row.name}</code>${row.required ? html`` : html` <small>optional</small>`}</th>
            <td class="type">${row.type}</td>
            <td>${prose(row.description)}</td>
          </tr>`,
      )}
    </table>
  </div>`;
}

/** What could be sent: the fields that must be there, and those that have an example. */
export function exampleOf(schema: JsonSchema): unknown {
  const { examples, default: usual, enum: values, properties = {}, required = [] } = schema;
  if (examples?.length) return examples[0];
  if (values) return values[0];
  if (schema.type !== 'object') return usual ?? '…';
  const shown = Object.entries(properties).filter(([name, field]) => required.includes(name) || field.examples);
  return Object.fromEntries(shown.map(([name, field]) => [name, exampleOf(field)]));
}

function rowsOf({ properties = {}, required = [] }: JsonSchema, under: string): Row[] {
  return Object.entries(properties).flatMap(([name, field]) => {
    const path = under + name;
    const own = { name: path, required: required.includes(name), type: typeOf(field), description: describe(field) };
    if (field.type === 'array' && field.items?.properties) return [own, ...rowsOf(field.items, `${path}[].`)];
    return [own, ...rowsOf(objectIn(field), `${path}.`)];
  });
}

/** An object, also one that may be null. */
function objectIn(schema: JsonSchema): JsonSchema {
  return (schema.anyOf ?? [schema]).find((choice) => choice.properties) ?? {};
}

function describe({ description, default: usual, minimum, maximum }: JsonSchema): string {
  const notes = [
    ...(minimum !== undefined && maximum !== undefined ? [`From ${minimum} to ${maximum}.`] : []),
    ...(typeof usual === 'number' || typeof usual === 'boolean' ? [`Usually ${usual}.`] : []),
  ];
  return [description ?? '', ...notes].filter((note) => note !== '').join(' ');
}

function valuesOf({ additionalProperties }: JsonSchema): Html {
  return typeof additionalProperties === 'object' && Object.keys(additionalProperties).length > 0
    ? html` of ${typeOf(additionalProperties)}`
    : html``;
}

function literal(value: unknown): Html {
  return html`<code>${String(value)}</code>`;
}

function between(parts: readonly Html[], separator: Html): Html {
  return html`${parts.flatMap((part, place) => (place === 0 ? [part] : [separator, part]))}`;
}
