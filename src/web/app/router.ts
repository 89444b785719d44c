// Where the page is: what stands behind # in its URL. A fragment is never sent to a server, so what people search for
// (patients' names) is in no log, and the back button works.
import { signal } from "@preact/signals";

export interface Place {
  path: string[]; // ["study", "1.2.3"]; [] is the list of studies
  query: URLSearchParams;
}

function parse(fragment: string): Place {
  const [path = "", query = ""] = fragment.replace(/^#?\/?/, "").split("?", 2);
  return { path: path.split("/").filter(Boolean).map(decodeURIComponent), query: new URLSearchParams(query) };
}

export const place = signal<Place>(parse(location.hash));

addEventListener("popstate", () => {
  place.value = parse(location.hash);
});

export function link(path: string[], query?: URLSearchParams | Record<string, string>): string {
  const text = new URLSearchParams(query).toString();
  return `#/${path.map(encodeURIComponent).join("/")}${text && `?${text}`}`;
}

/** `replace`: the back button passes this over. */
export function go(fragment: string, how: "push" | "replace" = "push"): void {
  if (fragment === location.hash) return;
  history[how === "push" ? "pushState" : "replaceState"](null, "", fragment);
  place.value = parse(fragment);
}

/** Changes some parameters of the place; an empty value takes one out. */
export function adjust(changes: Record<string, string>, how: "push" | "replace" = "replace"): void {
  const query = new URLSearchParams(place.value.query);
  for (const [name, value] of Object.entries(changes)) {
    if (value) query.set(name, value);
    else query.delete(name);
  }
  go(link(place.value.path, query), how);
}
