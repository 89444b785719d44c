// From what the filters say (the place's query) to a FHIR search: docs/search.md.

export interface Filters {
  q: string;
  accession: string;
  from: string;
  to: string;
  modality: string;
  part: string;
  description: string;
  status: string;
  sort: string;
}

export const names: (keyof Filters)[] = ["q", "accession", "from", "to", "modality", "part", "description", "status", "sort"];

export function filtersOf(query: URLSearchParams): Filters {
  return Object.fromEntries(names.map((name) => [name, query.get(name) ?? ""])) as unknown as Filters;
}

export function isFiltered(filters: Filters): boolean {
  return names.some((name) => name !== "sort" && filters[name] !== "");
}

export const statuses = ["available", "registered", "cancelled", "entered-in-error", "unknown"];
export const commonModalities = ["CT", "MR", "US", "CR", "DX", "MG", "PT", "NM", "XA", "RF", "SR"];

// `,` `|` `$` and `\` are the search's own.
function escape(value: string): string {
  return value.replace(/[\\,|$]/g, (character) => `\\${character}`);
}

// Who types digits means a number, which is compared whole; else words, each of which some part of the name begins
// with. Names are also typed as DICOM writes them.
function addWho(q: string, search: URLSearchParams): void {
  const typed = q.trim();
  if (!typed) return;
  if (/\d/.test(typed)) {
    const value = JSON.stringify(typed);
    search.append("_filter", `identifier eq ${value} or patient.identifier eq ${value} or patient.name sw ${value}`);
    return;
  }
  for (const word of typed.split(/[\s,^]+/).filter(Boolean).slice(0, 8)) search.append("patient.name", escape(word));
}

// The keys that a column sorts by; the first direction is what a click on it gives.
export const sortKeys: Record<string, { ascending: string; descending: string; first: "ascending" | "descending" }> = {
  patient: { ascending: "patient.family,patient.given", descending: "-patient.family,-patient.given", first: "ascending" },
  date: { ascending: "started", descending: "-started", first: "descending" },
  modality: { ascending: "modality", descending: "-modality", first: "ascending" },
  description: { ascending: "description", descending: "-description", first: "ascending" },
  accession: { ascending: "identifier", descending: "-identifier", first: "ascending" },
};

export function sortOf(filters: Filters): { column: string; direction: "ascending" | "descending" } {
  const descending = filters.sort.startsWith("-");
  const column = filters.sort.replace(/^-/, "");
  return sortKeys[column] ? { column, direction: descending ? "descending" : "ascending" } : { column: "date", direction: "descending" };
}

export function searchUrl(filters: Filters): string {
  const search = new URLSearchParams();
  addWho(filters.q, search);
  if (filters.accession.trim()) search.append("identifier", escape(filters.accession.trim()));
  if (filters.from) search.append("started", `ge${filters.from}`);
  if (filters.to) search.append("started", `le${filters.to}`);
  if (filters.modality) search.append("modality", filters.modality);
  if (filters.part.trim()) search.append("bodysite:text", escape(filters.part.trim()));
  if (filters.description.trim()) search.append("description:contains", escape(filters.description.trim()));
  if (filters.status) search.append("status", filters.status);
  const { column, direction } = sortOf(filters);
  if (filters.sort) search.append("_sort", sortKeys[column]![direction]);
  search.append("_include", "ImagingStudy:patient");
  // Without the instances, of which there may be thousands.
  search.append("_summary", "true");
  search.append("_count", "40");
  return `ImagingStudy?${search}`;
}
