// The versions of a resource, newest first, and what each changed.
import { useState } from "preact/hooks";
import { nextLink, read, type Bundle, type Resource } from "../api/fhir";
import { useLoaded } from "../parts/load";
import { Trouble, Waiting } from "../parts/parts";
import { Code, type Json } from "./view";

interface Version { id: string; at: string; method: string; resource: Resource | undefined }
export interface Change { path: string; before: string | undefined; after: string | undefined }

// Every value with its path; items of lists by what identifies them, so that an insertion is one change.
function flatten(value: Json, path: string, into: Map<string, string>): void {
  if (value === null || typeof value !== "object") {
    into.set(path, String(value));
  } else if (Array.isArray(value)) {
    value.forEach((item, index) => {
      const key = item && typeof item === "object" && !Array.isArray(item) ? (item["uid"] ?? item["reference"] ?? item["id"] ?? index) : index;
      flatten(item, `${path}[${String(key)}]`, into);
    });
  } else {
    for (const [name, one] of Object.entries(value)) flatten(one, path ? `${path}.${name}` : name, into);
  }
}

export function changes(before: Resource | undefined, after: Resource | undefined): Change[] {
  const [old, now] = [new Map<string, string>(), new Map<string, string>()];
  if (before) flatten(before as unknown as Json, "", old);
  if (after) flatten(after as unknown as Json, "", now);
  const paths = [...new Set([...old.keys(), ...now.keys()])].filter((path) => !path.startsWith("meta.") && old.get(path) !== now.get(path));
  return paths.map((path) => ({ path, before: old.get(path), after: now.get(path) }));
}

const shownMax = 200;
const pagesMax = 20;

async function versions(of: string, signal: AbortSignal): Promise<Version[]> {
  const all: Version[] = [];
  let url: string | undefined = `${of}/_history?_count=50`;
  for (let page = 0; url && page < pagesMax; page++) {
    const bundle: Bundle = await read(url, signal);
    for (const entry of bundle.entry ?? []) {
      all.push({
        id: entry.resource?.meta?.versionId ?? /"(.*)"/.exec(entry.response?.etag ?? "")?.[1] ?? "?",
        at: entry.resource?.meta?.lastUpdated ?? entry.response?.lastModified ?? "",
        method: entry.request?.method ?? "",
        resource: entry.resource,
      });
    }
    url = nextLink(bundle);
  }
  return all;
}

const methods: Record<string, string> = { POST: "created", PUT: "updated", PATCH: "patched", DELETE: "deleted" };

function Changes({ version, before }: { version: Version; before: Version | undefined }) {
  const all = changes(before?.resource, version.resource);
  const [whole, setWhole] = useState(false);
  return (
    <div class="changes">
      <button class="button is-quiet" onClick={() => setWhole(!whole)} aria-expanded={whole}>{whole ? "Show what changed" : "Show the whole version"}</button>
      {whole ? <Code value={version.resource ?? null} /> : all.length === 0 ? <p class="quiet">Nothing but the version.</p> : (
        <table class="plain">
          <thead><tr><th scope="col">Element</th><th scope="col">Before</th><th scope="col">After</th></tr></thead>
          <tbody>{all.slice(0, shownMax).map((change) => <tr key={change.path}><td class="code">{change.path}</td><td class="removed">{change.before}</td><td class="added">{change.after}</td></tr>)}</tbody>
        </table>
      )}
      {!whole && all.length > shownMax && <p class="quiet">and {all.length - shownMax} more</p>}
    </div>
  );
}

export function History({ of }: { of: string }) {
  const { value, failure, again } = useLoaded(of, (signal) => versions(of, signal));
  if (failure) return <Trouble failure={failure} retry={again} />;
  if (!value) return <Waiting what="Loading the history…" />;
  return (
    <ol class="history">
      {value.map((version, index) => {
        const before = value[index + 1];
        return (
          <li key={version.id}>
            <details open={index === 0 && before !== undefined}>
              <summary>
                <b>Version {version.id}</b> <span>{methods[version.method] ?? version.method}</span>
                <span class="quiet tabular">{version.at && new Date(version.at).toLocaleString()}</span>
                <span class="quiet">{before ? `${changes(before.resource, version.resource).length} changes` : ""}</span>
              </summary>
              <Changes version={version} before={before} />
            </details>
          </li>
        );
      })}
    </ol>
  );
}
