import { useState } from "preact/hooks";
import { Icon } from "../parts/icons";
import { adjust, place } from "../router";
import { commonModalities, filtersOf, isFiltered, names, statuses, type Filters } from "./query";

function isoDay(daysAgo: number): string {
  const day = new Date(Date.now() - daysAgo * 86_400_000);
  // The day here, not the day in Greenwich.
  return new Date(day.getTime() - day.getTimezoneOffset() * 60_000).toISOString().slice(0, 10);
}

const spans: { label: string; days: number | undefined }[] = [
  { label: "Any date", days: undefined },
  { label: "Today", days: 0 },
  { label: "7 days", days: 6 },
  { label: "30 days", days: 29 },
  { label: "1 year", days: 364 },
];

function set(name: keyof Filters, value: string, how: "push" | "replace" = "replace"): void {
  adjust({ [name]: value }, how);
}

function TextFilter({ name, label, value, placeholder }: { name: keyof Filters; label: string; value: string; placeholder: string }) {
  return (
    <label class="filter">
      <span>{label}</span>
      <input type="search" name={name} value={value} placeholder={placeholder} autocomplete="off" spellcheck={false} onInput={(event) => set(name, event.currentTarget.value)} />
    </label>
  );
}

function Dates({ filters }: { filters: Filters }) {
  const chosen = spans.find((span) => (span.days === undefined ? !filters.from && !filters.to : filters.from === isoDay(span.days) && !filters.to));
  return (
    <fieldset class="filter filter-dates">
      <legend>Date</legend>
      <div class="segments">
        {spans.map((span) => (
          <button key={span.label} type="button" aria-pressed={chosen === span} onClick={() => adjust({ from: span.days === undefined ? "" : isoDay(span.days), to: "" }, "push")}>
            {span.label}
          </button>
        ))}
      </div>
      <div class="date-range">
        <input type="date" aria-label="From" value={filters.from} max={filters.to} onChange={(event) => set("from", event.currentTarget.value)} />
        <span aria-hidden="true">–</span>
        <input type="date" aria-label="To" value={filters.to} min={filters.from} onChange={(event) => set("to", event.currentTarget.value)} />
      </div>
    </fieldset>
  );
}

function Modalities({ chosen }: { chosen: string }) {
  const list = chosen.split(",").filter(Boolean);
  const toggle = (code: string) => set("modality", (list.includes(code) ? list.filter((one) => one !== code) : [...list, code]).join(","), "push");
  const shown = [...commonModalities, ...list.filter((code) => !commonModalities.includes(code))];
  return (
    <fieldset class="filter">
      <legend>Modality</legend>
      <div class="chips">
        {shown.map((code) => (
          <button key={code} type="button" class="chip" aria-pressed={list.includes(code)} onClick={() => toggle(code)}>{code}</button>
        ))}
      </div>
    </fieldset>
  );
}

export function FilterPane() {
  const filters = filtersOf(place.value.query);
  const [open, setOpen] = useState(false);
  const active = names.filter((name) => name !== "q" && name !== "sort" && filters[name]).length;
  const clear = () => adjust(Object.fromEntries(names.filter((name) => name !== "sort").map((name) => [name, ""])), "push");
  return (
    <section class="filters" aria-label="Filters" data-open={open}>
      <div class="filters-head">
        <button class="button filters-toggle" aria-expanded={open} aria-controls="filter-fields" onClick={() => setOpen(!open)}>
          Filters{active > 0 && <span class="count">{active}</span>}
        </button>
        {isFiltered(filters) && <button class="button is-quiet" onClick={clear}><Icon name="close" size={14} />Clear</button>}
      </div>
      <div class="filters-fields" id="filter-fields">
        <Dates filters={filters} />
        <Modalities chosen={filters.modality} />
        <TextFilter name="description" label="Description" value={filters.description} placeholder="contains…" />
        <TextFilter name="part" label="Body part" value={filters.part} placeholder="chest, head…" />
        <TextFilter name="accession" label="Accession or UID" value={filters.accession} placeholder="whole number" />
        <label class="filter">
          <span>Status</span>
          <select value={filters.status} onChange={(event) => set("status", event.currentTarget.value, "push")}>
            <option value="">Any status</option>
            {statuses.map((status) => <option key={status} value={status}>{status}</option>)}
          </select>
        </label>
      </div>
    </section>
  );
}
