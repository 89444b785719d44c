// The list of studies: searched while somebody types, sorted, page by page, moved through by keys.
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { Icon } from "../parts/icons";
import { Trouble } from "../parts/parts";
import { adjust, go, link, place } from "../router";
import { helpOpen } from "../help";
import { useKeys } from "../keys";
import { FilterPane } from "./filters";
import { filtersOf, isFiltered, searchUrl, sortKeys, sortOf, type Filters } from "./query";
import { busy, failure, lastChosen, more, results, search } from "./results";
import { Row } from "./row";
import { Welcome } from "./welcome";

// Longer than between two keys of a quick typist, shorter than what is felt.
const typingPauseMs = 110;

const columns: { key: string; label: string; class: string }[] = [
  { key: "", label: "Picture", class: "cell-picture" },
  { key: "patient", label: "Patient", class: "cell-patient" },
  { key: "date", label: "Date", class: "cell-date" },
  { key: "modality", label: "Modality", class: "cell-modality" },
  { key: "description", label: "Description", class: "cell-description" },
  { key: "accession", label: "Accession", class: "cell-accession" },
  { key: "", label: "Contents", class: "cell-counts" },
];

function Head({ filters }: { filters: Filters }) {
  const sorted = sortOf(filters);
  const sort = (column: string) => {
    const { first } = sortKeys[column]!;
    const direction = sorted.column === column ? (sorted.direction === "ascending" ? "descending" : "ascending") : first;
    const value = direction === "descending" ? `-${column}` : column;
    adjust({ sort: value === "-date" ? "" : value }, "push");
  };
  return (
    <thead>
      <tr>
        {columns.map(({ key, label, class: name }) => (
          <th key={label} scope="col" class={name} {...(key && sorted.column === key ? { "aria-sort": sorted.direction } : {})}>
            {key ? <button onClick={() => sort(key)}>{label}<span class="sort-mark" aria-hidden="true">{sorted.column === key ? (sorted.direction === "ascending" ? "↑" : "↓") : ""}</span></button> : <span class={label === "Picture" ? "visually-hidden" : ""}>{label}</span>}
          </th>
        ))}
      </tr>
    </thead>
  );
}

function Summary() {
  const { found, total, next, took } = results.value;
  const number = total ?? found.length;
  const shown = total === undefined && next ? `${found.length}+ studies` : `${number.toLocaleString()} ${number === 1 ? "study" : "studies"}`;
  return (
    <p class="summary quiet" role="status">
      {failure.value ? "" : `${shown}${took === undefined ? "" : ` · ${Math.max(1, Math.round(took))} ms`}`}
    </p>
  );
}

function More() {
  const sentinel = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const watcher = new IntersectionObserver((entries) => entries.some((entry) => entry.isIntersecting) && more(), { rootMargin: "600px" });
    watcher.observe(sentinel.current!);
    return () => watcher.disconnect();
  }, [results.value.next]);
  return (
    <div class="more" ref={sentinel}>
      <button class="button" onClick={more} disabled={busy.value === "more"}>{busy.value === "more" ? "Loading…" : "More studies"}</button>
    </div>
  );
}

export function SearchView() {
  const filters = filtersOf(place.value.query);
  const url = searchUrl(filters);
  const field = useRef<HTMLInputElement>(null);
  const table = useRef<HTMLTableElement>(null);
  const [chosen, setChosen] = useState(() => Math.max(0, results.value.found.findIndex((one) => one.study.id === lastChosen.id)));

  // The first question is asked at once, before the browser paints.
  useLayoutEffect(() => {
    if (results.value.url === url && !failure.value) return;
    if (!results.value.url) {
      void search(url);
      return;
    }
    const timer = setTimeout(() => void search(url), typingPauseMs);
    return () => clearTimeout(timer);
  }, [url]);
  const { found, next, notes } = results.value;
  const answered = useRef(results.value.url);
  useEffect(() => {
    if (answered.current === results.value.url) return;
    answered.current = results.value.url;
    setChosen(0);
  }, [results.value.url]);
  useEffect(() => {
    lastChosen.id = found[chosen]?.study.id ?? "";
  }, [chosen, found]);
  // Back from a study: where it was.
  useEffect(() => {
    if (chosen > 0) table.current?.querySelectorAll("tr.row")[chosen]?.scrollIntoView({ block: "center" });
  }, []);
  const choose = (index: number) => {
    const to = Math.max(0, Math.min(index, found.length - 1));
    setChosen(to);
    const row = table.current?.querySelectorAll<HTMLElement>("tr.row")[to];
    row?.querySelector("a")?.focus({ preventScroll: true });
    row?.scrollIntoView({ block: "nearest" });
    if (to > found.length - 8) more();
  };
  const open = () => found[chosen]?.study.id && go(link(["study", found[chosen].study.id!]));

  useKeys("Studies", [
    { keys: ["/"], does: "Search", run: () => { field.current?.focus(); field.current?.select(); } },
    { keys: ["ArrowDown", "j"], does: "Next study", inFields: false, run: () => choose(document.activeElement?.closest("tr.row") ? chosen + 1 : chosen) },
    { keys: ["ArrowUp", "k"], does: "Previous study", run: () => choose(chosen - 1) },
    { keys: ["PageDown"], does: "Ten further", run: () => choose(chosen + 10) },
    { keys: ["PageUp"], does: "Ten back", run: () => choose(chosen - 10) },
    { keys: ["Home"], does: "First study", run: () => choose(0) },
    { keys: ["Enter", "o"], does: "Open the study", run: open },
    { keys: ["Escape"], does: "Clear the search", run: () => isFiltered(filters) && go(link([])) },
  ]);

  const onFieldKey = (event: KeyboardEvent) => {
    if (event.key === "ArrowDown") choose(0);
    else if (event.key === "Enter") open();
    else if (event.key === "Escape" && filters.q) adjust({ q: "" });
    else if (event.key === "Escape") field.current?.blur();
    else if (event.key === "/" && !filters.q) field.current?.select();
    else if (event.key === "?" && !filters.q) helpOpen.value = true;
    else return;
    event.preventDefault();
  };

  const isEmpty = busy.value === "no" && !failure.value && results.value.url !== "" && found.length === 0;
  return (
    <main class="search" id="main">
      <h1 class="visually-hidden">Studies</h1>
      <div class="search-bar">
        <label class="search-field">
          <Icon name="search" />
          <span class="visually-hidden">Patient name, patient ID or accession number</span>
          <input ref={field} type="search" autocomplete="off" spellcheck={false} placeholder="Patient name, ID or accession number" value={filters.q} autoFocus={matchMedia("(pointer: fine)").matches}
            onInput={(event) => adjust({ q: event.currentTarget.value })} onKeyDown={onFieldKey} />
          <kbd aria-hidden="true">/</kbd>
        </label>
        <Summary />
      </div>
      <div class="search-body">
        <FilterPane />
        <div class="found" aria-busy={busy.value === "search"}>
          {failure.value && <Trouble failure={failure.value} retry={() => void search(url)} />}
          {notes.map((note) => <p key={note} class="note">{note}</p>)}
          {isEmpty ? <Welcome filtered={isFiltered(filters)} /> : (
            <table ref={table} class="studies">
              <caption class="visually-hidden">Studies that were found</caption>
              <Head filters={filters} />
              <tbody>{found.map((one, index) => <Row key={one.study.id} found={one} chosen={index === chosen} onChoose={() => setChosen(index)} />)}</tbody>
            </table>
          )}
          {next && !failure.value && <More />}
        </div>
      </div>
    </main>
  );
}
