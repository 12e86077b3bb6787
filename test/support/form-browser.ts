/** A page as a browser without scripts sees it. */
export interface Page {
  readonly url: string;
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly form: Form | undefined;
}

export interface Form {
  readonly action: string;
  readonly method: string;
  /** What is sent whichever button is pressed. */
  readonly fields: ReadonlyMap<string, string>;
  readonly buttons: readonly { readonly name: string; readonly value: string }[];
}

interface Cookie {
  readonly name: string;
  readonly value: string;
  readonly path: string;
}

/** Follows pages, forms, redirects and cookies as a browser does, on one host. */
export class FormBrowser {
  #cookies: readonly Cookie[] = [];

  async open(url: string): Promise<Page> {
    return await this.#load(url, { method: 'GET' });
  }

  /** Sends the form of a page, as if the button that has this name (and value) were pressed. */
  async press(page: Page, name: string, value?: string, typed: Readonly<Record<string, string>> = {}): Promise<Page> {
    const { form } = page;
    if (!form) throw new Error(`no form on ${page.url} (${page.status}): ${page.text.slice(-400)}`);
    const button = form.buttons.find((each) => each.name === name && (value === undefined || each.value === value));
    if (!button) throw new Error(`no button ${name}=${value} on ${page.url}: ${JSON.stringify(form.buttons)}`);
    return await this.send(page, {
      ...Object.fromEntries(form.fields),
      ...typed,
      ...(name && { [name]: button.value }),
    });
  }

  /** Sends to where the form of a page points whatever an attacker likes. */
  async send(page: Page, fields: Readonly<Record<string, string>>): Promise<Page> {
    const body = new URLSearchParams(fields).toString();
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    return await this.#load(new URL(page.form?.action ?? '', page.url).href, { method: 'POST', body, headers });
  }

  /** Loads a page of which only the first answer matters; does not follow redirects. */
  async step(url: string, init: RequestInit = {}): Promise<Response> {
    const { pathname } = new URL(url);
    const cookie = this.#cookies
      .filter(({ path }) => pathname.startsWith(path))
      .map(({ name, value }) => `${name}=${value}`);
    const headers = { accept: 'text/html', ...(cookie.length > 0 && { cookie: cookie.join('; ') }), ...init.headers };
    const response = await fetch(url, { ...init, headers, redirect: 'manual' });
    for (const line of response.headers.getSetCookie()) this.#keep(line);
    return response;
  }

  async #load(url: string, init: RequestInit): Promise<Page> {
    let response = await this.step(url, init);
    let location = url;
    for (let hops = 0; response.headers.has('location'); hops += 1) {
      if (hops > 10) throw new Error(`too many redirects from ${url}`);
      await response.body?.cancel();
      location = new URL(response.headers.get('location') ?? '', location).href;
      response = await this.step(location);
    }
    const text = await response.text();
    return { url: location, status: response.status, headers: response.headers, text, form: formOf(text) };
  }

  #keep(line: string): void {
    const [pair = '', ...attributes] = line.split(';').map((part) => part.trim());
    const [name = '', value = ''] = pair.split('=');
    const path = attributes.find((attribute) => /^path=/i.test(attribute))?.slice(5) ?? '/';
    const isGone = attributes.some((attribute) => /^expires=Thu, 01 Jan 1970/i.test(attribute));
    const others = this.#cookies.filter((cookie) => cookie.name !== name || cookie.path !== path);
    this.#cookies = isGone ? others : [...others, { name, value, path }];
  }
}

function formOf(text: string): Form | undefined {
  const [, opening, content] = /<form([^>]*)>([\s\S]*?)<\/form>/.exec(text) ?? [];
  if (opening === undefined || content === undefined) return undefined;
  const { action = '', method = 'get' } = attributesOf(opening);
  const inputs = [...content.matchAll(/<input([^>]*)>/g)].map(([, attributes]) => attributesOf(attributes ?? ''));
  const buttons = [...content.matchAll(/<button([^>]*)>/g)].map(([, attributes]) => attributesOf(attributes ?? ''));
  return {
    action,
    method,
    fields: new Map(inputs.map(({ name = '', value = '' }) => [name, value])),
    buttons: buttons.map(({ name = '', value = '' }) => ({ name, value })),
  };
}

function attributesOf(text: string): Readonly<Record<string, string>> {
  return Object.fromEntries(
    [...text.matchAll(/([\w-]+)="([^"]*)"/g)].map(([, name, value]) => [name, unescapeText(value)]),
  );
}

function unescapeText(text = ''): string {
  const entities: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'" };
  return text.replace(/&(amp|lt|gt|quot|#39);/g, (_, name: string) => entities[name] ?? '');
}
