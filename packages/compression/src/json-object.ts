/** The object that a body is, if it is compact JSON and has this key; what has not is nearly always told without parsing it. */
export function jsonObjectWith(key: string, body: string): Readonly<Record<string, unknown>> | undefined {
  if (!(body.startsWith('{"') && body.endsWith('}') && body.includes(`"${key}"`))) {
    return undefined;
  }
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}
