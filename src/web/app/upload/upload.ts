// Sends files by STOW-RS, one request after the other, and says what became of each.
import { signal } from "@preact/signals";
import { store, type Stored } from "../api/stow";
import { asFailure, isAbort } from "../api/http";
import { batches, isWorthSending, type Batch } from "./files";

export interface Upload {
  state: "reading" | "sending" | "done" | "stopped";
  files: number;
  filesDone: number;
  bytes: number;
  bytesDone: number;
  stored: number;
  passedOver: number; // files that are no DICOM by their names
  studies: string[];
  failures: { file: string; reason: string }[];
}

export const upload = signal<Upload | undefined>(undefined);
/** Counts what came in: lists that show it ask again. */
export const arrivals = signal(0);

let stopping: AbortController | undefined;

function change(changes: Partial<Upload>): void {
  if (upload.value) upload.value = { ...upload.value, ...changes };
}

function add(stored: Stored, failures: Upload["failures"]): void {
  const now = upload.value!;
  change({ stored: now.stored + stored.stored, studies: [...new Set([...now.studies, ...stored.studies])], failures: [...now.failures, ...failures] });
}

// Of which file a failure is, the answer does not say when the object has no UIDs: then each file of the request goes
// once more on its own, which does no harm, since what is stored is known.
async function sendBatch(batch: Batch, abort: AbortSignal, before: number): Promise<void> {
  const progress = (bytes: number) => change({ bytesDone: before + Math.min(bytes, batch.bytes) });
  let answer: Stored;
  try {
    answer = await store(batch.files, abort, progress);
  } catch (error) {
    if (isAbort(error)) throw error;
    if (batch.files.length === 1) {
      add({ stored: 0, studies: [], failures: [] }, [{ file: batch.files[0]!.name, reason: asFailure(error).message }]);
      return;
    }
    answer = { stored: 0, studies: [], failures: [{ instance: "", reason: "" }] };
  }
  if (answer.failures.length === 0) return add(answer, []);
  if (batch.files.length === 1) {
    return add(answer, answer.failures.map(({ reason }) => ({ file: batch.files[0]!.name, reason })));
  }
  for (const file of batch.files) await sendBatch({ files: [file], bytes: file.size }, abort, before);
}

export async function send(read: () => Promise<File[]>): Promise<void> {
  if (upload.value?.state === "sending" || upload.value?.state === "reading") return;
  upload.value = { state: "reading", files: 0, filesDone: 0, bytes: 0, bytesDone: 0, stored: 0, passedOver: 0, studies: [], failures: [] };
  stopping = new AbortController();
  const all = await read();
  const files = all.filter(isWorthSending);
  change({ state: "sending", files: files.length, passedOver: all.length - files.length, bytes: files.reduce((sum, file) => sum + file.size, 0) });
  let bytes = 0;
  let done = 0;
  try {
    for (const batch of batches(files)) {
      await sendBatch(batch, stopping.signal, bytes);
      bytes += batch.bytes;
      done += batch.files.length;
      change({ bytesDone: bytes, filesDone: done });
    }
    change({ state: "done" });
  } catch (error) {
    if (!isAbort(error)) throw error;
    change({ state: "stopped" });
  }
  arrivals.value += 1;
}

export function stop(): void {
  stopping?.abort();
}

export function dismiss(): void {
  upload.value = undefined;
}
