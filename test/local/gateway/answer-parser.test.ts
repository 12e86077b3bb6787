import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { AnswerParser, type ParsedAnswer } from '../../../local/gateway/answer-parser.ts';

const maxBodyBytes = 100;

/** Feeds a parser, cut at these places; the bytes are overwritten after each push, as a shared read buffer is. */
function parse(text: string, cuts: readonly number[] = []): ParsedAnswer | undefined {
  const parser = new AnswerParser(maxBodyBytes);
  const bounds = [0, ...cuts.map((cut) => cut % (text.length + 1)).sort((a, b) => a - b), text.length];
  let answer: ParsedAnswer | undefined;
  for (const [index, end] of bounds.entries()) {
    const bytes = Buffer.from(text.slice(bounds[index - 1] ?? 0, end), 'latin1');
    answer ??= parser.push(bytes);
    bytes.fill(0x58);
  }
  return answer;
}

function parseClosed(text: string): ParsedAnswer | undefined {
  const parser = new AnswerParser(maxBodyBytes);
  return parser.push(Buffer.from(text, 'latin1')) ?? parser.end();
}

const ok = 'HTTP/1.1 200 OK\r\n';

describe('AnswerParser', () => {
  it.each([
    ['a length', `${ok}Content-Length: 5\r\n\r\nhello`, 'hello', true],
    ['no body', `${ok}Content-Length: 0\r\n\r\n`, '', true],
    ['chunks', `${ok}Transfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n`, 'hello', true],
    ['chunks in capitals', `${ok}transfer-encoding: Chunked\r\n\r\nA\r\n0123456789\r\n0\r\n\r\n`, '0123456789', true],
    ['trailers', `${ok}Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nGrpc-Status: 0\r\n\r\n`, 'x', true],
    ['status 204', 'HTTP/1.1 204 No Content\r\nX: y\r\n\r\n', '', true],
    ['status 304 and the length 0', 'HTTP/1.1 304 Not Modified\r\nContent-Length: 0\r\n\r\n', '', true],
    ['a body after status 204', 'HTTP/1.1 204 No Content\r\n\r\nx', '', false],
    ['a status without a reason', 'HTTP/1.1 200\r\nContent-Length: 1\r\n\r\nx', 'x', true],
    [
      'an interim answer before',
      `HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n${ok}Content-Length: 1\r\n\r\nx`,
      'x',
      true,
    ],
    ['a closing server', `${ok}Connection: Close\r\nContent-Length: 1\r\n\r\nx`, 'x', false],
    ['an old server', 'HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx', 'x', false],
    ['something left behind', `${ok}Content-Length: 1\r\n\r\nxHTTP/1.1 200 OK\r\n`, 'x', false],
    ['something left behind chunks', `${ok}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\nx`, '', false],
  ])('accepts an answer with %s, however it is cut', (_, text, body, keepAlive) => {
    const whole = { body: Buffer.from(body), keepAlive };
    expect(parse(text)).toMatchObject(whole);
    for (let cut = 0; cut <= text.length; cut += 1) expect(parse(text, [cut])?.body.toString()).toBe(body);
    const cuts = Array.from({ length: text.length }, (_, index) => index);
    expect(parse(text, cuts)?.body.toString()).toBe(body);
  });

  it('accepts an answer that ends with the connection, and keeps no such connection', () => {
    expect(parse(`${ok}\r\nhello`)).toBeUndefined();
    expect(parseClosed(`${ok}\r\nhello`)).toMatchObject({ body: Buffer.from('hello'), keepAlive: false });
  });

  it('returns nothing of an answer that is cut off', () => {
    for (const text of [
      `${ok}Content-Length: 5\r\n\r\nhell`,
      `${ok}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n`,
      ok,
      '',
    ]) {
      expect(parseClosed(text)).toBeUndefined();
    }
  });

  it('returns status and headers, names in lower case, values without the blanks around them', () => {
    const answer = parse('HTTP/1.1 409 Conflict\r\nX-Log-Index:  7 \r\nEmpty:\r\nContent-Length: 0\r\n\r\n');
    expect(answer?.status).toBe(409);
    expect(answer?.headers).toEqual(['x-log-index', '7', 'empty', '', 'content-length', '0']);
  });

  it('removes spaces and tabs around a value, and no other byte', () => {
    const answer = parse(`${ok}A:\t \xa0x\xa0\t \r\nB: \t \r\nContent-Length:\t0\t\r\n\r\n`);
    expect(answer?.headers).toEqual(['a', '\xa0x\xa0', 'b', '', 'content-length', '0']);
  });

  it.each([
    [100, true],
    [101, false],
  ])('takes a body of %d bytes of 100 allowed: %s', (length, accepted) => {
    const body = 'x'.repeat(length);
    for (const text of [
      `${ok}Content-Length: ${length}\r\n\r\n${body}`,
      `${ok}Transfer-Encoding: chunked\r\n\r\n${length.toString(16)}\r\n${body}\r\n0\r\n\r\n`,
      `${ok}\r\n${body}`,
    ]) {
      if (accepted) expect(parseClosed(text)?.body.length).toBe(length);
      else expect(() => parseClosed(text)).toThrow('a body of more than 100 bytes');
    }
  });

  it.each([
    ['no HTTP', 'SSH-2.0-OpenSSH_9.2\r\n\r\n'],
    ['another version', 'HTTP/2 200 OK\r\n\r\n'],
    ['a status of two digits', 'HTTP/1.1 20 OK\r\n\r\n'],
    ['a status of four digits', 'HTTP/1.1 2000 OK\r\n\r\n'],
    ['another protocol', 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n'],
    ['two lengths', `${ok}Content-Length: 1\r\nContent-Length: 1\r\n\r\nx`],
    ['two encodings', `${ok}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`],
    ['a length and an encoding', `${ok}Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`],
    ['an encoding that is not chunked', `${ok}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`],
    ['a length with status 204', 'HTTP/1.1 204 No Content\r\nContent-Length: 1\r\n\r\nx'],
    ['a length with status 304, and no body', 'HTTP/1.1 304 Not Modified\r\nContent-Length: 1\r\n\r\n'],
    ['chunks with status 204', 'HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
    ['chunks with status 304', 'HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n\r\n'],
    ['a length behind a non-breaking space', `${ok}Content-Length:\xa01\r\n\r\nx`],
    ['an encoding before a non-breaking space', `${ok}Transfer-Encoding: chunked\xa0\r\n\r\n0\r\n\r\n`],
    ['a negative length', `${ok}Content-Length: -1\r\n\r\n`],
    ['a length in words', `${ok}Content-Length: 1, 1\r\n\r\nx`],
    ['a hexadecimal length', `${ok}Content-Length: 0x1\r\n\r\nx`],
    ['a space before a colon', `${ok}Content-Length : 1\r\n\r\nx`],
    ['a folded header', `${ok}X: a\r\n b\r\nContent-Length: 0\r\n\r\n`],
    ['a bare line feed in the head', `${ok}X: a\nContent-Length: 0\r\n\r\n`],
    ['a bare carriage return in a header', `${ok}X: a\rb\r\nContent-Length: 0\r\n\r\n`],
    ['a NUL in a header', `${ok}X: a\0b\r\nContent-Length: 0\r\n\r\n`],
    ['a line without a colon', `${ok}X\r\nContent-Length: 0\r\n\r\n`],
    ['an empty chunk size', `${ok}Transfer-Encoding: chunked\r\n\r\n\r\n0\r\n\r\n`],
    ['a chunk extension', `${ok}Transfer-Encoding: chunked\r\n\r\n1;a=b\r\nx\r\n0\r\n\r\n`],
    ['a chunk size with a sign', `${ok}Transfer-Encoding: chunked\r\n\r\n+1\r\nx\r\n0\r\n\r\n`],
    ['a chunk longer than it says', `${ok}Transfer-Encoding: chunked\r\n\r\n1\r\nxx\r\n0\r\n\r\n`],
    ['a bare line feed after a chunk size', `${ok}Transfer-Encoding: chunked\r\n\r\n1\nx\r\n0\r\n\r\n`],
    ['a head without an end', `${ok}${'X: y\r\n'.repeat(4_000)}`],
    ['a trailer without an end', `${ok}Transfer-Encoding: chunked\r\n\r\n0\r\n${'x'.repeat(2_000)}`],
  ])('refuses %s', (_, text) => {
    expect(() => parse(text)).toThrow();
  });

  it('accepts what it reads in one way only: cutting an answer never changes it', () => {
    const token = fc
      .stringMatching(/^[A-Za-z][A-Za-z-]{0,10}$/)
      .filter((name) => !/^(content-length|connection|te|transfer-encoding)$/i.test(name));
    const header = fc.tuple(token, fc.stringMatching(/^[ -~]{0,20}$/));
    const body = fc.string({ maxLength: 80 }).map((text) => Buffer.from(text).subarray(0, 90).toString('latin1'));
    fc.assert(
      fc.property(
        fc.array(header, { maxLength: 5 }),
        body,
        fc.boolean(),
        fc.array(fc.nat(), { maxLength: 5 }),
        (...input) => {
          const [headers, content, chunked, cuts] = input;
          const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`).join('');
          const framed = chunked
            ? `Transfer-Encoding: chunked\r\n\r\n${content && `${content.length.toString(16)}\r\n${content}\r\n`}0\r\n\r\n`
            : `Content-Length: ${content.length}\r\n\r\n${content}`;
          const text = `${ok}${lines}${framed}`;
          const answer = parse(text, cuts);
          expect(answer?.body.toString('latin1')).toBe(content);
          expect(answer?.keepAlive).toBe(true);
          expect(answer?.headers.slice(0, headers.length * 2)).toEqual(
            headers.flatMap(([name, value]) => [name.toLowerCase(), value.trim()]),
          );
        },
      ),
    );
  });
});
