// The clients of Qdrant against `vamana serve`, unchanged: two versions of the JavaScript client, and LangChain's store.
import { join } from 'node:path';
import { FakeEmbeddings } from '@langchain/core/utils/testing';
import { QdrantVectorStore } from '@langchain/qdrant';
import { QdrantClient as Client118 } from 'qdrant-client-1-18';
import { QdrantClient as Client119 } from 'qdrant-client-1-19';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ServiceProcess, startServiceProcess } from './service-process.js';
import { temporaryFolder } from './vector-files.js';

const folder = temporaryFolder();
let service: ServiceProcess;

beforeAll(async () => {
  service = await startServiceProcess(folder.file('data'));
});
afterAll(() => service.stop('SIGKILL'));

describe.each([
  ['1.18', Client118],
  ['1.19', Client119],
] as const)('the JavaScript client %s', (version, Client) => {
  const name = `client-${version}`;
  const client = () => new Client({ url: service.url });

  it('makes, fills, searches and drops a collection', async () => {
    const qdrant = client();
    expect(await qdrant.collectionExists(name)).toEqual({ exists: false });
    await qdrant.createCollection(name, { vectors: { text: { size: 2, distance: 'Cosine' } } });
    await expect(qdrant.createCollection(name, { vectors: { size: 2, distance: 'Dot' } })).rejects.toMatchObject({
      status: 409,
    });
    const points = [1, 2, 3].map((id) => ({ id, vector: { text: [id, 1] }, payload: { n: id } }));
    expect(await qdrant.upsert(name, { wait: true, points })).toMatchObject({ status: 'completed' });
    await qdrant.setPayload(name, { payload: { extra: true }, points: [1] });
    await qdrant.updateVectors(name, { points: [{ id: 3, vector: { text: [0, 1] } }] });
    const found = await qdrant.query(name, { query: [0, 1], using: 'text', limit: 1, with_payload: true });
    expect(found.points).toMatchObject([{ id: 3, score: 1, payload: { n: 3 } }]);
    const batch = await qdrant.queryBatch(name, { searches: [{ query: 3, using: 'text' }] });
    expect(batch[0]?.points.map(({ id }) => id)).toEqual([1, 2]);
    expect(await qdrant.retrieve(name, { ids: [1], with_vector: false })).toMatchObject([{ payload: { extra: true } }]);
    expect((await qdrant.scroll(name, { limit: 2 })).next_page_offset).toBe(3);
    expect(await qdrant.count(name)).toEqual({ count: 3 });
    await qdrant.batchUpdate(name, { operations: [{ delete: { points: [1] } }] });
    await qdrant.delete(name, { points: [2] });
    expect((await qdrant.getCollection(name)).points_count).toBe(1);
  });

  it('takes a snapshot, lists, recovers and deletes it', async () => {
    const qdrant = client();
    const snapshot = await qdrant.createSnapshot(name);
    expect(await qdrant.listSnapshots(name)).toMatchObject([{ name: snapshot?.name, size: snapshot?.size }]);
    const location = `file://${join(folder.file('data'), 'snapshots', name, snapshot?.name ?? '')}`;
    expect(await qdrant.recoverSnapshot(name, { location })).toBe(true);
    expect(await qdrant.count(name)).toEqual({ count: 1 });
    expect(await qdrant.deleteSnapshot(name, snapshot?.name ?? '')).toBe(true);
  });

  it('names collections by aliases', async () => {
    const qdrant = client();
    const alias_name = `alias-${version}`;
    await qdrant.updateCollectionAliases({ actions: [{ create_alias: { collection_name: name, alias_name } }] });
    expect((await qdrant.getCollectionAliases(name)).aliases).toEqual([{ alias_name, collection_name: name }]);
    expect(await qdrant.count(alias_name)).toEqual({ count: 1 });
    await qdrant.deleteCollection(name);
    expect((await qdrant.getAliases()).aliases).toEqual([]);
  });
});

it('keeps documents of LangChain', async () => {
  const options = { url: service.url, collectionName: 'documents' };
  const documents = ['one', 'two'].map((pageContent) => ({ pageContent, metadata: { pageContent } }));
  const store = await QdrantVectorStore.fromDocuments(documents, new FakeEmbeddings(), options);
  const found = await store.similaritySearch('one', 2);
  expect(found.map(({ pageContent }) => pageContent).sort()).toEqual(['one', 'two']);
  expect(found[0]?.metadata).toHaveProperty('pageContent');
});
