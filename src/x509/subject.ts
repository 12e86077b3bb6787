import { AttributeTypeAndValue, AttributeValue, Name, RelativeDistinguishedName } from '@peculiar/asn1-x509';
import { ToolkitError } from '../core/error.ts';
import { oid } from './oids.ts';

/** Who a certificate speaks of. */
export interface Subject {
  readonly organization: string;
  readonly commonName: string;
}

/**
 * Returns the distinguished name `O=…, CN=…` in UTF-8. It is built as a structure: no character of a value is special.
 * @throws X509_SUBJECT if a value is empty, has control characters, or over 64 characters (RFC 5280 upper bounds)
 */
export function nameOf(subject: Subject): Name {
  return new Name([
    attribute(oid.organization, subject.organization, 'organization'),
    attribute(oid.commonName, subject.commonName, 'commonName'),
  ]);
}

function attribute(type: string, value: string, what: string): RelativeDistinguishedName {
  const length = [...value].length;
  if (length < 1 || length > 64 || /\p{Cc}|\p{Cs}/u.test(value)) {
    throw new ToolkitError('X509_SUBJECT', {
      message: `subject ${what} ${JSON.stringify(value.slice(0, 80))}: expected 1 to 64 printable characters, got ${length}`,
      fault: 'input',
      data: { attribute: what, length },
      hint: `choose a ${what} of at most 64 characters on one line`,
    });
  }
  return new RelativeDistinguishedName([
    new AttributeTypeAndValue({ type, value: new AttributeValue({ utf8String: value }) }),
  ]);
}
