import { OriginPool } from './origin-pool.ts';
import type { PoolSettings, PoolStats } from './pool-options.ts';

/** The connections that several handlers may share, to any number of origins. They close with the last of the handlers. */
export class ConnectionPool {
  settings: PoolSettings;
  readonly #origins = new Map<string, OriginPool>();
  #users = 0;

  constructor(settings: PoolSettings) {
    this.settings = settings;
  }

  /** One handler more. */
  enter(): void {
    this.#users++;
  }

  /** One handler less. */
  leave(): void {
    this.#users--;
    if (this.#users === 0) {
      for (const pool of this.#origins.values()) {
        pool.destroy();
      }
    }
  }

  /** Those to one origin, which it makes. Throws a `TypeError` if that is no URL. */
  to(origin: string): OriginPool {
    let pool = this.#origins.get(origin);
    if (pool === undefined) {
      const { maxConnections, maxLongPolls = Math.max(1, Math.floor(maxConnections * 0.8)) } = this.settings;
      pool = new OriginPool(origin, { ...this.settings, maxLongPolls });
      this.#origins.set(origin, pool);
    }
    return pool;
  }

  stats(): PoolStats {
    const stats = { active: 0, longPolls: 0, waiting: 0, connections: 0 };
    for (const pool of this.#origins.values()) {
      stats.active += pool.active;
      stats.longPolls += pool.longPolls;
      stats.waiting += pool.waiting;
      stats.connections += pool.connections;
    }
    return stats;
  }
}
