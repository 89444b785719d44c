// FHIR R4 as far as the page reads it.
import { getJson } from "./http";

export const fhirBase = "/baseR4";
const fhirJson = "application/fhir+json";

export interface Coding { system?: string; code?: string; display?: string }
export interface CodeableConcept { coding?: Coding[]; text?: string }
export interface Identifier { system?: string; value?: string; use?: string; type?: CodeableConcept }
export interface Reference { reference?: string; display?: string; identifier?: Identifier }
export interface Meta { versionId?: string; lastUpdated?: string }
export interface Resource { resourceType: string; id?: string; meta?: Meta }
export interface HumanName { text?: string; family?: string; given?: string[]; prefix?: string[]; suffix?: string[]; use?: string; extension?: { url: string; valueCode?: string }[] }

export interface Patient extends Resource {
  resourceType: "Patient";
  identifier?: Identifier[];
  name?: HumanName[];
  gender?: string;
  birthDate?: string;
}

export interface Series {
  uid: string;
  number?: number;
  modality: Coding;
  description?: string;
  numberOfInstances?: number;
  bodySite?: Coding;
  laterality?: Coding;
  started?: string;
  instance?: { uid: string; sopClass: Coding; number?: number; title?: string }[];
}

export interface ImagingStudy extends Resource {
  resourceType: "ImagingStudy";
  identifier?: Identifier[];
  status: string;
  modality?: Coding[];
  subject: Reference;
  started?: string;
  referrer?: Reference;
  numberOfSeries?: number;
  numberOfInstances?: number;
  description?: string;
  procedureCode?: CodeableConcept[];
  reasonCode?: CodeableConcept[];
  series?: Series[];
}

export interface Bundle<T extends Resource = Resource> {
  resourceType: "Bundle";
  total?: number;
  link?: { relation: string; url: string }[];
  entry?: { resource?: T; fullUrl?: string; search?: { mode?: string }; request?: { method: string }; response?: { lastModified?: string; etag?: string } }[];
}

export interface Parameter { name: string; valueString?: string; valueId?: string; valueReference?: Reference; valueCode?: string; valueUri?: string; valueOid?: string; part?: Parameter[] }

/** `path` is below the base, or a link that the server gave. */
export function read<T>(path: string, signal?: AbortSignal): Promise<T> {
  return getJson<T>(ownUrl(path), fhirJson, signal);
}

// A link's origin is what the server believes to be; the page stays with its own.
function ownUrl(path: string): string {
  if (!/^https?:/.test(path)) return `${fhirBase}/${path}`;
  const url = new URL(path);
  return url.pathname + url.search;
}

export function nextLink(bundle: Bundle): string | undefined {
  return bundle.link?.find((one) => one.relation === "next")?.url;
}
