// Requests to this server, and what went wrong with one in its own words (OperationOutcome).

export class Failure extends Error {
  constructor(
    readonly status: number,
    message: string,
    readonly details: string[] = [],
  ) {
    super(message);
  }
}

interface Issue {
  severity: string;
  code: string;
  diagnostics?: string;
  details?: { text?: string };
  expression?: string[];
}

export function describeIssue(issue: Issue): string {
  const text = issue.diagnostics ?? issue.details?.text ?? issue.code;
  return issue.expression?.length ? `${issue.expression.join(", ")}: ${text}` : text;
}

export function failureOf(status: number, statusText: string, body: string): Failure {
  try {
    const outcome = JSON.parse(body) as { resourceType?: string; issue?: Issue[] };
    if (outcome.resourceType === "OperationOutcome" && outcome.issue?.length) {
      const [first, ...others] = outcome.issue.map(describeIssue);
      return new Failure(status, first!, others);
    }
  } catch {
    // No JSON: the status says what there is to say.
  }
  return new Failure(status, `${status} ${statusText}`.trim(), body.trim() ? [body.trim().slice(0, 500)] : []);
}

export async function request(url: string, init: RequestInit = {}): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(url, init);
  } catch (error) {
    if (init.signal?.aborted) throw error;
    throw new Failure(0, "The server cannot be reached. Is it still running?");
  }
  if (!response.ok) throw failureOf(response.status, response.statusText, await response.text());
  return response;
}

export async function getJson<T>(url: string, accept: string, signal?: AbortSignal): Promise<T> {
  const response = await request(url, { headers: { Accept: accept }, ...(signal && { signal }) });
  // QIDO-RS answers 204 when nothing matches.
  return response.status === 204 ? ([] as T) : ((await response.json()) as T);
}

export function isAbort(error: unknown): boolean {
  return error instanceof DOMException && error.name === "AbortError";
}

export function asFailure(error: unknown): Failure {
  return error instanceof Failure ? error : new Failure(0, error instanceof Error ? error.message : String(error));
}
