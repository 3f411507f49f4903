/** What came out of processing the events of a run. */
export interface Findings {
  readonly events: number;
  /** Those that are earthquakes, as the USGS feed writes them; it has explosions and quarry blasts too. */
  readonly earthquakes: number;
  readonly strongest: { readonly magnitude: number; readonly place: string } | undefined;
  readonly deepestKm: number | undefined;
  /** Earthquakes by magnitude, weakest class first; `2–3` is from 2 to below 3. */
  readonly classes: readonly { readonly name: string; readonly count: number }[];
}

/** Running statistics over events. */
export interface Statistics {
  add(event: unknown): void;
  findings(): Findings;
}

interface Quake {
  readonly magnitude: number;
  readonly place: string;
  readonly depthKm: number | undefined;
}

const classes = [
  { name: '<1', from: Number.NEGATIVE_INFINITY },
  { name: '1–2', from: 1 },
  { name: '2–3', from: 2 },
  { name: '3–4', from: 3 },
  { name: '4–5', from: 4 },
  { name: '5–6', from: 5 },
  { name: '≥6', from: 6 },
] as const;

export function createStatistics(): Statistics {
  const counts: number[] = classes.map(() => 0);
  let events = 0;
  let earthquakes = 0;
  let strongest: Quake | undefined;
  let deepestKm: number | undefined;

  return {
    add(event) {
      events++;
      const quake = readQuake(event);
      if (quake === undefined) {
        return;
      }
      earthquakes++;
      const index = classes.findLastIndex(({ from }) => quake.magnitude >= from);
      counts[index] = (counts[index] ?? 0) + 1;
      // Of equals, the one that sorts first: the result must not depend on the order of delivery.
      if (strongest === undefined || isStronger(quake, strongest)) {
        strongest = quake;
      }
      if (quake.depthKm !== undefined && (deepestKm === undefined || quake.depthKm > deepestKm)) {
        deepestKm = quake.depthKm;
      }
    },
    findings: () => ({
      events,
      earthquakes,
      strongest: strongest && { magnitude: strongest.magnitude, place: strongest.place },
      deepestKm,
      classes: classes.map(({ name }, index) => ({ name, count: counts[index] ?? 0 })),
    }),
  };
}

function isStronger(a: Quake, b: Quake): boolean {
  return a.magnitude === b.magnitude ? a.place < b.place : a.magnitude > b.magnitude;
}

/** Reads an earthquake of the USGS feed, a GeoJSON feature; `undefined` for any other event. */
function readQuake(event: unknown): Quake | undefined {
  const magnitude = at(event, 'properties', 'mag');
  const place = at(event, 'properties', 'place');
  const depthKm = at(event, 'geometry', 'coordinates', 2);
  const isEarthquake = at(event, 'properties', 'type') === 'earthquake';
  if (!isEarthquake || typeof magnitude !== 'number' || typeof place !== 'string') {
    return undefined;
  }
  return { magnitude, place, depthKm: typeof depthKm === 'number' ? depthKm : undefined };
}

function at(value: unknown, ...path: readonly (string | number)[]): unknown {
  let inner = value;
  for (const key of path) {
    if (typeof inner !== 'object' || inner === null) {
      return undefined;
    }
    inner = Reflect.get(inner, key);
  }
  return inner;
}
