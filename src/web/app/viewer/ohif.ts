// Where "Open in OHIF" leads, if anywhere: the server knows (docs/page.md).
import { signal } from "@preact/signals";
import { getJson } from "../api/http";

const template = signal<string | undefined>(undefined);

export async function loadViewer(): Promise<void> {
  const page = await getJson<{ viewer?: string }>("/page.json", "application/json");
  template.value = page.viewer;
}

export function viewerUrl(study: string): string | undefined {
  return template.value?.replace("{study}", encodeURIComponent(study));
}
