// Advice and facts for machines of every kind, made up here.
import { describe, expect, it } from 'vitest';
import type { NativeDoctorReport } from '../src/binding.js';
import { adviceFor, doctorFacts } from './doctor.js';
import { renderFacts } from './output.js';

const good: NativeDoctorReport = {
  cpu: { level: 'avx512', best: 'avx512', features: ['avx2', 'avx512f'] },
  io: { auto: 'uring', direct: true, uring: 'available', note: '' },
  lockedMemory: { limitBytes: 2 ** 64, canLock: true },
  disk: { path: 'disk/probe', direct: true, depth1Us: 58, depth32ReadsPerSecond: 80_000, fileBytes: 67_108_864 },
};

describe('doctor', () => {
  it('has nothing to say about a good machine', () => {
    expect(adviceFor(good)).toEqual([]);
    expect(renderFacts(doctorFacts(good))).toMatch(/^locked memory +unlimited$/m);
    expect(renderFacts(doctorFacts(good))).toMatch(
      /^random 4 KiB reads +58 us one at a time, 80,000\/s with 32 in flight$/m,
    );
  });

  it('says how to mend each thing', () => {
    const { disk } = good;
    const cases: [Partial<NativeDoctorReport>, RegExp][] = [
      [{ cpu: { ...good.cpu, level: 'scalar' } }, /avx512 is possible.*unset VAMANA_CPU/],
      [
        { io: { auto: 'pread', direct: true, uring: 'refused: EPERM', note: '' } },
        /refused: EPERM.*io_uring_disabled=0/,
      ],
      [{ io: { ...good.io, direct: false } }, /no direct reads.*tmpfs/],
      [{ lockedMemory: { limitBytes: 8_388_608, canLock: true } }, /at most 8\.39 MB.*ulimit -l unlimited/],
      [{ lockedMemory: { limitBytes: 2 ** 64, canLock: false } }, /LimitMEMLOCK=infinity/],
      [{ disk: disk === null ? null : { ...disk, depth32ReadsPerSecond: 900 } }, /900 random reads\/s.*NVMe/],
    ];
    for (const [change, advice] of cases) {
      expect(adviceFor({ ...good, ...change })).toEqual([expect.stringMatching(advice)]);
    }
  });

  it('does without a probe', () => {
    expect(adviceFor({ ...good, disk: null })).toEqual([]);
    expect(renderFacts(doctorFacts({ ...good, disk: null }))).toMatch(/^disk +not probed$/m);
  });
});
