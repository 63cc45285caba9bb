"use strict";
var __defProp = Object.defineProperty;
var __getOwnPropDesc = Object.getOwnPropertyDescriptor;
var __getOwnPropNames = Object.getOwnPropertyNames;
var __hasOwnProp = Object.prototype.hasOwnProperty;
var __export = (target, all) => {
  for (var name in all)
    __defProp(target, name, { get: all[name], enumerable: true });
};
var __copyProps = (to, from, except, desc) => {
  if (from && typeof from === "object" || typeof from === "function") {
    for (let key of __getOwnPropNames(from))
      if (!__hasOwnProp.call(to, key) && key !== except)
        __defProp(to, key, { get: () => from[key], enumerable: !(desc = __getOwnPropDesc(from, key)) || desc.enumerable });
  }
  return to;
};
var __toCommonJS = (mod) => __copyProps(__defProp({}, "__esModule", { value: true }), mod);

// src/node.ts
var node_exports = {};
__export(node_exports, {
  cookieFetch: () => cookieFetch
});
module.exports = __toCommonJS(node_exports);
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
