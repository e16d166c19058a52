/** Go's string literals, as far as a filter may hold them; for `/…/` and `|…|` the quote itself may be escaped too. */
const simple: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\\': '\\',
};

const escape = /\\(?:x([0-9A-Fa-f]{2})|u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|([0-7]{3})|([^]))/g;

/** @returns the text within the quotes, or undefined if an escape makes no sense. */
export function unquote(literal: string): string | undefined {
  const quote = literal[0] ?? '';
  let legal = true;
  const text = literal
    .slice(1, -1)
    .replace(escape, (_, byte?: string, short?: string, long?: string, octal?: string, other?: string) => {
      const hex = byte ?? short ?? long;
      const code = hex === undefined ? Number.parseInt(octal ?? '', 8) : Number.parseInt(hex, 16);
      if (!Number.isNaN(code) && code <= 0x10ffff) return String.fromCodePoint(code);
      const replacement = other === quote ? quote : simple[other ?? ''];
      // a pattern between slashes keeps the escapes that are the pattern's own
      if (replacement === undefined && quote !== '"' && other !== undefined) return `\\${other}`;
      legal &&= replacement !== undefined;
      return replacement ?? '';
    });
  return legal ? text : undefined;
}
