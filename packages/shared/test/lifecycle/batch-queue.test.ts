import { expect, test } from 'vitest';
import { BatchQueue } from '../../src/index.ts';

async function collect<Item>(queue: BatchQueue<Item>, busy: () => Promise<void> = async () => undefined) {
  const batches: (readonly Item[])[] = [];
  for await (const batch of queue) {
    batches.push(batch);
    await busy();
  }
  return batches;
}

test('what is pushed while the consumer is busy comes as one batch', async () => {
  const queue = new BatchQueue<number>();
  queue.push(1);
  let rounds = 0;
  const batches = await collect(queue, async () => {
    rounds += 1;
    if (rounds === 1) {
      queue.push(2);
      queue.push(3, 4);
    } else queue.end();
  });
  expect(batches).toEqual([[1], [2, 3, 4]]);
});

test('the end and an error come after what is queued; later pushes are ignored', async () => {
  const ended = new BatchQueue<number>();
  ended.push(1);
  ended.end();
  ended.push(2);
  expect(await collect(ended)).toEqual([[1]]);
  const failed = new BatchQueue<number>();
  failed.push(1);
  failed.fail(new Error('broken'));
  const seen: (readonly number[])[] = [];
  const follow = async (): Promise<void> => {
    for await (const batch of failed) seen.push(batch);
  };
  await expect(follow()).rejects.toThrow('broken');
  expect(seen).toEqual([[1]]);
});

test('an abort ends a waiting consumer and drops what is queued', async () => {
  const controller = new AbortController();
  const queue = new BatchQueue<number>().endOn(controller.signal);
  const collected = collect(queue);
  controller.abort();
  expect(await collected).toEqual([]);
  expect(await collect(new BatchQueue<number>().endOn(controller.signal))).toEqual([]);
});
