// /metrics (Prometheus text format): samples by name, with their labels.

export interface Sample { name: string; labels: Record<string, string>; value: number }

export function parse(text: string): Sample[] {
  const samples: Sample[] = [];
  for (const line of text.split("\n")) {
    const found = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)/.exec(line);
    if (!found) continue;
    const labels = Object.fromEntries([...(found[2] ?? "").matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map((label) => [label[1]!, label[2]!]));
    samples.push({ name: found[1]!, labels, value: Number(found[3]) });
  }
  return samples;
}

export function valueOf(samples: Sample[], name: string): number | undefined {
  return samples.find((sample) => sample.name === name)?.value;
}

export function labelOf(samples: Sample[], name: string, label: string): string | undefined {
  return samples.find((sample) => sample.name === name)?.labels[label];
}
