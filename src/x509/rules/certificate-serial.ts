import { toHex } from '../../core/bytes.ts';
import { type ChainRule, complain } from '../chain-rule.ts';

export const certificateSerial: ChainRule = {
  id: 'certificate-serial',
  title:
    'every serial number is positive and at most 20 octets long (RFC 5280 §4.1.2.2; Fulcio, the TSA and sigstore-python refuse negative ones)',
  check: (chain) =>
    chain.certificates
      .filter(
        ({ serial }) => serial.length > 20 || ((serial[0] ?? 0) & 0x80) !== 0 || serial.every((octet) => octet === 0),
      )
      .map((certificate) =>
        complain(
          chain,
          certificate,
          `expected a positive serial number of at most 20 octets, got 0x${toHex(certificate.serial)}`,
        ),
      ),
};
