// The frames of a series in the order in which people page through them, from its metadata (PS3.18 10.4.1.1.2).
import { instanceUrl, number, numbers, text, type DataSet } from "../api/dicomweb";

export interface Frame {
  imageId: string;
  instance: string;
  set: DataSet;
  frame: number; // from 1
}

// Where a slice lies along the normal of its plane; undefined without geometry.
function depth(set: DataSet): number | undefined {
  const position = numbers(set, "00200032");
  const o = numbers(set, "00200037");
  if (position.length !== 3 || o.length !== 6) return undefined;
  const [a, b, c, d, e, f] = o as [number, number, number, number, number, number];
  const normal = [b * f - c * e, c * d - a * f, a * e - b * d];
  return position.reduce((sum, value, axis) => sum + value * normal[axis]!, 0);
}

function orientation(set: DataSet): string {
  return numbers(set, "00200037").map((value) => value.toFixed(2)).join("/");
}

export function isPicture(set: DataSet): boolean {
  return number(set, "00280010") !== undefined && number(set, "00280011") !== undefined;
}

/** By instance number; by position where all lie in parallel planes at places of their own, as the number may lie. */
export function framesOf(study: string, series: string, metadata: DataSet[]): Frame[] {
  const pictures = metadata.filter(isPicture);
  const byNumber = [...pictures].sort((a, b) => (number(a, "00200013") ?? 0) - (number(b, "00200013") ?? 0));
  const depths = new Map(byNumber.map((set) => [set, depth(set)]));
  const places = new Set([...depths.values()].map((value) => value?.toFixed(2)));
  const isVolume = byNumber.length > 1 && places.size === byNumber.length && !places.has(undefined) && new Set(byNumber.map(orientation)).size === 1;
  if (isVolume) {
    byNumber.sort((a, b) => depths.get(a)! - depths.get(b)!);
    // The numbers say which end is the first.
    if ((number(byNumber[0], "00200013") ?? 0) > (number(byNumber.at(-1), "00200013") ?? 0)) byNumber.reverse();
  }
  return byNumber.flatMap((set) => {
    const instance = text(set, "00080018");
    const url = `${location.origin}${instanceUrl(study, series, instance)}`;
    const count = number(set, "00280008") ?? 1;
    return Array.from({ length: count }, (_, index) => ({ imageId: `wadors:${url}/frames/${index + 1}`, instance, set, frame: index + 1 }));
  });
}

/** Milliseconds of one frame of a cine; undefined when it is none. */
export function frameTime(set: DataSet): number | undefined {
  if ((number(set, "00280008") ?? 1) < 2) return undefined;
  const rate = number(set, "00180040") ?? number(set, "00082144");
  return number(set, "00181063") ?? (rate ? 1000 / rate : 66);
}

const opposite: Record<string, string> = { L: "R", R: "L", A: "P", P: "A", H: "F", F: "H" };

function direction(x: number, y: number, z: number): string {
  const axes: [number, string, string][] = [[x, "L", "R"], [y, "P", "A"], [z, "H", "F"]];
  return axes
    .filter(([value]) => Math.abs(value) > 0.25)
    .sort(([a], [b]) => Math.abs(b) - Math.abs(a))
    .slice(0, 2)
    .map(([value, positive, negative]) => (value > 0 ? positive : negative))
    .join("");
}

/** The letters at the picture's edges: left, right, top, bottom. */
export function edges(set: DataSet): { left: string; right: string; top: string; bottom: string } | undefined {
  const o = numbers(set, "00200037");
  const given = (set["00200020"]?.Value ?? []) as string[];
  const right = o.length === 6 ? direction(o[0]!, o[1]!, o[2]!) : (given[0] ?? "");
  const bottom = o.length === 6 ? direction(o[3]!, o[4]!, o[5]!) : (given[1] ?? "");
  if (!right && !bottom) return undefined;
  const turn = (letters: string) => [...letters].map((letter) => opposite[letter] ?? "").join("");
  return { left: turn(right), right, top: turn(bottom), bottom };
}
