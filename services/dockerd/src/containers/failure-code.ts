/** Exit codes of processes that never ran, as shells give them; read from the runtime's message, as the original does. */
const absent = ['executable file not found', 'no such file or directory', 'system cannot find the file specified'];
const refused = ['permission denied', 'not a directory', 'is a directory', 'exec format error'];

/** 127: not found; 126: found, but not to be run; 128: all else. */
export function failureCode(message: string): 126 | 127 | 128 {
  const text = message.toLowerCase();
  if (absent.some((part) => text.includes(part))) return 127;
  return refused.some((part) => text.includes(part)) ? 126 : 128;
}
