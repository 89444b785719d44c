// What each element of a derived study was made of: $explain-mapping (docs/operations.md).
import { useState } from "preact/hooks";
import { read, type Parameter } from "../api/fhir";
import { useLoaded } from "../parts/load";
import { Trouble, Waiting } from "../parts/parts";
import { brief, type Json } from "./view";

function valueOf(parameter: Parameter | undefined): string {
  const found = Object.entries(parameter ?? {}).find(([name]) => name.startsWith("value"))?.[1] as unknown;
  return found === undefined ? "" : (brief(found as Json) ?? JSON.stringify(found));
}

function part(parameter: Parameter, name: string): string {
  return valueOf(parameter.part?.find((one) => one.name === name));
}

export function Mapping({ id }: { id: string }) {
  const { value, failure, again } = useLoaded(id, (signal) => read<{ parameter?: Parameter[] }>(`ImagingStudy/${id}/$explain-mapping`, signal));
  const [search, setSearch] = useState("");
  if (failure?.status === 404) return <p class="quiet padded">This study was not made from DICOM objects of this archive, so there is no mapping to explain.</p>;
  if (failure) return <Trouble failure={failure} retry={again} />;
  if (!value) return <Waiting what="Mapping the study again…" />;
  const all = value.parameter ?? [];
  const named = (name: string) => all.filter((one) => one.name === name);
  const wanted = search.trim().toLowerCase();
  const elements = named("element").filter((one) => !wanted || ["path", "attribute", "value"].some((name) => part(one, name).toLowerCase().includes(wanted)));
  return (
    <div class="mapping">
      {named("problem").length > 0 && (
        <section>
          <h2>Problems</h2>
          <ul>{named("problem").map((one, index) => <li key={index}><b>{part(one, "code")}</b> {part(one, "diagnostics")}</li>)}</ul>
        </section>
      )}
      {named("client-edit").length > 0 && (
        <section>
          <h2>Changed by clients</h2>
          <ul>{named("client-edit").map((one, index) => <li key={index}><span class="code">{part(one, "path")}</span> {part(one, "kind")}</li>)}</ul>
        </section>
      )}
      <section>
        <div class="mapping-head">
          <h2>Elements</h2>
          <input type="search" aria-label="Find an element, attribute or value" placeholder="Element, attribute or value" value={search} onInput={(event) => setSearch(event.currentTarget.value)} />
        </div>
        <div class="scrolled" tabIndex={0} role="region" aria-label="Elements">
          <table class="plain">
            <thead><tr><th scope="col">Element</th><th scope="col">DICOM attribute</th><th scope="col">Value</th></tr></thead>
            <tbody>{elements.map((one, index) => <tr key={index}><td class="code">{part(one, "path")}</td><td>{part(one, "attribute") || <span class="quiet">counted or configured</span>}</td><td class="code" title={part(one, "instance") && `Instance ${part(one, "instance")}`}>{part(one, "value")}</td></tr>)}</tbody>
          </table>
        </div>
      </section>
    </div>
  );
}
