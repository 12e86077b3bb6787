/** Returns `text` as one word of a POSIX shell line: in quotes where the shell would read something else in it. */
export function shellWord(text: string): string {
  // zsh reads a word that begins with = as the path of a program.
  if (/^[\w@%+:,./-][\w@%+=:,./-]*$/.test(text)) return text;
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
