// DICOMweb (PS3.18) as far as the page reads it.
import { getJson } from "./http";

export const dicomBase = "/dicomweb";
export const dicomJson = "application/dicom+json";

export interface Element { vr: string; Value?: unknown[]; BulkDataURI?: string; InlineBinary?: string }
export type DataSet = Record<string, Element>;

export function seriesUrl(study: string, series: string): string {
  return `${dicomBase}/studies/${study}/series/${series}`;
}

export function instanceUrl(study: string, series: string, instance: string): string {
  return `${seriesUrl(study, series)}/instances/${instance}`;
}

export function thumbnailUrl(of: string, size: number): string {
  const pixels = Math.round(size * Math.min(devicePixelRatio || 1, 2));
  return `${of}/thumbnail?viewport=${pixels},${pixels}`;
}

/** Of these studies, those that the archive has: FHIR knows others, too. One request for a page of them. */
export async function archived(uids: string[], signal?: AbortSignal): Promise<Set<string>> {
  if (uids.length === 0) return new Set();
  const query = new URLSearchParams({ StudyInstanceUID: uids.join(","), limit: String(uids.length) });
  const found = await getJson<DataSet[]>(`${dicomBase}/studies?${query}`, dicomJson, signal);
  return new Set(found.map((study) => text(study, "0020000D")));
}

export function seriesMetadata(study: string, series: string, signal?: AbortSignal): Promise<DataSet[]> {
  return getJson<DataSet[]>(`${seriesUrl(study, series)}/metadata`, dicomJson, signal);
}

export function values(set: DataSet | undefined, tag: string): unknown[] {
  return set?.[tag]?.Value ?? [];
}

export function text(set: DataSet | undefined, tag: string): string {
  const value = values(set, tag)[0];
  if (value && typeof value === "object" && "Alphabetic" in value) return String(value.Alphabetic);
  return value === undefined || value === null ? "" : String(value);
}

export function number(set: DataSet | undefined, tag: string): number | undefined {
  const value = values(set, tag)[0];
  return value === undefined || value === null ? undefined : Number(value);
}

export function numbers(set: DataSet | undefined, tag: string): number[] {
  return values(set, tag).map(Number);
}

export function items(set: DataSet | undefined, tag: string): DataSet[] {
  return values(set, tag).filter((item) => item && typeof item === "object") as DataSet[];
}

// Modalities whose objects are not pictures of their own.
const withoutPictures = new Set(["SR", "KO", "PR", "DOC", "SEG", "REG", "RTPLAN", "RTSTRUCT", "AU", "ECG", "HD", "FID", "PLAN", "RWV"]);

export function hasPictures(modality: string | undefined): boolean {
  return !withoutPictures.has(modality ?? "");
}
