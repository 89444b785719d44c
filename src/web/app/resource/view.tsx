// A resource as a tree that people can read, and as the JSON that it is.
import { useState } from "preact/hooks";
import type { Resource } from "../api/fhir";
import { fhirBase } from "../api/fhir";
import { CopyButton } from "../parts/parts";
import { link } from "../router";

export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };

function words(name: string): string {
  const spaced = name.replace(/([a-z])([A-Z])/g, "$1 $2").toLowerCase();
  return spaced.charAt(0).toUpperCase() + spaced.slice(1);
}

// In one line, what a person would say of a value; undefined when it needs a tree.
export function brief(value: Json): string | undefined {
  if (value === null || typeof value !== "object") return String(value);
  if (Array.isArray(value)) {
    const parts = value.map(brief);
    return value.length <= 3 && parts.every((part) => part !== undefined) ? parts.join(", ") : undefined;
  }
  const get = (name: string) => (typeof value[name] === "string" ? (value[name] as string) : undefined);
  if ("reference" in value) return get("display") ? `${get("display")} (${get("reference")})` : get("reference");
  if ("code" in value && Object.keys(value).every((name) => ["system", "code", "display", "version", "userSelected"].includes(name))) {
    return get("display") ? `${get("display")} (${get("code")})` : get("code");
  }
  if ("value" in value && "system" in value && Object.keys(value).length <= 3) return `${get("value")} (${get("system")})`;
  if (Object.keys(value).length === 1 && "display" in value) return get("display");
  if (Object.keys(value).length === 1 && "text" in value) return get("text");
  return undefined;
}

function targetOf(value: Json): string | undefined {
  if (!value || typeof value !== "object" || Array.isArray(value) || typeof value["reference"] !== "string") return undefined;
  const found = /^(Patient|ImagingStudy)\/([^/]+)$/.exec(value["reference"]);
  return found ? link([found[1] === "Patient" ? "patient" : "study", found[2]!]) : undefined;
}

function labelOf(value: Json, index: number): string {
  if (value && typeof value === "object" && !Array.isArray(value)) {
    const name = value["description"] ?? value["title"] ?? value["display"] ?? value["uid"] ?? value["value"];
    const number = typeof value["number"] === "number" ? `${value["number"]}` : `${index + 1}`;
    return typeof name === "string" ? `${number} · ${name}` : number;
  }
  return String(index + 1);
}

function Node({ name, value, open }: { name: string; value: Json; open: boolean }) {
  // What is closed is not made: a study may have thousands of instances.
  const [isOpen, setOpen] = useState(open);
  const short = brief(value);
  const target = targetOf(value);
  if (short !== undefined) {
    return <li class="leaf"><span class="tree-name">{name}</span> <span class="tree-value">{target ? <a href={target}>{short}</a> : short}</span></li>;
  }
  const entries: [string, Json][] = Array.isArray(value) ? value.map((one, index) => [brief(one) === undefined ? labelOf(one, index) : String(index + 1), one]) : Object.entries(value as object).map(([key, one]) => [words(key), one as Json]);
  return (
    <li>
      <details open={isOpen} onToggle={(event) => setOpen(event.currentTarget.open)}>
        <summary><span class="tree-name">{name}</span>{Array.isArray(value) && <span class="quiet"> {value.length}</span>}</summary>
        {isOpen && <ul>{entries.map(([key, one], index) => <Node key={`${index}${key}`} name={key} value={one} open={false} />)}</ul>}
      </details>
    </li>
  );
}

export function Tree({ resource }: { resource: Resource }) {
  return <ul class="tree">{Object.entries(resource).filter(([name]) => name !== "text").map(([name, value]) => <Node key={name} name={words(name)} value={value as Json} open={["identifier", "series"].includes(name)} />)}</ul>;
}

const token = /("(?:\\.|[^"\\])*")(\s*:)?|\b(true|false|null)\b|(-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)/g;

/** JSON with its parts told apart. */
export function Code({ value }: { value: unknown }) {
  const text = JSON.stringify(value, null, 2);
  const parts: preact.ComponentChild[] = [];
  let last = 0;
  for (const match of text.matchAll(token)) {
    parts.push(text.slice(last, match.index));
    const [all, string, colon] = match;
    const kind = string ? (colon ? "name" : "string") : match[3] ? "word" : "number";
    parts.push(<span class={`json-${kind}`}>{string ?? all}</span>, colon ?? "");
    last = match.index + all.length;
  }
  parts.push(text.slice(last));
  return <pre class="json" tabIndex={0} aria-label="JSON"><code>{parts}</code></pre>;
}

const coloured = 300_000; // characters; beyond them only the text

export function ResourceView({ resource }: { resource: Resource }) {
  const [form, setForm] = useState<"tree" | "json">("tree");
  const text = JSON.stringify(resource, null, 2);
  const url = `${fhirBase}/${resource.resourceType}/${resource.id}`;
  return (
    <div class="resource">
      <div class="resource-head">
        <div class="segments">
          <button aria-pressed={form === "tree"} onClick={() => setForm("tree")}>Tree</button>
          <button aria-pressed={form === "json"} onClick={() => setForm("json")}>JSON</button>
        </div>
        <a href={`${url}?_format=json&_pretty=true`} target="_blank" rel="noopener" class="resource-url">{url}</a>
        <CopyButton text={text} label="Copy the JSON" />
        <span class="quiet">Version {resource.meta?.versionId} · {resource.meta?.lastUpdated && new Date(resource.meta.lastUpdated).toLocaleString()}</span>
      </div>
      {form === "tree" ? <Tree resource={resource} /> : text.length > coloured ? <pre class="json" tabIndex={0}>{text}</pre> : <Code value={resource} />}
    </div>
  );
}
