// The palettes of PALETTE COLOR pictures (PS3.3 C.7.6.3.1.5, C.7.6.3.1.6) as numbers, where the DICOM JSON model has bytes
// (PS3.18 F.2.7): cornerstone3D reads numbers only.
import { numbers, text, type DataSet } from "../api/dicomweb";
import { Failure, request } from "../api/http";

const tables = [["00281101", "00281201"], ["00281102", "00281202"], ["00281103", "00281203"]] as const;

async function bytesOf({ InlineBinary, BulkDataURI }: { InlineBinary?: string; BulkDataURI?: string }): Promise<Uint8Array> {
  if (InlineBinary !== undefined) return Uint8Array.from(atob(InlineBinary), (letter) => letter.charCodeAt(0));
  if (BulkDataURI === undefined) throw new Failure(0, "The picture's palette is not there");
  const answer = await request(BulkDataURI, { headers: { Accept: "application/octet-stream" } });
  return new Uint8Array(await answer.arrayBuffer());
}

/** The data set with its palette's tables as values; itself when it has none, or has them so. */
export async function withPalette(set: DataSet): Promise<DataSet> {
  if (text(set, "00280004") !== "PALETTE COLOR" || tables.every(([, data]) => set[data]?.Value)) return set;
  if (set["00281221"]) throw new Failure(0, "Segmented palettes are not shown here: the thumbnail is what there is to see");
  const expanded = { ...set };
  for (const [descriptor, data] of tables) {
    const bytes = await bytesOf(set[data] ?? {});
    const entries = numbers(set, descriptor)[0] || 65_536;
    // Entries of 8 bits may be packed, whatever the descriptor says.
    const isPacked = bytes.length < 2 * entries;
    const value = Array.from({ length: entries }, (_, index) => (isPacked ? bytes[index] : bytes[2 * index]! + 256 * bytes[2 * index + 1]!) ?? 0);
    expanded[data] = { vr: "US", Value: value };
  }
  return expanded;
}
