/** Text that is HTML already. Only `html` makes it, so nothing reaches a page unescaped. */
export interface Html {
  readonly html: string;
}

/** Builds HTML: every value is escaped unless it is HTML itself. Attribute values must stand in double quotes. */
export function html(strings: TemplateStringsArray, ...values: readonly (string | Html | readonly Html[])[]): Html {
  const parts = strings.map((part, index) => part + render(values[index] ?? ''));
  return { html: parts.join('') };
}

function render(value: string | Html | readonly Html[]): string {
  if (typeof value === 'string') return escapeText(value);
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
