// The studies that were found: page by page, the last question wins. Kept while the page lives, so that going back
// shows them at once.
import { signal } from "@preact/signals";
import { archived } from "../api/dicomweb";
import { nextLink, read, type Bundle, type ImagingStudy, type Patient, type Resource } from "../api/fhir";
import { asFailure, isAbort, type Failure } from "../api/http";
import { studyUid } from "../api/study";

export interface Found {
  study: ImagingStudy;
  patient: Patient | undefined;
}

export interface Results {
  url: string; // of what they answer
  found: Found[];
  total: number | undefined;
  next: string | undefined;
  notes: string[]; // what the server says about the search
  took: number | undefined; // milliseconds
}

const nothing: Results = { url: "", found: [], total: undefined, next: undefined, notes: [], took: undefined };

export const results = signal<Results>(nothing);
export const busy = signal<"no" | "search" | "more">("no");
export const failure = signal<Failure | undefined>(undefined);
/** UIDs of those that have pictures here. */
export const withPictures = signal<ReadonlySet<string>>(new Set());

/** The study that was chosen last: going back leads to it. */
export const lastChosen = { id: "" };

let running: AbortController | undefined;

function isStudy(resource: Resource | undefined): resource is ImagingStudy {
  return resource?.resourceType === "ImagingStudy";
}

export function patientsOf(bundle: Bundle): Map<string, Patient> {
  const patients = new Map<string, Patient>();
  for (const { resource } of bundle.entry ?? []) {
    if (resource?.resourceType === "Patient" && resource.id) patients.set(`Patient/${resource.id}`, resource as Patient);
  }
  return patients;
}

function foundIn(bundle: Bundle): Found[] {
  const patients = patientsOf(bundle);
  return (bundle.entry ?? [])
    .map((entry) => entry.resource)
    .filter(isStudy)
    .map((study) => ({ study, patient: patients.get(/Patient\/[^/]+/.exec(study.subject.reference ?? "")?.[0] ?? "") }));
}

function notesIn(bundle: Bundle): string[] {
  const outcomes = (bundle.entry ?? []).map((entry) => entry.resource).filter((one) => one?.resourceType === "OperationOutcome");
  return outcomes.flatMap((one) => (one as unknown as { issue: { diagnostics?: string }[] }).issue.map((issue) => issue.diagnostics ?? "")).filter(Boolean);
}

// Which of them have pictures is asked by the way: the list does not wait for it.
export async function lookForPictures(studies: ImagingStudy[], signal?: AbortSignal): Promise<void> {
  const uids = studies.map(studyUid).filter((uid): uid is string => uid !== undefined && !withPictures.value.has(uid));
  try {
    const found = await archived(uids, signal);
    if (found.size) withPictures.value = new Set([...withPictures.value, ...found]);
  } catch (error) {
    if (!isAbort(error)) console.warn("QIDO-RS:", error);
  }
}

async function fetchPage(url: string, how: "search" | "more"): Promise<void> {
  running?.abort();
  const mine = (running = new AbortController());
  busy.value = how;
  const started = performance.now();
  try {
    const bundle = await read<Bundle>(url, mine.signal);
    const before = how === "more" ? results.value : nothing;
    const found = foundIn(bundle);
    results.value = {
      url: how === "more" ? before.url : url,
      found: [...before.found, ...found],
      total: bundle.total ?? before.total,
      next: nextLink(bundle),
      notes: notesIn(bundle),
      took: performance.now() - started,
    };
    failure.value = undefined;
    void lookForPictures(found.map((one) => one.study), mine.signal);
  } catch (error) {
    if (isAbort(error)) return;
    failure.value = asFailure(error);
  }
  if (running === mine) busy.value = "no";
}

export function search(url: string): Promise<void> {
  return fetchPage(url, "search");
}

export function more(): void {
  if (results.value.next && busy.value === "no") void fetchPage(results.value.next, "more");
}
