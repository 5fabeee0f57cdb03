// The job as the API and the worker share it: a row in PostgreSQL, a BullMQ job with its id, progress in Redis.
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import pg from 'pg';

export const CONCURRENCY = { critical: 5, high: 3, normal: 2, low: 1 };
const KEEP_S = 3600;
const OPTIONS = {
  attempts: 3,
  backoff: { type: 'exponential', delay: 2000 },
  removeOnComplete: 100,
  removeOnFail: 50,
};

export const redis = () => new Redis(process.env.REDIS_URL, { maxRetriesPerRequest: null });
export const database = () => new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 10 });
export const queueName = (priority) => `peer-${priority}`;

// Named statements: PostgreSQL plans each once per connection.
const INSERT = {
  name: 'insert',
  text: 'INSERT INTO peer.job (priority, payload) VALUES ($1, $2) RETURNING id',
};
const INSERT_MANY = {
  name: 'insert-many',
  text: 'INSERT INTO peer.job (priority, payload) SELECT $1, jsonb_array_elements($2) RETURNING id',
};
const BEGIN = {
  name: 'begin',
  text: `UPDATE peer.job SET status = 'in_progress', runs = runs + 1, started_at = clock_timestamp()
         WHERE id = $1 RETURNING payload`,
};
const FINISH = {
  name: 'finish',
  text: `UPDATE peer.job SET status = 'completed', result = $2, completed_at = clock_timestamp() WHERE id = $1`,
};

export class Intake {
  constructor() {
    this.database = database();
    this.queues = Object.fromEntries(
      Object.keys(CONCURRENCY).map((priority) => [priority, new Queue(queueName(priority), { connection: redis() })]),
    );
  }

  async ready() {
    await this.database.query('SELECT 1');
    await Promise.all(Object.values(this.queues).map((queue) => queue.waitUntilReady()));
  }

  async add({ priority, payload, workMs }) {
    const { rows } = await this.database.query({ ...INSERT, values: [priority, JSON.stringify(payload)] });
    const { id } = rows[0];
    await this.queues[priority].add('enrich', { id, workMs }, { ...OPTIONS, jobId: id });
    return id;
  }

  async addMany({ priority, payloads, workMs }) {
    const { rows } = await this.database.query({ ...INSERT_MANY, values: [priority, JSON.stringify(payloads)] });
    const jobs = rows.map(({ id }) => ({ name: 'enrich', data: { id, workMs }, opts: { ...OPTIONS, jobId: id } }));
    await this.queues[priority].addBulk(jobs);
    return jobs.length;
  }
}

// The work is to wait for as long as the model would take, and to store a result of the candidate's size.
export async function run(store, cache, { id, workMs }) {
  const report = (stage, percentage) =>
    cache.set(`peer:progress:${id}`, JSON.stringify({ stage, percentage, at: Date.now() }), 'EX', KEEP_S);
  const { rows } = await store.query({ ...BEGIN, values: [id] });
  await report('started', 5);
  if (workMs > 0) await new Promise((resolve) => setTimeout(resolve, workMs));
  await report('enriched', 90);
  await store.query({ ...FINISH, values: [id, JSON.stringify(rows[0].payload)] });
  await report('completed', 100);
}
