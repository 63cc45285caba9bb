// src/node.ts
function cookieFetch(fetch = globalThis.fetch) {
  const cookies = /* @__PURE__ */ new Map();
  return async (address, init = {}) => {
    const { host, pathname, protocol } = new URL(address);
    const sent = [...cookies.values()].filter(
      (cookie) => cookie.host === host && `${pathname}/`.startsWith(cookie.path.replace(/\/?$/, "/")) && (!cookie.isSecure || protocol === "https:")
    );
    const headers = new Headers(init.headers);
    if (sent.length) headers.set("Cookie", sent.map((c) => `${c.name}=${c.value}`).join("; "));
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
function setCookies(headers) {
  return headers.getSetCookie?.() ?? headers.get("Set-Cookie")?.split(/,\s*(?=[^;, ]+=)/) ?? [];
}
function parse(line, host) {
  const [pair = "", ...attributes] = line.split(/;\s*/);
  const [name = "", value = ""] = pair.split(/=(.*)/s);
  const attribute = (wanted) => attributes.find((text) => text.toLowerCase().split("=")[0] === wanted)?.replace(/^.*?=/, "");
  return {
    name,
    value,
    host,
    path: attribute("path") ?? "/",
    isSecure: attribute("secure") !== void 0,
    maxAge: Number(attribute("max-age") ?? 1)
  };
}
export {
  cookieFetch
};
