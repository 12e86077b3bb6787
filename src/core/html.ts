import { printable } from './printable.ts';

/** Text that is HTML already. Only `html` and `trustedHtml` make it, so nothing else reaches a page unescaped. */
export interface Html {
  readonly html: string;
}

type Value = string | number | Html | readonly Html[];

/** Builds HTML: every value is escaped unless it is HTML itself. Attribute values must stand in double quotes. */
export function html(strings: TemplateStringsArray, ...values: readonly Value[]): Html {
  return { html: strings.map((part, index) => part + render(values[index] ?? '')).join('') };
}

/** Takes markup as it is. The caller made it. */
export function trustedHtml(markup: string): Html {
  return { html: markup };
}

function render(value: Value): string {
  if (typeof value === 'number') return String(value);
  if (typeof value === 'string') return escapeText(printable(value));
  return 'html' in value ? value.html : value.map((each) => each.html).join('');
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escapeText(text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? '');
}
