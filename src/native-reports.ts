// Words that the addon and TypeScript share, and what checks of the addon report. Part of binding.ts, through which all
// others take them.

/** Numbers that both sides need; read from the addon, never written twice. */
export interface NativeConstants {
  readonly pageBytes: number;
  readonly segmentFormatVersion: number;
  readonly maxDimension: number;
  readonly maxDegree: number;
  readonly maxRows: number;
  readonly maxK: number;
  readonly maxListSize: number;
  readonly noRow: number;
  /** Every stable error code the addon can raise. */
  readonly errorCodes: readonly string[];
  /** Defaults of build and search. */
  readonly defaults: {
    readonly degree: number;
    readonly buildList: number;
    readonly alpha: number;
    readonly codeBytes: number;
    readonly listSize: number;
    readonly k: number;
    readonly queueRequests: number;
  };
}

export type NativeElement = 'f32' | 'f16' | 'u8' | 'i8';
export type NativeMetric = 'l2' | 'cosine' | 'dot' | 'l1';
export type NativeIo = 'auto' | 'mmap' | 'uring' | 'pread';

export interface NativeVerifyReport {
  rows: number;
  blocksChecked: number;
  bytesChecked: number;
  unreachable: number;
  problems: { code: string; message: string }[];
}

export interface NativeDoctorReport {
  cpu: { level: string; best: string; features: string[] };
  io: { auto: NativeIo; direct: boolean; uring: string; note: string };
  lockedMemory: { limitBytes: number; canLock: boolean };
  /** A short probe of random 4 KiB reads on a file of the folder given. */
  disk: { path: string; direct: boolean; depth1Us: number; depth32ReadsPerSecond: number; fileBytes: number } | null;
}
