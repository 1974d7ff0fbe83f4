// All peers, in the order in which they are run and shown; a peer that shares another's index comes after it.
import { hnswlib } from './hnswlib.js';
import { lancedbHnsw, lancedbIvfPq } from './lancedb.js';
import type { Peer } from './peer.js';
import { usearch, usearchView } from './usearch.js';
import { exactScan, vamana, vamanaCached } from './vamana.js';
import { zvecDiskAnn, zvecHnsw } from './zvec.js';

export const peers: readonly Peer[] = [
  vamana,
  vamanaCached,
  zvecDiskAnn,
  zvecHnsw,
  usearch,
  usearchView,
  lancedbIvfPq,
  lancedbHnsw,
  hnswlib,
  exactScan,
];

export function peerNamed(name: string): Peer {
  const found = peers.find((peer) => peer.name === name);
  if (found === undefined) throw new Error(`no peer ${name}; there are ${peers.map((peer) => peer.name).join(', ')}`);
  return found;
}
