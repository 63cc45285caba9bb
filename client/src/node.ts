/** A cookie, and where it is sent. */
interface Cookie {
  name: string;
  value: string;
  host: string;
  path: string;
  isSecure: boolean;
}

/**
 * Returns a `fetch` that keeps cookies, which no version of Node does: one per user who signs in.
 *
 * Each cookie goes back to the host that has set it, and to no other.
 */
export function cookieFetch(
  fetch: (url: string, init: RequestInit) => Promise<Response> = globalThis.fetch,
): (url: string, init?: RequestInit) => Promise<Response> {
  const cookies = new Map<string, Cookie>();
  return async (address, init = {}) => {
    const { host, pathname, protocol } = new URL(address);
    const sent = [...cookies.values()].filter(
      (cookie) =>
        cookie.host === host &&
        `${pathname}/`.startsWith(cookie.path.replace(/\/?$/, '/')) &&
        (!cookie.isSecure || protocol === 'https:'),
    );
    const headers = new Headers(init.headers);
    if (sent.length) headers.set('Cookie', sent.map((c) => `${c.name}=${c.value}`).join('; '));
    const response = await fetch(address, { ...init, headers });
    for (const line of setCookies(response.headers)) {
      const { maxAge, ...cookie } = parse(line, host);
      const key = `${cookie.name} ${host}${cookie.path}`;
      if (maxAge <= 0) cookies.delete(key);
      else cookies.set(key, cookie);
    }
    return response;
  };
}

/** Returns the `Set-Cookie` headers. Node 18 joins them with commas before version 18.14.1. */
function setCookies(headers: Headers): string[] {
  return headers.getSetCookie?.() ?? headers.get('Set-Cookie')?.split(/,\s*(?=[^;, ]+=)/) ?? [];
}

function parse(line: string, host: string): Cookie & { maxAge: number } {
  const [pair = '', ...attributes] = line.split(/;\s*/);
  const [name = '', value = ''] = pair.split(/=(.*)/s);
  const attribute = (wanted: string): string | undefined =>
    attributes.find((text) => text.toLowerCase().split('=')[0] === wanted)?.replace(/^.*?=/, '');
  return {
    name,
    value,
    host,
    path: attribute('path') ?? '/',
    isSecure: attribute('secure') !== undefined,
    maxAge: Number(attribute('max-age') ?? 1),
  };
}
