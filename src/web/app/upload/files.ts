// Files to send, from what was dropped or chosen, and in which requests they go.

export interface Batch { files: File[]; bytes: number }

// One request: large enough to share the server's syncs, small enough for progress to be seen and for little to be
// sent again after a failure.
const batchBytesMax = 32 * 1024 * 1024;
const batchFilesMax = 64;

async function* below(entry: FileSystemEntry): AsyncGenerator<File> {
  if (entry.isFile) {
    yield await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject));
    return;
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  // Chromium gives a hundred entries at a time.
  for (;;) {
    const entries = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (entries.length === 0) return;
    for (const one of entries) yield* below(one);
  }
}

/** The entries must be taken while the event lasts; reading folders goes on after it. */
export function dropped(transfer: DataTransfer): () => Promise<File[]> {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry()).filter((entry) => entry !== null);
  const plain = [...transfer.files];
  return async () => {
    if (entries.length === 0) return plain;
    const files: File[] = [];
    for (const entry of entries) for await (const file of below(entry)) files.push(file);
    return files;
  };
}

// What lies beside DICOM files on media and disks; everything else the server judges.
const others = /^(\.|DICOMDIR$|Thumbs\.db$|desktop\.ini$)|\.(txt|html?|exe|inf|ini|pdf|jpe?g|png|gif|css|js|json|xml|zip|dll|ico|log)$/i;

export function isWorthSending(file: File): boolean {
  return file.size > 0 && !others.test(file.name);
}

export function batches(files: File[]): Batch[] {
  const all: Batch[] = [];
  let last: Batch | undefined;
  for (const file of files) {
    if (!last || last.files.length >= batchFilesMax || (last.bytes > 0 && last.bytes + file.size > batchBytesMax)) {
      last = { files: [], bytes: 0 };
      all.push(last);
    }
    last.files.push(file);
    last.bytes += file.size;
  }
  return all;
}
