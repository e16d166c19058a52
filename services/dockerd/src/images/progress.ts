/** Lines of the progress streams that load, import and pull answer with, as the docker CLI draws them (moby: pkg/jsonmessage). */

export interface ProgressLine {
  readonly status?: string;
  readonly stream?: string;
  readonly id?: string;
  readonly progress?: string;
  readonly progressDetail?: { readonly current?: number; readonly total?: number };
  readonly error?: string;
  readonly errorDetail?: { readonly message: string };
}

export type ProgressSink = (line: ProgressLine) => void;

const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];

/** Four significant digits, decimal units: `32.77kB`. */
export function humanSize(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${Number(value.toPrecision(4))}${units[unit]}`;
}

const barWidth = 50;

/** The bar that clients without a terminal of their own print: `[=====>     ]  1.2MB/5MB`. */
export function progressBar(current: number, total: number): string {
  const filled = total > 0 ? Math.min(barWidth, Math.floor((current / total) * barWidth)) : barWidth;
  const numbers = `${humanSize(current).padStart(8)}/${humanSize(total)}`;
  return `[${'='.repeat(filled)}>${' '.repeat(Math.max(0, barWidth - filled))}] ${numbers}`;
}

export function layerLine(id: string, current: number, total: number): ProgressLine {
  return { status: 'Loading layer', progressDetail: { current, total }, progress: progressBar(current, total), id };
}

export function errorLine(message: string): ProgressLine {
  return { errorDetail: { message }, error: message };
}
