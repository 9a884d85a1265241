const MARK = Symbol('html');

/** Text that is safe in a page. Only `html` makes it, so a string from outside can never pass for it. */
export interface Html {
  readonly [MARK]: string;
}

type Piece = string | number | Html | readonly Html[] | undefined;

/** A template whose every value is escaped unless it is `Html` itself; `undefined` is nothing. Quote attributes with `"`. */
export function html(strings: TemplateStringsArray, ...values: readonly Piece[]): Html {
  return { [MARK]: strings.map((text, place) => text + textOf(values[place])).join('') };
}

export function render(page: Html): string {
  return page[MARK];
}

function textOf(value: Piece): string {
  if (value === undefined) return '';
  if (typeof value === 'object') return isList(value) ? value.map(render).join('') : value[MARK];
  return String(value).replace(/[&<>"'`]/g, (character) => `&#${character.charCodeAt(0)};`);
}

function isList(value: Html | readonly Html[]): value is readonly Html[] {
  return Array.isArray(value);
}
