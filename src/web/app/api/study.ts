// What people want to know of a study and its patient, from the resources.
import type { HumanName, Identifier, ImagingStudy, Patient } from "./fhir";

export function studyUid(study: ImagingStudy): string | undefined {
  const found = study.identifier?.find((one) => one.system === "urn:dicom:uid")?.value;
  return found?.replace(/^urn:oid:/, "");
}

function hasType(identifier: Identifier, code: string): boolean {
  return identifier.type?.coding?.some((coding) => coding.code === code) ?? false;
}

export function accession(study: ImagingStudy): string | undefined {
  return study.identifier?.find((one) => hasType(one, "ACSN"))?.value;
}

/** In the order of the series, each once. */
export function modalities(study: ImagingStudy): string[] {
  const all = [...(study.modality ?? []), ...(study.series ?? []).map((series) => series.modality)];
  return [...new Set(all.map((coding) => coding.code ?? "").filter(Boolean))];
}

export function bodySites(study: ImagingStudy): string[] {
  const all = (study.series ?? []).map((series) => series.bodySite?.display ?? series.bodySite?.code ?? "");
  return [...new Set(all.filter(Boolean))];
}

export function describe(study: ImagingStudy): string {
  return study.description ?? study.procedureCode?.map((one) => one.text ?? one.coding?.[0]?.display).find(Boolean) ?? "Study without a description";
}

function isAlphabetic(name: HumanName): boolean {
  return !name.extension?.some((one) => one.url.endsWith("EN-representation"));
}

export function nameText(name: HumanName): string {
  const given = name.given?.join(" ");
  return [name.family, given].filter(Boolean).join(", ") || name.text || "";
}

export function patientName(patient: Patient | undefined, study?: ImagingStudy): string {
  const name = patient?.name?.find(isAlphabetic) ?? patient?.name?.[0];
  return (name && nameText(name)) || study?.subject.display || "No name";
}

/** The name in other scripts, if any. */
export function otherNames(patient: Patient | undefined): string {
  return (patient?.name ?? []).filter((name) => !isAlphabetic(name)).map((name) => [name.family, ...(name.given ?? [])].filter(Boolean).join(" ")).join(" · ");
}

export function patientNumber(patient: Patient | undefined): string | undefined {
  const known = (patient?.identifier ?? []).filter((one) => one.use !== "temp" && one.use !== "old");
  return known.find((one) => one.value)?.value;
}

export function patientId(study: ImagingStudy): string | undefined {
  return /(?:^|\/)Patient\/([^/]+)/.exec(study.subject.reference ?? "")?.[1];
}

const sexes: Record<string, string> = { female: "F", male: "M", other: "O" };
export function sex(patient: Patient | undefined): string {
  return sexes[patient?.gender ?? ""] ?? "";
}

/** In whole years, on the day of the study. */
export function ageAt(patient: Patient | undefined, at: string | undefined): string {
  const born = patient?.birthDate;
  if (!born || !at || born.length < 10 || at.length < 10) return "";
  const years = Number(at.slice(0, 4)) - Number(born.slice(0, 4)) - (at.slice(5, 10) < born.slice(5, 10) ? 1 : 0);
  return years >= 0 ? `${years} y` : "";
}

const dateFormat = new Intl.DateTimeFormat(undefined, { year: "numeric", month: "short", day: "2-digit", timeZone: "UTC" });

/** A FHIR date or dateTime, of which only the day is shown: as it was where the study was made. */
export function dayText(dateTime: string | undefined): string {
  if (!dateTime) return "";
  return dateTime.length < 10 ? dateTime : dateFormat.format(new Date(`${dateTime.slice(0, 10)}T00:00:00Z`));
}

export function timeText(dateTime: string | undefined): string {
  return dateTime && dateTime.length > 15 ? dateTime.slice(11, 16) : "";
}

export function count(number: number | undefined, singular: string, plural = `${singular}s`): string {
  return number === undefined ? "" : `${number.toLocaleString()} ${number === 1 ? singular : plural}`;
}
