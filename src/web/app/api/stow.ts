// STOW-RS (PS3.18 10.5): one request, with progress, and what became of each object.
import { dicomBase, dicomJson, items, number, text, type DataSet } from "./dicomweb";
import { Failure, failureOf } from "./http";

export interface Stored {
  stored: number;
  studies: string[];
  failures: { instance: string; reason: string }[];
}

// Failure Reason (0008,1197), as docs/dicomweb.md lists them.
const reasons: Record<number, string> = {
  0x0110: "the server failed",
  0x0111: "this UID is in the archive with other content",
  0xa700: "the disk is full",
  0xa701: "larger than a limit",
  0xc000: "not DICOM, or damaged",
  0xc409: "of another study",
  0xc122: "its transfer syntax is not possible here",
};

function reasonOf(item: DataSet): string {
  const code = number(item, "00081197") ?? 0;
  return text(item, "00000902") || reasons[code] || `failure reason ${code.toString(16).toUpperCase().padStart(4, "0")}`;
}

function read(answer: DataSet): Stored {
  const referenced = items(answer, "00081199");
  return {
    stored: referenced.length,
    // Retrieve URL: …/studies/{study}/series/…
    studies: [...new Set(referenced.map((item) => /\/studies\/([^/]+)/.exec(text(item, "00081190"))?.[1] ?? "").filter(Boolean))],
    failures: [...items(answer, "00081198"), ...items(answer, "0008119A")].map((item) => ({ instance: text(item, "00081155"), reason: reasonOf(item) })),
  };
}

/** The files are never held in memory at once: a Blob of Blobs is read as it is sent. */
export function store(files: File[], signal: AbortSignal, progress: (bytes: number) => void): Promise<Stored> {
  const boundary = `lightbox-${crypto.getRandomValues(new Uint32Array(4)).join("-")}`;
  const parts: BlobPart[] = [];
  for (const file of files) parts.push(`--${boundary}\r\nContent-Type: application/dicom\r\n\r\n`, file, "\r\n");
  parts.push(`--${boundary}--\r\n`);
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", `${dicomBase}/studies`);
    request.setRequestHeader("Content-Type", `multipart/related; type="application/dicom"; boundary=${boundary}`);
    request.setRequestHeader("Accept", dicomJson);
    request.upload.onprogress = (event) => progress(event.loaded);
    request.onerror = () => reject(new Failure(0, "The connection broke, or a file could not be read"));
    request.onabort = () => reject(new DOMException("aborted", "AbortError"));
    request.onload = () => {
      const isAnswer = (request.getResponseHeader("Content-Type") ?? "").startsWith(dicomJson);
      if ([200, 202, 409].includes(request.status) && isAnswer) {
        resolve(read(JSON.parse(request.responseText) as DataSet));
      } else {
        reject(failureOf(request.status, request.statusText, request.responseText));
      }
    };
    signal.addEventListener("abort", () => request.abort());
    request.send(new Blob(parts));
  });
}
